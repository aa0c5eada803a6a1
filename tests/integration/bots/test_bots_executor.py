"""The executor on a real anvil with the real Scheduler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from keeper.bots.executor import Executor, ExecutorPolicy
from keeper.chain.values import hexed
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.codec import encode_body, encode_step
from keeper.wire.types import Condition, Join, Op, Status, Undo, Value
from tests.integration.bots.world import ETHER, TARGET, World, call, signer, step

Start = Callable[..., Awaitable[Executor]]
COUNTER = b"\0" * 18 + b"\xcc\xcc"
"""Answers its first storage slot."""
COUNTER_CODE = "0x5f545f5260205ff3"


async def go(world: World, until: int, *bots: Executor) -> None:
    """Blocks one by one, each keeper looking once before each."""
    while await world.block() < until:
        for bot in bots:
            await bot.tick()
        await world.mine()


async def test_hundred_due_in_one_block_all_run_once_and_none_late(world: World, executor: Start) -> None:
    start = await world.block() + 110
    plans = [await world.schedule(world.plan([step(number=number)], start=start)) for number in range(100)]
    bot = await executor()
    await go(world, start + 2, bot)
    assert sorted((await world.ran()).values()) == [1] * 100
    assert await world.lateness() == [0] * 100
    assert {(await world.word(plan)).status for plan in plans} == {Status.COMPLETED}
    assert len(await world.sent_by(bot)) <= 6  # batches of twenty


@pytest.mark.parametrize("shared", [False, True], ids=["own databases", "one database"])
async def test_three_keepers_with_seats_share_the_turns(
    world: World, executor: Start, tmp_path: Path, shared: bool
) -> None:
    for number in range(3):
        await world.send(world.scheduler, encode_call("join", world.owner), ETHER, signer(number).address)
    await world.rpc("anvil_mine", hex(900))  # seats count from the next epoch but one
    start = await world.block() + 70
    for number in range(60):
        await world.schedule(world.plan([step(number=number)], start=start))
    database = str(tmp_path / "shared.db") if shared else None
    bots = [await executor(number, database=database) for number in range(3)]
    await go(world, start - 1, *bots)
    for _ in range(3):  # a keeper that looks while another holds what is its turn looks again soon
        for bot in bots:
            await bot.tick()
    await world.mine()
    for bot in bots:
        await bot.tick()
    moves = Counter(move.by for move, block in await world.moves() if block == start)
    assert sum(moves.values()) == 60
    assert set(moves) == {signer(number).address for number in range(3)}
    assert await world.lateness() == [0] * 60
    for bot in bots:
        assert all(entry.outcome == "done" for entry in await world.sent_by(bot))


async def test_a_keeper_takes_over_when_the_one_on_turn_does_nothing(world: World, executor: Start) -> None:
    for number in range(2):
        await world.send(world.scheduler, encode_call("join", world.owner), ETHER, signer(number).address)
    await world.rpc("anvil_mine", hex(900))
    start = await world.block() + 20
    for number in range(12):
        await world.schedule(world.plan([step(number=number)], start=start))
    await go(world, start + 8, await executor(0), await executor(5))
    moves = Counter((move.by, block - start) for move, block in await world.moves())
    mine, other = signer(0).address, signer(1).address
    own = moves[mine, 0]
    assert 0 < own < 12  # the second keeper, without a seat, waits as the first does
    assert moves == {(mine, 0): own, (mine, 3): 12 - own}, other


async def test_without_a_seat_one_waits_for_both_windows(world: World, executor: Start) -> None:
    await world.send(world.scheduler, encode_call("join", world.owner), ETHER, signer(0).address)
    await world.rpc("anvil_mine", hex(900))
    start = await world.block() + 5
    await world.schedule(world.plan([step()], start=start))
    await go(world, start + 8, await executor(5))
    assert [(move.by, block - start) for move, block in await world.moves()] == [(signer(5).address, 6)]


async def test_branches_windows_undos_and_finally(world: World, executor: Start) -> None:
    """0 runs; 1 is skipped, its condition being false; 2 waits for its condition; 3 misses its window: so 2 and 0 are
    undone, last first; finally 4 runs."""
    await world.rpc("anvil_setCode", hexed(COUNTER), COUNTER_CODE)
    is_one = Condition(COUNTER, 30_000, Op.EQ, 0, 1, b"")
    is_two = Condition(COUNTER, 30_000, Op.EQ, 0, 2, b"")
    start = await world.block() + 4
    last = Undo(60_000, 100, (call(120),), 500_000, 500_000, dependents=0b1000)
    steps = [
        step(0, number=10, undo=Undo(60_000, 100, (call(100),), 500_000, 500_000, dependents=0b1100)),
        step(1, number=11, conditions=(is_two,), skip_if_false=True),
        step(2, number=12, needs=1, conditions=(is_one,), undo=last),
        step(3, number=13, needs=0b100, conditions=(is_two,), closes=30),
        step(4, number=14, opens=2, closes=50),
    ]
    plan = await world.schedule(world.plan(steps, start=start, finals=1))
    bot = await executor()
    await go(world, start + 5, bot)
    values = (await world.word(plan)).values[:5]
    assert values == (Value.DONE, Value.SKIPPED, Value.PENDING, Value.PENDING, Value.PENDING)
    await world.rpc("anvil_setStorageAt", hexed(COUNTER), "0x" + "00" * 32, f"0x{1:064x}")
    for _ in range(45):
        await bot.tick()
        await world.mine()
    word = await world.word(plan)
    assert word.values[:5] == (Value.UNDONE, Value.SKIPPED, Value.UNDONE, Value.FAILED, Value.DONE)
    assert word.status is Status.ABORTED
    order = [int.from_bytes(log.data, "big") for log in await world.pool.reads.logs(0, await world.block(), [TARGET])]
    assert order == [10, 12, 120, 100, 14]


async def test_a_recurring_plan_runs_at_each_tick(world: World, executor: Start) -> None:
    start = await world.block() + 5
    await world.schedule(world.plan([step(closes=5)], start=start, runs=3, interval=10))
    await go(world, start + 24, await executor())
    ran = [log.block_number - start for log in await world.pool.reads.logs(0, await world.block(), [TARGET])]
    assert ran == [0, 10, 20]


async def test_the_seconds_clock_and_stamps(world: World, executor: Start) -> None:
    """Step 1 opens 30 s after step 0 was settled; blocks are 12 s apart."""
    await world.rpc("anvil_setBlockTimestampInterval", 12)
    await world.mine(9)
    start_s = await world.time_s() + 12 * 5
    steps = [step(0, number=1), step(1, number=2, needs=1, since=1, opens=30, closes=600)]
    await world.schedule(world.plan(steps, start=start_s, seconds_clock=True, stamped=1))
    await go(world, await world.block() + 14, await executor())
    times = []
    for log in await world.pool.reads.logs(0, await world.block(), [TARGET]):
        block = await world.pool.reads.block(log.block_hash)
        assert block is not None
        times.append(block.time_s - start_s)
    assert 0 <= times[0] < 12
    assert 30 <= times[1] - times[0] < 42


async def test_a_hidden_plan_waits_for_its_body_and_lies_change_nothing(world: World, executor: Start) -> None:
    start = await world.block() + 3
    header, steps = world.plan([step(0, number=1), step(1, number=2, join=Join.SETTLED, needs=1)], start=start)
    plan = await world.schedule((header, steps), publish=False)
    bot = await executor()
    lie = encode_body([encode_step(step(0, number=9)), encode_step(steps[1])])
    await world.send(world.scheduler, encode_call("publish", plan, lie))
    await go(world, start + 4, bot)
    assert not await world.ran()
    await world.send(world.scheduler, encode_call("publish", plan, encode_body([encode_step(one) for one in steps])))
    await go(world, start + 10, bot)
    assert (await world.word(plan)).status is Status.COMPLETED


async def test_what_pays_too_little_waits_and_spoils_nothing(world: World, executor: Start) -> None:
    start = await world.block() + 10
    poor = await world.schedule(world.plan([step(fee_min_gwei=0, fee_max_gwei=0, number=1)], start=start))
    capped = await world.schedule(world.plan([step(number=2)], start=start, cap_wei=1))
    empty = await world.schedule(world.plan([step(number=3)], start=start), deposit_wei=10**12)
    good = await world.schedule(world.plan([step(number=4)], start=start))
    await go(world, start + 5, await executor())
    assert [(await world.word(plan)).status for plan in (poor, capped, empty, good)] == [
        Status.ACTIVE, Status.COMPLETED, Status.ACTIVE, Status.COMPLETED,
    ]  # fmt: skip


async def test_a_failing_call_is_found_out_before_it_is_paid_for(world: World, executor: Start) -> None:
    await world.rpc("anvil_setStorageAt", hexed(TARGET), "0x" + "00" * 32, f"0x{1:064x}")
    start = await world.block() + 3
    plan = await world.schedule(world.plan([step()], start=start))
    bot = await executor()
    await go(world, start + 4, bot)
    assert not await world.sent_by(bot)
    await world.rpc("anvil_setStorageAt", hexed(TARGET), "0x" + "00" * 32, "0x" + "00" * 32)
    await go(world, await world.block() + 3, bot)
    assert (await world.word(plan)).status is Status.COMPLETED


async def test_an_account_that_reverts_on_chain_is_left_alone_for_longer_each_time(
    world: World, executor: Start
) -> None:
    """Whoever makes calls fail between the trial and the block costs a keeper gas; the others are not held up."""
    now = [0.0]
    policy = ExecutorPolicy(first_hold_s=8)
    bot = await executor(policy=policy, mono_s=lambda: now[0], wall_s=lambda: now[0])
    start = await world.block() + 8
    plan = await world.schedule(world.plan([step(number=1)], start=start, cap_wei=10**11))
    slot = ("0x" + "00" * 32,)
    failed = []
    await world.mine(8)
    for second in range(0, 130, 2):
        now[0] = float(second)
        before = len(await world.sent_by(bot))
        await bot.tick()
        if len(await world.sent_by(bot)) > before:
            failed.append(second)
            await world.rpc("anvil_setStorageAt", hexed(TARGET), *slot, f"0x{1:064x}")
        await world.mine()
        await world.rpc("anvil_setStorageAt", hexed(TARGET), *slot, "0x" + "00" * 32)
    assert (await world.word(plan)).status is Status.ACTIVE
    gaps = [later - earlier for earlier, later in pairwise(failed)]
    assert len(gaps) >= 3
    assert all(gap >= 8 * 2**strikes for strikes, gap in enumerate(gaps)), failed


async def test_a_lost_database_loses_no_money_and_repeats_nothing(world: World, executor: Start) -> None:
    start = await world.block() + 20
    for number in range(15):
        await world.schedule(world.plan([step(number=number)], start=start))
    await go(world, start - 1, first := await executor(0))
    await first.tick()  # signed and sent, and then the disk is gone
    second = await executor(0, database="sqlite://")
    await second.tick()
    await go(world, start + 5, second)
    assert sorted((await world.ran()).values()) == [1] * 15
    assert await world.pool.reads.nonce(signer(0).address) == 1
    assert not await world.sent_by(second)


async def test_what_nobody_settled_expires(world: World, executor: Start) -> None:
    plan = await world.schedule(
        world.plan([step(closes=5)], start=await world.time_s() + 3, seconds_clock=True), publish=False
    )
    await world.rpc("evm_increaseTime", 86_400 + 10)
    await world.mine()
    bot = await executor()
    await go(world, await world.block() + 3, bot)
    assert (await world.word(plan)).status is Status.ABORTED


async def test_paid_by_the_chain_is_what_the_index_counts(world: World, executor: Start) -> None:
    start = await world.block() + 10
    for number in range(8):
        await world.schedule(world.plan([step(number=number)], start=start))
    bot = await executor()
    await go(world, start + 3, bot)
    me = signer(0).address
    answer = await world.pool.reads.call(world.scheduler, encode_call("keeper", me))
    credit_wei, _, _, moves = decode_result("keeper", answer)
    assert await world.earned(bot, me) == [moves, credit_wei // 10**9]
