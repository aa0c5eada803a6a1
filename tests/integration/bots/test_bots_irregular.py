"""Plans on the seconds clock where nobody knows when the next block comes: how late steps run, and what it costs."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from keeper.bots.executor import Executor
from tests.integration.bots.world import World, step

Start = Callable[..., Awaitable[Executor]]
PLANS = 100
GAPS_S = (1.0, 13.0)
SPAN_S = 400
LEARNING_S = 60
POLL_S = 1.0
LATENCY_S = 0.2
"""From the beginning of a look until what it sends is in every mempool."""


@dataclass(frozen=True)
class Result:
    late: tuple[int, ...]
    """Of each plan, blocks behind the first whose time was not before its start."""
    reverted: int


async def play(world: World, executor: Start, seed: int) -> Result:
    """Blocks at moments drawn by the seed, each stamped with its whole second; the keeper looks as its loop would."""
    draw = random.Random(seed)
    begin = await world.time_s() + 10 * PLANS  # scheduling takes a block, and so a second, for each
    starts = {}
    for number in range(PLANS):
        start = begin + draw.randrange(SPAN_S)
        starts[await world.schedule(world.plan([step(number=number)], start=start, seconds_clock=True))] = start
    await world.rpc("evm_setNextBlockTimestamp", begin - LEARNING_S)
    await world.rpc("evm_mine")
    now = world.clock_s = float(begin - LEARNING_S)
    bot = await executor()
    block_at, look_at = now + draw.uniform(*GAPS_S), now + draw.random()
    stamps: dict[int, int] = {}
    while now < begin + SPAN_S + 2 * GAPS_S[1]:
        if look_at + LATENCY_S < block_at:
            now = world.clock_s = look_at
            await bot.tick()
            wake_s = await bot.next_look_s()
            look_at = now + (POLL_S if wake_s is None else min(POLL_S, wake_s))
        else:
            now = block_at
            await world.rpc("evm_setNextBlockTimestamp", int(now))
            await world.rpc("evm_mine")
            stamps[await world.block()] = int(now)
            block_at, look_at = now + draw.uniform(*GAPS_S), max(look_at, now)
    late = tuple(
        block - min(number for number, stamp in stamps.items() if stamp >= starts[move.plan])
        for move, block in await world.moves()
        if block in stamps
    )
    return Result(late, sum(entry.outcome == "reverted" for entry in await world.sent_by(bot)))


@pytest.mark.parametrize("seed", [1, 3])
async def test_no_block_too_early_and_at_most_one_too_late(world: World, executor: Start, seed: int) -> None:
    """Of a hundred plans a few miss the block they could have met; no transaction is paid for in vain."""
    result = await play(world, executor, seed)
    assert len(result.late) == PLANS
    assert result.reverted == 0
    assert max(result.late) <= 1
    assert sum(result.late) <= 8, result
