"""Questions to the Registry at one block: many in few requests, none twice.

Answers are kept by the block's hash, so one is only ever given again for the very block it was read at. Many questions
go through the Registry's own `multicall`, several of those in one JSON-RPC batch: 1,000 names take two requests.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from keeper.chain.reads import Reads
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Block
from keeper.registry.abi import answer, call
from keeper.registry.errors import RegistryRefused
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address

AT_ONCE = 200
"""Questions in one multicall: about five million gas, a tenth of what nodes give a call."""
AT_ONCE_BYTES = 96_000
"""Calldata of one multicall."""


class Pinned(Protocol):
    """Reads at one block, `head`. A View of keeper.chain is it. Errors: EndpointFailed."""

    head: Block

    async def chain_id(self) -> int: ...

    async def call(self, to: bytes, data: bytes) -> bytes:
        """What `to` returns."""

    async def calls(self, to: bytes, datas: Sequence[bytes]) -> list[bytes | EndpointFailed]:
        """What each call came to, asked together."""


class ReadsAt:
    """Pinned, over any Reads, which have no batches: one question after the other, at the block `head`."""

    def __init__(self, reads: Reads, head: Block) -> None:
        self._reads = reads
        self.head = head

    async def chain_id(self) -> int:
        return await self._reads.chain_id()

    async def call(self, to: bytes, data: bytes) -> bytes:
        return await self._reads.call(to, data, self.head.hash)

    async def calls(self, to: bytes, datas: Sequence[bytes]) -> list[bytes | EndpointFailed]:
        answers: list[bytes | EndpointFailed] = []
        for data in datas:
            try:
                answers.append(await self.call(to, data))
            except EndpointFailed as error:
                answers.append(error)
        return answers


class AnswerCache:
    """Answers of any number of blocks, the least used forgotten first. `most` counts answers."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._answers: OrderedDict[tuple[bytes, bytes, bytes], bytes] = OrderedDict()

    def get(self, block_hash: bytes, to: bytes, data: bytes) -> bytes | None:
        key = (block_hash, to, data)
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def put(self, block_hash: bytes, to: bytes, data: bytes, said: bytes) -> None:
        self._answers[block_hash, to, data] = said
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)


class Asking:
    """One Registry at one block. Reverts are EndpointFailed with trouble REVERTED, raised or given as the answer."""

    def __init__(self, view: Pinned, address: Address, cache: AnswerCache) -> None:
        self.view = view
        self.address = address
        self._cache = cache

    async def one(self, data: bytes) -> bytes:
        known = self._known(data)
        return known if known is not None else self._kept(data, await self.view.call(self.address, data))

    async def many(self, datas: Sequence[bytes]) -> list[bytes | EndpointFailed]:
        """What each came to, in their order. A question that reverts does not spoil the others."""
        open_ones = [data for data in dict.fromkeys(datas) if self._known(data) is None]
        failed: dict[bytes, EndpointFailed] = {}
        groups = _groups(open_ones)
        while groups:
            asked = [group[0] if len(group) == 1 else call("multicall", group) for group in groups]
            smaller = []
            for group, said in zip(groups, await self.view.calls(self.address, asked), strict=True):
                if isinstance(said, EndpointFailed):
                    if len(group) > 1 and said.trouble in (Trouble.REVERTED, Trouble.TOO_MUCH, Trouble.REFUSED):
                        smaller += [group[: len(group) // 2], group[len(group) // 2 :]]
                    elif said.trouble is Trouble.REVERTED:
                        failed[group[0]] = said
                    else:
                        raise said
                else:
                    for data, each in zip(group, self._taken_apart(group, said), strict=True):
                        self._kept(data, each)
                        failed.pop(data, None)
            groups = smaller
        found = {data: failed.get(data) or self._known(data) or b"" for data in datas}
        return [found[data] for data in datas]

    def _taken_apart(self, group: Sequence[bytes], said: bytes) -> Sequence[bytes]:
        if len(group) == 1:
            return [said]
        try:
            (results,) = answer("multicall", said)
        except ConductorError:
            results = ()
        if len(results) != len(group):
            raise RegistryRefused("several questions at once", said)
        return list(results)

    def _known(self, data: bytes) -> bytes | None:
        return self._cache.get(self.view.head.hash, self.address, data)

    def _kept(self, data: bytes, said: bytes) -> bytes:
        self._cache.put(self.view.head.hash, self.address, data, said)
        return said


def _groups(datas: Sequence[bytes]) -> list[list[bytes]]:
    """Consecutive questions, few enough and short enough for one multicall each."""
    groups: list[list[bytes]] = []
    size = 0
    for data in datas:
        if not groups or len(groups[-1]) == AT_ONCE or size + len(data) > AT_ONCE_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(data)
        size += len(data)
    return groups
