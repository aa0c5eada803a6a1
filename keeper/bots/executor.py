"""Carries out plans: follow the chain, decide, try out, send; then see what became of it.

The chain and the outbox hold all that matters; what this process remembers only makes it faster or cheaper. So it can
be killed anywhere. What it awaits are `Steps`: tests pull the plug at each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from keeper.bots.aftermath import Aftermath
from keeper.bots.calls import works_of
from keeper.bots.chances import Action
from keeper.bots.decide import Intent, Policy, View, Wait, decide
from keeper.bots.fees import Market
from keeper.bots.holds import Holds
from keeper.bots.index import PlanIndex, view_of
from keeper.bots.metrics import Metrics
from keeper.bots.pace import Pace
from keeper.bots.parcels import Limits, Parcel, parcels
from keeper.bots.queue import Queue
from keeper.bots.seatbook import SeatBook
from keeper.bots.simulate import Simulator
from keeper.bots.trial import try_out
from keeper.chain import reads
from keeper.chain.endpoints import Chain
from keeper.chain.entries import Entry, State
from keeper.chain.fees import quote
from keeper.chain.follower import Follower, RolledBack, Source
from keeper.chain.jobs import Now
from keeper.chain.moves import OutboxPolicy
from keeper.chain.outbox import Outbox
from keeper.chain.signer import Signer
from keeper.chain.steps import Checkpoint, Steps
from keeper.chain.store import Store
from keeper.chain.values import Block
from keeper.wire.types import Address

_PACE_BLOCKS = 8
_HAIR_S = 0.001
"""So that a look is not a rounding error too early."""
_STRAY_BLOCKS = 5
_ACTIONS = tuple(action.value for action in Action)
_LOG = structlog.get_logger("conductor.executor")


@dataclass(frozen=True, slots=True)
class ExecutorPolicy:
    decide: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    outbox: OutboxPolicy = field(default_factory=OutboxPolicy)
    jobs: int = 400
    """How many due jobs are taken at once."""
    lease_s: float = 15.0
    """How long they stay ours if this process dies."""
    first_hold_s: float = 30.0
    """How long an Account is left alone after its first on-chain revert; each further one doubles it."""


class Executor:
    """One signer's work on one chain. Call `start` once, then `tick` whenever there may be a new block."""

    def __init__(
        self,
        chain: Chain,
        store: Store,
        source: Source,
        signer: Signer,
        *,
        worker: str,
        policy: ExecutorPolicy | None = None,
        metrics: Metrics | None = None,
        checkpoint: Checkpoint | None = None,
        wall_s: Callable[[], float] = time.time,
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source`: the Scheduler, alone, and the block it was deployed in."""
        (self._scheduler,) = source.addresses
        self._chain = chain
        self._signer = Address(signer.address)
        self._worker = worker
        self._policy = policy or ExecutorPolicy()
        self._step = Steps(checkpoint, "executor ")
        self._wall_s, self._mono_s = wall_s, mono_s
        self.metrics = metrics or Metrics()
        self.follower = Follower(chain, store, source, PlanIndex(chain.chain_id))
        self.outbox = Outbox(
            chain,
            store,
            [signer],
            worker=worker,
            still_wanted=self.still_wanted,
            policy=self._policy.outbox,
            checkpoint=checkpoint,
            wall_s=wall_s,
        )
        self._queue = Queue(store, chain.chain_id, signer.address)
        self._simulator = Simulator(self._scheduler, signer.address)
        self._holds = Holds(first_s=self._policy.first_hold_s)
        self._aftermath = Aftermath(self._scheduler, self._signer, self._queue, self._holds, self.metrics)
        self._seats = SeatBook(self._scheduler, self._queue)
        self._pace = Pace()
        self._applied: Block | None = None
        self._ticked: bytes | None = None
        self._careful = True
        self._first: int | None = None
        self._rolled_back = False

    async def start(self) -> None:
        """After a start: learns the pace, frees what a predecessor of the same name held, and recovers the outbox."""
        for block in await self._step("start.pace", self._latest):
            self._pace.see(block, self._mono_s())
        await self._step("start.release", self._queue.release, self._worker)
        self._aftermath.skip(await self._step("start.live", self.outbox.live))
        await self._step("start.recover", self.outbox.recover)

    async def tick(self) -> None:
        """Up to the head, then everything that is due in the block after it."""
        await self._step("follow", self._follow)
        block = await self._step("applied", self._find_applied)
        if block is None:
            return
        self._applied = block
        self.metrics.head.set(block.number)
        view = await self._step("pin", self._chain.pin, block)
        if self._rolled_back:  # rows of blocks that are gone must not pass for work that failed
            await self._step("outbox after a reorg", self.outbox.tick)
            self._rolled_back = False
        if not self._careful or not await self._step("strays", self._has_strays, view):
            self._careful = False
            await self._step("work", self._work, view)
        if self._ticked != block.hash:
            await self._step("outbox", self.outbox.tick)
            await self._step("notice", self._notice, view)
            self._ticked = block.hash

    async def next_look_s(self) -> float | None:
        """How long until the next work of the seconds clock may be sent if no block comes before; None: there is none.

        Where blocks come at no fixed time, a look right then is what meets the first possible block."""
        if self._applied is None:
            return None
        mono_s = self._mono_s()
        due_s = await self._queue.next_due_s(self._pace.next(self._applied, mono_s).time_s)
        return None if due_s is None else self._pace.seconds_until(due_s, self._applied, mono_s) + _HAIR_S

    async def forget(self) -> None:
        """The chain went back behind its own finality: it is followed anew, from the start."""
        await self.follower.erase()

    async def still_wanted(self, entry: Entry) -> bool:
        """The outbox asks before it signs or sends anew: would it still do something, and could its bid be taken?"""
        if not works_of(entry.data):
            return True
        view = await self._step("wanted.pin", self._chain.pin)
        if entry.fee_cap_wei < view.head.base_fee_wei:
            return False
        moment = self._pace.next(view.head, self._mono_s())
        done = await self._step("wanted.simulate", self._simulator.done, view, moment, entry.data, entry.gas_limit)
        return bool(done)

    # ------------------------------------------------------------------ following

    async def _follow(self) -> None:
        async for event in self.follower.catch_up():
            await self._step.reached("followed")
            if isinstance(event, RolledBack):
                _LOG.warning("chain reorganised", depth=event.depth, to=event.to)
                self._left_chain()
            else:
                self._applied = event.block
                if event.block.number == event.head:
                    self._pace.see(event.block, self._mono_s())

    async def _find_applied(self) -> Block | None:
        """The block the database is at, whoever brought it there; None if the chain has left it already."""
        cursor_hash = await self._step("cursor", self._queue.applied)
        if self._applied is not None and self._applied.hash == cursor_hash:
            return self._applied
        view = await self._step("cursor.pin", self._chain.pin)
        block = await self._step("cursor.block", view.block, cursor_hash) if cursor_hash else None
        if block is None or self._applied is None or block.parent != self._applied.hash:
            self._left_chain()  # perhaps; another process follows the same database
        if block is not None:
            self._pace.see(block, self._mono_s())
        return block

    async def _latest(self) -> list[Block]:
        """The newest blocks, in order."""
        view = await self._chain.pin()
        numbers = range(max(view.head.number - _PACE_BLOCKS, 0), view.head.number)
        found = await asyncio.gather(*(view.block(number) for number in numbers))
        return [*(block for block in found if block is not None), view.head]

    def _left_chain(self) -> None:
        self._applied, self._rolled_back = None, True
        self._seats.forget()

    # ------------------------------------------------------------------ working

    async def _has_strays(self, view: reads.View) -> bool:
        """Whether this key has transactions under way that the database does not know: it was lost. They are waited for
        after a start, for a few blocks, because they may be doing what is due."""
        self._first = view.head.number if self._first is None else self._first
        if view.head.number >= self._first + _STRAY_BLOCKS:
            return False
        used, coming = await asyncio.gather(view.nonce(self._signer), view.nonce(self._signer, "pending"))
        known = {row.nonce for row in await self.outbox.live() if row.signer == self._signer}
        return any(nonce not in known for nonce in range(used, coming))

    async def _work(self, view: reads.View) -> None:
        moment = self._pace.next(view.head, self._mono_s())
        now = Now(moment.block, moment.time_s, self._wall_s())
        jobs = await self._step(
            "lease",
            self._queue.lease,
            self._worker,
            self._signer,
            now,
            limit=self._policy.jobs,
            lease_s=self._policy.lease_s,
            actions=_ACTIONS,
        )
        if not jobs:
            return
        rows = await self._step("plans", self._queue.plans, sorted({job.due.plan for job in jobs}))
        found = (view_of(row, stamps, self._chain.chain_id) for row, stamps in rows)
        known = View(
            me=self._signer,
            plans={plan.id: plan for plan in found if plan is not None},
            jobs=jobs,
            market=await self._step("market", self._market, view),
            seats=await self._step("seats", self._seats.read, view, jobs, moment, self._mono_s()),
            in_flight=await self._step("in flight", self._in_flight, view.head.number),
            held_s=self._holds.left_s(self._mono_s()),
        )
        verdicts = decide(known, moment, self._policy.decide)
        waits = [verdict for verdict in verdicts if isinstance(verdict, Wait)]
        intents = [verdict for verdict in verdicts if isinstance(verdict, Intent)]
        trial = await self._step(
            "try out", try_out, self._simulator, view, known, moment, intents, self._policy.decide, self._policy.limits
        )
        for intent, refusal in trial.refusals:
            _LOG.debug("not now", plan=intent.work.plan.hex(), step=intent.work.index, refusal=str(refusal))
        waits += trial.waits
        for parcel in parcels(trial.ready, known.market, self._policy.limits):
            await self._step("submit", self._submit, parcel)
        for wait in waits:
            self.metrics.waits.labels(wait.reason.value).inc()
        await self._step("wait", self._queue.wait, waits, self._wall_s())

    async def _submit(self, parcel: Parcel) -> None:
        """Into the outbox; if no endpoint answers, the lease runs out and somebody tries again."""
        bid = parcel.bid
        entry = await self.outbox.submit(
            parcel.key,
            self._signer,
            self._scheduler,
            parcel.data,
            gas_limit=parcel.gas_limit,
            max_fee_wei=bid.max_fee_wei,
            tip_wei=bid.tip_wei,
        )
        self._aftermath.sent(entry.id, parcel.intents)
        self.metrics.sent.inc()
        _LOG.info(
            "sent", transaction=entry.hash.hex(), nonce=entry.nonce, items=len(parcel.intents), gas=entry.gas_limit
        )

    async def _market(self, view: reads.View) -> Market:
        policy = self._policy.outbox.fees
        history = await view.fee_history(policy.blocks, [policy.percentile])
        return Market(history.base_fees_wei[-1], quote(history, policy).tip_wei)

    async def _in_flight(self, head: int) -> frozenset[tuple[bytes, int]]:
        """What a transaction of this chain's signers is about to do, or did in a block that is not applied yet."""
        live = await self.outbox.live()
        coming = (
            row
            for row in live
            if (row.pending and row.wanted) or (row.state is State.MINED and (row.block or 0) > head)
        )
        return frozenset(work.slot for row in coming for work in works_of(row.data))

    async def _notice(self, view: reads.View) -> None:
        """What became of transactions that were mined up to this block."""
        self.metrics.balance_wei.set(await self._step("notice.balance", view.balance_wei, self._signer))
        rows = list(self._aftermath.news(await self._step("notice.live", self.outbox.live), view.head.number))
        if not rows:
            return
        receipts = await self._step("notice.receipts", view.receipts, [row.mined_hash or b"" for row in rows])
        for row, receipt in zip(rows, receipts, strict=True):
            if receipt is not None:
                await self._step("notice.row", self._aftermath.notice, row, receipt, self._mono_s())
