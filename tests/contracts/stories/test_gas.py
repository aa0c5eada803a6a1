"""G5: a keeper that sends too little gas, at any point, changes nothing and is paid nothing.

Every scenario is tried with every amount of gas of its range (a stride in `make test`, each single one with
CONDUCTOR_FULL=1, and
always each single one around every change of outcome). Its targets, conditions, reads and referee would all answer
otherwise if they
got less gas than the plan commits to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi import decode, encode

from keeper.wire.types import Call, Condition
from tests.contracts.plans import Ask, Op, Plan, call, claim, condition, data, read, step, undo
from tests.contracts.world import World

pytestmark = pytest.mark.timeout(3_600)
FULL = os.environ.get("CONDUCTOR_FULL") == "1"
STRIDE = 1 if FULL else 67
AMPLE = 3_000_000
NO_DEPOSIT = 2**256 - 2**64
ALL = 2**256 - 1
OUTCOME = "(bytes32,bool,uint256,uint256,uint256,uint256,uint256)[]"
LOOK = "(address,bytes,bytes32[])"


@dataclass(frozen=True)
class Outcome:
    """What an amount of gas led to, and the least and the most gas that did."""

    seen: bytes
    ok: bool
    count: int
    least: int
    most: int
    earned: int
    answer: int


class Sweep:
    """One call by a contract that tries it with all kinds of gas and takes each attempt back."""

    def __init__(self, world: World, plans: Sequence[Plan]) -> None:
        self.world = world
        self.sweeper = world.contract("Sweeper")
        self.fragile = world.contract("Fragile")
        plan_looks = [(world.scheduler, data("plan(bytes32)", plan.id), [NO_DEPOSIT, ALL]) for plan in plans]
        self.looks = [
            *plan_looks,
            (self.fragile, data("outcome()"), [ALL]),
            (self.fragile, data("gasSeen()"), [ALL]),
            (world.target, data("pings(uint256)", 1), [ALL]),
            (world.scheduler, data("keeper(address)", self.sweeper.address), [0, ALL, ALL, ALL]),
        ]

    def between(self, calldata: bytes, least: int, most: int, stride: int) -> list[Outcome]:
        found: dict[tuple[bytes, bool, int], Outcome] = {}
        for start in range(least, most, 256 * stride):
            end = min(most, start + 256 * stride)
            for fields in self._once(calldata, start, end, stride):
                new = Outcome(*fields)
                key = (new.seen, new.ok, new.answer)
                old = found.get(key)
                found[key] = new if old is None else Outcome(
                    new.seen, new.ok, old.count + new.count, min(old.least, new.least), max(old.most, new.most),
                    max(old.earned, new.earned), new.answer,
                )  # fmt: skip
        return sorted(found.values(), key=lambda outcome: outcome.least)

    def everywhere(self, calldata: bytes, most: int) -> list[Outcome]:
        """Up to `most`, and single amounts around each change of outcome."""
        found = self.between(calldata, 0, most, STRIDE)
        edges = {edge for outcome in found for edge in (outcome.least, outcome.most)}
        if STRIDE == 1:
            return found
        fine = [self.between(calldata, max(0, edge - STRIDE), edge + STRIDE, 1) for edge in sorted(edges)]
        keys = {(outcome.seen, outcome.ok, outcome.answer) for outcome in found}
        news = [outcome for some in fine for outcome in some if (outcome.seen, outcome.ok, outcome.answer) not in keys]
        assert news == [], "an outcome that the stride missed"
        return found

    def ample(self, calldata: bytes) -> Outcome:
        (outcome,) = self.between(calldata, AMPLE, AMPLE + 1, 1)
        return outcome

    def _once(self, calldata: bytes, least: int, most: int, stride: int) -> list[tuple[Any, ...]]:
        world = self.world
        look = [
            (where.address, what, [mask.to_bytes(32, "big") for mask in masks]) for where, what, masks in self.looks
        ]
        earnings = (world.scheduler.address, data("keeper(address)", self.sweeper.address), [])
        arguments = [world.scheduler.address, calldata, [least, most, stride], look, earnings]
        selector = bytes(self.sweeper.sweep.encode_input(*arguments))[:4]
        encoded = selector + encode(["address", "bytes", "uint256[3]", f"{LOOK}[]", LOOK], arguments)
        transaction = {
            "from": world.stranger.address,
            "to": self.sweeper.address,
            "data": "0x" + encoded.hex(),
            "gas": hex(2**34),
        }
        overrides = {"time": hex(world.time), "number": hex(world.now(False)), "baseFee": hex(world.base_fee)}
        answer = world.chain.web3.provider.make_request("eth_call", [transaction, "latest", {}, overrides])
        assert "result" in answer, answer
        (outcomes,) = decode([OUTCOME], bytes.fromhex(answer["result"][2:]))
        return list(outcomes)


def fragile(world: World, needs: int = 60_000) -> Call:
    """A call that catches its own shortage of gas and then does something else."""
    return call(world.contract("Fragile"), "work(uint256)", needs)


def moody(world: World, op: Op = Op.EQ) -> Condition:
    """True with the gas the plan commits to; with less it would answer another word."""
    return condition(world.answers, "wordOrElse(uint256,uint256)", op, 9, 38_000, 666, gas_limit=40_000)


def nothing_or_everything(sweep: Sweep, ask: Ask, most: int = 700_000) -> None:
    """Below some amount of gas nothing at all, from there on the very same as with ample gas."""
    calldata = sweep.world.calldata(ask)
    (untouched,) = sweep.between(calldata, 1, 2, 1)
    ample = sweep.ample(calldata)
    assert not untouched.ok
    assert ample.ok
    assert ample.seen != untouched.seen
    assert ample.earned > 0
    refused, done = sweep.everywhere(calldata, most)
    assert (refused.seen, refused.ok, refused.earned) == (untouched.seen, False, 0)
    assert (done.seen, done.ok, done.earned) == (ample.seen, True, ample.earned)
    assert refused.most < done.least
    assert done.count > 100


def test_run_with_conditions_and_reads(world: World) -> None:
    """G5: calls, two conditions, a read, each gas-hungry in its own way."""
    world.call(world.answers, "set", 0, 9)
    reads = (read(world.answers, "wordOrElse(uint256,uint256)", 34 + 4 + 32 + 4, 38_000, 666, gas_limit=40_000),)
    pinged = call(world.target, "pingWith(uint256,bytes)", 1, bytes(64))
    plan = world.scheduled(
        step(pinged, fragile(world), gas_limit=180_000, conditions=(moody(world), moody(world)), reads=reads)
    )
    sweep = Sweep(world, [plan])
    nothing_or_everything(sweep, plan.run(0))
    world.do(plan.run(0))
    assert sweep.fragile.outcome() == 1


def test_run_of_one_plain_call(world: World) -> None:
    plan = world.scheduled(step(fragile(world), gas_limit=160_000))
    nothing_or_everything(Sweep(world, [plan]), plan.run(0), 500_000)


def test_undo(world: World) -> None:
    plan = world.scheduled(
        step(world.ping(5), undo=undo(fragile(world), gas_limit=160_000)), step(world.ping(6), closes=50)
    )
    world.do(plan.run(0))
    world.at(plan.start + 50).do(plan.settle(1))
    nothing_or_everything(Sweep(world, [plan]), plan.undo(0), 500_000)


def test_too_little_gas_is_no_false_condition(world: World) -> None:
    """G5, S2: a settle that would skip only if it starved the condition never goes through; with a really false one it
    does."""
    world.call(world.answers, "set", 0, 9)
    plan = world.scheduled(step(world.ping(5), conditions=(moody(world),), skip_if_false=True))
    sweep = Sweep(world, [plan])
    (only,) = sweep.everywhere(world.calldata(plan.settle(0)), 400_000)
    assert (only.ok, only.earned) == (False, 0)
    world.call(world.answers, "set", 0, 10)
    nothing_or_everything(sweep, plan.settle(0), 400_000)


def test_too_little_gas_is_no_unreadable_condition(world: World) -> None:
    """G5: after its window a step with an unreadable condition misses; starving a condition that is false must not
    make it so."""
    burner = condition(world.contract("Hostile"), "burn(uint256)", Op.EQ, 0, 30_000, gas_limit=40_000)
    plan = world.scheduled(step(world.ping(5), conditions=(burner,), skip_if_false=True, closes=10))
    world.at(plan.start + 10)
    sweep = Sweep(world, [plan])
    nothing_or_everything(sweep, plan.settle(0), 400_000)
    world.do(plan.settle(0))
    assert world.values(plan) == "S"


def test_too_little_gas_is_no_end_of_a_hold(world: World) -> None:
    """G5, C6: a referee that holds is not starved into a no, whatever stands before its section."""
    many = tuple(condition(world.answers, "word()", Op.EQ, 0) for _ in range(30))
    for conditions in ((), many):
        plan = world.scheduled(claim(world.contract("Thrifty"), hold=100, closes=20, conditions=conditions))
        world.at(plan.start + 20)
        sweep = Sweep(world, [plan])
        (only,) = sweep.everywhere(world.calldata(plan.settle(0)), 300_000)
        assert (only.ok, only.earned) == (False, 0)
        assert sweep.ample(world.calldata(plan.settle(0))).ok is False
    referee = world.contract("TestReferee")
    plan = world.scheduled(claim(referee, hold=100, closes=20))
    world.at(plan.start + 20)
    nothing_or_everything(Sweep(world, [plan]), plan.settle(0), 300_000)


def test_expire(world: World) -> None:
    plan = world.scheduled(step(world.ping(5)), step(world.ping(6)), length=2_000)
    world.at(plan.start + 2_000 + 86_400)
    nothing_or_everything(Sweep(world, [plan]), plan.expire(), 200_000)


def test_every_item_of_a_batch_is_whole_or_nothing(world: World) -> None:
    """G5 in a batch: with any gas each item is done exactly as it would be alone beside the same others, or not at
    all."""
    world.call(world.answers, "set", 0, 9)
    plans = [
        world.scheduled(step(fragile(world), gas_limit=160_000)),
        world.scheduled(step(world.ping(1), gas_limit=60_000, conditions=(moody(world),))),
        world.scheduled(step(world.ping(5), conditions=(moody(world, Op.NE),), skip_if_false=True)),
    ]
    items = [world.calldata(plan.run(0)) for plan in plans[:2]] + [world.calldata(plans[2].settle(0))]
    sweep = Sweep(world, plans)

    def batch(mask: int) -> bytes:
        """The items of the mask, the others spoilt at the same length."""
        spoilt = [item if mask >> i & 1 else bytes(4) + item[4:] for i, item in enumerate(items)]
        return world.calldata(Ask("runMany", (spoilt,)))

    whole = {mask: sweep.ample(batch(mask)) for mask in range(8)}
    assert {mask: outcome.answer for mask, outcome in whole.items()} == {mask: mask for mask in range(8)}
    outcomes = sweep.everywhere(batch(7), 900_000)
    assert {outcome.answer for outcome in outcomes} >= {0, 7}
    assert len(outcomes) > 3
    for outcome in outcomes:
        alone = whole[outcome.answer]
        assert outcome.seen == alone.seen, f"{outcome.answer:03b} with {outcome.least} to {outcome.most} gas"
        assert outcome.earned <= alone.earned
        assert outcome.ok or outcome.answer == 0


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_real_transaction_with_too_little_gas_fails_and_pays_nothing(world: World, share: float) -> None:
    """The same, sent: the keeper loses its gas and nothing else happens."""
    plan = world.scheduled(step(fragile(world), gas_limit=160_000))
    before = world.raw_word(plan)
    snapshot = world.chain.snapshot()
    enough = world.do(plan.run(0)).gas_used
    world.chain.restore(snapshot)
    receipt = world.do(plan.run(0), gas=int(enough * share), expect=False)
    assert receipt.failed
    assert (world.raw_word(plan), world.credit(world.keeper)) == (before, 0)
    assert world.contract("Fragile").outcome() == 0
