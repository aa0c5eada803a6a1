"""Every way one run of a plan can go: all done, each step missed, each `if` both ways, cancelled before each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from keeper.plans.rehearse import Action
from keeper.wire import machine
from keeper.wire.contract_errors import Reverted
from keeper.wire.machine import Change
from keeper.wire.rules import Plan, State, undo_window_of, window_of
from keeper.wire.turns import Caller
from keeper.wire.types import Condition, Header, Status, Step, Value
from keeper.wire.word import PlanWord

MAX_MOVES = 400
_TOP = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Path:
    """How a run goes: the calls it makes, in order, and what each step came to; `stuck` if it never ends."""

    name: str
    actions: tuple[Action, ...]
    values: tuple[Value, ...]
    status: Status
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class _Scenario:
    name: str
    missed: frozenset[int] = frozenset()
    false: frozenset[int] = frozenset()
    cancel_before: int | None = None


def plan_paths(header: Header, steps: Sequence[Step], ids: Sequence[str]) -> tuple[Path, ...]:
    """The paths of the plan's first run, each way once."""
    plan = Plan.of(header, tuple(steps), header.chains[0].chain_id)
    found: dict[tuple[object, ...], Path] = {}
    for scenario in _scenarios(header, steps, ids):
        path = _Walk(plan, scenario).path()
        found.setdefault((path.actions, path.values, path.status), path)
    return tuple(found.values())


def _scenarios(header: Header, steps: Sequence[Step], ids: Sequence[str]) -> Iterator[_Scenario]:
    yield _Scenario("all done")
    ifs = [step.index for step in steps if step.skip_if_false]
    for index in ifs:
        yield _Scenario(f"`if` of {ids[index]} is false", false=frozenset({index}))
    if len(ifs) > 1:
        yield _Scenario("every `if` is false", false=frozenset(ifs))
    for step in steps:
        yield _Scenario(f"{ids[step.index]} is missed", missed=frozenset({step.index}))
    for index in range(header.forward):
        yield _Scenario(f"cancelled before {ids[index]}", cancel_before=index)


class _Walk:
    """One run on the model, by an owner who does all that can be done as soon as it can be."""

    def __init__(self, plan: Plan, scenario: _Scenario) -> None:
        self.plan, self.scenario = plan, scenario
        self.caller = Caller(address=plan.entry.owner)
        header = plan.header
        self.now = header.schedule_by if header.relative_start else min(header.start, header.schedule_by)
        self.state = machine.schedule(plan, State(PlanWord()), self.now).state
        self.ended: PlanWord | None = None
        self.actions: list[Action] = []

    def path(self) -> Path:
        for _ in range(MAX_MOVES):
            if self.ended is not None:
                break
            if not self.move() and not self.wait():
                break
        word = self.ended or self.state.word
        count = len(self.plan.steps)
        stuck = self.ended is None
        return Path(
            self.scenario.name, tuple(self.actions), tuple(word.value(i) for i in range(count)), word.status, stuck
        )

    def move(self) -> bool:
        """The first thing that can be done now."""
        for step in self.plan.steps:
            if self.scenario.cancel_before == step.index and self.can(self.run, step):
                return self.take(lambda: machine.cancel(self.plan, self.state, self.now))
            if step.index not in self.scenario.missed and self.take(lambda s=step: self.run(s)):  # type: ignore[misc]
                self.actions.append(Action(step.index, "run"))
                return True
            if self.take(lambda s=step: machine.undo(self.plan, self.state, s.index, self.now, self.caller)):  # type: ignore[misc]
                self.actions.append(Action(step.index, "undo"))
                return True
            if self.take(lambda s=step: self.settle(s)):  # type: ignore[misc]
                return True
        return False

    def can(self, act: Callable[[Step], Change], step: Step) -> bool:
        try:
            act(step)
        except Reverted:
            return False
        return True

    def take(self, act: Callable[[], Change]) -> bool:
        try:
            change = act()
        except Reverted:
            return False
        self.state = change.state
        if change.ended.is_final:
            self.ended = change.ended
        return True

    def run(self, step: Step) -> Change:
        return machine.run(self.plan, self.state, step.index, self.now, self.words(step), self.caller)

    def settle(self, step: Step) -> Change:
        return machine.settle(self.plan, self.state, step.index, self.now, self.words(step))

    def words(self, step: Step) -> list[int | None]:
        false = step.index in self.scenario.false
        return [word_for(condition, truth=not false) for condition in step.conditions]

    def wait(self) -> bool:
        """Go to the next moment at which a window opens or closes; False if there is none."""
        times = [time for step in self.plan.steps for time in self.times(step) if time > self.now]
        if not times:
            return False
        self.now = min(times)
        return True

    def times(self, step: Step) -> tuple[int, ...]:
        try:
            window = undo_window_of(self.plan, self.state, step)
        except Reverted:
            try:
                window = window_of(self.plan, self.state, step)
            except Reverted:
                return ()
            if self.state.word.settled & step.bit:
                return ()
        return (window.opens, window.closes)


def word_for(condition: Condition, *, truth: bool) -> int | None:
    """A word of which the condition is true, or false; None if there is none."""
    constant = condition.constant
    tries = (constant, constant + 1 & _TOP, constant - 1 & _TOP, 0, _TOP, 1 << 255, (1 << 255) - 1)
    return next((word for word in tries if machine.is_true(condition, word) == truth), None)


def always_false(condition: Condition) -> bool:
    """Whether no answer could make it true."""
    return word_for(condition, truth=True) is None
