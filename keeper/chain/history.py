"""The followed part of a chain in the database: recent blocks, all logs, and the cursor that says how far we are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.tables import blocks, cursors, facts, jobs, journal, logs, plans
from keeper.chain.values import Block, Log


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last block that was applied; before the first, `number` is start - 1 and `hash` is empty."""

    start: int
    source: bytes
    number: int
    hash: bytes
    kept: int
    """Blocks above this one can be taken back."""


class History:
    """One chain's history within one transaction."""

    def __init__(self, tx: AsyncConnection, chain_id: int) -> None:
        self._tx = tx
        self._chain_id = chain_id

    async def cursor(self, *, lock: bool = False) -> Cursor | None:
        """`lock` makes other followers of the same database wait until this transaction ends."""
        wanted = select(cursors).where(cursors.c.chain_id == self._chain_id)
        row = (await self._tx.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
        return None if row is None else Cursor(row["start"], row["source"], row["number"], row["hash"], row["kept"])

    async def begin(self, start: int, source: bytes) -> Cursor:
        """The first cursor of this chain. Errors: IntegrityError if there is one."""
        cursor = Cursor(start, source, start - 1, b"", start - 1)
        row = {"chain_id": self._chain_id, "start": start, "source": source}
        await self._tx.execute(insert(cursors), row | {"number": cursor.number, "hash": b"", "kept": cursor.kept})
        return cursor

    async def move_to(self, number: int, block_hash: bytes) -> None:
        mine = update(cursors).where(cursors.c.chain_id == self._chain_id)
        await self._tx.execute(mine, {"number": number, "hash": block_hash})

    async def add(self, block: Block, found: Sequence[Log]) -> None:
        row = {"chain_id": self._chain_id, "number": block.number, "hash": block.hash, "parent": block.parent}
        await self._tx.execute(insert(blocks), {**row, "time_s": block.time_s})
        if found:
            await self._tx.execute(insert(logs), [self._log_row(log) for log in found])

    async def block(self, number: int) -> Block | None:
        at = (blocks.c.chain_id == self._chain_id, blocks.c.number == number)
        return _block((await self._tx.execute(select(blocks).where(*at))).mappings().one_or_none())

    async def newest(self, highest: int) -> Block | None:
        """The newest kept block whose number is at most `highest`; ranges leave out blocks without logs."""
        below = (blocks.c.chain_id == self._chain_id, blocks.c.number <= highest)
        found = select(blocks).where(*below).order_by(blocks.c.number.desc()).limit(1)
        return _block((await self._tx.execute(found)).mappings().one_or_none())

    async def logs(self, first: int, last: int) -> tuple[Log, ...]:
        within = (logs.c.chain_id == self._chain_id, logs.c.number >= first, logs.c.number <= last)
        rows = await self._tx.execute(select(logs).where(*within).order_by(logs.c.number, logs.c.log_index))
        return tuple(
            Log(
                address=row["address"],
                topics=tuple(row["topics"][at : at + 32] for at in range(0, len(row["topics"]), 32)),
                data=row["data"],
                block_number=row["number"],
                block_hash=row["block_hash"],
                tx_hash=row["tx_hash"],
                tx_index=row["tx_index"],
                index=row["log_index"],
            )
            for row in rows.mappings()
        )

    async def cut_above(self, number: int) -> None:
        """Takes back every block and log above `number`."""
        for table in (blocks, logs):
            await self._tx.execute(delete(table).where(table.c.chain_id == self._chain_id, table.c.number > number))

    async def keep_above(self, number: int) -> None:
        """Forgets blocks below `number`, which itself stays as the last one to go back to; logs stay."""
        await self._tx.execute(delete(blocks).where(blocks.c.chain_id == self._chain_id, blocks.c.number < number))
        await self._tx.execute(update(cursors).where(cursors.c.chain_id == self._chain_id), {"kept": number})

    async def erase(self) -> None:
        """Everything that was learnt from the chain, so that it can be followed anew. What we sent stays."""
        for table in (blocks, logs, cursors, journal, facts, plans, jobs):
            await self._tx.execute(delete(table).where(table.c.chain_id == self._chain_id))

    def _log_row(self, log: Log) -> dict[str, object]:
        return {
            "chain_id": self._chain_id,
            "number": log.block_number,
            "log_index": log.index,
            "address": log.address,
            "topics": b"".join(log.topics),
            "data": log.data,
            "block_hash": log.block_hash,
            "tx_hash": log.tx_hash,
            "tx_index": log.tx_index,
        }


def _block(row: Any) -> Block | None:
    return None if row is None else Block(row["number"], row["hash"], row["parent"], row["time_s"])
