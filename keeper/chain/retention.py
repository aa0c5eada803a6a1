"""Final rows leave the outbox when they are old. What they cost stays, so that accounts are the same before and after.

A row that is not final never leaves: its transaction could still land. One that is final stays for a while longer: its
key answers whoever hands in the same work again, and a chain that goes back behind its own finality revives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.store import Store
from keeper.chain.tables import outbox, signers, variants

_IS_FINAL: ColumnElement[bool] = literal_column("state = 'final'")  # written out, as the partial index has it


class Retention:
    """Of one chain's outbox."""

    def __init__(self, store: Store, chain_id: int) -> None:
        self._store = store
        self._chain_id = chain_id

    async def prune(self, until_s: float, *, limit: int) -> int:
        """Removes rows that are final since `until_s` or longer, the oldest first and at most `limit`; how many."""
        due = (outbox.c.chain_id == self._chain_id, _IS_FINAL, outbox.c.settled <= until_s)
        oldest = select(outbox.c.id, outbox.c.signer, outbox.c.gas_used, outbox.c.gas_price_wei).where(*due)
        oldest = oldest.order_by(outbox.c.settled).limit(limit).with_for_update(skip_locked=True)
        async with self._store.write() as tx:
            rows = (await tx.execute(oldest)).mappings().all()
            if rows:
                await self._account_for(tx, rows)
                ids = [row["id"] for row in rows]
                await tx.execute(delete(variants).where(variants.c.outbox_id.in_(ids)))
                await tx.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        return len(rows)

    async def costs(self, signer: bytes) -> tuple[int, int]:
        """How many transactions of the signer were mined, and the wei they cost: of rows kept and of rows removed."""
        mine = (outbox.c.chain_id == self._chain_id, outbox.c.signer == signer, outbox.c.gas_used.is_not(None))
        async with self._store.read() as tx:
            kept = (await tx.execute(select(outbox.c.gas_used, outbox.c.gas_price_wei).where(*mine))).mappings().all()
            before = (await tx.execute(select(signers).where(*self._of(signer)))).mappings().one_or_none()
        count, wei = _sum(kept)
        return (count, wei) if before is None else (count + before["removed"], wei + before["removed_wei"])

    async def _account_for(self, tx: AsyncConnection, rows: Iterable[Mapping[Any, Any]]) -> None:
        by_signer: dict[bytes, list[Mapping[Any, Any]]] = {}
        for row in rows:
            by_signer.setdefault(row["signer"], []).append(row)
        for signer in sorted(by_signer):
            before = select(signers.c.removed, signers.c.removed_wei).where(*self._of(signer)).with_for_update()
            removed, removed_wei = (await tx.execute(before)).one()
            count, wei = _sum(row for row in by_signer[signer] if row["gas_used"] is not None)
            sums = {"removed": removed + count, "removed_wei": removed_wei + wei}
            await tx.execute(update(signers).where(*self._of(signer)).values(sums))

    def _of(self, signer: bytes) -> tuple[ColumnElement[bool], ...]:
        return (signers.c.chain_id == self._chain_id, signers.c.signer == signer)


def _sum(rows: Iterable[Mapping[Any, Any]]) -> tuple[int, int]:
    costs = [row["gas_used"] * row["gas_price_wei"] for row in rows]
    return len(costs), sum(costs)
