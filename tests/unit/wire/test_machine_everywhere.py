"""Every state that plans of three steps can reach: no decision is wrong, no plan is ever stuck, no order matters.

Time is taken away: what may happen while a window is open, and what may happen once it is over, may both happen in
every state. So every history of any keepers is among those walked here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import pytest

from keeper.wire.contract_errors import Reverted
from keeper.wire.machine import Change, cancel, expire, learn, run, schedule, settle, undo, void
from keeper.wire.rules import STATUS_MOVES, UNSCHEDULED, VALUE_MOVES, Plan, State
from keeper.wire.types import Join, Status, Step, Value
from keeper.wire.word import PlanWord
from tests.unit.wire.plans import (
    HERE,
    IS_ONE,
    START,
    THERE,
    UNDO_WINDOW,
    WINDOW,
    letters,
    plan,
    scheduled,
    step,
    undoable,
)

FINAL = {Status.COMPLETED, Status.ABORTED, Status.VOID}
AFTER_ALL = 10**9
JOINS = {0: [Join.ALL_DONE], 1: [Join.ALL_DONE, Join.NONE_DONE, Join.SETTLED], 2: list(Join)}


@dataclass(frozen=True)
class Deed:
    """Something that may be done to a plan, and whether anybody can always do it."""

    name: str
    change: Change
    open_to_all: bool


def timeless(state: State) -> State:
    """The state without its times, moves and runs."""
    return replace(state, word=replace(state.word, changed=0, move=0), stamps=0)


def deeds(found: Plan, state: State) -> Iterator[Deed]:
    """All that may happen in a state, at whatever time."""
    attempts = []
    for index in range(len(found.steps)):
        finally_step = found.header.final_mask >> index & 1
        opens = state.word.changed if finally_step else START
        words = (1,) * len(found.steps[index].conditions)
        no = (0,) * len(words)
        attempts += [
            (f"run {index}", False, run, (found, state, index, opens, words)),
            (f"settle {index}", True, settle, (found, state, index, opens, words)),
            (f"lapse {index}", True, settle, (found, state, index, opens + WINDOW, words)),
            (f"undo {index}", False, undo, (found, state, index, state.word.changed)),
            (f"lapse undo {index}", True, settle, (found, state, index, state.word.changed + UNDO_WINDOW, words)),
        ]
        if words:
            attempts += [(f"{index} is false", False, settle, (found, state, index, opens, no))]
    attempts += [
        ("expire", True, expire, (found, state, AFTER_ALL)),
        ("cancel", False, cancel, (found, state, START)),
    ]
    for name, open_to_all, transition, arguments in attempts:
        try:
            yield Deed(name, transition(*arguments), open_to_all)
        except Reverted:
            continue


def walk(found: Plan, first: State) -> dict[State, list[tuple[Deed, State]]]:
    """Every state that can be reached, with what may happen in it."""
    graph: dict[State, list[tuple[Deed, State]]] = {}
    waiting = [timeless(first)]
    while waiting:
        state = waiting.pop()
        if state in graph:
            continue
        graph[state] = [(deed, timeless(deed.change.state)) for deed in deeds(found, state)]
        waiting += [after for _, after in graph[state]]
    return graph


def choices(count: int, *, undo_too: bool) -> Iterator[tuple[tuple[Step, ...], int]]:
    """Every way in which `count` steps can need each other, and every mask of those that may be missed."""
    make = undoable if undo_too else step
    options = []
    for index in range(count):
        needs = range(1 << index)
        options.append([make(needs=mask, join=join) for mask in needs for join in JOINS[mask.bit_count()]])
    for steps in itertools.product(*options):
        for optional in range(1 << count):
            yield steps, optional


def plans_of_three() -> Iterator[Plan]:
    for steps, optional in choices(3, undo_too=True):
        yield plan(*steps, optional=optional)


@cache
def graphs() -> list[tuple[Plan, dict[State, list[tuple[Deed, State]]]]]:
    return [(found, walk(found, scheduled(found))) for found in plans_of_three()]


def describe(found: Plan, state: State) -> str:
    steps = [(bin(one.needs), one.join.name) for one in found.steps]
    return f"{steps} optional={found.header.optional:b}: {letters(found, state)} {state.word.status.name}"


def check(found: Plan, graph: dict[State, list[tuple[Deed, State]]]) -> None:
    """What must hold in every state and of every deed."""
    forward, undoable_ = found.header.forward_mask, found.header.undoable
    for state, following in graph.items():
        word = state.word
        assert word.status in FINAL or any(deed.open_to_all for deed, _ in following), (
            f"stuck: {describe(found, state)}"
        )
        if word.status is Status.COMPLETED:
            assert not word.failed & forward, describe(found, state)
            assert not word.undone, describe(found, state)
        if word.status is Status.ABORTED:
            assert not word.done & undoable_ & found.own, f"left standing: {describe(found, state)}"
        if word.status in {Status.ABORTING, Status.ABORTED}:
            assert not found.own & forward & ~word.settled, f"can still run: {describe(found, state)}"
        for deed, _ in following:
            assert wrong_in(found, word, deed) == "", f"{describe(found, state)}: {deed.name}"


def wrong_in(found: Plan, word: PlanWord, deed: Deed) -> str:
    """What a deed in a state did that it may not; empty if nothing."""
    ended = deed.change.ended
    if ended.status is not word.status and ended.status not in STATUS_MOVES[word.status]:
        return f"no way to {ended.status.name}"
    for one in found.steps:
        before, after = word.value(one.index), ended.value(one.index)
        if after is before:
            continue
        if after not in VALUE_MOVES[before]:
            return f"{before.name} became {after.name}"
        if after is Value.UNDONE and (one.undo is None or one.undo.dependents & standing(found, word)):
            return "undone before what stands on it"
        own_undos = word.done & found.own & found.header.undoable
        turned = word.status is Status.ABORTING and (not own_undos or deed.name == "expire")
        if found.header.final_mask & one.bit and word.status is not Status.FINISHING and not turned:
            return "a finally step before its time"
    return ""


def standing(found: Plan, word: PlanWord) -> int:
    """Mask of the steps that may still run, or still have to be undone."""
    return ~word.settled | (word.done & found.header.undoable)


def test_the_walk_covers_what_it_should() -> None:
    seen = {state.word.status for _, graph in graphs() for state in graph}
    assert seen == {Status.ACTIVE, Status.ABORTING, Status.COMPLETED, Status.ABORTED}
    names = {deed.name.split()[0] for _, graph in graphs() for following in graph.values() for deed, _ in following}
    assert names == {"run", "settle", "lapse", "undo", "expire", "cancel"}
    assert sum(len(graph) for _, graph in graphs()) > 10_000


def test_no_plan_of_three_steps_is_ever_stuck_or_wrong() -> None:
    for found, graph in graphs():
        check(found, graph)


def test_every_way_ends() -> None:
    for found, graph in graphs():
        for state, following in graph.items():
            assert all(after != state for _, after in following), f"nothing changed: {describe(found, state)}"


def test_poke_order_never_changes_a_decision() -> None:
    """From every state, if nothing runs any more, all orders of settling lead to one decision and the same Done."""
    for found, graph in graphs():
        outcomes: dict[State, set[tuple[bool, int]]] = {}

        def of(state: State, graph: dict = graph, outcomes: dict = outcomes) -> set[tuple[bool, int]]:  # type: ignore[type-arg]
            if state not in outcomes:
                if state.word.status is not Status.ACTIVE:
                    outcomes[state] = {(state.word.status is Status.COMPLETED, state.word.done)}
                else:
                    late = [after for deed, after in graph[state] if deed.name.split()[0] in {"settle", "lapse"}]
                    outcomes[state] = set().union(*(of(after) for after in late))
            return outcomes[state]

        for state in graph:
            assert len(of(state)) == 1, describe(found, state)


@pytest.mark.parametrize("finals", [1, 2])
def test_plans_with_finally_steps_and_conditions_are_never_stuck_or_wrong(finals: int) -> None:
    maybe = step(conditions=(IS_ONE,), skip_if_false=True)
    for (first, *_), optional in choices(1, undo_too=True):
        for needs, join in ((0, Join.ALL_DONE), (1, Join.ALL_DONE), (1, Join.NONE_DONE), (1, Join.SETTLED)):
            last = [replace(step(needs=needs, join=join)) for _ in range(finals)]
            found = plan(first, replace(maybe, needs=needs, join=join), *last, finals=finals, optional=optional | 4)
            graph = walk(found, scheduled(found))
            check(found, graph)
            assert {Status.FINISHING, Status.COMPLETED, Status.ABORTED} <= {state.word.status for state in graph}


# ---------------------------------------------------------------------- two chains


Pair = tuple[State, State]


def pairs(here: Plan, there: Plan) -> dict[Pair, list[tuple[Deed, int, Pair]]]:
    """Every pair of states of two chains; each learns of the other's word at any time, or never."""
    graph: dict[Pair, list[tuple[Deed, int, Pair]]] = {}
    waiting: list[Pair] = [(timeless(scheduled(here)), UNSCHEDULED)]
    while waiting:
        both = waiting.pop()
        if both in graph:
            continue
        graph[both] = []
        for side, found in enumerate((here, there)):
            mine, other = both[side], both[1 - side]
            done = list(deeds(found, mine))
            if mine.word.status is Status.NOT_SCHEDULED:
                done += [
                    Deed("schedule", schedule(found, mine, START), False),
                    Deed("void", void(found, mine, AFTER_ALL), True),
                ]
            else:
                with suppress(Reverted):
                    done.append(Deed("learn", learn(found, mine, other.word, START), True))
            for deed in done:
                after = timeless(deed.change.state)
                graph[both].append((deed, side, (after, other) if side == 0 else (other, after)))
        waiting += [after for _, _, after in graph[both]]
    return graph


@pytest.mark.parametrize("join", Join)
def test_two_chains_never_disagree_and_never_wait_for_ever(join: Join) -> None:
    last = undoable(needs=0b11, join=join)
    for middle in (undoable(), undoable(needs=1)):
        here, there = (plan(undoable(), middle, last, there=0b010, optional=0b010, at=at) for at in (HERE, THERE))
        for both, following in pairs(here, there).items():
            statuses = {state.word.status for state in both}
            committed = statuses & {Status.FINISHING, Status.COMPLETED}
            aborted = statuses & {Status.ABORTING, Status.ABORTED, Status.VOID}
            assert not (committed and aborted), f"split: {describe(here, both[0])} / {describe(there, both[1])}"
            ends = statuses <= FINAL or any(deed.open_to_all for deed, _, _ in following)
            assert ends, f"stuck: {describe(here, both[0])} / {describe(there, both[1])}"
            for deed, side, _ in following:
                if deed.name not in {"learn", "schedule", "void"}:
                    assert wrong_in((here, there)[side], both[side].word, deed) == "", deed.name


# ---------------------------------------------------------------------- three chains


def following(plans: tuple[Plan, ...], states: tuple[State, ...]) -> Iterator[tuple[State, ...]]:
    """What may come of the states of several chains, each of which may learn any other's word."""
    for side, (found, mine) in enumerate(zip(plans, states, strict=True)):
        if mine.word.status is Status.NOT_SCHEDULED:
            changes = [schedule(found, mine, START), void(found, mine, AFTER_ALL)]
        else:
            changes = [deed.change for deed in deeds(found, mine)]
            for other in states[:side] + states[side + 1 :]:
                with suppress(Reverted):
                    changes.append(learn(found, mine, other.word, START))
        for change in changes:
            yield (*states[:side], timeless(change.state), *states[side + 1 :])


@pytest.mark.parametrize("masks", [(0b001, 0b010, 0b100), (0b011, 0b100, 0b000)])
@pytest.mark.parametrize("optional", [0, 0b110])
@pytest.mark.parametrize("finals", [0, 1])
def test_three_chains_never_disagree(masks: tuple[int, ...], optional: int, finals: int) -> None:
    """One of them with a finally step only, or with none at all: nobody can turn there what the others decide."""
    base = plan(step(), undoable(needs=1), step(needs=1), finals=finals, there=1, optional=optional)
    ids = (HERE, THERE, 77)
    chains = tuple(
        replace(base.header.chains[0], chain_id=id_, mask=mask) for id_, mask in zip(ids, masks, strict=True)
    )
    plans = tuple(Plan.of(replace(base.header, chains=chains), base.steps, id_) for id_ in ids)
    seen: set[tuple[State, ...]] = set()
    waiting = [(UNSCHEDULED,) * 3]
    while waiting:
        states = waiting.pop()
        if states in seen:
            continue
        seen.add(states)
        waiting += following(plans, states)
        statuses = {state.word.status for state in states}
        split = statuses & {Status.FINISHING, Status.COMPLETED} and statuses & {Status.ABORTING, Status.ABORTED}
        assert not split, [describe(found, state) for found, state in zip(plans, states, strict=True)]
    assert len(seen) > 300
