"""Keeps the instances of one key alive: look, decide (beats.py), try out, send; then see who lives on.

The chain holds every lease and the outbox every transaction, so this can be killed anywhere and begins anew: what is
under way is found there, and nothing is sent twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from eth_utils.crypto import keccak

from keeper.bots.beats import Beat, BeatPolicy, decide
from keeper.bots.checkup import Checkup
from keeper.bots.decide import Moment
from keeper.bots.holds import Holds
from keeper.bots.metrics import HeartMetrics
from keeper.bots.pace import Pace
from keeper.bots.roster import Roster, Ward
from keeper.chain.endpoints import Chain
from keeper.chain.entries import Entry, State
from keeper.chain.moves import OutboxPolicy
from keeper.chain.outbox import Outbox
from keeper.chain.reads import View
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.signer import Signer
from keeper.chain.steps import Checkpoint, Steps
from keeper.chain.store import Store
from keeper.chain.values import Receipt
from keeper.registry import AnswerCache, RegistryClient, decode_event
from keeper.registry.abi import arguments, call, selector
from keeper.registry.events import Renewed
from keeper.wire.contract_errors import decode_revert
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address

_PACE_BLOCKS = 8
_TRIES = 64
"""Heartbeats that may be tried for the same leases before one that is under way is taken for granted."""
_LOG = structlog.get_logger("conductor.heartbeat")


@dataclass(frozen=True, slots=True)
class HeartPolicy:
    beats: BeatPolicy = field(default_factory=BeatPolicy)
    outbox: OutboxPolicy = field(default_factory=lambda: OutboxPolicy(bump_after=2, resend_after=1))
    max_fee_wei: int = 500 * 10**9
    tip_wei: int | None = None
    first_hold_s: float = 1.0
    """How long an instance that could not be renewed is left alone; each further failure doubles it."""
    most_hold_s: float = 300.0


class Heart:
    """One key's heartbeats on one chain. Call `start` once, then `tick` every now and then."""

    def __init__(
        self,
        chain: Chain,
        store: Store,
        registry: Address,
        signer: Signer,
        roster: Roster,
        checkup: Checkup,
        *,
        worker: str,
        policy: HeartPolicy | None = None,
        metrics: HeartMetrics | None = None,
        checkpoint: Checkpoint | None = None,
        wall_s: Callable[[], float] = time.time,
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chain = chain
        self._registry = registry
        self._signer = Address(signer.address)
        self._roster, self._checkup = roster, checkup
        self._policy = policy or HeartPolicy()
        self._step = Steps(checkpoint, "heartbeat ")
        self._mono_s = mono_s
        self.metrics = metrics or HeartMetrics()
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
        self._pace = Pace()
        self._cache = AnswerCache()
        self._holds = Holds(first_s=self._policy.first_hold_s, most_s=self._policy.most_hold_s)
        self._ticked = b""
        self._noticed: set[int] = set()
        self.ailing: dict[str, str] = {}
        """By name, who was unwell at the last look, and why."""
        self.wards: tuple[Ward, ...] = ()
        """As of the last look."""
        self.renewed: list[int] = []
        """Every id that was renewed since the start, in order."""

    async def start(self) -> None:
        """After a start: learns the pace, and recovers what is under way."""
        view = await self._step("start.pin", self._chain.pin)
        numbers = range(max(view.head.number - _PACE_BLOCKS, 0), view.head.number)
        for block in [*await self._step("start.pace", view.blocks, list(numbers)), view.head]:
            if block is not None:
                self._pace.see(block, self._mono_s())
        self._noticed = {row.id for row in await self._step("start.live", self._live) if row.state is State.MINED}
        await self._step("start.recover", self.outbox.recover)

    async def tick(self) -> None:
        """Renews who is due, and brings what was sent up to the head."""
        view = await self._step("pin", self._chain.pin)
        self._pace.see(view.head, self._mono_s())
        self.metrics.head.set(view.head.number)
        self.wards = await self._step("roster", self._roster.read, view, self._client(view))
        ailing = await self._step("checkup", self._checkup.ailing, [ward.patient for ward in self.wards])
        self._tell(view, ailing)
        moment = self._pace.next(view.head, self._mono_s())
        for beat in self._beats(view, moment, ailing, await self._step("live", self._live)):
            await self._step("beat", self._send, view, moment, beat)
        if self._ticked != view.head.hash:
            await self._step("outbox", self.outbox.tick)
            await self._step("notice", self._notice, view)
            self._ticked = view.head.hash

    async def next_look_s(self) -> float | None:
        """Leases are renewed long before they end, so nothing has to be met to the second."""
        return None

    async def forget(self) -> None:
        """Nothing of the chain's past is kept here."""

    async def busy(self) -> bool:
        """Whether a heartbeat is under way that may still count."""
        view = await self._chain.pin()
        return bool(self._under_way(await self._live(), self._pace.next(view.head, self._mono_s()).time_s, view))

    async def still_wanted(self, entry: Entry) -> bool:
        """The outbox asks before it signs or sends anew: may it still arrive, and would it renew anybody?"""
        beat = beat_of(entry, self._registry)
        if beat is None:
            return True
        view = await self._step("wanted.pin", self._chain.pin)
        if self._pace.next(view.head, self._mono_s()).time_s > beat[1]:
            return False
        try:
            await self._step("wanted.call", view.call, self._registry, entry.data, sender=self._signer)
        except EndpointFailed as error:
            if error.trouble is not Trouble.REVERTED:
                raise
            return False
        return True

    # ------------------------------------------------------------------ deciding and sending

    def _beats(self, view: View, moment: Moment, ailing: dict[str, str], live: Sequence[Entry]) -> tuple[Beat, ...]:
        out = self._under_way(live, moment.time_s, view)
        out |= {int.from_bytes(id_, "big") for id_ in self._holds.left_s(self._mono_s())}
        leases = [ward.lease for ward in self.wards if ward.serves and ward.name not in ailing]
        return decide(leases, moment, self._policy.beats, out)

    def _under_way(self, live: Sequence[Entry], next_s: int, view: View) -> set[int]:
        """Who is in a transaction that may still count, or did in a block that this view does not have."""
        found: set[int] = set()
        for row in live:
            beat = beat_of(row, self._registry)
            coming = row.pending and row.wanted and beat is not None and beat[1] >= next_s
            unseen = row.state is State.MINED and (row.block or 0) > view.head.number
            if beat is not None and (coming or unseen):
                found.update(beat[0])
        return found

    async def _send(self, view: View, moment: Moment, beat: Beat) -> None:
        """Into the outbox. What the Registry would refuse is not sent, and left alone for a while."""
        data = call("heartbeat", list(beat.ids), beat.not_after_s)
        try:
            gas = await self._step("beat.try", view.estimate_gas, self._registry, data, sender=self._signer)
        except EndpointFailed as error:
            if error.trouble is not Trouble.REVERTED:
                raise
            self._strike(beat.ids, f"refused: {decode_revert(error.revert_data).code}")
            return
        key = await self._step("beat.key", self._key, moment, beat)
        if key is None:
            return
        entry = await self._step("beat.submit", self._submit, key, data, gas + gas // 4)
        self.metrics.sent.inc()
        _LOG.info("sent", transaction=entry.hash.hex(), nonce=entry.nonce, instances=len(beat.ids), gas=gas)

    async def _submit(self, key: str, data: bytes, gas_limit: int) -> Entry:
        return await self.outbox.submit(
            key,
            self._signer,
            self._registry,
            data,
            gas_limit=gas_limit,
            max_fee_wei=self._policy.max_fee_wei,
            tip_wei=self._policy.tip_wei,
        )

    async def _key(self, moment: Moment, beat: Beat) -> str | None:
        """The name of this work: these leases as they are now, and how often it has failed. None: somebody is at it."""
        leases = b"".join(lease.id.to_bytes(8, "big") + lease.until_s.to_bytes(8, "big") for lease in beat.leases)
        base = f"heartbeat:{self._registry.hex()}:{keccak(leases).hex()}"
        for number in range(_TRIES):
            known = await self.outbox.find(f"{base}:{number}")
            if known is None or not known.wanted:
                return f"{base}:{number}"
            late = beat_of(known, self._registry)
            if known.pending and late is not None and late[1] >= moment.time_s:
                return None
        return None

    # ------------------------------------------------------------------ noticing

    async def _notice(self, view: View) -> None:
        """What became of heartbeats that were mined up to this block."""
        self.metrics.balance_wei.set(await self._step("notice.balance", view.balance_wei, self._signer))
        rows = [row for row in await self._live() if row.signer == self._signer and row.state is State.MINED]
        self._noticed &= {row.id for row in rows}
        fresh = [row for row in rows if row.id not in self._noticed and (row.block or 0) <= view.head.number]
        receipts = await self._step("notice.receipts", view.receipts, [row.mined_hash or b"" for row in fresh])
        for row, receipt in zip(fresh, receipts, strict=True):
            if receipt is not None:
                self._noticed.add(row.id)
                self._learn(row, receipt)

    def _learn(self, row: Entry, receipt: Receipt) -> None:
        beat = beat_of(row, self._registry)
        if beat is None:
            return
        events = [decode_event(log.topics, log.data) for log in receipt.logs if log.address == self._registry]
        done = {id_ for event in events if isinstance(event, Renewed) for id_ in event.ids}
        for id_ in done:
            self._holds.forgive(id_.to_bytes(8, "big"))
        self.renewed += sorted(done)
        self.metrics.renewed.inc(len(done))
        if done:
            _LOG.info("renewed", instances=len(done), block=receipt.block_number)
        if missed := [id_ for id_ in beat[0] if id_ not in done]:
            self._strike(missed, "passed over" if done else "failed in its block")

    def _strike(self, ids: Sequence[int], why: str) -> None:
        held = max(self._holds.strike(id_.to_bytes(8, "big"), self._mono_s()) for id_ in ids)
        self.metrics.failed.labels(why.split(":", maxsplit=1)[0]).inc(len(ids))
        _LOG.warning("not renewed", instances=sorted(ids), why=why, held_s=held)

    def _tell(self, view: View, ailing: dict[str, str]) -> None:
        """Counts, and news of who fell ill or recovered."""
        now_s = view.head.time_s
        live = [ward.instance.until_s - now_s for ward in self.wards if ward.instance.live_at(now_s)]
        self.metrics.instances.labels("live").set(len(live))
        self.metrics.instances.labels("lapsed").set(len(self.wards) - len(live))
        self.metrics.instances.labels("unwell").set(len(ailing))
        self.metrics.least_left_s.set(min(live, default=0))
        for name in ailing.keys() - self.ailing.keys():
            _LOG.warning("unwell: its lease will lapse", instance=name, why=ailing[name])
        for name in self.ailing.keys() - ailing.keys():
            _LOG.info("well again", instance=name)
        self.ailing = ailing

    async def _live(self) -> tuple[Entry, ...]:
        return await self.outbox.live()

    def _client(self, view: View) -> RegistryClient:
        return RegistryClient(view, self._registry, cache=self._cache)


def beat_of(entry: Entry, registry: Address) -> tuple[tuple[int, ...], int] | None:
    """The ids and the last moment of a heartbeat in the outbox; None of other work, and of what only fills a nonce."""
    if entry.to != registry or entry.data[:4] != selector("heartbeat"):
        return None
    try:
        found = arguments(entry.data)
    except ConductorError:
        return None
    return None if found is None else (tuple(found[1][0]), int(found[1][1]))
