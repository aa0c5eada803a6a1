"""Whether a plan, as the chain stands, would do what it says: what the Account lacks, what fails, what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keeper.plans.compile import Compiled
from keeper.plans.contracts import answer, calldata
from keeper.plans.describe import span
from keeper.plans.estimate import estimate
from keeper.plans.grants import Grant
from keeper.plans.lock import NameSource
from keeper.plans.names import Answered, split
from keeper.plans.port import Chain, Message
from keeper.plans.show_calls import coin_text
from keeper.plans.simulate import Simulation, simulate
from keeper.wire.types import Address


@dataclass(frozen=True)
class Checked:
    """`lacks` each with the call that grants it; `errors` must be mended, `notes` are worth knowing."""

    lacks: tuple[Grant, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]
    simulation: Simulation

    @property
    def ready(self) -> bool:
        """Whether it could be scheduled as things stand."""
        return not self.lacks and not self.errors


async def check(compiled: Compiled, chain: Chain) -> Checked:
    """Raises BadInput where the chain has no Scheduler."""
    simulation = await simulate(compiled, chain)
    return Checked(
        lacks=(*simulation.grants, *simulation.lacks),
        errors=(*await drift(compiled, chain), *simulation.errors),
        notes=tuple(_notes(compiled, simulation)),
        simulation=simulation,
    )


async def drift(compiled: Compiled, chain: Chain) -> list[str]:
    """What the lock says and the chain says otherwise."""
    lock, found = compiled.lock, []
    for word, address in lock.names.items():
        prefix, name = split(word)
        source = lock.sources.get(word)  # locks of earlier versions know ENS only
        now = await chain.resolve(source.service if source is not None else prefix or "ens", name)
        said = "nothing" if now is None else to_checksum_address(now.address)
        if said != address:
            found.append(f"{word} was {address} when the plan was compiled, and is {said} now")
        elif now is not None and source is not None and _moved(source, now):
            by = to_checksum_address(now.by)
            found.append(f"{word} was answered {source.text}, and the Registry asked now is {by}")
    tokens = list(lock.decimals)
    views = [Message(_raw(token), _raw(token), calldata("erc20", "decimals")) for token in tokens]
    for token, outcome in zip(tokens, await chain.simulate(views) if views else [], strict=True):
        now_decimals = answer(["uint256"], outcome.returned)
        if not outcome.ok or now_decimals is None or now_decimals[0] != lock.decimals[token]:
            found.append(f"{token} had {lock.decimals[token]} decimals when the plan was compiled, and has not now")
    return found


def _moved(source: NameSource, now: Answered) -> bool:
    """Whether another Registry is asked. What is asked of ENS depends on the version of web3.py, and means nothing."""
    return source.service == "reg" and to_checksum_address(now.by) != source.by


def _raw(address: str) -> Address:
    return Address(bytes.fromhex(address[2:]))


def _notes(compiled: Compiled, simulation: Simulation) -> Sequence[str]:
    header, notes = compiled.header, []
    clock = compiled.timing.clock
    if header.runs > 1 and not header.monthly and header.length > header.interval:
        notes.append(
            f"a run may last {span(header.length, clock)}, longer than the {span(header.interval, clock)} "
            "between two runs: ticks that pass meanwhile are skipped"
        )
    undone = {action.index for one in simulation.walked for action in one.path.actions if action.kind == "undo"}
    notes += [
        f"the undo of {name} can never run: when the run aborts, {name} is not done"
        for step, name in zip(compiled.steps, compiled.ids, strict=True)
        if step.undo is not None and step.index not in undone
    ]
    cost = estimate(compiled, header.chains[0].cap_wei, simulation.measured)
    if cost.missing_wei:
        notes.append(
            f"at the highest price the runs may cost {coin_text(cost.deposit_wei)}; the deposit is "
            f"{coin_text(cost.given_wei)}, and anyone can add to it"
        )
    return notes
