"""Follows one chain: every block once, in order; its logs, what follows from them and the cursor in one transaction.

Far behind the head blocks are taken in ranges; near it one by one, asked for by hash, so that a node that lacks the
block has to say so. A block whose parent is not ours takes blocks back until one is; what followed from them goes too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eth_utils.crypto import keccak
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.endpoints import Chain
from keeper.chain.history import Cursor, History
from keeper.chain.ledger import Ledger
from keeper.chain.reads import View
from keeper.chain.store import Store
from keeper.chain.values import Block, Log
from keeper.wire.errors import BadInput, ConductorError


class Consumer(Protocol):
    """Turns logs into derived state. It touches only the ledger, so that a block can be taken back, or repeated."""

    async def apply(self, ledger: Ledger, block: Block, logs: Sequence[Log]) -> None: ...


@dataclass(frozen=True, slots=True)
class Source:
    """What is followed, from which block on. `topics` as in eth_getLogs."""

    start: int
    addresses: tuple[bytes, ...]
    topics: tuple[Any, ...] = ()

    @property
    def digest(self) -> bytes:
        return keccak(repr((self.start, self.addresses, self.topics)).encode())


@dataclass(frozen=True, slots=True)
class FollowPolicy:
    """All in blocks."""

    history: int = 256
    """How deep a reorganisation can be undone."""
    margin: int = 64
    """This close to the head blocks are taken one by one."""
    chunk: int = 2_000
    """How many blocks a range has at most."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """A block was applied. In a range only blocks with logs, and the last, are."""

    block: Block
    logs: tuple[Log, ...]
    head: int
    """The chain's head then: how far there is to go."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Blocks after `to` were taken back, `depth` of them."""

    to: int
    depth: int


Event = Advanced | RolledBack


class DeepReorg(ConductorError):
    """The chain was reorganised deeper than what is kept; erase the history and follow it anew."""


class Follower:
    """One chain into one database. Several processes may run it on the same database: the cursor's lock keeps order."""

    def __init__(
        self, chain: Chain, store: Store, source: Source, consumer: Consumer, *, policy: FollowPolicy | None = None
    ) -> None:
        self._chain = chain
        self._store = store
        self._source = source
        self._consumer = consumer
        self._policy = policy or FollowPolicy()

    async def run(self, *, every_s: float, on_trouble: Callable[[ConductorError], None]) -> AsyncIterator[Event]:
        """Catches up, then looks for news every so often, for ever. Troubles are told; only DeepReorg ends it."""
        while True:
            try:
                async for event in self.catch_up():
                    yield event
            except DeepReorg:
                raise
            except ConductorError as error:
                on_trouble(error)
            await asyncio.sleep(every_s)

    async def catch_up(self) -> AsyncIterator[Event]:
        """Each change on the way to the present head, after it was committed. Errors: those of the chain, DeepReorg."""
        view = await self._chain.pin()
        cursor = await self.cursor()
        while (events := await self._advance(view, cursor)) is not None:
            for event in events:
                yield event
            cursor = await self.cursor()

    async def cursor(self) -> Cursor:
        """How far the database is. Errors: BadInput if it follows something else."""
        async with self._store.read() as tx:
            cursor = await History(tx, self._chain.chain_id).cursor()
        if cursor is None:
            try:
                async with self._store.write() as tx:
                    cursor = await History(tx, self._chain.chain_id).begin(self._source.start, self._source.digest)
            except IntegrityError:  # another follower was faster
                return await self.cursor()
        if cursor.source != self._source.digest:
            remedy = "use another database, or erase this one's history and follow anew"
            raise BadInput("the database follows other contracts or another start", field="database", remedy=remedy)
        return cursor

    async def erase(self) -> None:
        """Forgets everything learnt from the chain; the next `catch_up` starts at the source's start."""
        async with self._store.write() as tx:
            await History(tx, self._chain.chain_id).erase()

    async def _advance(self, view: View, cursor: Cursor) -> list[Event] | None:
        """One transaction further; None if there is nothing to do at this head."""
        head = view.head.number
        if head <= cursor.number:
            return await self._stand(view, cursor)
        far = min(cursor.number + self._policy.chunk, head - self._policy.margin)
        if far > cursor.number:
            return await self._take_range(view, cursor, far)
        block = await view.block(cursor.number + 1)
        if block is None:
            return None  # this endpoint's head has moved back; the next look tells why
        if cursor.hash and block.parent != cursor.hash:
            return await self._roll_back(view, cursor, cursor.number)
        logs = await view.logs_of(block.hash, self._source.addresses, self._source.topics)
        return await self._commit(cursor, [(block, logs)], head)

    async def _stand(self, view: View, cursor: Cursor) -> list[Event] | None:
        """No new block: is the head still ours? A shorter chain that agrees with ours is an endpoint that lags."""
        if not cursor.hash or view.head.number < cursor.start:
            return None
        async with self._store.read() as tx:
            ours = await History(tx, self._chain.chain_id).block(view.head.number)
        if ours is None or ours.hash == view.head.hash:
            return None
        return await self._roll_back(view, cursor, view.head.number)

    async def _roll_back(self, view: View, cursor: Cursor, highest: int) -> list[Event] | None:
        """Back to the newest block, at most `highest`, that is still the chain's."""
        while True:
            async with self._store.read() as tx:
                ours = await History(tx, self._chain.chain_id).newest(highest)
            number = cursor.kept if ours is None else ours.number
            if number < cursor.kept or (ours is None and cursor.kept >= cursor.start):
                raise self._too_deep(cursor)
            theirs = None if ours is None else await view.block(number)
            if ours is None or (theirs is not None and theirs.hash == ours.hash):
                break
            if theirs is None:
                return None  # the endpoint has moved meanwhile
            highest = number - 1
        async with self._store.write() as tx:
            if not await self._is_at(tx, cursor):
                return []
            history = History(tx, self._chain.chain_id)
            await Ledger(tx, self._chain.chain_id, number).roll_back()
            await history.cut_above(number)
            await history.move_to(number, b"" if ours is None else ours.hash)
        return [RolledBack(number, cursor.number - number)]

    async def _take_range(self, view: View, cursor: Cursor, last: int) -> list[Event] | None:
        """Blocks up to `last` at once: those with logs, and the last itself, which carries on the chain of parents."""
        end = await view.block(last)
        if cursor.hash:
            below = await view.block(cursor.number)
            if below is None or end is None:
                return None
            if below.hash != cursor.hash:
                return await self._roll_back(view, cursor, cursor.number)
        if end is None:
            return None
        found = await view.logs(cursor.number + 1, last, self._source.addresses, self._source.topics)
        by_block: dict[int, list[Log]] = {}
        for log in found:
            by_block.setdefault(log.block_number, []).append(log)
        taken = []
        for number in sorted({*by_block, last}):
            block = end if number == last else await view.block(number)
            logs = tuple(by_block.get(number, ()))
            if block is None or any(log.block_hash != block.hash for log in logs):
                return None  # reorganised while we were reading
            taken.append((block, logs))
        return await self._commit(cursor, taken, view.head.number)

    def _too_deep(self, cursor: Cursor) -> DeepReorg:
        return DeepReorg(
            f"chain {self._chain.chain_id} was reorganised below block {cursor.kept}, deeper than what is kept",
            field="chain",
            value=self._chain.chain_id,
            remedy="erase the history and follow the chain anew",
        )

    async def _commit(self, cursor: Cursor, taken: Sequence[tuple[Block, tuple[Log, ...]]], head: int) -> list[Event]:
        async with self._store.write() as tx:
            if not await self._is_at(tx, cursor):
                return []  # another process was faster
            history = History(tx, self._chain.chain_id)
            for block, logs in taken:
                await history.add(block, logs)
                await self._consumer.apply(Ledger(tx, self._chain.chain_id, block.number), block, logs)
            last = taken[-1][0]
            await history.move_to(last.number, last.hash)
            old = last.number - self._policy.history
            if old > cursor.kept:
                await history.keep_above(old)
                await Ledger(tx, self._chain.chain_id, old).forget()
        return [Advanced(block, logs, head) for block, logs in taken]

    async def _is_at(self, tx: AsyncConnection, cursor: Cursor) -> bool:
        return await History(tx, self._chain.chain_id).cursor(lock=True) == cursor
