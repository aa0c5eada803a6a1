"""What follows from the blocks, and how it is undone: every change is journaled under the block that made it.

A consumer of the follower writes its state through a Ledger only, so that taking a block back takes back everything
that followed from it, whatever the consumer is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, Table, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.tables import facts, jobs, journal, plans
from keeper.chain.values import Json


@dataclass(frozen=True, slots=True)
class PlanRow:
    id: bytes
    owner: bytes
    root: bytes
    header: bytes
    body: bytes
    word: bytes
    block: int


@dataclass(frozen=True, slots=True)
class Due:
    """A job as the chain has it: `action` of step `index` in `run` of `plan`, due at `due_at` in the unit of `clock`,
    which is "blocks" or "seconds"."""

    plan: bytes
    run: int
    index: int
    action: str
    due_at: int
    clock: str

    @property
    def id(self) -> str:
        return f"{self.plan.hex()}:{self.run}:{self.index}:{self.action}"


_DERIVED: dict[str, tuple[Table, str, tuple[str, ...]]] = {
    "facts": (facts, "key", ("value",)),
    "plans": (plans, "id", ("owner", "root", "header", "body", "word", "block")),
    "jobs": (jobs, "id", ("plan", "run", "index", "action", "due_at", "clock")),
}
"""Of each derived table: its key within a chain and the columns that follow from the chain."""

_FRESH_JOB = {
    "state": "open",
    "worker": None,
    "leased_until": None,
    "backoff_until": None,
    "attempt": 0,
    "last_reason": "",
}


class Ledger:
    """Derived state of one chain within one transaction, written at block `number`."""

    def __init__(self, tx: AsyncConnection, chain_id: int, number: int) -> None:
        self.chain_id = chain_id
        self.number = number
        self._tx = tx

    async def fact(self, key: str) -> Json:
        row = await self._row("facts", key)
        return None if row is None else row["value"]

    async def set_fact(self, key: str, value: Json) -> None:
        await self._set("facts", key, {"value": value})

    async def plan(self, plan_id: bytes) -> PlanRow | None:
        row = await self._row("plans", plan_id)
        return None if row is None else PlanRow(id=plan_id, **row)

    async def put_plan(self, plan: PlanRow) -> None:
        _, _, columns = _DERIVED["plans"]
        await self._set("plans", plan.id, {name: getattr(plan, name) for name in columns})

    async def put_job(self, due: Due) -> None:
        """Adds a job, or moves it: a new due time forgets its attempts."""
        _, _, columns = _DERIVED["jobs"]
        await self._set("jobs", due.id, {name: getattr(due, name) for name in columns})

    async def drop_job(self, job_id: str) -> None:
        await self._set("jobs", job_id, None)

    async def jobs_of(self, plan_id: bytes) -> tuple[Due, ...]:
        found = select(*_columns("jobs")).where(jobs.c.chain_id == self.chain_id, jobs.c.plan == plan_id)
        # Sorted here: asked for in the order of ids, SQLite walks every job there is instead of the plan's few.
        rows = await self._tx.execute(found)
        return tuple(sorted((Due(**row) for row in rows.mappings()), key=lambda due: due.id))

    async def set_jobs(self, plan_id: bytes, wanted: Sequence[Due]) -> None:
        """Makes these, and no others, the plan's jobs."""
        ids = {due.id for due in wanted}
        for old in await self.jobs_of(plan_id):
            if old.id not in ids:
                await self.drop_job(old.id)
        for due in wanted:
            await self.put_job(due)

    async def roll_back(self) -> None:
        """Undoes every change of later blocks than `number`, the newest first."""
        later = (journal.c.chain_id == self.chain_id, journal.c.number > self.number)
        for entry in (await self._tx.execute(select(journal).where(*later).order_by(journal.c.id.desc()))).mappings():
            table, key_name, _ = _DERIVED[entry["kind"]]
            key = _loads(table, {key_name: entry["key"]})[key_name]
            before = None if entry["before"] is None else _loads(table, entry["before"])
            await self._write(entry["kind"], key, await self._row(entry["kind"], key), before)
        await self._tx.execute(delete(journal).where(*later))

    async def forget(self) -> None:
        """Drops the journal up to and including `number`: these blocks are not undone any more."""
        await self._tx.execute(
            delete(journal).where(journal.c.chain_id == self.chain_id, journal.c.number <= self.number)
        )

    async def _row(self, kind: str, key: str | bytes) -> dict[str, Any] | None:
        found = await self._tx.execute(select(*_columns(kind)).where(self._at(kind, key)))
        row = found.mappings().one_or_none()
        return None if row is None else dict(row)

    async def _set(self, kind: str, key: str | bytes, after: dict[str, Any] | None) -> None:
        before = await self._row(kind, key)
        if before == after:
            return
        _, key_name, _ = _DERIVED[kind]
        entry = {"chain_id": self.chain_id, "number": self.number, "kind": kind}
        entry["key"] = _dumps({key_name: key})[key_name]
        entry["before"] = None if before is None else _dumps(before)
        await self._tx.execute(insert(journal), entry)
        await self._write(kind, key, before, after)

    async def _write(self, kind: str, key: str | bytes, before: Any, after: Mapping[str, Any] | None) -> None:
        table, key_name, _ = _DERIVED[kind]
        fresh = _FRESH_JOB if table is jobs else {}
        if after is None:
            await self._tx.execute(delete(table).where(self._at(kind, key)))
        elif before is None:
            await self._tx.execute(insert(table), {"chain_id": self.chain_id, key_name: key, **fresh, **after})
        elif before != after:
            await self._tx.execute(update(table).where(self._at(kind, key)), {**fresh, **after})

    def _at(self, kind: str, key: str | bytes) -> Any:
        table, key_name, _ = _DERIVED[kind]
        return and_(table.c.chain_id == self.chain_id, table.c[key_name] == key)


def _columns(kind: str) -> list[Any]:
    table, _, columns = _DERIVED[kind]
    return [table.c[name] for name in columns]


def _dumps(row: Mapping[str, Any]) -> dict[str, Json]:
    """A row as JSON: bytes become hexadecimal text."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}


def _loads(table: Table, row: Mapping[str, Json]) -> dict[str, Any]:
    binary = {name for name in row if isinstance(table.c[name].type, LargeBinary)}
    return {name: bytes.fromhex(value) if name in binary else value for name, value in row.items()}
