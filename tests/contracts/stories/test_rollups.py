"""G6 on rollups: the chain's own block is the clock, and what the rollup takes for the data is repaid. Sensed at
construction, so the Scheduler's code and address are the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.plans import Ask, Op, Plan, condition, step
from tests.contracts.world import Refusal, World
from toolchain.abi import contract_type

ARB_SYS = "0x" + "64".rjust(40, "0")
ARB_GAS_INFO = "0x" + "6c".rjust(40, "0")
OP_ORACLE = "0x420000000000000000000000000000000000000F"
CODE = contract_type("Rollup")["runtimeBytecode"]["bytecode"]


def rollup(world: World, where: str, **answers: int) -> Any:
    """The predeployed contract of a rollup, and then a Scheduler deployed beside it."""
    world.chain.make_request("anvil_setCode", [where, CODE])
    mock = world.contract("Rollup")
    numbers = [answers.get(name, 0) for name in ("number", "fees", "per_byte")]
    data = bytes(mock.set.encode_input(*numbers))
    world.send(where, data, world.stranger)
    world.send(where, bytes(mock.setEstimate.encode_input(answers.get("estimate", 10**16))), world.stranger)
    return data


def moved_in(world: World) -> World:
    """The world with a Scheduler that was deployed here and now; the owner's new Account has coin."""
    world.scheduler = world.deploy("Scheduler")
    world.call(world.scheduler, "createAccount", world.owner.address)
    return world


def paid(world: World, ask: Ask) -> int:
    before = world.credit(world.keeper)
    world.do(ask)
    return world.credit(world.keeper) - before


def one(world: World, **fields: Any) -> Plan:
    return world.scheduled(step(world.ping(1)), **fields)


@pytest.mark.parametrize("where", [ARB_SYS, OP_ORACLE])
def test_the_data_fee_is_repaid(world: World, where: str) -> None:
    """OP: the oracle's fee for this call's data; Arbitrum: the transaction's own, once; elsewhere nothing."""
    assert len(world.chain.get_code(where)) == 0
    rollup(world, where)
    rollup(world, ARB_GAS_INFO, fees=7_000 * 10**9)
    if where == OP_ORACLE:
        rollup(world, where, per_byte=10**9)
    moved_in(world)
    paid(world, one(world).run(0))
    plan = one(world)
    length = len(world.calldata(plan.run(0)))
    gained = paid(world, plan.run(0))
    rollup(world, ARB_GAS_INFO, fees=0)
    if where == OP_ORACLE:
        rollup(world, where, per_byte=0)
    bare = paid(world, one(world).run(0))
    fee = length * 10**9 if where == OP_ORACLE else 7_000 * 10**9
    assert abs(gained - bare - fee) < 100 * world.base_fee


def test_arbitrums_transaction_fee_is_repaid_once(world: World) -> None:
    """Its figure is the whole transaction's: in a batch nobody can tell whose part is whose, so no item takes it."""
    rollup(world, ARB_SYS)
    rollup(world, ARB_GAS_INFO, fees=10**18)
    moved_in(world)
    plans = [one(world) for _ in range(2)]
    ask = Ask("runMany", ([world.calldata(plan.run(0)) for plan in plans],))
    assert paid(world, ask) < 10**17
    forwarder = world.contract("Pair")
    pair = [world.calldata(one(world, deposit_wei=3 * 10**18).run(0)) for _ in range(2)]
    world.call(forwarder, "both", world.scheduler.address, *pair)
    assert 10**18 < world.credit(forwarder) < 11 * 10**17


def test_the_block_clock_is_the_rollups_own(world: World) -> None:
    """Arbitrum's block.number is its parent chain's: plans in blocks, and Facts, count ArbSys's."""
    rollup(world, ARB_SYS, number=5_000)
    rollup(world, ARB_GAS_INFO)
    moved_in(world)
    facts = world.deploy("Facts")
    assert facts.blockNumber() == 5_000
    assert world.scheduler.nowAt(False) == 5_000
    gate = condition(facts, "blockNumber()", Op.GE, 5_003)
    plan = world.scheduled(
        step(world.ping(1), opens=2, closes=9), step(world.ping(2), conditions=(gate,)),
        seconds_clock=False, start=5_000, schedule_by=5_000,
    )  # fmt: skip
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, 5_002, 5_000))
    rollup(world, ARB_SYS, number=5_002)
    world.do(plan.run(0))
    refused = world.refusal(plan.run(1))
    assert refused is not None
    assert refused.name == "Scheduler_ConditionFalse"
    rollup(world, ARB_SYS, number=5_003)
    world.do(plan.run(1))


def test_elsewhere_the_code_is_the_same_and_costs_nothing_more(world: World) -> None:
    """The same creation code: only what the constructor sensed differs."""
    plain = world.deploy("Scheduler")
    rollup(world, ARB_SYS)
    sensing = world.deploy("Scheduler")
    a, b = (bytes(world.chain.get_code(where.address)) for where in (plain, sensing))
    assert len(a) == len(b)
    differing = sum(x != y for x, y in zip(a, b, strict=True))
    assert 0 < differing < 200
