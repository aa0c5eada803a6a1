"""A real anvil on a free port, and the world the suites and the storm shake."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from keeper.chain.endpoints import EndpointPool
from keeper.chain.health import Policy
from keeper.chain.rpc import EndpointFailed, HttpTransport
from keeper.chain.values import hexed

ANVIL = Path(__file__).parents[3] / "node_modules" / ".bin" / "anvil"
EMITTER = b"\x0e" * 20
# CALLDATACOPY(0, 0, CALLDATASIZE) LOG1(0, CALLDATASIZE, CALLDATALOAD(0)) STOP
EMITTER_CODE = bytes.fromhex("3660006000376000353660" + "00a100")
CHAIN_ID = 31337
DEEP_POCKETS = 10**24


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AnvilWorld:
    """One anvil; blocks come only when asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.chain_id = CHAIN_ID
        self.target = EMITTER
        self.transport = HttpTransport(url, timeout_s=10)

    async def ask(self, method: str, params: Sequence[Any]) -> Any:
        return await self.transport.request(method, params)

    async def prepare(self, *funded: bytes) -> None:
        await self.ask("anvil_setCode", [hexed(EMITTER), hexed(EMITTER_CODE)])
        for address in funded:
            await self.ask("anvil_setBalance", [hexed(address), hex(DEEP_POCKETS)])

    def pool(self) -> EndpointPool:
        return EndpointPool(CHAIN_ID, [HttpTransport(self.url)], policy=Policy(probe_every_s=0, back_off_s=0))

    async def mine(self, count: int) -> None:
        await self.ask("anvil_mine", [hex(count)])

    async def reorg(self, depth: int) -> None:
        await self.ask("anvil_reorg", [depth, []])

    async def forget(self, tx_hash: bytes) -> None:
        await self.ask("anvil_dropTransaction", [hexed(tx_hash)])

    async def base_fee(self, wei: int) -> None:
        await self.ask("anvil_setNextBlockBaseFeePerGas", [hex(wei)])

    async def ran(self) -> Counter[int]:
        head = int(await self.ask("eth_blockNumber", []), 16)
        logs = await self.ask("eth_getLogs", [{"fromBlock": "0x0", "toBlock": hex(head), "address": hexed(EMITTER)}])
        return Counter(int(log["topics"][0], 16) for log in logs)


@asynccontextmanager
async def anvil() -> AsyncIterator[AnvilWorld]:
    port = free_port()
    command = [str(ANVIL), "--port", str(port), "--no-mining", "--silent", "--order", "fifo"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world = AnvilWorld(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            try:
                await world.ask("eth_chainId", [])
                break
            except EndpointFailed:
                await asyncio.sleep(0.05)
        yield world
    finally:
        await world.transport.close()
        process.kill()
        await process.wait()
