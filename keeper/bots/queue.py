"""The due queue as the bots use it: many jobs at once, and jobs that are first another signer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, select, update

from keeper.bots.decide import Wait
from keeper.bots.index import stamps_key
from keeper.chain.history import History
from keeper.chain.jobs import Job, Jobs, Now
from keeper.chain.ledger import PlanRow
from keeper.chain.store import Store
from keeper.chain.tables import facts, jobs, plans

_IS_LEASED: ColumnElement[bool] = literal_column("state = 'leased'")  # written out, as the partial index has it


class Queue(Jobs):
    """The jobs of one chain for one signer.

    A job that is another signer's turn is leased to that signer, by whatever worker, until the turn ends: a keeper that
    shares the database takes it at once, and to one that does not it is simply gone for so long.
    """

    def __init__(self, store: Store, chain_id: int, signer: bytes) -> None:
        super().__init__(store, chain_id)
        self.chain_id = chain_id
        self._signer = signer

    async def wait(self, waits: Sequence[Wait], wall_s: float) -> None:
        """Gives these jobs back in one transaction, each until its wait is over, if it is still this worker's."""
        if not waits:
            return
        mine = (
            jobs.c.chain_id == self._chain_id,
            jobs.c.id == bindparam("b_id"),
            jobs.c.worker == bindparam("b_worker"),
            jobs.c.attempt == bindparam("b_attempt"),
        )
        change = update(jobs).where(*mine, _IS_LEASED)
        rest: dict[str, Any] = {"state": "resting", "worker": None, "signer": None, "leased_until": None,
                "backoff_until": bindparam("b_until"), "last_reason": bindparam("b_reason")}  # fmt: skip
        hand: dict[str, Any] = {"worker": None, "signer": bindparam("b_holder"), "leased_until": bindparam("b_until"),
                "last_reason": bindparam("b_reason")}  # fmt: skip
        resting = [_bound(wait, wall_s) for wait in waits if wait.holder is None]
        handed = [_bound(wait, wall_s) | {"b_holder": wait.holder} for wait in waits if wait.holder is not None]
        async with self._store.write() as tx:
            if resting:
                await tx.execute(change.values(rest), resting)
            if handed:
                await tx.execute(change.values(hand), handed)

    async def release(self, worker: str) -> None:
        """Frees what a worker of this name held before it died."""
        held = (jobs.c.chain_id == self._chain_id, jobs.c.worker == worker, _IS_LEASED)
        async with self._store.write() as tx:
            await tx.execute(
                update(jobs).where(*held).values(state="open", worker=None, signer=None, leased_until=None)
            )

    async def plans(self, ids: Sequence[bytes]) -> tuple[tuple[PlanRow, int], ...]:
        """These plans as far as they are known, each with its stamps word."""
        wanted = select(plans).where(plans.c.chain_id == self._chain_id, plans.c.id.in_(ids))
        keys = [stamps_key(plan_id) for plan_id in ids]
        kept = select(facts.c.key, facts.c.value).where(facts.c.chain_id == self._chain_id, facts.c.key.in_(keys))
        async with self._store.read() as tx:
            rows = (await tx.execute(wanted)).mappings().all()
            stamps = {key: int(value, 16) for key, value in (await tx.execute(kept)).all()}
        names = [field.name for field in fields(PlanRow)]
        return tuple(
            (PlanRow(**{name: row[name] for name in names}), stamps.get(stamps_key(row["id"]), 0)) for row in rows
        )

    async def applied(self) -> bytes:
        """The hash of the last block that the follower applied; empty before the first."""
        async with self._store.read() as tx:
            cursor = await History(tx, self._chain_id).cursor()
        return b"" if cursor is None else cursor.hash

    async def fact(self, key: str) -> Any:
        wanted = select(facts.c.value).where(facts.c.chain_id == self._chain_id, facts.c.key == key)
        async with self._store.read() as tx:
            return (await tx.execute(wanted)).scalar_one_or_none()

    def _ways(self, now: Now) -> Any:
        """One more way to be due: handed over to this signer."""
        handed = and_(_IS_LEASED, jobs.c.worker.is_(None), jobs.c.signer == self._signer)
        return (*super()._ways(now), (handed, jobs.c.leased_until))


def _bound(wait: Wait, wall_s: float) -> dict[str, Any]:
    job: Job = wait.job
    return {"b_id": job.id, "b_worker": job.worker, "b_attempt": job.attempt, "b_until": wall_s + wait.for_s,
            "b_reason": wait.reason.value}  # fmt: skip
