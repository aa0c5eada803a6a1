"""The examples load, compile and walk every path; the README and the demo stand on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keeper.plans.actions import owner_calls
from keeper.plans.compile import Compiled
from keeper.plans.describe import describe
from keeper.plans.graph import dot, lanes, mermaid
from keeper.plans.paths import plan_paths
from keeper.wire.types import Status
from tests.unit.plans.judge import LOCK
from tests.unit.plans.samples import compiled

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))
EXAMPLE_LOCK = replace(LOCK, decimals={"0x00000000000000000000000000000000000d0002": 18}, schedule_by=1_900_000_000)


def example(name: str, **sets: str) -> Compiled:
    return compiled((EXAMPLES / f"{name}.yaml").read_text("utf-8"), replace(EXAMPLE_LOCK, values=sets))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_compiles_and_every_path_ends(path: Path) -> None:
    plan = example(path.stem)
    assert path.read_text("utf-8").startswith("# ")
    assert not any(one.stuck for one in plan_paths(plan.header, plan.steps, plan.ids))
    for name in plan.ids:
        assert name in lanes(plan)
        assert name in mermaid(plan)
        assert name in dot(plan)
        assert f"**{name}**" in describe(plan, owner_calls(plan))


def test_there_are_five() -> None:
    assert [path.stem for path in FILES] == ["branch", "price", "recurring", "rollback", "treasury"]


def test_treasury_makes_five_calls_in_four_steps_due_at_one_block() -> None:
    plan = example("treasury", start="block 777", window="9 blocks")
    assert plan.header.start == 777
    assert not plan.header.seconds_clock
    assert sum(len(step.calls) for step in plan.steps) == 5
    assert {(step.opens, step.closes, step.needs) for step in plan.steps} == {(0, 9, 0)}


def test_recurring_ticks_three_times() -> None:
    plan = example("recurring", rhythm="20s", window="12s")
    assert (plan.header.runs, plan.header.interval, plan.header.stop_on_abort) == (3, 20, False)


def test_branch_takes_one_way_or_the_other() -> None:
    plan = example("branch")
    ways = {
        path.name: [plan.ids[a.index] for a in path.actions] for path in plan_paths(plan.header, plan.steps, plan.ids)
    }
    assert ways["all done"] == ["raise", "record"]
    assert ways["`if` of raise is false"] == ["settle", "record"]


def test_rollback_undoes_two_last_first() -> None:
    plan = example("rollback")
    path = next(one for one in plan_paths(plan.header, plan.steps, plan.ids) if one.name == "paid is missed")
    done = [(plan.ids[action.index], action.kind) for action in path.actions]
    assert done == [("admit", "run"), ("raise", "run"), ("raise", "undo"), ("admit", "undo"), ("record", "run")]
    assert path.status is Status.ABORTED
