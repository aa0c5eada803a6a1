"""Asks a chain what a plan's text leaves open, and writes the answers into its lock."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eth_utils.address import to_checksum_address

from keeper.plans.abi import AbiError, parse_json, signatures
from keeper.plans.compile import Compiled, assemble
from keeper.plans.contracts import answer, calldata
from keeper.plans.document import PlanFile
from keeper.plans.draft import Draft, GasQuestion, draft
from keeper.plans.grants import Grant, widest
from keeper.plans.lock import Lock, NameSource
from keeper.plans.names import CALLED, Answered, able, split
from keeper.plans.paths import plan_paths
from keeper.plans.port import Chain, Message, Now
from keeper.plans.problems import Flaw, Problems, shown
from keeper.plans.rehearse import Action, Stage, Tried
from keeper.plans.scope import Question
from keeper.plans.simulate import gas_of
from keeper.plans.supply import supply
from keeper.plans.timing import schedule_by, schedule_by_offset
from keeper.plans.values import Clock
from keeper.wire.errors import BadInput
from keeper.wire.types import Address

MAX_ROUNDS = 8
#: Gas limits are this much above the worst that was measured, in whole thousands.
MARGIN = (13, 10)
MAX_GAS = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the protocol is on the chain."""

    scheduler: Address
    facts: Address
    registry: Address | None = None
    """Whose names plans may use, if it is there."""


@dataclass(frozen=True)
class Pinned:
    """A plan with every question answered. `grants` are what had to be assumed for measuring its gas."""

    compiled: Compiled
    grants: tuple[Grant, ...]


async def pin(
    plan: PlanFile,
    chain: Chain,
    deployment: Deployment,
    lock: Lock | None = None,
    *,
    read_text: Callable[[Path], str] = lambda path: path.read_text("utf-8"),
    new_seed: Callable[[], bytes] = lambda: secrets.token_bytes(32),
) -> Pinned:
    """Compile a plan with a chain at hand. What `lock` answers is not asked again, unless it is of another chain.

    Raises PlanErrors, and BadInput where there is no Scheduler.
    """
    chain_id = await chain.chain_id()
    scheduler, facts = (to_checksum_address(a) for a in (deployment.scheduler, deployment.facts))
    if lock is None or (lock.chain_id, lock.scheduler, lock.facts) != (chain_id, scheduler, facts):
        lock = Lock(chain_id, scheduler, facts)
    now = await chain.now()
    asker = _Asker(plan, chain, now, read_text, new_seed)
    found = draft(plan, lock)
    for _ in range(MAX_ROUNDS):
        if not found.questions:
            break
        lock = await asker.answer(found.questions, lock, found)
        found = draft(plan, lock)
    check_times(plan, found, now)
    lock = await asker.account(lock, found)
    found = draft(plan, lock)
    grants: tuple[Grant, ...] = ()
    if found.gas:
        lock, grants = await measure(plan, chain, deployment, lock, found)
        found = draft(plan, lock)
    return Pinned(assemble(plan, lock, found), grants)


def check_times(plan: PlanFile, found: Draft, now: Now) -> None:
    """Raises PlanErrors if the plan lies in the past."""
    problems = Problems(plan.path)
    clock = found.timing.clock
    time = now.on(clock)
    if plan.at.kind != "relative" and plan.at.n < time:
        ago = f"{time - plan.at.n} blocks" if clock == "blocks" else f"{timedelta(seconds=time - plan.at.n)}"
        problems.add(plan.at.pos, f"the start lies {ago} in the past", f"write a moment {_after(time, clock)}")
    if found.header.schedule_by < time:
        where = plan.schedule_by or plan.at
        pinned = schedule_by(plan, clock) is None
        remedy = "delete the lock: it counts from now again" if pinned else f"write a moment {_after(time, clock)}"
        problems.add(where.pos, "the latest moment to be scheduled has passed", remedy)
    problems.stop_if_any()


def _after(time: int, clock: Clock) -> str:
    if clock == "blocks":
        return f"after block {time}"
    return f"after {datetime.fromtimestamp(time, UTC).strftime('%Y-%m-%d %H:%M')} UTC"


class _Asker:
    def __init__(
        self, plan: PlanFile, chain: Chain, now: Now, read_text: Callable[[Path], str], new_seed: Callable[[], bytes]
    ) -> None:
        self.plan, self.chain, self.now, self.read_text, self.new_seed = plan, chain, now, read_text, new_seed

    async def answer(self, questions: tuple[Question, ...], lock: Lock, found: Draft) -> Lock:
        problems = Problems(self.plan.path)
        for question in questions:
            with problems.here():
                lock = await self.one(question, lock, found)
        problems.stop_if_any()
        return lock

    async def one(self, question: Question, lock: Lock, found: Draft) -> Lock:
        key, pos = question.key, question.pos
        match question.kind:
            case "name":
                found_name = await self.name(question)
                source = NameSource(found_name.service, to_checksum_address(found_name.by), found_name.block)
                names = {**lock.names, key: to_checksum_address(found_name.address)}
                return replace(lock, names=names, sources={**lock.sources, key: source})
            case "decimals":
                word = await self.view(key, calldata("erc20", "decimals"))
                decimals = int.from_bytes(word[:32], "big") if word is not None and len(word) >= 32 else 256
                if decimals > 77:
                    raise Flaw(pos, f"{key} does not tell its decimals", "write the whole number without a unit")
                return replace(lock, decimals={**lock.decimals, key: decimals})
            case "abi":
                return replace(lock, abis={**lock.abis, key: self.abi(question)})
            case "schedule_by":
                latest = self.now.on(found.timing.clock) + schedule_by_offset(self.plan, found.timing.clock)
                return replace(lock, schedule_by=latest)
            case "seed":
                return replace(lock, seed=f"0x{self.new_seed().hex()}")

    async def name(self, question: Question) -> Answered:
        """Who a name is, by the one service that could answer it."""
        word, pos = question.key, question.pos
        services = able(word, await self.chain.name_services())
        if len(services) > 1:
            raise Flaw(
                pos, f"both the Registry and ENS could answer {shown(word)}", f"write `reg:{word}` or `ens:{word}`"
            )
        said, name = split(word)
        if said is not None and not services:
            raise Flaw(pos, f"{CALLED[said]} is not on this chain", "write the address")
        answered = await self.chain.resolve(services[0], name) if services else None
        if answered is None:
            raise Flaw(
                pos, f"the name {shown(word)} has no address on this chain", "mend the name, or write the address"
            )
        return answered

    async def account(self, lock: Lock, found: Draft) -> Lock:
        """The owner's Account as the Scheduler on the chain tells it. Raises BadInput without one."""
        owner = to_checksum_address(found.owner)
        if owner in lock.accounts:
            return lock
        word = await self.view(lock.scheduler, calldata("scheduler", "accountOf", owner))
        account = answer(["address"], word or b"")
        if account is None:
            raise BadInput(
                f"there is no Scheduler at {lock.scheduler} on chain {lock.chain_id}",
                field="scheduler",
                value=lock.scheduler,
                remedy="deploy it with `conductor deploy`, or use an endpoint of the right chain",
            )
        return replace(lock, accounts={**lock.accounts, owner: to_checksum_address(account[0])})

    async def view(self, target: str, data: bytes) -> bytes | None:
        to = Address(bytes.fromhex(target[2:]))
        outcome = (await self.chain.simulate([Message(to, to, data)]))[0]
        return outcome.returned if outcome.ok else None

    def abi(self, question: Question) -> tuple[str, ...]:
        """The functions in a JSON file, beside the plan file."""
        path = Path(self.plan.path).parent / question.key
        try:
            return signatures(parse_json(json.loads(self.read_text(path))))
        except OSError as error:
            why = error.strerror or "unreadable"
        except (ValueError, RecursionError, AbiError) as error:
            why = str(error)
        raise Flaw(question.pos, f"cannot use {shown(question.key)}: {why}", "name a JSON ABI beside the plan file")


async def measure(
    plan: PlanFile, chain: Chain, deployment: Deployment, lock: Lock, found: Draft
) -> tuple[Lock, tuple[Grant, ...]]:
    """Gas limits for everything in `found.gas`: the worst over all paths, plus a margin. Raises PlanErrors."""
    stage = Stage(deployment.scheduler, deployment.facts, found.owner, found.account)
    tokens = tuple(dict.fromkeys(call.target for step in found.steps for call in step.calls))
    worst: dict[str, int] = {}
    failures: dict[str, Tried] = {}
    grants: list[Grant] = []
    for actions in _tries(plan, found):
        supplied = await supply(chain, stage, found.steps, actions, tokens)
        grants += supplied.grants
        for tried in supplied.tried:
            _note(tried, plan.steps[tried.action.index].id, worst, failures)
    problems = Problems(plan.path)
    gas = dict(lock.gas)
    for question in found.gas:
        with problems.here():
            if question.key not in worst:
                raise _unmeasured(question, failures.get(question.key))
            limit = -(-worst[question.key] * MARGIN[0] // (MARGIN[1] * 1000)) * 1000
            if limit > MAX_GAS:
                raise Flaw(
                    question.pos, f"`{question.key}` needs {limit:_} gas", "split it: a step gets at most 16.7 million"
                )
            gas[question.key] = (question.digest, limit)
    problems.stop_if_any()
    return replace(lock, gas=gas), widest(grants)


def _tries(plan: PlanFile, found: Draft) -> list[tuple[Action, ...]]:
    """The calls of every path; those that no path makes are tried behind the first."""
    tries = [path.actions for path in plan_paths(found.header, found.steps, [step.id for step in plan.steps])]
    seen = {action for actions in tries for action in actions}
    for step in found.steps:
        own = [Action(step.index, "run"), *([Action(step.index, "undo")] if step.undo is not None else [])]
        missing = [action for action in own if action not in seen]
        if missing:
            tries.append((*tries[0], *missing))
    return tries


def _note(tried: Tried, name: str, worst: dict[str, int], failures: dict[str, Tried]) -> None:
    for what, gas in gas_of(tried, name):
        if gas is None:
            failures.setdefault(what, tried)
        else:
            worst[what] = max(gas, worst.get(what, 0))


def _unmeasured(question: GasQuestion, tried: Tried | None) -> Flaw:
    if question.kind in ("step", "undo"):
        why = tried.reason.text if tried is not None and tried.reason is not None else "no reason is known"
        return Flaw(question.pos, f"`{question.key}` cannot be simulated: {why}", "mend the call, or write its `gas:`")
    return Flaw(
        question.pos, f"`{question.key}` cannot be read now", "mend the call: a view that reverts is never true"
    )
