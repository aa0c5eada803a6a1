"""A chain of one's own: anvil on a free port, one block per transaction, and nothing left to chance.

Accounts, times and base fees are the same in every run, so that two runs of the same code give the same figures.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.types import RPCEndpoint, TxParams, TxReceipt

ROOT = Path(__file__).resolve().parent.parent
HARDFORK = "osaka"
GENESIS_S = 1_900_000_000
GWEI = 10**9
BASE_GAS = 21_000
GAS_LIMIT = 16_000_000  # under the 2^24 that a transaction may have since EIP-7825


class Reverted(Exception):
    """A transaction of the benchmark failed: the figure would be of something else than it says."""


class Chain:
    """Sends transactions one by one and hands back receipts."""

    def __init__(self, w3: AsyncWeb3[AsyncHTTPProvider], accounts: list[ChecksumAddress]) -> None:
        self.w3 = w3
        self.accounts = accounts
        self.base_fee_wei = GWEI
        self.time = GENESIS_S
        self._fresh = len(accounts)

    async def rpc(self, method: str, *params: Any) -> Any:
        answer = await self.w3.provider.make_request(RPCEndpoint(method), list(params))
        if "error" in answer:
            raise Reverted(f"{method}: {answer['error']}")
        return answer["result"]

    def fresh_account(self) -> ChecksumAddress:
        """An account that has sent nothing yet, taken from the end."""
        self._fresh -= 1
        return self.accounts[self._fresh]

    async def send(
        self, sender: ChecksumAddress, to: ChecksumAddress | None, data: bytes = b"", value: int = 0
    ) -> TxReceipt:
        """One transaction without a tip, in a block of its own, a second later, at `base_fee_wei`. Raises Reverted."""
        self.time += 1
        await self.rpc("evm_setNextBlockTimestamp", hex(self.time))
        await self.rpc("anvil_setNextBlockBaseFeePerGas", hex(self.base_fee_wei))
        tx: TxParams = {
            "from": sender,
            "data": data,
            "value": self.w3.to_wei(value, "wei"),
            "gas": GAS_LIMIT,
            "maxFeePerGas": self.w3.to_wei(self.base_fee_wei, "wei"),
            "maxPriorityFeePerGas": self.w3.to_wei(0, "wei"),
        }
        if to is not None:
            tx["to"] = to
        receipt = await self.w3.eth.wait_for_transaction_receipt(await self.w3.eth.send_transaction(tx), timeout=20)
        if receipt["status"] != 1:
            try:
                await self.w3.eth.call(tx, receipt["blockNumber"])
            except Exception as why:
                raise Reverted(f"{to} refused {data[:4].hex()}: {why}") from why
            raise Reverted(f"{to} refused {data[:4].hex()}")
        return receipt

    async def gas(self, sender: ChecksumAddress, to: ChecksumAddress | None, data: bytes = b"", value: int = 0) -> int:
        """What such a transaction used."""
        return (await self.send(sender, to, data, value))["gasUsed"]

    async def read_gas(self, to: ChecksumAddress, data: bytes) -> int:
        """What a view used by itself, as in `eth_call`: a transaction without its 21,000 and its calldata."""
        zeros = data.count(0)
        return await self.gas(self.accounts[2], to, data) - BASE_GAS - 4 * zeros - 16 * (len(data) - zeros)

    def wait_until(self, time: int) -> None:
        """The next transaction's block has this time. Raises ValueError if that is not ahead."""
        if time <= self.time:
            raise ValueError(f"it is {self.time} already, not before {time}")
        self.time = time - 1


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@asynccontextmanager
async def started() -> AsyncIterator[Chain]:
    """anvil, from start to end."""
    port = _free_port()
    options = {
        "--port": str(port),
        "--hardfork": HARDFORK,
        "--timestamp": str(GENESIS_S),
        "--accounts": "100",
        "--balance": "1000000",
    }
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "node_modules/.bin/anvil"),
        "--silent",
        *(word for option in options.items() for word in option),
        start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL,
    )
    w3 = AsyncWeb3(AsyncHTTPProvider(f"http://127.0.0.1:{port}"))
    try:
        async with asyncio.timeout(30):
            while not await w3.is_connected():
                if process.returncode is not None:
                    raise RuntimeError(f"anvil ended at once, with code {process.returncode}")
                await asyncio.sleep(0.1)
        yield Chain(w3, list(await w3.eth.accounts))
    finally:
        await w3.provider.disconnect()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            await process.wait()
