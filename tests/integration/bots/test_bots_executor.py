"""The executor on a real anvil with the real Scheduler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from keeper.bots.executor import Executor
from keeper.wire.types import Status
from tests.integration.bots.world import World, call, step

Start = Callable[..., Awaitable[Executor]]


async def test_hundred_due_in_one_block_all_run_once_and_none_late(world: World, executor: Start) -> None:
    start = await world.block() + 110
    plans = [await world.schedule(world.plan([step(number=number)], start=start)) for number in range(100)]
    bot = await executor()
    while await world.block() < start + 2:
        await bot.tick()
        await world.mine()
    assert sorted((await world.ran()).values()) == [1] * 100
    assert await world.lateness() == [0] * 100
    assert {(await world.word(plan)).status for plan in plans} == {Status.COMPLETED}
