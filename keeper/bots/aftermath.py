"""What became of this keeper's transactions: counted once each, and held against the Accounts that made them fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import structlog

from keeper.bots.calls import Work
from keeper.bots.chances import chances
from keeper.bots.decide import Intent
from keeper.bots.holds import Holds
from keeper.bots.index import view_of
from keeper.bots.metrics import Metrics
from keeper.bots.outcomes import result_of
from keeper.bots.queue import Queue
from keeper.chain.entries import Entry, State
from keeper.chain.ledger import PlanRow
from keeper.chain.values import Receipt

_LOG = structlog.get_logger("conductor.executor")


class Aftermath:
    """Remembers what was sent and what is known of it; a process that forgets this repeats nothing."""

    def __init__(self, scheduler: bytes, signer: bytes, queue: Queue, holds: Holds, metrics: Metrics) -> None:
        self._scheduler = scheduler
        self._signer = signer
        self._queue = queue
        self._holds = holds
        self._metrics = metrics
        self._known: set[int] = set()
        self._sent: dict[int, tuple[Intent, ...]] = {}

    def sent(self, row_id: int, intents: tuple[Intent, ...]) -> None:
        self._sent[row_id] = intents

    def skip(self, live: Iterable[Entry]) -> None:
        """What was mined before this process started was for another to notice."""
        self._known = {row.id for row in live if row.state is State.MINED}

    def news(self, live: Iterable[Entry], head: int) -> Iterator[Entry]:
        """Rows that were mined up to this block and are not noticed yet."""
        rows = [row for row in live if row.signer == self._signer]
        self._known &= {row.id for row in rows if row.state is State.MINED}
        self._sent = {row.id: self._sent[row.id] for row in rows if row.id in self._sent}
        for row in rows:
            if row.state is State.MINED and row.id not in self._known and (row.block or 0) <= head:
                yield row

    async def notice(self, row: Entry, receipt: Receipt, mono_s: float) -> None:
        """Work that succeeded clears its Account's name; work that failed, and is still due, is held against it."""
        self._known.add(row.id)
        result = result_of(row.data, receipt, self._scheduler)
        for intent in self._sent.pop(row.id, ()):
            if intent.work in result.done and not intent.in_seconds:
                self._metrics.late_blocks.observe(receipt.block_number - intent.since)
        touched = sorted({work.plan for work in (*result.done, *result.failed)})
        plans = {plan.id: (plan, stamps) for plan, stamps in (await self._queue.plans(touched) if touched else ())}
        for work in result.done:
            self._metrics.work.labels(work.action.value, "done").inc()
            _LOG.info(
                "done", action=work.action.value, plan=work.plan.hex(), step=work.index, block=receipt.block_number
            )
            if work.plan in plans:
                self._holds.forgive(plans[work.plan][0].owner)
        for work in result.failed:
            self._metrics.work.labels(work.action.value, "failed").inc()
            if work.plan in plans and self._is_due(*plans[work.plan], work):
                for_s = self._holds.strike(plans[work.plan][0].owner, mono_s)
                _LOG.warning("reverted on-chain", plan=work.plan.hex(), step=work.index, held_s=for_s)

    def _is_due(self, row: PlanRow, stamps: int, work: Work) -> bool:
        """Whether nobody else has done it meanwhile."""
        plan = view_of(row, stamps, self._queue.chain_id)
        return plan is not None and any(
            (chance.action, chance.index) == (work.action, work.index) for chance in chances(plan)
        )
