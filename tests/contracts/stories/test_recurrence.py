"""S6: a final run leads to the next in the same transaction; ticks that passed are skipped and counted; nothing
drifts."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

import pytest

from keeper.wire.types import Status
from tests.contracts.plans import GWEI, Plan, step, undo
from tests.contracts.world import Refusal, Word, World


def weekly(world: World, *, runs: int = 3, **fields: object) -> Plan:
    return world.scheduled(step(world.ping(1), closes=500), runs=runs, interval=1_000, **fields)


def test_three_ticks_and_no_more(world: World) -> None:
    """S6: each at start + k x interval, however late the one before was."""
    plan = weekly(world)
    for k, late in enumerate((0, 499, 3)):
        due = plan.start + 1_000 * k
        if k:
            refused = Refusal("Scheduler_TooEarly", (0, due, due - 1))
            assert world.at(due - 1).refusal(plan.run(0)) == refused
        world.at(due + late).do(plan.run(0))
        word = world.word(plan)
        assert word.run == min(k + 1, 2)
    assert (world.values(plan), world.status(plan)) == ("D", Status.COMPLETED)
    assert world.target.pings(1) == 3


def test_a_finished_run_and_the_next_ones_beginning_are_two_events_of_one_transaction(world: World) -> None:
    """G10: the run's outcome is in the log although the word has gone on; moves have no gap."""
    plan = weekly(world)
    moved = world.events(world.do(plan.run(0)), "Moved")
    ended, begun = (Word.of(event["word"], 1) for event in moved)
    assert (ended.status, ended.run, ended.move) == (Status.COMPLETED, 0, 2)
    assert ended.values[0].name == "DONE"
    assert (begun.status, begun.run, begun.move) == (Status.ACTIVE, 1, 3)
    assert begun.values[0].name == "PENDING"
    assert ended.deposit_gwei == begun.deposit_gwei
    assert [event["by"] for event in moved] == [world.keeper.address] * 2


@pytest.mark.parametrize(("late", "next_run"), [(999, 1), (1_000, 2), (1_999, 2), (2_000, 3), (5_500, 6)])
def test_ticks_that_passed_are_skipped_and_counted(world: World, late: int, next_run: int) -> None:
    """S6: the smallest k whose time is in the future; what is due in this very second has passed."""
    plan = world.scheduled(step(world.ping(1), closes=100), runs=7, interval=1_000, optional=1)
    world.at(plan.start + late).do(plan.settle(0))
    assert (world.word(plan).run, world.status(plan)) == (next_run, Status.ACTIVE)


def test_skipping_past_the_last_tick_ends_the_plan(world: World) -> None:
    plan = world.scheduled(step(world.ping(1), closes=100), runs=7, interval=1_000, optional=1)
    world.at(plan.start + 6_000).do(plan.settle(0))
    assert (world.values(plan), world.status(plan), world.word(plan).run) == ("S", Status.COMPLETED, 0)


def test_an_aborted_run_is_followed_unless_the_plan_stops(world: World) -> None:
    """S6: after an aborted run the plan ends, unless stopOnAbort is off; the abort is undone first."""
    for stops in (False, True):
        plan = world.scheduled(
            step(world.ping(1), undo=undo(world.ping(2))),
            step(world.ping(3), closes=50),
            runs=2,
            interval=1_000,
            stop_on_abort=stops,
        )
        world.do(plan.run(0))
        world.at(plan.start + 50).do(plan.settle(1))
        assert (world.status(plan), world.word(plan).run) == (Status.ABORTING, 0)
        world.do(plan.undo(0))
        assert world.status(plan) == (Status.ABORTED if stops else Status.ACTIVE)
        assert world.values(plan) == ("UF" if stops else "PP")
    assert world.target.pings(2) == 2


def test_finally_steps_belong_to_their_run(world: World) -> None:
    """S6: the run is final when its finally steps are."""
    plan = world.scheduled(step(world.ping(1)), step(world.ping(2)), finals=1, runs=2, interval=1_000)
    world.do(plan.run(0))
    assert (world.status(plan), world.word(plan).run) == (Status.FINISHING, 0)
    world.do(plan.run(1))
    assert (world.status(plan), world.word(plan).run, world.values(plan)) == (Status.ACTIVE, 1, "PP")


def test_the_deposit_serves_all_runs(world: World) -> None:
    plan = weekly(world, deposit_wei=10**15)
    paid = []
    for k in range(3):
        before = world.credit(world.keeper)
        world.at(plan.start + 1_000 * k).do(plan.run(0))
        paid.append(world.credit(world.keeper) - before)
    assert world.word(plan).deposit_gwei * GWEI == 10**15 - sum(paid)


def test_blocks_recur_too(world: World) -> None:
    plan = world.scheduled(step(world.ping(1), closes=5), seconds_clock=False, runs=2, interval=20)
    world.do(plan.run(0))
    due = plan.start + 20
    assert world.at_block(due - 1).refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, due, due - 1))
    world.at_block(due).do(plan.run(0))
    assert world.status(plan) == Status.COMPLETED


def months_later(start: int, months: int) -> int:
    """The same time of day `months` calendar months later, UTC, the day clamped to the month's last."""
    at = datetime.fromtimestamp(start, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return int(at.replace(year=year, month=month + 1, day=day).timestamp())


@pytest.mark.parametrize(
    "day", ["2028-01-31 23:59:59", "2099-12-31 00:00:00", "2031-10-30 12:00:00", "2027-05-29 06:30:01"]
)
@pytest.mark.parametrize("every", [1, 3])
def test_months_clamp_to_their_last_day_and_do_not_drift(world: World, day: str, every: int) -> None:
    """S6: 31 January, 29 February, 31 March: counted from the start, not from the clamped day; against Python's
    calendar."""
    start = int(datetime.fromisoformat(day + "+00:00").timestamp())
    plan = world.scheduled(
        step(world.ping(1), closes=1_000), start=start, schedule_by=start, monthly=True, interval=every, runs=30
    )
    for k in range(16):
        due = months_later(start, k * every)
        assert world.at(due - 1).refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, due, due - 1))
        world.at(due).do(plan.run(0))
    assert world.target.pings(1) == 16


def test_missed_months_are_skipped(world: World) -> None:
    """S6: settled long after, the next run is the first month in the future."""
    start = int(datetime(2030, 1, 31, 10, tzinfo=UTC).timestamp())
    for gap in (1, 2, 3, 13, 25):
        due = months_later(start, gap)
        for at, wanted in ((due - 1, gap), (due, gap + 1), (due + 1, gap + 1)):
            if at < start + 100:
                continue
            plan = world.plan(
                step(world.ping(1), closes=100),
                start=start,
                schedule_by=start,
                monthly=True,
                interval=1,
                runs=99,
                optional=1,
            )
            snapshot, time = world.chain.snapshot(), world.time
            world.do(plan.schedule(), by=world.owner, value=10**18)
            world.at(at).do(plan.settle(0))
            assert world.word(plan).run == wanted, (gap, at - due)
            world.chain.restore(snapshot)
            world.time = time
