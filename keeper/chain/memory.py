"""A chain in memory behind the Transport port: blocks, a mempool, reorganisations, and endpoints that misbehave.

The twin of anvil behind HttpTransport: both pass the same suite, and everything in it is chosen by whoever holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from keeper.chain.rpc import EndpointFailed, Trouble, trouble_of
from keeper.chain.values import Json, hexed, quantity, raw

GENESIS_TIME_S = 1_800_000_000
GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Tx:
    hash: bytes
    sender: bytes
    nonce: int
    to: bytes
    data: bytes
    value_wei: int
    gas_limit: int
    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class SimLog:
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class SimBlock:
    number: int
    hash: bytes
    parent: bytes
    time_s: int
    base_fee_wei: int
    txs: tuple[tuple[Tx, int], ...] = ()
    """Each with its status."""
    logs: tuple[tuple[int, SimLog], ...] = ()
    """Each with its transaction's index; -1 for logs that were put there by hand."""


class Refusal(Exception):
    """What a node says instead of a result."""


@dataclass
class SimChain:
    """The truth. `execute` gives a transaction's status and logs; `answer` answers eth_call."""

    chain_id: int = 1337
    block_time_s: int = 12
    base_fee_wei: int = GWEI
    finality: int | None = 64
    """How far the finalized block is behind the head; None: the chain has no such thing."""
    balances: dict[bytes, int] = field(default_factory=dict)
    """Of those not named here money is no object."""
    execute: Callable[[Tx], tuple[int, tuple[SimLog, ...]]] = lambda tx: (
        1,
        (SimLog(tx.to, (keccak(tx.data),), tx.data),),
    )
    answer: Callable[[bytes, bytes], bytes] = lambda _to, _data: b""
    blocks: list[SimBlock] = field(default_factory=list)
    mempool: dict[tuple[bytes, int], Tx] = field(default_factory=dict)
    _salt: int = 0

    def __post_init__(self) -> None:
        self.blocks.append(SimBlock(0, keccak(b"genesis"), bytes(32), GENESIS_TIME_S, self.base_fee_wei))

    @property
    def head(self) -> SimBlock:
        return self.blocks[-1]

    def mine(self, count: int = 1, *, logs: Sequence[SimLog] = (), empty: bool = False) -> SimBlock:
        """`count` blocks; `logs` by hand go into the last; `empty` leaves the mempool alone."""
        for left in reversed(range(count)):
            txs: list[tuple[Tx, int]] = []
            emitted: list[tuple[int, SimLog]] = []
            for tx in [] if empty else self._executable():
                status, found = self.execute(tx)
                emitted += [(len(txs), log) for log in found] if status else []
                txs.append((tx, status))
                del self.mempool[tx.sender, tx.nonce]
            emitted += [] if left else [(-1, log) for log in logs]
            self._salt += 1
            said = repr((self.head.hash, self._salt)).encode()
            time_s = self.head.time_s + self.block_time_s
            self.blocks.append(
                SimBlock(
                    self.head.number + 1,
                    keccak(said),
                    self.head.hash,
                    time_s,
                    self.base_fee_wei,
                    tuple(txs),
                    tuple(emitted),
                )
            )
        return self.head

    def reorg(self, depth: int, *, keep: bool = True, length: int | None = None) -> None:
        """Replaces the last `depth` blocks by `length` empty ones (as many by default). `keep`: transactions go back
        to the mempool; otherwise they are forgotten, as nodes sometimes do."""
        gone = self.blocks[-depth:]
        del self.blocks[-depth:]
        for block in gone if keep else ():
            for tx, _ in block.txs:
                self.mempool[tx.sender, tx.nonce] = tx
        self.mine(depth if length is None else length, empty=True)

    def nonce(self, sender: bytes, up_to: int) -> int:
        return sum(tx.sender == sender for block in self.blocks[: up_to + 1] for tx, _ in block.txs)

    def accept(self, signed: bytes) -> bytes:
        """A sent transaction into the mempool. Errors: Refusal, in geth's words."""
        tx = _decode(signed)
        mined = self.nonce(tx.sender, self.head.number)
        if self.mempool.get((tx.sender, tx.nonce)) == tx:
            raise Refusal("already known")
        if tx.nonce < mined:
            raise Refusal(f"nonce too low: next nonce {mined}, tx nonce {tx.nonce}")
        if tx.gas_limit < 21_000:
            raise Refusal("intrinsic gas too low: gas 20000, minimum needed 21000")
        if self.balances.get(tx.sender, 10**30) < tx.gas_limit * tx.max_fee_wei + tx.value_wei:
            raise Refusal("insufficient funds for gas * price + value")
        old = self.mempool.get((tx.sender, tx.nonce))
        if old and (tx.max_fee_wei * 10 < old.max_fee_wei * 11 or tx.tip_wei * 10 < old.tip_wei * 11):
            raise Refusal("replacement transaction underpriced")
        self.mempool[tx.sender, tx.nonce] = tx
        return tx.hash

    def mined(self) -> list[tuple[Tx, int]]:
        """Every transaction of the chain as it stands, with its status."""
        return [entry for block in self.blocks for entry in block.txs]

    def _executable(self) -> list[Tx]:
        chosen = []
        for sender in sorted({sender for sender, _ in self.mempool}):
            nonce = self.nonce(sender, self.head.number)
            while (tx := self.mempool.get((sender, nonce))) and tx.max_fee_wei >= self.base_fee_wei:
                chosen.append(tx)
                nonce += 1
        for sender, nonce in [key for key in self.mempool if key[1] < self.nonce(key[0], self.head.number)]:
            del self.mempool[sender, nonce]
        return chosen


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

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        self.asked.append(method)
        await asyncio.sleep(0)
        if self.hangs:
            raise EndpointFailed(self.name, Trouble.HANGING, "no answer in time")
        if self.broken:
            raise EndpointFailed(self.name, Trouble.BROKEN, "HTTP status 503")
        try:
            return getattr(self, f"_{method}")(*params)
        except AttributeError:
            message = f"the method {method} does not exist/is not available"
            raise EndpointFailed(self.name, Trouble.UNABLE, message, code=-32601) from None
        except Refusal as refusal:
            raise EndpointFailed(self.name, trouble_of(-32000, str(refusal)), str(refusal), code=-32000) from None

    async def close(self) -> None: ...

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


@lru_cache(maxsize=4096)
def _decode(signed: bytes) -> Tx:
    fields = TypedTransaction.from_bytes(HexBytes(signed)).as_dict()
    sender = Account.recover_transaction(signed)
    return Tx(
        hash=keccak(signed),
        sender=raw(sender),
        nonce=fields["nonce"],
        to=bytes(fields["to"]),
        data=bytes(fields["data"]),
        value_wei=fields["value"],
        gas_limit=fields["gas"],
        max_fee_wei=fields["maxFeePerGas"],
        tip_wei=fields["maxPriorityFeePerGas"],
    )


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
