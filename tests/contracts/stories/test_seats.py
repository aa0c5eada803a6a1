"""Keepers: a bonded seat has turns; until due + W only the seat on turn, until due + 2W every seat, then anyone; the
owner always."""

from __future__ import annotations

import pytest
from ape.api.accounts import TestAccountAPI
from eth_utils import keccak

from keeper.wire.types import Op
from tests.contracts.plans import DAY_S, Plan, condition, step, undo
from tests.contracts.world import Refusal, World

HOUR = 3_600
W = 36
BOND = 10**18


def keepers(world: World, count: int = 3) -> list[TestAccountAPI]:
    """So many keepers with active seats, and the time two epochs later."""
    hot = world.accounts[5 : 5 + count]
    for i, keeper in enumerate(hot):
        assert world.do_join(keeper, cold=world.accounts[8]) == i
    world.at((world.time // HOUR + 2) * HOUR)
    return hot


def on_turn(plan: Plan, index: int, seats: int, run: int = 0) -> int:
    """docs/wire.md: keccak(plan 32, run 4, index 1) mod seats."""
    return int.from_bytes(keccak(plan.id + run.to_bytes(4, "big") + bytes([index])), "big") % seats


def not_your_turn(seat: int, until: int) -> Refusal:
    return Refusal("Scheduler_NotYourTurn", (seat, until))


def test_the_seat_on_turn_then_every_seat_then_anyone(world: World) -> None:
    """Keepers: three seats, to the second; the turn is a pure function of plan, run and step."""
    hot = keepers(world)
    plan = world.scheduled(*(step(world.ping(i)) for i in range(8)), start=world.time + 100)
    due = plan.start
    seen = set()
    for i in range(8):
        mine = on_turn(plan, i, 3)
        seen.add(mine)
        world.at(due)
        for seat, keeper in enumerate(hot):
            assert world.refusal(plan.run(i), by=keeper) == (None if seat == mine else not_your_turn(mine, due + W))
        assert world.refusal(plan.run(i), by=world.stranger) == not_your_turn(mine, due + W)
        assert world.refusal(plan.run(i), by=world.owner) is None
    assert len(seen) > 1
    mine = on_turn(plan, 0, 3)
    other = hot[(mine + 1) % 3]
    assert world.at(due + W - 1).refusal(plan.run(0), by=other) == not_your_turn(mine, due + W)
    assert world.at(due + W).refusal(plan.run(0), by=other) is None
    assert world.refusal(plan.run(0), by=world.stranger) == not_your_turn(mine, due + 2 * W)
    assert world.at(due + 2 * W - 1).refusal(plan.run(0), by=world.stranger) == not_your_turn(mine, due + 2 * W)
    assert world.at(due + 2 * W).refusal(plan.run(0), by=world.stranger) is None


def test_turns_count_blocks_on_the_blocks_clock(world: World) -> None:
    """Keepers: W is 3 blocks; epochs are 300."""
    hot = world.accounts[5]
    world.do_join(hot)
    epoch = world.now(False) // 300
    plan = world.scheduled(step(world.ping(0)), seconds_clock=False, start=(epoch + 2) * 300, length=1_000)
    due = plan.start
    assert world.at_block(due).refusal(plan.run(0), by=world.stranger) == not_your_turn(0, due + 3)
    assert world.refusal(plan.run(0), by=hot) is None
    assert world.at_block(due + 5).refusal(plan.run(0), by=world.stranger) == not_your_turn(0, due + 6)
    assert world.at_block(due + 6).refusal(plan.run(0), by=world.stranger) is None


def test_without_seats_or_with_conditions_there_is_no_turn(world: World) -> None:
    """Keepers: no seats, no turn; steps with conditions have none."""
    early = world.scheduled(step(world.ping(0)))
    assert world.refusal(early.run(0), by=world.stranger) is None
    keepers(world)
    gated = condition(world.answers, "word()", Op.EQ, 0)
    plan = world.scheduled(step(world.ping(0), conditions=(gated,)), step(world.ping(1)))
    assert world.refusal(plan.run(0), by=world.stranger) is None
    assert world.refusal(plan.run(1), by=world.stranger) is not None


def test_a_seat_is_active_from_the_next_epoch_but_one(world: World) -> None:
    """Keepers: so nobody joins into a turn that is already due; before that there is no turn."""
    world.at((world.time // HOUR + 1) * HOUR)
    joined = world.time
    hot = world.accounts[5]
    world.do_join(hot)
    for epochs, has_turn in ((0, False), (1, False), (2, True), (3, True)):
        due = joined + epochs * HOUR
        plan = world.scheduled(step(world.ping(0)), start=due)
        world.at(due)
        refused = world.refusal(plan.run(0), by=world.stranger)
        assert (refused == not_your_turn(0, due + W)) == has_turn, (epochs, refused)
        assert world.refusal(plan.run(0), by=hot) is None


def test_an_empty_or_idle_seat_leaves_its_turn_to_anyone(world: World) -> None:
    """Keepers: idle is no work for a day; one paid move ends it."""
    hot = keepers(world)
    start = world.time
    world.at(start + DAY_S)
    plan = world.scheduled(*(step(world.ping(i)) for i in range(12)))
    assert all(world.refusal(plan.run(i), by=world.stranger) is None for i in range(12))
    helper = world.scheduled(step(world.ping(0)))
    world.do(helper.run(0), by=hot[1])
    turns = [on_turn(plan, i, 3) for i in range(12)]
    assert 1 in turns
    for i, turn in enumerate(turns):
        expected = not_your_turn(1, plan.start + W) if turn == 1 else None
        assert world.refusal(plan.run(i), by=world.stranger) == expected
    cold = world.accounts[8]
    world.call(world.scheduler, "vacate", 1, by=cold)
    world.at((world.time // HOUR + 2) * HOUR)
    world.do(world.scheduled(step(world.ping(0))).run(0), by=hot[1])
    after = world.scheduled(*(step(world.ping(i)) for i in range(12)))
    assert all(world.refusal(after.run(i), by=world.stranger) is None for i in range(12))


def test_undos_have_turns_of_their_own(world: World) -> None:
    """Keepers: index + 128; counted from the last change of the run."""
    hot = keepers(world)
    plan = world.scheduled(step(world.ping(0), undo=undo(world.ping(9))), step(world.ping(1), closes=200))
    world.do(plan.run(0), by=world.owner)
    due = plan.start + 200
    world.at(due).do(plan.settle(1))
    mine = on_turn(plan, 128, 3)
    for seat, keeper in enumerate(hot):
        assert world.refusal(plan.undo(0), by=keeper) == (None if seat == mine else not_your_turn(mine, due + W))
    assert world.refusal(plan.undo(0), by=world.owner) is None
    assert world.at(due + 2 * W).refusal(plan.undo(0), by=world.stranger) is None


def test_runnable_says_what_run_would_say(world: World) -> None:
    """The view has the very errors, for any keeper and time."""
    hot = keepers(world)
    plan = world.scheduled(step(world.ping(0), opens=100, closes=500))
    due = plan.start + 100
    mine = on_turn(plan, 0, 3)

    def runnable(keeper: TestAccountAPI, time: int) -> Refusal | None:
        return world.refuses(world.scheduler, "runnable", plan.item(0), keeper, time)

    for time in (due - 1, due, due + W, due + 2 * W, due + 399, due + 400):
        world.at(time)
        for keeper in (*hot, world.stranger, world.owner):
            assert runnable(keeper, time) == world.refusal(plan.run(0), by=keeper), (time - due, keeper)
    assert runnable(hot[mine], due) is None


def test_a_seat_costs_exactly_its_bond(world: World) -> None:
    """A hot key has one seat; the cold owner is named."""
    hot, cold = world.accounts[5:7]
    for value in (0, BOND - 1, BOND + 1):
        refused = world.refuses(world.scheduler, "join", cold.address, by=hot, value=value)
        assert refused == Refusal("Scheduler_BadBond", (BOND, value))
    nobody = "0x" + "00" * 20
    refused = world.refuses(world.scheduler, "join", nobody, by=hot, value=BOND)
    assert refused is not None
    assert refused.name == "Scheduler_Malformed"
    world.do_join(hot, cold)
    assert world.refuses(world.scheduler, "join", cold.address, by=hot, value=BOND) == Refusal(
        "Scheduler_BadSeat", (0,)
    )
    assert tuple(world.scheduler.seatOf(0))[:2] == (hot.address, cold.address)


def test_the_cold_owner_rotates_the_hot_key(world: World) -> None:
    """Offered and taken: the new key has the seat with its dates, the old one none."""
    hot, cold, new = world.accounts[5:8]
    world.do_join(hot, cold)
    dates = tuple(world.scheduler.seatOf(0))[2:6]
    refused = Refusal("Scheduler_NotOwner", (cold.address.lower(), hot.address.lower()))
    assert world.refuses(world.scheduler, "rotate", 0, new.address, by=hot) == refused
    assert world.refuses(world.scheduler, "accept", 0, by=new) == Refusal("Scheduler_BadSeat", (0,))
    world.call(world.scheduler, "rotate", 0, new.address, by=cold)
    world.call(world.scheduler, "accept", 0, by=new)
    seat = tuple(world.scheduler.seatOf(0))
    assert seat[:2] == (new.address, cold.address)
    assert seat[2:6] == dates
    assert world.scheduler.keeper(hot).seatPlusOne == 0
    assert world.scheduler.keeper(new).seatPlusOne == 1
    assert world.refuses(world.scheduler, "accept", 0, by=hot) == Refusal("Scheduler_BadSeat", (0,))


def test_leaving_takes_longer_than_the_longest_challenge(world: World) -> None:
    """EXIT_DELAY from leaving until the bond; inactive from the next epoch but one; the lowest free seat is given
    again."""
    hot = keepers(world)
    cold = world.accounts[8]
    assert world.refuses(world.scheduler, "release", 1, cold.address, by=cold) == Refusal("Scheduler_BadSeat", (1,))
    left = world.time
    world.call(world.scheduler, "vacate", 1, by=cold)
    assert world.refuses(world.scheduler, "vacate", 1, by=cold) == Refusal("Scheduler_BadSeat", (1,))
    assert world.scheduler.seatOf(1).untilS == left // HOUR + 2
    ends = left + 14 * DAY_S
    held = Refusal("Scheduler_BondHeld", (ends,))
    assert world.at(ends - 1).refuses(world.scheduler, "release", 1, cold.address, by=cold) == held
    to = "0x" + "5b" * 20
    world.at(ends).call(world.scheduler, "release", 1, to, by=cold)
    assert world.chain.get_balance(to) == BOND
    assert world.scheduler.keeper(hot[1]).seatPlusOne == 0
    assert world.refuses(world.scheduler, "release", 1, to, by=cold) == Refusal("Scheduler_BadSeat", (1,))
    assert world.do_join(world.accounts[9]) == 1
    assert world.do_join(hot[1]) == 3


def test_a_join_does_not_move_turns_that_are_near(world: World) -> None:
    """Keepers: the count of an epoch is fixed before it begins, so a turn can neither be chosen nor taken away."""
    keepers(world, 2)
    epoch = world.time // HOUR
    counts = {e: world.scheduler.seatsAt(True, e * HOUR) for e in (epoch, epoch + 1, epoch + 9)}
    assert set(counts.values()) == {2}
    world.do_join(world.accounts[9])
    assert world.scheduler.seatsAt(True, epoch * HOUR) == 2
    assert world.scheduler.seatsAt(True, (epoch + 2) * HOUR) == 3
    plan = world.scheduled(*(step(world.ping(i)) for i in range(6)))
    for i in range(6):
        refused = world.refusal(plan.run(i), by=world.stranger)
        assert refused == not_your_turn(on_turn(plan, i, 2), plan.start + W)


@pytest.mark.parametrize("mutator", ["rotate", "vacate", "release"])
def test_a_free_seat_has_no_owner(world: World, mutator: str) -> None:
    args = {"rotate": (7, world.keeper.address), "vacate": (7,), "release": (7, world.keeper.address)}[mutator]
    assert world.refuses(world.scheduler, mutator, *args, by=world.keeper) == Refusal("Scheduler_BadSeat", (7,))
