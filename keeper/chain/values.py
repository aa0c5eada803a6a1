"""What a node answers, as frozen values. Hashes, addresses and data are bytes; times are unix seconds; money is wei."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Any
"""A decoded JSON-RPC answer, whose shape only the node decides: parsed at once by the functions below."""

BlockId = int | bytes | str
"""A block number, a 32-byte hash, or a tag: "latest", "safe", "finalized", "pending", "earliest"."""


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: bytes
    parent: bytes
    time_s: int
    base_fee_wei: int = 0
    gas_limit: int = 0

    def __str__(self) -> str:
        return f"{self.number} ({hexed(self.hash[:4])}..)"


@dataclass(frozen=True, slots=True)
class Log:
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    tx_hash: bytes
    block_number: int
    block_hash: bytes
    status: int
    """1 if it ran, 0 if it reverted: a mined transaction is not yet a successful one."""
    gas_used: int
    gas_price_wei: int
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class FeeHistory:
    """`base_fees_wei` has one entry more than `rewards_wei`: the last is the next block's base fee."""

    oldest: int
    base_fees_wei: tuple[int, ...]
    rewards_wei: tuple[tuple[int, ...], ...]


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def quantity(value: Json) -> int:
    """A JSON-RPC quantity: hexadecimal text."""
    return int(value, 16)


def raw(value: Json) -> bytes:
    """JSON-RPC data: hexadecimal text of whole bytes."""
    return bytes.fromhex(value[2:])


def block_param(block: BlockId) -> Json:
    """A block as JSON-RPC says it; a hash by EIP-1898, so that a node without that block has to say so."""
    if isinstance(block, bytes):
        return {"blockHash": hexed(block), "requireCanonical": True}
    return hex(block) if isinstance(block, int) else block


def parse_block(value: Mapping[str, Json]) -> Block:
    return Block(
        number=quantity(value["number"]),
        hash=raw(value["hash"]),
        parent=raw(value["parentHash"]),
        time_s=quantity(value["timestamp"]),
        base_fee_wei=quantity(value.get("baseFeePerGas") or "0x0"),
        gas_limit=quantity(value["gasLimit"]),
    )


def parse_log(value: Mapping[str, Json]) -> Log:
    return Log(
        address=raw(value["address"]),
        topics=tuple(raw(topic) for topic in value["topics"]),
        data=raw(value["data"]),
        block_number=quantity(value["blockNumber"]),
        block_hash=raw(value["blockHash"]),
        tx_hash=raw(value["transactionHash"]),
        tx_index=quantity(value["transactionIndex"]),
        index=quantity(value["logIndex"]),
    )


def parse_receipt(value: Mapping[str, Json]) -> Receipt:
    return Receipt(
        tx_hash=raw(value["transactionHash"]),
        block_number=quantity(value["blockNumber"]),
        block_hash=raw(value["blockHash"]),
        status=quantity(value["status"]),
        gas_used=quantity(value["gasUsed"]),
        gas_price_wei=quantity(value.get("effectiveGasPrice") or "0x0"),
        logs=tuple(parse_log(log) for log in value["logs"]),
    )


def parse_fee_history(value: Mapping[str, Json]) -> FeeHistory:
    return FeeHistory(
        oldest=quantity(value["oldestBlock"]),
        base_fees_wei=tuple(quantity(fee) for fee in value["baseFeePerGas"]),
        rewards_wei=tuple(tuple(quantity(reward) for reward in row) for row in value.get("reward") or ()),
    )
