"""The typed questions one can ask a chain, over anything that carries a JSON-RPC request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from keeper.chain.rpc import Answer, Call, EndpointFailed, Trouble
from keeper.chain.values import (
    Block,
    BlockId,
    FeeHistory,
    Json,
    Log,
    Receipt,
    block_param,
    hexed,
    parse_block,
    parse_fee_history,
    parse_log,
    parse_receipt,
    quantity,
    raw,
)


class Asks(Protocol):
    async def request(self, method: str, params: Sequence[Any]) -> Json:
        """The `result` of a request; errors: EndpointFailed."""


class AsksMany(Asks, Protocol):
    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """What each call came to, asked together; errors: EndpointFailed."""


class Reads:
    """Typed reads. Without a `block` a read is at `at`: the pinned block of a View, "latest" otherwise.

    Every method raises EndpointFailed; a reverted call has trouble REVERTED and its `revert_data`.
    """

    def __init__(self, asks: Asks, at: BlockId = "latest") -> None:
        self._asks = asks
        self._at = at

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        return await self._asks.request(method, params)

    async def chain_id(self) -> int:
        return quantity(await self.request("eth_chainId", []))

    async def block_number(self) -> int:
        return quantity(await self.request("eth_blockNumber", []))

    async def block(self, block: BlockId) -> Block | None:
        """The block's header; None if the node has no such block."""
        method = "eth_getBlockByHash" if isinstance(block, bytes) else "eth_getBlockByNumber"
        param = hexed(block) if isinstance(block, bytes) else block_param(block)
        return _block(await self._asked(method, [param, False]))

    async def logs_of(
        self, block_hash: bytes, addresses: Sequence[bytes], topics: Sequence[Any] = ()
    ) -> tuple[Log, ...]:
        """The logs of exactly one block; a node that does not have it says so instead of answering []."""
        wanted = {"blockHash": hexed(block_hash), **_filter(addresses, topics)}
        return _in_order(await self.request("eth_getLogs", [wanted]))

    async def logs(
        self, first: int, last: int, addresses: Sequence[bytes], topics: Sequence[Any] = ()
    ) -> tuple[Log, ...]:
        """The logs of blocks first..last, both included, in halves wherever the node finds the range too large.

        Warning: beyond its head a node answers [], not an error. Ask only up to a block this very node has.
        """
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), **_filter(addresses, topics)}
        try:
            return _in_order(await self.request("eth_getLogs", [wanted]))
        except EndpointFailed as error:
            if error.trouble is not Trouble.TOO_MUCH or first == last:
                raise
        middle = (first + last) // 2
        low = await self.logs(first, middle, addresses, topics)
        return low + await self.logs(middle + 1, last, addresses, topics)

    async def call(
        self,
        to: bytes,
        data: bytes,
        block: BlockId | None = None,
        *,
        sender: bytes | None = None,
        value_wei: int = 0,
        gas_limit: int | None = None,
        overrides: Mapping[str, Json] | None = None,
    ) -> bytes:
        """What `to` returns. `overrides` is the node's state override set, as JSON-RPC has it."""
        params: list[Json] = [_transaction(to, data, sender, value_wei, gas_limit), self._block(block)]
        return raw(await self.request("eth_call", params if overrides is None else [*params, overrides]))

    async def estimate_gas(
        self, to: bytes, data: bytes, block: BlockId | None = None, *, sender: bytes | None = None, value_wei: int = 0
    ) -> int:
        wanted = _transaction(to, data, sender, value_wei, None)
        return quantity(await self.request("eth_estimateGas", [wanted, self._block(block)]))

    async def code(self, address: bytes, block: BlockId | None = None) -> bytes:
        return raw(await self.request("eth_getCode", [hexed(address), self._block(block)]))

    async def storage(self, address: bytes, slot: int, block: BlockId | None = None) -> bytes:
        wanted = [hexed(address), f"0x{slot:064x}", self._block(block)]
        return raw(await self.request("eth_getStorageAt", wanted)).rjust(32, b"\0")

    async def balance_wei(self, address: bytes, block: BlockId | None = None) -> int:
        return quantity(await self.request("eth_getBalance", [hexed(address), self._block(block)]))

    async def nonce(self, address: bytes, block: BlockId | None = None) -> int:
        """How many transactions the address has sent up to the block; with "pending", those waiting too."""
        return quantity(await self.request("eth_getTransactionCount", [hexed(address), self._block(block)]))

    async def fee_history(self, blocks: int, percentiles: Sequence[float]) -> FeeHistory:
        """Of the newest blocks: their base fees and, for each percentile, the tip paid there."""
        return parse_fee_history(await self.request("eth_feeHistory", [hex(blocks), "latest", list(percentiles)]))

    async def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt, or None while no block has the transaction."""
        return _receipt(await self._asked("eth_getTransactionReceipt", [hexed(tx_hash)]))

    async def _asked(self, method: str, params: Sequence[Any]) -> Answer:
        try:
            return await self.request(method, params)
        except EndpointFailed as error:
            return error

    def _block(self, block: BlockId | None) -> Json:
        return block_param(self._at if block is None else block)


class View(Reads):
    """Reads of one decision: one endpoint, one block, all by its hash. `endpoint` may be logged."""

    def __init__(self, asks: AsksMany, endpoint: str, head: Block) -> None:
        super().__init__(asks, head.hash)
        self._asks_many = asks
        self.endpoint = endpoint
        self.head = head

    async def blocks(self, numbers: Sequence[int]) -> tuple[Block | None, ...]:
        """Of each number what `block` says, asked together."""
        calls: list[Call] = [("eth_getBlockByNumber", [block_param(number), False]) for number in numbers]
        return tuple(map(_block, await self._asks_many.batch(calls)))

    async def calls(self, to: bytes, datas: Sequence[bytes]) -> list[bytes | EndpointFailed]:
        """What `to` returns to each, asked together; of a call that failed, why."""
        asked: list[Call] = [("eth_call", [_transaction(to, data, None, 0, None), self._block(None)]) for data in datas]
        answers = await self._asks_many.batch(asked)
        return [answer if isinstance(answer, EndpointFailed) else raw(answer) for answer in answers]

    async def receipts(self, hashes: Sequence[bytes]) -> tuple[Receipt | None, ...]:
        """Of each transaction what `receipt` says, asked together."""
        calls: list[Call] = [("eth_getTransactionReceipt", [hexed(tx_hash)]) for tx_hash in hashes]
        return tuple(map(_receipt, await self._asks_many.batch(calls)))


def _known(answer: Answer) -> Json:
    """The answer, or None of what a node does not know: some say null, some that they do not know it."""
    if not isinstance(answer, EndpointFailed):
        return answer
    if answer.trouble is Trouble.BEHIND:
        return None
    raise answer


def _block(answer: Answer) -> Block | None:
    found = _known(answer)
    return None if found is None else parse_block(found)


def _receipt(answer: Answer) -> Receipt | None:
    found = _known(answer)
    return None if found is None or found.get("blockHash") is None else parse_receipt(found)


def _transaction(to: bytes, data: bytes, sender: bytes | None, value_wei: int, gas_limit: int | None) -> dict[str, str]:
    said = {"to": hexed(to), "data": hexed(data), "value": hex(value_wei)}
    if sender is not None:
        said["from"] = hexed(sender)
    if gas_limit is not None:
        said["gas"] = hex(gas_limit)
    return said


def _filter(addresses: Sequence[bytes], topics: Sequence[Any]) -> dict[str, Json]:
    """`topics` as in eth_getLogs: for each position a topic, a list of topics, or None."""
    wanted: dict[str, Json] = {"address": [hexed(address) for address in addresses]} if addresses else {}
    if topics:
        wanted["topics"] = [
            None if topic is None else hexed(topic) if isinstance(topic, bytes) else [hexed(one) for one in topic]
            for topic in topics
        ]
    return wanted


def _in_order(answer: Json) -> tuple[Log, ...]:
    logs = (parse_log(log) for log in answer if not log.get("removed"))
    return tuple(sorted(logs, key=lambda log: (log.block_number, log.index)))
