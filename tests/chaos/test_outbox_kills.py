"""Every await of the outbox, killed five times with transactions in flight on a real anvil: each runs exactly once.

On SQLite every await in five orders, on PostgreSQL in one more.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from keeper.chain.store import Store
from tests.chaos.storm import Storm, kill_points
from tests.integration.chain.anvil import anvil
from tests.integration.chain.postgres import server, url  # noqa: F401 - fixtures


@pytest.mark.parametrize("seed", range(5))
async def test_killed_at_every_await_everything_runs_exactly_once(tmp_path: Path, seed: int) -> None:
    await everything_runs_exactly_once(str(tmp_path / "keeper.db"), seed)


async def test_killed_at_every_await_on_postgresql(url: str) -> None:  # noqa: F811 - the fixture
    await everything_runs_exactly_once(url, seed=5)


async def everything_runs_exactly_once(database: str, seed: int) -> None:
    async def open_store() -> Store:
        return await Store.open(database)

    points = kill_points()
    random.Random(seed).shuffle(points)
    async with anvil() as world:
        storm = Storm(world, open_store, seed=seed)
        await world.prepare(storm.signer.address)
        await storm.run(points)
    assert storm.killer.killed == Counter(points)
    assert storm.restarts > len(points)
    assert storm.next_key > 50
