"""Whole keeper processes, from settings, on an anvil whose blocks come every second by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from keeper.bots.keeper import run_keeper
from keeper.chain.settings import Settings
from tests.integration.bots.conftest import BASE_FEE
from tests.integration.bots.world import CHAIN, World, private_key, step


@pytest.fixture
async def ticking(start_anvil: Callable[..., str]) -> AsyncIterator[World]:
    world = World(start_anvil("--block-time", "1", *BASE_FEE))
    yield await world.deploy()
    await world.pool.close()


def settings(world: World, path: Path, number: int = 0) -> Settings:
    return Settings(
        rpc={CHAIN: (world.url,)},
        scheduler="0x" + world.scheduler.hex(),
        private_key=private_key(number),
        database=str(path / f"{number}.db"),
        poll_s=0.1,
    )


async def test_a_hundred_steps_due_in_one_block_of_a_second_run_in_it(ticking: World, tmp_path: Path) -> None:
    world = ticking
    await world.rpc("evm_setIntervalMining", 0)
    start = await world.block() + 105
    for number in range(100):
        await world.schedule(world.plan([step(number=number)], start=start))
    await world.rpc("evm_setIntervalMining", 1)
    stop = asyncio.Event()
    keeper = asyncio.create_task(run_keeper(settings(world, tmp_path), stop))
    while await world.block() < start + 3:
        assert not keeper.done(), await keeper
        await asyncio.sleep(0.2)
    stop.set()
    await keeper
    assert await world.lateness() == [0] * 100
