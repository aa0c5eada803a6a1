"""The keeper's own work per block, by how many plans are open: find what is due, lease it, take in what became of it.

Times are this machine's, waiting for the disk aside; what counts is that they do not grow with plans that are not due.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from keeper.chain.jobs import Jobs, Now
from keeper.chain.ledger import Due, Ledger, PlanRow
from keeper.chain.store import Store
from keeper.chain.tables import jobs, plans

OPEN_PLANS = (1_000, 10_000, 100_000)
DUE = 10
BLOCKS = 60
GROWTH = 1.5
"""A hundred times the plans may take this much longer, which is the noise of a small machine."""
CHAIN_ID = 1
FAR = 10**9


async def measured() -> dict[str, Any]:
    """Median CPU milliseconds of a block's work for each number of open plans, as JSON."""
    medians = {}
    for count in OPEN_PLANS:
        with tempfile.TemporaryDirectory() as folder:
            medians[count] = statistics.median(await _blocks(Path(folder) / "keeper.db", count))
    growth = medians[OPEN_PLANS[-1]] / medians[OPEN_PLANS[0]]
    return {
        "what": f"keeper's CPU time per block with {DUE} steps due, SQLite on disk",
        "median_ms": {str(count): round(median, 2) for count, median in medians.items()},
        "growth": round(growth, 2),
        "goal": f"<= {GROWTH}",
        "met": growth <= GROWTH,
    }


async def _blocks(path: Path, count: int) -> list[float]:
    """CPU milliseconds of each block."""
    store = await Store.open(str(path))
    try:
        await _fill(store, count)
        queue = Jobs(store, CHAIN_ID)
        return [await _block(store, queue, number) for number in range(1, BLOCKS + 1)]
    finally:
        await store.close()


async def _block(store: Store, queue: Jobs, number: int) -> float:
    """Ten plans come due (not timed), are leased and looked up, and are settled by the block after."""
    due = [_due(_id(FAR + DUE * number + i), number) for i in range(DUE)]
    async with store.write() as tx:
        ledger = Ledger(tx, CHAIN_ID, 2 * number)
        for one in due:
            await ledger.put_plan(_plan(one.plan))
            await ledger.put_job(one)
    before = time.process_time()
    leased = await queue.lease("bench", bytes(20), Now(number, 0, float(number)), limit=2 * DUE)
    async with store.write() as tx:
        ledger = Ledger(tx, CHAIN_ID, 2 * number + 1)
        for job in leased:
            plan = await ledger.plan(job.due.plan)
            if plan is None:
                raise RuntimeError("a leased job has no plan")
            await ledger.put_plan(
                PlanRow(plan.id, plan.owner, plan.root, plan.header, plan.body, b"\1" * 32, plan.block)
            )
            await ledger.set_jobs(plan.id, ())
        await ledger.forget()
    took = 1_000 * (time.process_time() - before)
    if len(leased) != DUE:
        raise RuntimeError(f"{len(leased)} of {DUE} due jobs were found")
    return took


async def _fill(store: Store, count: int) -> None:
    """Plans that are open and due much later, each with one job."""
    rows = [_plan(_id(i)) for i in range(count)]
    async with store.write() as tx:
        await tx.execute(
            insert(plans),
            [
                {"chain_id": CHAIN_ID, "id": row.id, "owner": row.owner, "root": row.root, "header": row.header}
                | {"body": row.body, "word": row.word, "block": row.block}
                for row in rows
            ],
        )
        dues = [_due(row.id, FAR + i) for i, row in enumerate(rows)]
        await tx.execute(
            insert(jobs),
            [
                {"chain_id": CHAIN_ID, "id": due.id, "plan": due.plan, "run": due.run, "index": due.index}
                | {"action": due.action, "due_at": due.due_at, "clock": due.clock, "state": "open"}
                for due in dues
            ],
        )


def _id(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _plan(plan_id: bytes) -> PlanRow:
    """As large as a plan of five calls is."""
    return PlanRow(plan_id, bytes(20), bytes(32), bytes(128), bytes(600), bytes(32), 1)


def _due(plan_id: bytes, at: int) -> Due:
    return Due(plan_id, 0, 0, "run", at, "blocks")
