"""A consumer simple enough to say beforehand what it derives, and rich enough to touch every kind of row."""

from __future__ import annotations

from collections.abc import Sequence

from keeper.chain.history import History
from keeper.chain.ledger import Due, Ledger, PlanRow
from keeper.chain.store import Store
from keeper.chain.values import Block, Log

PLAN = b"\x77" * 32


class Tally:
    """Keeps, under each log's first data byte, a count; one plan row; and a job for each odd count."""

    async def apply(self, ledger: Ledger, block: Block, logs: Sequence[Log]) -> None:
        for log in logs:
            key = str(log.data[-1] % 4)
            count = (await ledger.fact(key) or 0) + 1
            await ledger.set_fact(key, count)
            word = block.number.to_bytes(16, "big") + log.data[-16:].rjust(16, b"\0")
            await ledger.put_plan(PlanRow(PLAN, b"\1" * 20, b"\2" * 32, b"", b"", word, block.number))
            job = Due(PLAN, 0, int(key), "run", block.number, "blocks")
            await (ledger.put_job(job) if count % 2 else ledger.drop_job(job.id))


def expected(logs: Sequence[Log]) -> list[object]:
    """What Tally derives from exactly these logs."""
    counts: dict[str, int] = {}
    jobs: dict[str, Due] = {}
    plan: PlanRow | None = None
    for log in logs:
        key = str(log.data[-1] % 4)
        counts[key] = counts.get(key, 0) + 1
        word = log.block_number.to_bytes(16, "big") + log.data[-16:].rjust(16, b"\0")
        plan = PlanRow(PLAN, b"\1" * 20, b"\2" * 32, b"", b"", word, log.block_number)
        job = Due(PLAN, 0, int(key), "run", log.block_number, "blocks")
        jobs.pop(job.id, None)
        if counts[key] % 2:
            jobs[job.id] = job
    return [{key: counts.get(key) for key in "0123"}, plan, sorted(jobs.values(), key=lambda job: job.id)]


async def derived(store: Store, chain_id: int) -> list[object]:
    """What is in the store."""
    async with store.read() as tx:
        ledger = Ledger(tx, chain_id, 0)
        return [
            {key: await ledger.fact(key) for key in "0123"},
            await ledger.plan(PLAN),
            list(await ledger.jobs_of(PLAN)),
        ]


async def stored_logs(store: Store, chain_id: int) -> tuple[Log, ...]:
    async with store.read() as tx:
        return await History(tx, chain_id).logs(0, 10**9)
