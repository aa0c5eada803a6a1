"""Every await of the executor, and those of the outbox under it, killed five times while a hundred plans come due."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from tests.chaos import storm
from tests.chaos.keepers import Play, kill_points
from tests.integration.bots.conftest import world  # noqa: F401 - a fixture
from tests.integration.bots.world import World
from tests.integration.chain.postgres import server, url  # noqa: F401 - fixtures

KILLS = 5
"""Of each await on SQLite; one on PostgreSQL, where it takes longer."""
ELSEWHERE = ("replace", "bump", "cancel", "fill", "lost", "final nonce", "unmine", "vanished", "unwant", "revive",
             "finalize", "find theirs", "final.block")  # fmt: skip
"""The outbox's points that an ordinary run does not come to; its own storm kills those."""


async def test_killed_at_every_await_a_hundred_plans_run_exactly_once(
    world: World,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    play = Play(world, tmp_path / "keeper.db", seed=7)
    await _killed_at(play, ordinary_points() * KILLS, plans=100)


async def test_killed_at_every_await_on_postgresql(world: World, url: str) -> None:  # noqa: F811 - the fixtures
    play = Play(world, url, seed=8)
    await _killed_at(play, ordinary_points(), plans=40)


def ordinary_points() -> list[str]:
    """The executor's, and those of the outbox that an ordinary run comes to."""
    below = [point for point in storm.kill_points() if point.startswith("after")]
    return kill_points() + [point for point in below if not any(name in point for name in ELSEWHERE)]


async def _killed_at(play: Play, points: list[str], plans: int) -> None:
    await play.open()
    try:
        await play.schedule(plans, each_block=2)
        wanted = Counter(points)
        queue = list(wanted.elements())
        random.Random(play.seed).shuffle(queue)
        for point in queue:
            await _kill_at(play, point)
        assert not wanted - play.killer.killed
        assert play.restarts >= len(queue)
        await play.calm()
        await play.require_once()
        assert len(play.plans) >= plans
    finally:
        await play.close()


async def _kill_at(play: Play, point: str) -> None:
    """Blocks go by, now and then one is taken back, until the keeper comes to the point and dies there."""
    if "wanted" in point or "tick.send" in point:  # comes only to what was signed, but perhaps never sent
        await _kill_at(play, "before submit.send")
    play.killer.armed = point
    for attempt in range(60):
        if not await play.waiting(newest=1):
            await play.schedule(20)
        elif "reorg" in point and attempt % 4 == 3:
            await play.look()  # else it would not have seen the block
            await play.world.rpc("anvil_reorg", 1, [])
        await play.look()
        if play.killer.armed is None:
            return
        await play.world.mine()
    raise AssertionError(f"the keeper never came to {point}")
