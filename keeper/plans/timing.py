"""The plan's clock, and every step's window counted in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.plans.document import PlanFile, StepLine
from keeper.plans.keys import BLOCK_S
from keeper.plans.order import Place, mask
from keeper.plans.problems import Flaw, Pos, Problems
from keeper.plans.values import BLOCKS_A_DAY, Clock, Duration, Instant, Premium

MAX_STAMPS = 8
SCHEDULE_BY_DAYS = 30
_MAX_TIME = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Window:
    """When a step may run. `since` are the steps it counts from; empty: the run's start."""

    opens: int
    closes: int
    since: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """`length` bounds every window's end, `undo_windows` are by step; all in the plan's clock."""

    clock: Clock
    windows: tuple[Window, ...]
    undo_windows: tuple[int, ...]
    stamped: int
    length: int


def clock_of(plan: PlanFile, problems: Problems) -> Clock:
    """Seconds or blocks: all times of a plan agree, or each that does not is a problem."""
    first: tuple[str, Pos, Clock] | None = None
    for what, pos, clock in _times(plan):
        if clock is None:
            continue
        if first is None:
            first = (what, pos, clock)
        elif clock != first[2]:
            message = f"{what} counts in {clock}, but {first[0]} on line {first[1].line} in {first[2]}"
            problems.add(pos, message, f"write all times of a plan in one clock, here {first[2]}")
    return first[2] if first else "seconds"


def _times(plan: PlanFile) -> Iterator[tuple[str, Pos, Clock | None]]:
    yield "`at`", plan.at.pos, plan.at.clock
    yield from _one("`schedule_by`", plan.schedule_by)
    yield from _one("`every`", plan.every)
    yield from _one("`within`", plan.within)
    yield from _ramp("the premium", plan.pay.premium)
    for step in plan.steps:
        start = "wait" if step.waits else "from"
        yield from _one(f"`{start}` of step `{step.id}`", step.opens)
        yield from _one(f"`within` of step `{step.id}`", step.within)
        yield from _ramp(f"the premium of step `{step.id}`", step.premium)
        if step.undo is not None:
            yield from _one(f"the undo of step `{step.id}`", step.undo.within)
            yield from _ramp(f"the undo's premium of step `{step.id}`", step.undo.premium)


def _one(what: str, time: Duration | Instant | None) -> Iterator[tuple[str, Pos, Clock | None]]:
    if time is not None:
        yield what, time.pos, time.clock


def _ramp(what: str, premium: Premium | None) -> Iterator[tuple[str, Pos, Clock | None]]:
    if premium is not None and premium.ramp is not None:
        yield what, premium.pos, premium.ramp.clock


def timing(plan: PlanFile, places: tuple[Place, ...], chain_id: int, problems: Problems) -> Timing:
    """Windows, stamps and length. Needs a plan whose order is sound."""
    clock = clock_of(plan, problems)
    least = BLOCK_S.get(chain_id, 1) if clock == "seconds" else 1
    windows, undo_windows = [], []
    for step, place in zip(plan.steps, places, strict=True):
        within = step.within or plan.within
        _check_length(within, least, f"the window of step `{step.id}`", problems)
        opens = step.opens.n if step.opens is not None else 0
        since = place.needs if step.waits and not step.final else ()
        if step.waits and not place.needs:
            problems.add(
                step.pos,
                f"step `{step.id}` has a `wait`, but comes after no step",
                "count from the start: write `from`",
            )
        windows.append(Window(opens, opens + within.n, since))
        back = step.undo.within if step.undo is not None and step.undo.within is not None else within
        if step.undo is not None and step.undo.within is not None:
            _check_length(back, least, f"the undo of step `{step.id}`", problems)
        undo_windows.append(back.n if step.undo is not None else 0)
    stamped = _stamps(plan, windows, problems)
    _check_reachable(plan, places, windows, problems)
    length = max([*_ends(plan.steps, places, windows), *undo_windows])
    if length > _MAX_TIME:
        problems.add(
            plan.within.pos, "the plan is too long", "the wire holds runs up to 136 years, or 4 billion blocks"
        )
    return Timing(clock, tuple(windows), tuple(undo_windows), stamped, length)


def _check_length(within: Duration, least: int, what: str, problems: Problems) -> None:
    if within.n < least:
        unit = "s" if within.unit == "s" and least > 1 else ""
        block = f"a block ({least} s)" if unit else "a block"
        problems.add(within.pos, f"{what} is shorter than {block}", "no keeper could meet it: make it longer")


def _stamps(plan: PlanFile, windows: list[Window], problems: Problems) -> int:
    stamped = mask(tuple({index for window in windows for index in window.since}))
    lanes = MAX_STAMPS - 1 if plan.at.kind == "relative" else MAX_STAMPS
    if stamped.bit_count() > lanes:
        count = stamped.bit_count()
        why = f"{count} steps are counted from with `wait`; the chain keeps the times of {lanes}"
        problems.add(plan.at.pos, why, "use `from` for some steps")
    return stamped


def _ends(steps: tuple[StepLine, ...], places: tuple[Place, ...], windows: list[Window]) -> list[int]:
    """Each step's latest time to be settled: a step cannot lapse before its needs are settled."""
    ends: list[int] = []
    for step, place, window in zip(steps, places, windows, strict=True):
        base = max((ends[index] for index in window.since), default=0)
        needs = 0 if step.final else max((ends[index] for index in place.needs), default=0)
        ends.append(max(base + window.closes, needs))
    return ends


def _check_reachable(plan: PlanFile, places: tuple[Place, ...], windows: list[Window], problems: Problems) -> None:
    """A window that closes before the steps it waits for can have run is a mistake in the file."""
    earliest: list[int] = []
    for step, place, window in zip(plan.steps, places, windows, strict=True):
        if step.final:
            return
        needed = [earliest[index] for index in place.needs]
        start = (min(needed) if place.join == 1 else max(needed)) if needed else 0
        if place.needs and not window.since and window.closes <= start:
            name = plan.steps[max(place.needs, key=lambda i: earliest[i])].id
            message = f"the window of step `{step.id}` closes before step `{name}` can have run"
            problems.add(step.pos, message, f"give `{step.id}` a later `from`, or a `wait`")
        earliest.append(max(start, window.opens) if not window.since else start + window.opens)


def schedule_by(plan: PlanFile, clock: Clock) -> int | None:
    """The latest time to be scheduled, as an absolute time; None if it counts from the moment of compiling."""
    given = plan.schedule_by
    if given is not None and given.kind != "relative":
        return given.n
    if given is None and plan.at.kind != "relative":
        return plan.at.n + default_schedule_by(clock)
    return None


def schedule_by_offset(plan: PlanFile, clock: Clock) -> int:
    """How long after the moment of compiling it may be scheduled, if `schedule_by` gives None."""
    return plan.schedule_by.n if plan.schedule_by is not None else plan.at.n + default_schedule_by(clock)


def default_schedule_by(clock: Clock) -> int:
    return SCHEDULE_BY_DAYS * (86_400 if clock == "seconds" else BLOCKS_A_DAY)


def ramp_of(step: StepLine, plan: PlanFile) -> int:
    """The one ramp of a step and its undo. Raises Flaw if they differ."""
    own = step.premium or plan.pay.premium
    back = step.undo.premium if step.undo is not None else None
    if back is None or back.ramp is None:
        return own.ramp.n if own.ramp is not None else 0
    if own.ramp is not None and own.ramp.n != back.ramp.n:
        raise Flaw(
            back.pos, "the undo's premium rises over another time than the step's", "use the same `over` for both"
        )
    return back.ramp.n
