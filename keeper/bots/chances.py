"""What can be done to a plan, and from when on: everything that time alone can make possible. Pure.

The rules are wire's; another event makes another state, and with it other chances. Times are on the plan's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from keeper.wire.contract_errors import Reverted
from keeper.wire.rules import Plan, State, Window, expires_at, is_on, needs_of, undo_window_of, window_of
from keeper.wire.types import PlanId, Status, Step

PLAN_WIDE = 255
"""The index of what concerns no step: `expire`."""
_LIVE = (Status.ACTIVE, Status.ABORTING, Status.FINISHING)


class Action(StrEnum):
    """What a keeper can do, by the Scheduler's function."""

    RUN = "run"
    UNDO = "undo"
    SETTLE = "settle"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan as it stands on this chain, with the bytes that its functions take."""

    plan: Plan
    """Without steps while it is hidden."""
    state: State
    header: bytes
    root: bytes
    bodies: tuple[bytes, ...]
    """Each step's bytes, in index order."""

    @property
    def id(self) -> PlanId:
        return self.plan.id

    @property
    def in_seconds(self) -> bool:
        return self.plan.header.seconds_clock

    @property
    def run(self) -> int:
        return self.state.word.run

    @property
    def owner(self) -> bytes:
        return self.plan.entry.owner


@dataclass(frozen=True, slots=True)
class Chance:
    """`action` on step `index` from `at` on, until `until` (None: for good)."""

    action: Action
    index: int
    at: int
    until: int | None = None


def chances(view: PlanView) -> Iterator[Chance]:
    """All chances in the present state."""
    plan, word = view.plan, view.state.word
    if word.status not in _LIVE:
        return
    for step in plan.steps:
        if plan.own & step.bit:
            yield from _of_undo(view, step) if word.done & step.bit else _of_step(view, step)
    if _could_expire(view):
        yield Chance(Action.EXPIRE, PLAN_WIDE, expires_at(plan, view.state))


def _of_undo(view: PlanView, step: Step) -> Iterator[Chance]:
    try:
        window = undo_window_of(view.plan, view.state, step)
    except Reverted:  # nothing to undo, or something still stands on it
        return
    yield Chance(Action.UNDO, step.index, window.opens, window.closes)
    yield Chance(Action.SETTLE, step.index, window.closes)


def _of_step(view: PlanView, step: Step) -> Iterator[Chance]:
    plan, word = view.plan, view.state.word
    if word.settled & step.bit or not is_on(plan, word, step):
        return
    needs = needs_of(word, step)
    if needs.failed:
        yield Chance(Action.SETTLE, step.index, word.changed)
        return
    if needs.pending & plan.own or (window := _window(view, step)) is None:
        return
    if needs.met and not step.is_claim:
        yield Chance(Action.RUN, step.index, window.opens, window.closes)
    skips = needs.met and step.is_claim and step.skip_if_false and step.conditions
    yield Chance(Action.SETTLE, step.index, window.opens if skips else window.closes)


def _window(view: PlanView, step: Step) -> Window | None:
    try:
        return window_of(view.plan, view.state, step)
    except Reverted:  # it counts from a stamp that is not there yet
        return None


def _could_expire(view: PlanView) -> bool:
    """Whether there is anything of ours that only time can end."""
    plan, word = view.plan, view.state.word
    pending = plan.own & ~word.settled
    if word.status is Status.ACTIVE:
        return pending & plan.header.forward_mask != 0
    undoing = word.status is Status.ABORTING and plan.own & plan.header.undoable & word.done
    return bool(pending & plan.header.final_mask or undoing)
