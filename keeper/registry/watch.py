"""Every change of a Registry, once, in order, without a gap.

Revisions count 1, 2, 3 .. and the contract tells how many there are at a block. So what is read is whole if the events
follow one another from the last one seen to that number; if they do not, they are read again, and in the end it is an
error. Each event's block must be one of the chain's at the same head. When blocks seen earlier are no longer the
chain's, `TakenBack` says to which revision, that of the newest common block, and what the chain has instead follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from keeper.chain.endpoints import Chain
from keeper.chain.reads import View
from keeper.chain.rpc import EndpointFailed
from keeper.chain.values import Block, Log
from keeper.registry.abi import answer, call
from keeper.registry.errors import Gap, Overtaken, RegistryRefused
from keeper.registry.events import Event, decode_event, topics
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class Told:
    """The next event. Its block's time is what the leases that it renews count from."""

    event: Event
    block: Block

    @property
    def revision(self) -> int:
        return self.event.revision


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Nothing after `revision` is of the chain any more. What is instead comes next."""

    revision: int


News = Told | TakenBack


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    history: int = 256
    """How many blocks with events are remembered, to find the newest common one after a reorganisation."""
    chunk: int = 10_000
    """How many blocks are asked for at once; fewer wherever a node finds that too large."""
    tries: int = 3
    """How often events that do not fit together are read before it is an error."""
    pause_s: float = 0.5
    """Between these tries."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """After this block the Registry was at this revision."""

    number: int
    hash: bytes
    revision: int


class _Torn(Exception):
    """The chain moved while it was read."""


class Watch:
    """One Registry, from the change after `from_revision` on; `start_block` is at or before the first event wanted.

    It remembers what it told, so one Watch is for one reader.
    """

    def __init__(
        self,
        chain: Chain,
        address: Address,
        from_revision: int = 0,
        *,
        start_block: int = 0,
        policy: WatchPolicy | None = None,
    ) -> None:
        self._chain = chain
        self._address = address
        self._from = from_revision
        self._start = start_block
        self._policy = policy or WatchPolicy()
        self._marks: list[_Mark] = []
        self.revision = from_revision
        """The last one told."""

    async def run(self, *, every_s: float, on_trouble: Callable[[ConductorError], None]) -> AsyncIterator[News]:
        """Catches up, then looks for news every so often, for ever. Troubles are told; only Overtaken ends it."""
        while True:
            try:
                async for news in self.catch_up():
                    yield news
            except Overtaken:
                raise
            except ConductorError as error:
                on_trouble(error)
            await asyncio.sleep(every_s)

    async def catch_up(self) -> AsyncIterator[News]:
        """What is new up to the chain's present head. Errors: Gap, Overtaken, those of the chain."""
        for left in reversed(range(self._policy.tries)):
            try:
                async for news in self._read(await self._chain.pin()):
                    yield news
            except (Gap, _Torn, EndpointFailed) as error:
                if not left:
                    raise _moving() if isinstance(error, _Torn) else error from None
            else:
                return
            await asyncio.sleep(self._policy.pause_s)

    async def _read(self, view: View) -> AsyncIterator[News]:
        if not self._marks and self._from:
            self._marks.append(await self._beginning(view))
        common = await self._common(view)
        if common is not None and common < self.revision:
            self.revision = common
            yield TakenBack(common)
        elif common is None:
            return  # the endpoint lags
        first, head = self._next_block(), view.head.number
        known = await self._count(view)
        if known == self.revision:
            return
        while first <= head:
            last = min(head, first + self._policy.chunk - 1)
            for block, events in await self._blocks(view, first, last):
                self._marks.append(_Mark(block.number, block.hash, events[-1].revision))
                for event in events:
                    self.revision = event.revision
                    yield Told(event, block)
            del self._marks[: -self._policy.history]
            first = last + 1
        if self.revision != known:
            raise Gap(self.revision + 1, None, known, head)

    async def _blocks(self, view: View, first: int, last: int) -> list[tuple[Block, list[Event]]]:
        """The blocks with new events among these, whole: each after the other, all of this head's chain."""
        logs = await view.logs(first, last, [self._address], [topics()])
        by_block: dict[int, list[Log]] = {}
        for log in logs:
            by_block.setdefault(log.block_number, []).append(log)
        blocks = await view.blocks([*by_block, view.head.number]) if by_block else ()
        found, expected = [], self.revision + 1
        for number, block in zip(by_block, blocks[:-1], strict=False):
            if block is None or blocks[-1] != view.head:
                raise _Torn
            if any(log.block_hash != block.hash for log in by_block[number]):
                raise _Torn
            decoded = [decode_event(log.topics, log.data) for log in by_block[number]]
            events = [event for event in decoded if event is not None and event.revision > self.revision]
            for event in events:
                if event.revision != expected:
                    raise Gap(expected, event.revision, await self._count(view), view.head.number)
                expected += 1
            if events:
                found.append((block, events))
        return found

    async def _common(self, view: View) -> int | None:
        """The revision at the newest block of ours that is still the chain's; None of an endpoint that merely lags.

        Errors: Overtaken if even the event that the watch began after is gone.
        """
        reachable = [mark for mark in self._marks if mark.number <= view.head.number]
        while reachable:
            theirs = await view.block(reachable[-1].number)
            if theirs is None:
                return None
            if theirs.hash == reachable[-1].hash:
                break
            reachable.pop()
            del self._marks[len(reachable) :]
        if not reachable and self._marks:
            return None  # nothing of ours is within its sight
        if len(reachable) < len(self._marks):
            return None
        if self._marks:
            return self._marks[-1].revision
        if self.revision == 0 or self._from == 0:
            return 0
        raise Overtaken(self._from)

    async def _beginning(self, view: View) -> _Mark:
        """Where the event that the watch begins after is. Errors: Gap, Overtaken."""
        asked = [topics(), self._from.to_bytes(32, "big")]
        logs = await view.logs(self._start, view.head.number, [self._address], asked)
        events = [(log, decode_event(log.topics, log.data)) for log in logs]
        found = [log for log, event in events if event is not None and event.revision == self._from]
        if len(found) != 1:
            known = await self._count(view)
            raise Overtaken(self._from, known) if known < self._from else Gap(self._from, None, known, view.head.number)
        return _Mark(found[0].block_number, found[0].block_hash, self._from)

    def _next_block(self) -> int:
        """The block that the next event is in, or one before it; a block that was begun is read again."""
        return self._marks[-1].number if self._marks else self._start

    async def _count(self, view: View) -> int:
        data = await view.call(self._address, call("revision"))
        try:
            return int(answer("revision", data)[0])
        except ConductorError:
            raise RegistryRefused("`revision`", data) from None


async def watch(
    chain: Chain, address: Address, from_revision: int = 0, *, start_block: int = 0, every_s: float = 2.0
) -> AsyncIterator[News]:
    """Every change after `from_revision`, for ever: `Told` in order, and `TakenBack` when the chain was reorganised.

    Troubles of the way are waited out. Errors: Overtaken, if the chain no longer has what the reader has seen.
    """
    async for news in Watch(chain, address, from_revision, start_block=start_block).run(
        every_s=every_s, on_trouble=lambda _error: None
    ):
        yield news


def _moving() -> ConductorError:
    return ConductorError(
        "the chain was reorganised each time it was read", field="chain", remedy="ask again, or use a steadier endpoint"
    )
