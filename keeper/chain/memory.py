"""An endpoint of a chain in memory, behind the Transport port: one that misbehaves when told to.

The twin of anvil behind HttpTransport: both pass the same suite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_utils.crypto import keccak

from keeper.chain.memory_chain import GWEI, Refusal, SimBlock, SimChain
from keeper.chain.rpc import Answer, Call, EndpointFailed, Trouble, trouble_of
from keeper.chain.values import Json, hexed, quantity, raw


@dataclass
class MemoryTransport:
    """An endpoint of a SimChain. Set its faults at any time."""

    chain: SimChain
    name: str = "memory"
    chain_id: int | None = None
    """What it says instead of the chain's own id."""
    hangs: bool = False
    broken: bool = False
    lag: int = 0
    """How many blocks it is behind."""
    lie: int = 0
    """By how much it overstates its head."""
    loses_sends: bool = False
    """Takes transactions and forgets them."""
    max_range: int = 10_000
    asked: list[str] = field(default_factory=list)
    """The methods it was asked for."""
    requests: int = 0
    """How often it was asked; a batch is one request."""

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        (answer,) = await self.batch([(method, params)])
        if isinstance(answer, EndpointFailed):
            raise answer
        return answer

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        self.requests += 1
        self.asked += [method for method, _ in calls]
        await asyncio.sleep(0)
        if self.hangs:
            raise EndpointFailed(self.name, Trouble.HANGING, "no answer in time")
        if self.broken:
            raise EndpointFailed(self.name, Trouble.BROKEN, "HTTP status 503")
        return [self._answer(method, params) for method, params in calls]

    async def close(self) -> None: ...

    def _answer(self, method: str, params: Sequence[Any]) -> Answer:
        try:
            return getattr(self, f"_{method}")(*params)
        except AttributeError:
            message = f"the method {method} does not exist/is not available"
            return EndpointFailed(self.name, Trouble.UNABLE, message, code=-32601)
        except Refusal as refusal:
            return EndpointFailed(self.name, trouble_of(-32000, str(refusal)), str(refusal), code=-32000)

    @property
    def _seen(self) -> list[SimBlock]:
        return self.chain.blocks[: max(len(self.chain.blocks) - self.lag, 1)]

    def _at(self, block: Json) -> SimBlock:
        if isinstance(block, dict):
            found = [each for each in self._seen if hexed(each.hash) == block["blockHash"]]
            if not found:
                raise Refusal("unknown block")
            return found[0]
        if block == "finalized":
            if self.chain.finality is None:
                raise Refusal("finalized block not supported")
            return self._seen[max(0, len(self._seen) - 1 - self.chain.finality)]
        number = len(self._seen) - 1 if block in ("latest", "pending") else quantity(block)
        if number >= len(self._seen):
            raise Refusal("header not found")
        return self._seen[number]

    def _eth_chainId(self) -> str:
        return hex(self.chain_id or self.chain.chain_id)

    def _eth_blockNumber(self) -> str:
        return hex(len(self._seen) - 1 + self.lie)

    def _eth_getBlockByNumber(self, block: Json, _full: bool) -> Json:
        try:
            found = self._at(block)
        except Refusal:
            return None
        return _block(replace(found, number=found.number + self.lie) if block == "latest" else found)

    def _eth_getBlockByHash(self, block_hash: str, _full: bool) -> Json:
        return next((_block(each) for each in self._seen if hexed(each.hash) == block_hash), None)

    def _eth_getLogs(self, wanted: dict[str, Json]) -> Json:
        if "blockHash" in wanted:
            chosen = [self._at({"blockHash": wanted["blockHash"]})]
        else:
            first, last = quantity(wanted["fromBlock"]), quantity(wanted["toBlock"])
            if last - first >= self.max_range:
                raise Refusal("query returned more than 10000 results")
            chosen = self._seen[first : last + 1]  # beyond the head: nothing, and no error
        addresses, topics = wanted.get("address", []), wanted.get("topics", [])
        return [log for block in chosen for log in _logs(block) if _matches(log, addresses, topics)]

    def _eth_getTransactionCount(self, address: str, block: Json) -> str:
        nonce = self.chain.nonce(raw(address), self._at(block).number)
        while block == "pending" and (raw(address), nonce) in self.chain.mempool:
            nonce += 1
        return hex(nonce)

    def _eth_getTransactionReceipt(self, tx_hash: str) -> Json:
        for block in self._seen:
            for index, (tx, status) in enumerate(block.txs):
                if hexed(tx.hash) == tx_hash:
                    mine = [log for log in _logs(block) if log["transactionIndex"] == hex(index)]
                    return {"transactionHash": tx_hash, "blockNumber": hex(block.number),
                            "blockHash": hexed(block.hash), "status": hex(status),
                            "gasUsed": hex(min(tx.gas_limit, 50_000)),
                            "effectiveGasPrice": hex(block.base_fee_wei + tx.tip_wei), "logs": mine}  # fmt: skip
        return None

    def _eth_sendRawTransaction(self, signed: str) -> str:
        return hexed(keccak(raw(signed)) if self.loses_sends else self.chain.accept(raw(signed)))

    def _eth_feeHistory(self, count: str, _newest: Json, percentiles: Sequence[float]) -> Json:
        chosen = self._seen[-quantity(count) :]
        fees = [hex(block.base_fee_wei) for block in chosen] + [hex(self.chain.base_fee_wei)]
        return {
            "oldestBlock": hex(chosen[0].number),
            "baseFeePerGas": fees,
            "reward": [[hex(GWEI) for _ in percentiles] for _ in chosen],
        }

    def _eth_getBalance(self, address: str, block: Json) -> str:
        self._at(block)
        return hex(self.chain.balances.get(raw(address), 10**30))

    def _eth_getCode(self, _address: str, block: Json) -> str:
        self._at(block)
        return "0x"

    def _eth_call(self, wanted: dict[str, str], block: Json, _overrides: Json = None) -> str:
        self._at(block)
        return hexed(self.chain.answer(raw(wanted["to"]), raw(wanted["data"])))


def _block(block: SimBlock) -> Json:
    return {"number": hex(block.number), "hash": hexed(block.hash), "parentHash": hexed(block.parent),
            "timestamp": hex(block.time_s), "baseFeePerGas": hex(block.base_fee_wei),
            "gasLimit": hex(30_000_000)}  # fmt: skip


def _logs(block: SimBlock) -> list[dict[str, Json]]:
    return [
        {"address": hexed(log.address), "topics": [hexed(topic) for topic in log.topics], "data": hexed(log.data),
         "blockNumber": hex(block.number), "blockHash": hexed(block.hash), "logIndex": hex(index),
         "transactionHash": hexed(block.txs[tx_index][0].hash if tx_index >= 0 else bytes(32)),
         "transactionIndex": hex(max(tx_index, 0))}
        for index, (tx_index, log) in enumerate(block.logs)
    ]  # fmt: skip


def _matches(log: dict[str, Json], addresses: Sequence[str], topics: Sequence[Any]) -> bool:
    if addresses and log["address"] not in addresses:
        return False
    return all(
        wanted is None
        or (at < len(log["topics"]) and log["topics"][at] in ([wanted] if isinstance(wanted, str) else wanted))
        for at, wanted in enumerate(topics)
    )
