"""A chain in memory: blocks, a mempool, reorganisations. Everything in it is chosen by whoever holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from keeper.chain.values import raw

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
