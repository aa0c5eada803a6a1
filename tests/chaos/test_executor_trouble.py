"""A hundred plans come due while the chain is reorganised and endpoints misbehave: each runs exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keeper.chain.endpoints import EndpointPool
from keeper.chain.rpc import Answer, Call, EndpointFailed, HttpTransport, Trouble
from keeper.chain.values import Json, quantity
from tests.chaos.keepers import Play
from tests.integration.bots.conftest import world  # noqa: F401 - a fixture
from tests.integration.bots.world import World

DEEPEST = 8


@pytest.mark.parametrize("seed", range(2))
async def test_reorganisations_of_depth_1_to_8(world: World, tmp_path: Path, seed: int) -> None:  # noqa: F811
    play = Play(world, tmp_path / "keeper.db", seed=seed)
    await play.open()
    try:
        await play.schedule(100, each_block=3)
        await world.mine(2)
        depths = [*range(1, DEEPEST + 1)]
        play.chance.shuffle(depths)
        safe = await world.block()  # the plans themselves are not taken back
        while depths:
            for _ in range(play.chance.randint(1, 4)):
                await play.look()
                await world.mine()
            if await world.block() - depths[-1] >= safe:
                await world.rpc("anvil_reorg", depths.pop(), [])
                if play.chance.random() < 0.5:
                    await play.look()
        await play.calm()
        await world.mine(DEEPEST)
        await play.require_once()
    finally:
        await play.close()


@dataclass
class Faulty:
    """An endpoint that misbehaves at times: it hangs, answers nothing but errors, lags, or lies about its head."""

    url: str
    name: str
    fault: str = ""

    def __post_init__(self) -> None:
        self._node = HttpTransport(self.url)
        self._stuck: Json = None

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        if self.fault == "hangs":
            await asyncio.sleep(0.02)
            raise EndpointFailed(self.name, Trouble.HANGING, "no answer in time")
        if self.fault == "errors":
            raise EndpointFailed(self.name, Trouble.BROKEN, "HTTP status 503")
        answer = await self._node.request(method, params)
        if method != "eth_getBlockByNumber" or params[0] != "latest":
            return answer
        if self.fault == "lags" and self._stuck is not None:
            return self._stuck
        self._stuck = answer
        if self.fault == "lies":
            return answer | {"number": hex(quantity(answer["number"]) + 5), "hash": "0x" + "ab" * 32}
        return answer

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        return [await self.request(method, params) for method, params in calls]

    async def close(self) -> None:
        await self._node.close()


@pytest.mark.parametrize("fault", ["hangs", "errors", "lags", "lies"])
async def test_endpoints_that_misbehave(world: World, tmp_path: Path, fault: str) -> None:  # noqa: F811
    """One of two endpoints does so for a third of the time, the other for another third."""
    endpoints = [Faulty(world.url, "first"), Faulty(world.url, "second")]

    def pool() -> EndpointPool:
        return world.new_pool(*endpoints)

    play = Play(world, tmp_path / "keeper.db", seed=1, pool=pool)
    await play.open()
    try:
        await play.schedule(100, each_block=4)
        for block in range(36):
            endpoints[0].fault = fault if block % 3 == 0 else ""
            endpoints[1].fault = fault if block % 3 == 1 else ""
            await play.look()
            await world.mine()
        for endpoint in endpoints:
            endpoint.fault = ""
        await play.calm()
        await play.require_once()
    finally:
        await play.close()
        assert play.restarts == 0
