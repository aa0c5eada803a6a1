"""Worlds to work in, and keepers that are closed after the test."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():  # web3's own dependency's deprecation is not ours to heed
    warnings.simplefilter("ignore", DeprecationWarning)
    import web3  # noqa: F401

from keeper.bots.executor import Executor
from keeper.chain.store import Store
from tests.integration.bots.world import World, signer

BASE_FEE = ("--block-base-fee-per-gas", "1000000000")


@pytest.fixture
async def world(start_anvil: Callable[..., str]) -> AsyncIterator[World]:
    """Blocks come only when asked for."""
    world = World(start_anvil("--no-mining", *BASE_FEE))
    yield await world.deploy()
    await world.pool.close()


@pytest.fixture
async def executor(world: World, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Executor]]]:
    """Start an executor: `number` is its key's and, unless it shares one, its database's."""
    async with AsyncExitStack() as stack:

        async def start(number: int = 0, *, database: str | None = None, **settings: Any) -> Executor:
            store = await Store.open(database or str(tmp_path / f"keeper{number}.db"))
            stack.push_async_callback(store.close)
            pool = settings.pop("pool", None) or world.new_pool()
            stack.push_async_callback(pool.close)
            clock = {"wall_s": lambda: world.clock_s, "mono_s": lambda: world.clock_s}
            bot = Executor(pool, store, world.source, signer(number), worker=f"w{number}", **clock | settings)
            await bot.start()
            return bot

        yield start
