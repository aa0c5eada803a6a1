"""Windows that count from when a step's need was settled: `wait` after its needs."""

from __future__ import annotations

from tests.contracts.plans import step
from tests.contracts.world import Refusal, World


def test_a_window_counts_from_the_latest_of_its_stamps(world: World) -> None:
    """S1: base = the latest time at which a step of `since` was settled here."""
    plan = world.scheduled(
        step(world.ping(0)),
        step(world.ping(1)),
        step(world.ping(2), needs=0b11, since=0b11, opens=10, closes=20),
        stamped=0b11,
    )
    at = plan.start
    world.at(at + 300).do(plan.run(1))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_NeedsPending", (2, 0b01))
    world.at(at + 500).do(plan.run(0))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_TooEarly", (2, at + 510, at + 500))
    assert world.at(at + 519).refusal(plan.run(2)) is None
    assert world.at(at + 520).refusal(plan.run(2)) == Refusal("Scheduler_WindowClosed", (2, at + 520, at + 520))
    world.do(plan.settle(2))
    assert world.values(plan) == "DDF"
    assert world.scheduler.plan(plan.id).stamps == at + 500 | (at + 300) << 32


def test_a_skipped_step_leaves_a_stamp_too(world: World) -> None:
    """The stamp is of settling, whatever it came to."""
    plan = world.scheduled(
        step(world.ping(0), closes=5),
        step(world.ping(1), needs=1, join=3, since=1, opens=7, closes=9),
        stamped=1,
        optional=1,
    )
    world.at(plan.start + 400).do(plan.settle(0))
    base = plan.start + 400
    assert world.at(base + 6).refusal(plan.run(1)) == Refusal("Scheduler_TooEarly", (1, base + 7, base + 6))
    world.at(base + 7).do(plan.run(1))


def test_eight_lanes_keep_apart(world: World) -> None:
    """Eight stamped steps among nine: each lane holds its own time, and no lane touches another."""
    steps = [step(world.ping(i)) for i in range(9)]
    plan = world.scheduled(
        *steps, step(world.ping(9), needs=1 << 8, since=1 << 8, opens=1, closes=2), stamped=0b1_1110_1111
    )
    times = {}
    for offset, i in enumerate([8, 3, 0, 7, 5, 2, 1, 6, 4]):
        times[i] = plan.start + 10 * offset
        world.at(times[i]).do(plan.run(i))
    lanes = [i for i in range(9) if i != 4]
    wanted = sum(times[i] << 32 * lane for lane, i in enumerate(lanes))
    assert world.scheduler.plan(plan.id).stamps == wanted


def test_stamps_start_anew_in_each_run(world: World) -> None:
    """S6: a stamp of the last run is no base of this one."""
    plan = world.scheduled(
        step(world.ping(0)),
        step(world.ping(1), needs=1, since=1, opens=5, closes=50),
        stamped=1,
        runs=2,
        interval=1_000,
        deposit_wei=10**18,
    )
    world.do(plan.run(0))
    world.at(plan.start + 5).do(plan.run(1))
    at = plan.start + 1_000
    assert world.at(at).refusal(plan.run(1)) == Refusal("Scheduler_NeedsPending", (1, 1))
    world.at(at + 300).do(plan.run(0))
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_TooEarly", (1, at + 305, at + 300))
    world.at(at + 305).do(plan.run(1))
    assert world.target.pings(1) == 2
