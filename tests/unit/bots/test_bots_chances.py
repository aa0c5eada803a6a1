"""Chances are exactly what the rules admit, at every moment of random histories of random plans."""

from __future__ import annotations

import random

from hypothesis import given, settings

from keeper.bots.chances import PLAN_WIDE, Action, chances
from keeper.wire.machine import expire, run, settle, undo
from keeper.wire.rules import Plan, State
from tests.unit.bots.views import view_of
from tests.unit.wire import draws
from tests.unit.wire.plans import START, scheduled, why_not
from tests.unit.wire.test_machine_histories import attempt, plans

PROBES = (0, 1, 5, 30, 60, 120, 400, 90_000)
"""How far ahead of a state to look, beside the very moments that its chances name."""


def possible(found: Plan, state: State, at: int, *, true: bool) -> set[tuple[Action, int]]:
    """What the rules admit at `at` if every condition is true, or every one false."""
    admitted = set()
    for step in found.steps:
        words = tuple(int(true) for _ in step.conditions)
        for action, deed in ((Action.RUN, run), (Action.SETTLE, settle)):
            if why_not(deed, found, state, step.index, at, words) is None:
                admitted.add((action, step.index))
        if why_not(undo, found, state, step.index, at) is None:
            admitted.add((Action.UNDO, step.index))
    if why_not(expire, found, state, at) is None:
        admitted.add((Action.EXPIRE, PLAN_WIDE))
    return admitted


def expected(found: Plan, state: State, at: int) -> set[tuple[Action, int]]:
    all_ = list(chances(view_of(found, state)))
    return {(one.action, one.index) for one in all_ if one.at <= at and (one.until is None or at < one.until)}


def hold(found: Plan, state: State, now: int) -> None:
    """A step's own condition, where it skips, is looked at by its run; only a claim's is by its settling."""
    named = {
        time for one in chances(view_of(found, state)) for time in (one.at - 1, one.at, one.until or now) if time >= now
    }
    for at in sorted(named | {now + probe for probe in PROBES}):
        told, true, false = (
            expected(found, state, at),
            possible(found, state, at, true=True),
            possible(found, state, at, true=False),
        )
        assert true <= told
        for action, index in told - true:
            step = found.steps[index]
            assert action is Action.SETTLE
            assert step.is_claim
            assert (action, index) in false
        for action, index in false - told:
            assert action is Action.SETTLE
            assert (Action.RUN, index) in told


@settings(draws.quick, max_examples=40)
@given(plans(), draws.st.randoms(use_true_random=False))
def test_chances_are_what_the_rules_admit(found: Plan, luck: random.Random) -> None:
    state, now = scheduled(found), START - 5
    hold(found, state, now)
    for _ in range(20):
        now += luck.choice((0, 1, 7, 30, 120))
        change = attempt(found, state, now, luck)
        if change is not None:
            state = change.state
            hold(found, state, now)
