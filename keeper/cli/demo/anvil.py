"""A local chain: anvil, whose blocks come every second by themselves, and the clock that a vote may turn forward."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from eth_account import Account

from keeper.chain.endpoints import EndpointPool
from keeper.chain.health import Policy
from keeper.chain.rpc import EndpointFailed, HttpTransport
from keeper.chain.signer import LocalSigner
from keeper.chain.values import quantity
from keeper.cli.demo.programs import Programs
from keeper.wire.errors import BadInput, ConductorError

CHAIN_ID = 31_337
GWEI = 10**9
BASE_FEE_WEI = 20 * GWEI
_MNEMONIC = "test test test test test test test test test test test junk"
_START_S = 20.0
T = TypeVar("T")


def account(number: int) -> tuple[bytes, LocalSigner]:
    """The key, and its signer, of one of the ten accounts that anvil gives coin to."""
    Account.enable_unaudited_hdwallet_features()
    key = bytes(Account.from_mnemonic(_MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}").key)
    return key, LocalSigner(key)


def find_anvil() -> str:
    """On the path, or in a clone's node_modules. Errors: BadInput."""
    here = Path.cwd() / "node_modules/.bin/anvil"
    clone = Path(__file__).parents[3] / "node_modules/.bin/anvil"
    found = shutil.which("anvil") or next((str(path) for path in (here, clone) if path.exists()), None)
    if found is None:
        remedy = "`npm install @foundry-rs/anvil` and put node_modules/.bin on the path, or run `make demo` in a clone"
        raise BadInput("there is no anvil to run the chain", field="anvil", remedy=remedy)
    return found


@dataclass
class Chain:
    """The running chain. `block` is its head, `seen_s` our own clock when it came."""

    url: str
    pool: EndpointPool
    block: int = 0
    seen_s: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def mine(self, blocks: int, seconds_each: int) -> None:
        """Let time pass: so many blocks at once."""
        await self.pool.request("anvil_mine", [hex(blocks), hex(seconds_each)])

    async def advance(self, seconds: int) -> None:
        """Let time pass before the next block."""
        await self.pool.request("evm_increaseTime", [seconds])

    async def until(self, block: int) -> None:
        """Wait for a block."""
        while self.block < block:
            self._news.clear()
            await self._news.wait()

    async def watch(self) -> None:
        """Sees blocks come, and keeps the base fee where it is; of itself it would fall to nothing in empty blocks."""
        while True:
            head = quantity(await self.pool.request("eth_blockNumber", []))
            if head != self.block:
                self.block, self.seen_s = head, time.monotonic()
                await self.pool.request("anvil_setNextBlockBaseFeePerGas", [hex(BASE_FEE_WEI)])
                self._news.set()
            await asyncio.sleep(0.1)


@asynccontextmanager
async def start_chain(programs: Programs) -> AsyncIterator[Chain]:
    """Errors: BadInput if there is no anvil, ConductorError if it does not come up."""
    port = _free_port()
    command = [find_anvil(), "--port", str(port), "--block-time", "1", "--gas-limit", "60000000"]
    process = await programs.start("anvil", [*command, "--block-base-fee-per-gas", str(BASE_FEE_WEI)])
    url = f"http://127.0.0.1:{port}"
    pool = EndpointPool(CHAIN_ID, [HttpTransport(url)], policy=Policy(probe_every_s=0.05, back_off_s=0.05))
    chain = Chain(url, pool)
    try:
        await _until_answering(url, process)
        async with beside(chain.watch()):
            yield chain
    finally:
        await pool.close()


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Work that goes on beside the block, and ends with it; if it fails, the block ends with its error."""
    here = asyncio.current_task()
    task = asyncio.create_task(work)

    def look(done: asyncio.Task[T]) -> None:
        if not done.cancelled() and done.exception() is not None and here is not None:
            here.cancel()

    task.add_done_callback(look)
    try:
        yield task
    except asyncio.CancelledError:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error from None
        raise
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _until_answering(url: str, process: asyncio.subprocess.Process) -> None:
    transport = HttpTransport(url, timeout_s=1)
    ends_s = time.monotonic() + _START_S
    try:
        while time.monotonic() < ends_s:
            if process.returncode is not None:
                raise ConductorError(f"anvil ended with {process.returncode} before it answered")
            try:
                await transport.request("eth_chainId", [])
            except EndpointFailed:
                await asyncio.sleep(0.05)
            else:
                return
    finally:
        await transport.close()
    raise ConductorError(f"anvil does not answer at {url}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
