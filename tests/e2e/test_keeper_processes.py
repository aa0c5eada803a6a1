"""Three keepers as real processes, with seats, on blocks of a second; one is killed with SIGKILL as plans come due."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from keeper.wire.abi import encode_call
from tests.integration.bots.world import CHAIN, ETHER, World, private_key, signer, step

PLANS = 45
COMMAND = "from keeper.cli import main; main()"


class Keeper:
    """`conductor keeper run`, with a database and a key of its own."""

    def __init__(self, world: World, folder: Path, number: int) -> None:
        key = folder / f"key{number}"
        key.write_text(private_key(number))
        self.log = folder / f"log{number}"
        self._environment = os.environ | {
            f"CONDUCTOR_RPC_{CHAIN}": world.url,
            "CONDUCTOR_SCHEDULER": "0x" + world.scheduler.hex(),
            "CONDUCTOR_START_BLOCK": str(world.source.start),
            "CONDUCTOR_PRIVATE_KEY_FILE": str(key),
            "CONDUCTOR_DATABASE": str(folder / f"{number}.db"),
            "CONDUCTOR_POLL_S": "0.2",
        }

    async def start(self) -> None:
        with self.log.open("ab") as log:
            arguments = (sys.executable, "-c", COMMAND, "keeper", "run")
            self._process = await asyncio.create_subprocess_exec(
                *arguments, env=self._environment, stdout=log, stderr=log
            )

    async def end(self, number: signal.Signals) -> int:
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(15):
            return await self._process.wait()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(30):
            while text not in self.log.read_text():
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.1)


@pytest.fixture
async def world(start_anvil: Callable[..., str]) -> AsyncIterator[World]:
    world = World(start_anvil("--no-mining", "--block-base-fee-per-gas", "1000000000"))
    yield await world.deploy()
    await world.pool.close()


async def test_a_killed_keeper_comes_back_and_every_plan_runs_once(world: World, tmp_path: Path) -> None:
    for number in range(3):
        await world.send(world.scheduler, encode_call("join", world.owner), ETHER, signer(number).address)
    await world.rpc("anvil_mine", hex(900))  # seats count from the next epoch but one
    start = await world.block() + 10
    await world.schedule_all([world.plan([step(number=number)], start=start) for number in range(PLANS)])
    async with AsyncExitStack() as running:
        keepers = [Keeper(world, tmp_path, number) for number in range(3)]
        for keeper in keepers:
            await keeper.start()
            running.push_async_callback(keeper.end, signal.SIGKILL)
        for keeper in keepers:
            await keeper.until("keeper works")
        await world.rpc("evm_setIntervalMining", 1)
        await keepers[0].until("sent")
        assert await keepers[0].end(signal.SIGKILL) == -signal.SIGKILL
        await asyncio.sleep(4)
        await keepers[0].start()
        async with asyncio.timeout(40):
            while sum((await world.ran()).values()) < PLANS or await world.block() < start + 8:  # noqa: ASYNC110 - of the chain
                await asyncio.sleep(0.3)
        for keeper in keepers:
            assert await keeper.end(signal.SIGTERM) == 0
            assert "keeper stopped" in keeper.log.read_text()
    assert await world.ran() == {number.to_bytes(4, "big"): 1 for number in range(PLANS)}
    at_once = Counter(move.by for move, block in await world.moves() if block == start)
    assert set(at_once) >= {signer(1).address, signer(2).address}
    keys = [private_key(number)[2:] for number in range(3)]
    assert not any(key in keeper.log.read_text() for key in keys for keeper in keepers)
