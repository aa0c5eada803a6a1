"""The due queue. What is due follows from the chain (Ledger.put_job); who does it is decided here.

open ---lease---> leased ---rest---> resting ---(backoff_until)---> leased ..
                  leased ---(leased_until has passed: its worker died)---> leased by another
any ---the chain says it is done or moved: Ledger.drop_job, Ledger.put_job---> gone, open
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BooleanClauseList, ColumnElement, and_, func, literal_column, select, update

from keeper.chain.ledger import Due
from keeper.chain.store import Store
from keeper.chain.tables import jobs


@dataclass(frozen=True, slots=True)
class Now:
    """The block and chain time for which jobs are due, and our own time for leases; all but `block` in unix seconds."""

    block: int
    time_s: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    due: Due
    worker: str
    signer: bytes
    leased_until: float
    attempt: int
    """1 for the first lease."""
    last_reason: str


class Jobs:
    """The due queue of one chain."""

    def __init__(self, store: Store, chain_id: int) -> None:
        self._store = store
        self._chain_id = chain_id

    async def lease(
        self,
        worker: str,
        signer: bytes,
        now: Now,
        *,
        limit: int,
        lease_s: float = 60.0,
        actions: Sequence[str] | None = None,
    ) -> tuple[Job, ...]:
        """Up to `limit` jobs, the earliest due first, for this worker alone until now + `lease_s`.

        Two workers never get the same job. `actions` keeps queues apart: one kind of work never waits for another.
        """
        taken: list[Any] = []
        until = now.wall_s + lease_s
        async with self._store.write() as tx:
            for is_due, order in self._ways(now):
                wanted = select(jobs).where(jobs.c.chain_id == self._chain_id, is_due)
                if actions is not None:
                    wanted = wanted.where(jobs.c.action.in_(actions))
                wanted = wanted.order_by(order).limit(limit - len(taken)).with_for_update(skip_locked=True)
                taken += (await tx.execute(wanted)).mappings().all()
            if taken:
                await tx.execute(
                    update(jobs)
                    .where(jobs.c.chain_id == self._chain_id, jobs.c.id.in_([row["id"] for row in taken]))
                    .values(
                        state="leased", worker=worker, signer=signer, leased_until=until, attempt=jobs.c.attempt + 1
                    )
                )
        return tuple(
            Job(row["id"], _due(row), worker, signer, until, row["attempt"] + 1, row["last_reason"]) for row in taken
        )

    async def renew(self, job: Job, until: float) -> bool:
        """Keeps the job until then; False if it is no longer this worker's."""
        return await self._change(job, leased_until=until)

    async def rest(self, job: Job, reason: str, until: float) -> bool:
        """Gives the job back, to be leased again by anyone from `until` on; False if it was no longer this worker's."""
        changed = {"state": "resting", "backoff_until": until, "last_reason": reason}
        return await self._change(job, **changed, worker=None, leased_until=None)

    async def next_due_s(self, after_s: int = 0) -> int | None:
        """The earliest due time, later than `after_s`, among open jobs of the seconds clock."""
        wanted = select(func.min(jobs.c.due_at)).where(
            jobs.c.chain_id == self._chain_id, _IS_OPEN, jobs.c.clock == "seconds", jobs.c.due_at > after_s
        )
        async with self._store.read() as tx:
            due: int | None = (await tx.execute(wanted)).scalar_one_or_none()
        return due

    async def counts(self) -> dict[str, int]:
        """How many jobs are open, leased and resting."""
        wanted = select(jobs.c.state, func.count()).where(jobs.c.chain_id == self._chain_id).group_by(jobs.c.state)
        async with self._store.read() as tx:
            return dict(iter(await tx.execute(wanted)))

    def _ways(self, now: Now) -> tuple[tuple[BooleanClauseList | ColumnElement[bool], Any], ...]:
        """The ways to be due, each answered by an index of its own, and their orders."""
        return (
            (and_(_IS_OPEN, jobs.c.clock == "blocks", jobs.c.due_at <= now.block), jobs.c.due_at),
            (and_(_IS_OPEN, jobs.c.clock == "seconds", jobs.c.due_at <= now.time_s), jobs.c.due_at),
            (and_(_IS_LEASED, jobs.c.leased_until <= now.wall_s), jobs.c.leased_until),
            (and_(_IS_RESTING, jobs.c.backoff_until <= now.wall_s), jobs.c.backoff_until),
        )

    async def _change(self, job: Job, **values: Any) -> bool:
        mine = (
            jobs.c.chain_id == self._chain_id,
            jobs.c.id == job.id,
            jobs.c.worker == job.worker,
            jobs.c.attempt == job.attempt,
        )
        async with self._store.write() as tx:
            return (await tx.execute(update(jobs).where(*mine, _IS_LEASED).values(**values))).rowcount == 1


# Written out, not bound: a partial index is used only where the query repeats its condition.
_IS_OPEN: ColumnElement[bool] = literal_column("state = 'open'")
_IS_LEASED: ColumnElement[bool] = literal_column("state = 'leased'")
_IS_RESTING: ColumnElement[bool] = literal_column("state = 'resting'")


def _due(row: Any) -> Due:
    return Due(row["plan"], row["run"], row["index"], row["action"], row["due_at"], row["clock"])
