"""Every path of a plan, walked on the model and, with an endpoint, tried on the chain's own state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.plans.compile import Compiled
from keeper.plans.grants import Grant, widest
from keeper.plans.paths import Path, always_false, plan_paths
from keeper.plans.port import Chain
from keeper.plans.rehearse import Stage, Tried
from keeper.plans.supply import Supplied, supply
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class Walked:
    """A path, and what its calls came to; `supplied` is None without an endpoint."""

    path: Path
    supplied: Supplied | None


@dataclass(frozen=True)
class Simulation:
    """`errors` is empty if every path ends and every call on it succeeds once `grants` are made.

    `measured` is the worst gas seen by `id`, `id.undo`, `id.read.0`, `id.condition.0`, as `estimate` takes it.
    """

    walked: tuple[Walked, ...]
    grants: tuple[Grant, ...]
    lacks: tuple[Grant, ...]
    errors: tuple[str, ...]
    measured: dict[str, int]


async def simulate(compiled: Compiled, chain: Chain | None = None) -> Simulation:
    """Walk every path. Raises BadInput where the chain has no Scheduler."""
    paths = plan_paths(compiled.header, compiled.steps, compiled.ids)
    walked = []
    for path in paths:
        found = None
        if chain is not None:
            found = await supply(chain, stage_of(compiled), compiled.steps, path.actions, tokens_of(compiled))
        walked.append(Walked(path, found))
    supplies = [one.supplied for one in walked if one.supplied is not None]
    measured: dict[str, int] = {}
    for one in supplies:
        for tried in one.tried:
            for key, gas in gas_of(tried, compiled.ids[tried.action.index]):
                if gas is not None:
                    measured[key] = max(gas, measured.get(key, 0))
    return Simulation(
        walked=tuple(walked),
        grants=widest(grant for one in supplies for grant in one.grants),
        lacks=widest(lack for one in supplies for lack in one.lacks),
        errors=tuple(dict.fromkeys(_errors(compiled, walked))),
        measured=measured,
    )


def stage_of(compiled: Compiled) -> Stage:
    return Stage(compiled.scheduler, compiled.facts, compiled.owner, compiled.account)


def tokens_of(compiled: Compiled) -> tuple[Address, ...]:
    """Contracts of the plan, any of which may be a token that the Account lacks."""
    return tuple(dict.fromkeys(call.target for step in compiled.steps for call in step.calls))


def gas_of(tried: Tried, name: str) -> Iterator[tuple[str, int | None]]:
    """What an action's gas is called, and how much it was; None where it failed."""
    yield (name if tried.action.kind == "run" else f"{name}.undo"), (tried.gas_used if tried.ok else None)
    yield from ((f"{name}.read.{i}", gas) for i, gas in enumerate(tried.reads_gas))
    yield from ((f"{name}.condition.{i}", gas) for i, gas in enumerate(tried.conditions_gas))


def _errors(compiled: Compiled, walked: list[Walked]) -> Iterator[str]:
    for step, name in zip(compiled.steps, compiled.ids, strict=True):
        if any(always_false(condition) for condition in step.conditions):
            yield f"a comparison of {name} can never be true"
    for one in walked:
        if one.path.stuck:
            yield f"{one.path.name}: the run never ends"
        for tried in one.supplied.tried if one.supplied else ():
            name = compiled.ids[tried.action.index]
            what = name if tried.action.kind == "run" else f"the undo of {name}"
            if not tried.ok:
                yield f"{one.path.name}: {what} fails: {tried.reason.text if tried.reason else 'no reason is known'}"
            limit = _limit(compiled, tried)
            if tried.ok and tried.gas_used > limit:
                yield f"{one.path.name}: {what} takes {tried.gas_used} gas, its limit is {limit}"


def _limit(compiled: Compiled, tried: Tried) -> int:
    step = compiled.steps[tried.action.index]
    if tried.action.kind == "undo":
        return step.undo.gas_limit if step.undo is not None else 0
    return step.gas_limit
