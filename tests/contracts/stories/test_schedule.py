"""Scheduling: by the owner or its Account, once, in time, with a sound header; the first deposit and the body come
with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keeper.wire.codec import encode_calls
from keeper.wire.types import Header, Status
from tests.contracts.plans import CHAIN, GWEI, Ask, Plan, call, entry, step
from tests.contracts.world import Refusal, World


def test_the_owner_schedules_and_the_event_holds_the_whole_plan(world: World) -> None:
    """G10: word, header, root and body are in the log; the first move is number 1."""
    plan = world.plan(step(world.ping(1)), step(world.ping(2)))
    receipt = world.do(plan.schedule(), by=world.owner, value=7 * GWEI)
    (event,) = world.events(receipt, "Scheduled")
    assert event["plan"] == plan.id
    assert event["packed"] == plan.packed()
    assert event["word"] == world.raw_word(plan)
    word = world.word(plan)
    assert (word.status, word.move, word.run, word.deposit_gwei) == (Status.ACTIVE, 1, 0, 7)
    assert word.changed == world.time
    assert world.values(plan) == "PP"


def test_the_owners_account_schedules(world: World) -> None:
    """The Account acts for the owner: a plan's own step, or the owner through `perform`, can schedule another."""
    plan = world.plan(step(world.ping(1)))
    packed = call(world.scheduler, "schedule(bytes)", plan.packed(), value=3 * GWEI)
    world.call(world.account, "perform", encode_calls([packed]), by=world.owner)
    assert world.word(plan).deposit_gwei == 3


def test_nobody_else_schedules(world: World) -> None:
    """G2: not a stranger, not the guardian, not a stranger's Account."""
    plan = world.plan(step(world.ping(1)), guardian=bytes.fromhex(world.guardian.address[2:]))
    for who in (world.stranger, world.guardian):
        refused = Refusal("Scheduler_NotOwner", (world.owner.address.lower(), who.address.lower()))
        assert world.refusal(plan.schedule(), by=who) == refused
    world.do(plan.schedule(), by=world.owner)


def test_a_plan_is_scheduled_once(world: World) -> None:
    """Not twice, not when it is over, and not with another body."""
    plan = world.scheduled(step(world.ping(1)))
    assert world.refusal(plan.schedule(), by=world.owner) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    world.do(plan.run(0))
    refused = Refusal("Scheduler_WrongStatus", (plan.id, Status.COMPLETED))
    assert world.refusal(plan.schedule(body=False), by=world.owner) == refused


def test_schedule_by_is_the_last_moment(world: World) -> None:
    plan = world.plan(step(world.ping(1)), schedule_by=world.time + 10)
    assert world.at(world.time + 10).refusal(plan.schedule(), by=world.owner) is None
    refused = Refusal("Scheduler_ScheduleByPassed", (world.time, world.time + 1))
    assert world.at(world.time + 1).refusal(plan.schedule(), by=world.owner) == refused


def test_deposits_are_whole_gwei(world: World) -> None:
    """Nothing at all is fine: anyone may deposit later."""
    plan = world.plan(step(world.ping(1)))
    assert world.refusal(plan.schedule(), by=world.owner, value=GWEI + 1) == Refusal(
        "Scheduler_BadDeposit", (GWEI + 1,)
    )
    world.do(plan.schedule(), by=world.owner, value=0)
    assert world.word(plan).deposit_gwei == 0


def test_a_body_can_be_published_later_or_never(world: World) -> None:
    """By anyone, at any time; a hidden plan runs all the same."""
    plan = world.plan(step(world.ping(1)))
    (event,) = world.events(world.do(plan.schedule(body=False), by=world.owner), "Scheduled")
    assert event["packed"] == plan.packed(body=False)
    world.do(plan.run(0))
    (event,) = world.events(world.do(plan.publish(b"said to be it"), by=world.stranger), "Published")
    assert (event["plan"], event["by"], event["body"]) == (plan.id, world.stranger.address, b"said to be it")


def test_a_relative_start_counts_from_scheduling(world: World) -> None:
    """Its origin is kept in the stamps word's last lane."""
    plan = world.plan(step(world.ping(1), opens=10, closes=20), start=100, relative_start=True)
    world.at(world.time + 50).do(plan.schedule(), by=world.owner)
    origin = world.time + 100
    assert world.scheduler.plan(plan.id).stamps >> 224 == origin
    assert world.at(origin + 9).refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, origin + 10, origin + 9))
    world.at(origin + 10).do(plan.run(0))


def test_thirty_two_steps_is_the_most(world: World) -> None:
    """The last of thirty-two runs; thirty-three are refused."""
    steps = [step(world.ping(i), closes=1_000) for i in range(32)]
    plan = world.scheduled(*steps, finals=1, deposit_wei=10**18)
    world.do(plan.run(30))
    assert world.target.pings(30) == 1
    header = replace(plan.header, forward=32)
    refused = world.refusal(Plan(header, plan.steps).schedule(), by=world.owner)
    assert refused is not None
    assert (refused.name, refused.values[1]) == ("Scheduler_Malformed", 33)


def malformed(world: World, header: Header) -> tuple[str, int] | None:
    refused = world.refusal(Plan(header, Plan.of([step(world.ping(1))], header).steps).schedule(), by=world.owner)
    if refused is None:
        return None
    assert refused.name == "Scheduler_Malformed", refused
    return refused.values[0].rstrip(b"\0").decode(), refused.values[1]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"forward": 0, "finals": 1}, ("steps", 1)),
        ({"undoable": 0b10}, ("undoable", 2)),
        ({"runs": 0}, ("runs", 0)),
        ({"runs": 2, "interval": 0}, ("runs", 2)),
        ({"monthly": True, "seconds_clock": False, "schedule_by": 2**39}, ("clock", 0)),
        ({"stamped": 0x1FF}, ("stamped", 0x1FF)),
        ({"stamped": 0xFF, "relative_start": True}, ("stamped", 0xFF)),
    ],
)
def test_an_unsound_header_is_refused(world: World, change: dict[str, object], what: tuple[str, int]) -> None:
    """What the rules build on is checked once, when a plan is scheduled; the same header without the fault is fine."""
    sound = world.plan(step(world.ping(1))).header
    assert malformed(world, sound) is None
    assert malformed(world, replace(sound, **change)) == what


def test_every_step_is_on_exactly_one_chain(world: World) -> None:
    """No step on two chains, none on no chain; several chains have one run, an absolute start and the seconds clock
    (X5)."""
    sound = world.plan(step(world.ping(1)), step(world.ping(2))).header
    two = replace(sound, chains=(entry(world.owner, 1), entry(world.owner, 2, chain_id=10)), routes_root=bytes(32))
    assert malformed(world, two) is None
    overlapping = replace(two, chains=(entry(world.owner, 3), entry(world.owner, 2, chain_id=10)))
    assert malformed(world, overlapping) == ("mask", 2)
    assert malformed(world, replace(sound, chains=(entry(world.owner, 1),))) == ("mask", 1)
    assert malformed(world, replace(sound, chains=(entry(world.owner, 7),))) == ("mask", 7)
    for change in (
        {"seconds_clock": False, "schedule_by": 2**39},
        {"relative_start": True},
        {"runs": 2, "interval": 5},
    ):
        assert malformed(world, replace(two, **change)) == ("chains", 2)


def test_a_plan_for_other_chains_is_not_scheduled_here(world: World) -> None:
    sound = world.plan(step(world.ping(1)))
    elsewhere = Plan.of(sound.steps, replace(sound.header, chains=(entry(world.owner, 1, chain_id=CHAIN + 1),)))
    assert world.refusal(elsewhere.schedule(), by=world.owner) == Refusal("Scheduler_WrongChain", (CHAIN,))


def test_a_header_that_stops_short_is_refused(world: World) -> None:
    """Every truncation of what is scheduled is refused, and so is a hole in it."""
    plan = world.plan(step(world.ping(1)))
    for length in range(0, len(plan.bytes_) + 32, 9):
        assert world.refusal(Ask("schedule", (plan.packed()[:length],)), by=world.owner) is not None, length
