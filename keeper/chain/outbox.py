"""Transactions that are mined exactly once, whatever happens to this process, the network or the chain.

A nonce exists only with a stored signed transaction: nonce, signature and row are one database transaction, made before
anything is sent. After a crash the rows say everything: what may have been sent is sent again, the same bytes.

What the chain has made of them is in settlement.py, what is due for those that wait in moves.py. Every await is one of
`Steps`: tests pull the plug at each.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.endpoints import Chain
from keeper.chain.entries import Entries, Entry, Lease, State
from keeper.chain.fees import Fees, bumped, capped, quote
from keeper.chain.moves import Move, OutboxPolicy, next_move
from keeper.chain.reads import View
from keeper.chain.retention import Retention
from keeper.chain.sends import SendOutcome
from keeper.chain.settlement import Settlement
from keeper.chain.signer import Signer, Unsigned
from keeper.chain.steps import Checkpoint, Steps
from keeper.chain.store import Store
from keeper.chain.values import Block
from keeper.wire.errors import ConductorError

StillWanted = Callable[[Entry], Awaitable[bool]]
"""Asked before work is signed anew, or first sent after a restart: simulate it; False if somebody else did it."""

_CANCEL_GAS = 21_000
_PRUNED_AT_ONCE = 100
"""Rows that leave in one tick: more than a keeper adds in a block, and still a short transaction."""


class Outbox:
    """The outbox of one chain for these signers. Call `recover` once, then `tick` on every new block.

    Two processes may share signers and database: nonces are handed out under a lock, rows are ticked under a lease.
    """

    def __init__(
        self,
        chain: Chain,
        store: Store,
        signers: Sequence[Signer],
        *,
        worker: str,
        still_wanted: StillWanted,
        policy: OutboxPolicy | None = None,
        checkpoint: Checkpoint | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._chain = chain
        self._store = store
        self._signers = {signer.address: signer for signer in signers}
        self._entries = Entries(store, chain.chain_id)
        self._worker = worker
        self._still_wanted = still_wanted
        self._policy = policy or OutboxPolicy()
        self._wall_s = wall_s
        self._step = Steps(checkpoint)
        self._settlement = Settlement(chain, self._entries, self._policy, self._step, wall_s)
        self._retention = Retention(store, chain.chain_id)
        self._last: Block | None = None

    async def submit(
        self,
        key: str,
        signer: bytes,
        to: bytes,
        data: bytes,
        *,
        gas_limit: int,
        max_fee_wei: int,
        tip_wei: int | None = None,
        value_wei: int = 0,
    ) -> Entry:
        """Signs, stores and sends `key`'s work, once: while a row of the key is wanted or done, that row is the answer,
        as long as the policy keeps it.

        `max_fee_wei` caps what any bump may bid per gas; `tip_wei` replaces the market's tip. After a revert, a loss or
        work that was given up the key is free again. Errors: NoEndpoint or EndpointFailed, and then nothing was stored.
        """
        known = await self._step("submit.find", self._entries.find, key)
        if known is not None and known.wanted:
            return known
        view = await self._step("submit.pin", self._chain.pin)
        chain_nonce = await self._step("submit.nonce", view.nonce, signer, "pending")
        fees = capped(await self._step("submit.market", self._market, view, tip_wei), max_fee_wei)
        work = {"to": to, "data": data, "value_wei": value_wei, "gas_limit": gas_limit, "fee_cap_wei": max_fee_wei}
        entry, is_new = await self._step(
            "submit.commit", self._sign_and_store, key, signer, chain_nonce, work, fees, view.head
        )
        if is_new:
            await self._step("submit.send", self._send, entry, view.head)
        return entry

    async def recover(self) -> None:
        """After a start: checks every row against the chain and sends again whatever may not have arrived."""
        self._last = None
        await self._step("recover.tick", self.tick)

    async def tick(self) -> None:
        """Brings every row up to the head. Errors leave the rest for the next tick; nothing is done twice."""
        view = await self._step("tick.pin", self._chain.pin)
        last, self._last = self._last, None
        straight = last is not None and last.hash in (view.head.hash, view.head.parent)
        errors = []
        final = await self._step("tick.final", self._settlement.final_number, view)
        for signer in self._signers:
            lease = Lease(self._worker, self._wall_s(), self._wall_s() + self._policy.lease_s)
            rows = await self._step("tick.claim", self._entries.claim, signer, lease)
            try:
                if rows:
                    await self._step(
                        "tick.signer", self._tick_signer, view, signer, rows, final, straight, last is None
                    )
            except ConductorError as error:  # one signer's trouble is not the others'
                errors.append(error)
        if (keep_s := self._policy.keep_s) is not None:
            await self._step("tick.prune", self._retention.prune, self._wall_s() - keep_s, limit=_PRUNED_AT_ONCE)
        if errors:
            raise errors[0]
        self._last = view.head

    async def find(self, key: str) -> Entry | None:
        """The row that does or did the key's work, else the newest that was to."""
        return await self._step("find", self._entries.find, key)

    async def live(self) -> tuple[Entry, ...]:
        """Every row that is not final."""
        return await self._step("live", self._entries.live)

    async def _tick_signer(
        self, view: View, signer: bytes, rows: Sequence[Entry], final: int, straight: bool, anew: bool
    ) -> None:
        count = await self._step("tick.nonce", view.nonce, signer)
        mine = [row for row in rows if row.worker == self._worker]
        mined = [row for row in mine if row.state is State.MINED]
        deep = [row for row in mined if (row.block or 0) <= final]
        gone = await self._step("tick.vanished", self._settlement.vanished, view, deep if straight else mined)
        if gone:
            await self._step("tick.unmine", self._entries.unmine, gone)
        ids = {row.id for row in gone}
        waiting = [row for row in mine if row.pending] + gone
        settled = [row for row in waiting if row.nonce < count]
        if settled:
            await self._step("tick.settle", self._settlement.settle, view, signer, settled, final)
        if final_now := [row for row in deep if row.id not in ids]:
            await self._step("tick.finalize", self._entries.finalize, final_now, self._wall_s())
        await self._step("tick.fill", self._fill_gaps, view, signer, count, rows)
        last = max(row.nonce for row in rows)
        for row in sorted((row for row in waiting if row.nonce >= count), key=lambda row: row.nonce):
            move = next_move(
                row, view.head.number, first=row.nonce == count, blocks_others=row.nonce < last, policy=self._policy
            )
            if move is Move.WAIT and (anew or row.id in ids) and (row.wanted or row.cancels):
                move = Move.SEND
            if move is not Move.WAIT:
                await self._step(f"tick.{move}", self._act, move, row, view, last)

    async def _act(self, move: Move, row: Entry, view: View, last: int) -> None:
        fresh = row.state is State.SIGNED or row.reason.startswith(SendOutcome.REVERTED)
        asks = row.wanted and (move is Move.BUMP or (move is Move.SEND and fresh))
        if asks and not await self._step("tick.still wanted", self._still_wanted, row):
            await self._step("tick.unwant", self._entries.unwant, row, "no longer wanted")
            if row.nonce == last:
                return
            move = Move.CANCEL
        if move in (Move.BUMP, Move.CANCEL):
            bumped_row = await self._step(
                "tick.replace", self._replace, row, view, cancel=move is Move.CANCEL or row.cancels
            )
            row = bumped_row or row
        await self._step("tick.send", self._send, row, view.head)

    async def _replace(self, row: Entry, view: View, *, cancel: bool) -> Entry | None:
        """A new variant for the same nonce; None if the cap forbids it or the row has moved on."""
        market = await self._step("replace.market", self._market, view, None)
        cap_wei = row.fee_cap_wei
        if cancel:  # the first has to outbid the work whatever it bid; the next ones only what the market asks
            cap_wei = (
                max(cap_wei, 2 * market.max_fee_wei) if row.cancels else 2 * max(row.max_fee_wei, market.max_fee_wei)
            )
        fees = bumped(row.fees, market, cap_wei)
        if fees is None:
            return None
        work = (row.signer, b"", 0, _CANCEL_GAS) if cancel else (row.to, row.data, row.value_wei, row.gas_limit)
        transaction = Unsigned(self._chain.chain_id, row.nonce, *work, fees)
        signed = await self._step("replace.sign", self._signers[row.signer].sign, transaction)
        async with self._store.write() as tx:
            return await self._step(
                "replace.store", self._entries.replace, tx, row, signed, fees, cancels=cancel, head=view.head.number
            )

    async def _sign_and_store(
        self, key: str, signer: bytes, chain_nonce: int, work: dict[str, object], fees: Fees, head: Block
    ) -> tuple[Entry, bool]:
        """The row of `key`, and whether it is new: nonce, signature and row in one transaction."""
        async with self._store.write() as tx:
            nonce = await self._step("submit.take nonce", self._entries.next_nonce, tx, signer, chain_nonce)
            known = await self._step("submit.find again", self._entries.find_in, tx, key)
            if known is not None and known.wanted:
                return known, False
            row = work | self._new_row(key, signer, nonce, head, wanted=True)
            return await self._step("submit.sign and add", self._add, tx, row, fees), True

    async def _add(self, tx: AsyncConnection, row: dict[str, Any], fees: Fees) -> Entry:
        work = (row["to"], row["data"], row["value_wei"], row["gas_limit"])
        transaction = Unsigned(self._chain.chain_id, row["nonce"], *work, fees)
        signed = await self._step("add.sign", self._signers[row["signer"]].sign, transaction)
        return await self._step("add.store", self._entries.add, tx, row, signed, fees)

    async def _send(self, row: Entry, head: Block) -> None:
        result = await self._step("send.raw", self._chain.send_raw, row.raw)
        await self._step("send.note", self._entries.was_sent, row, result, head.number)

    async def _fill_gaps(self, view: View, signer: bytes, count: int, rows: Sequence[Entry]) -> None:
        """Nonces below ours that nothing will use hold everything up: revive the row, or spend them on nothing."""
        have = {row.nonce for row in rows}
        gaps = [nonce for nonce in range(count, max(have)) if nonce not in have]
        if not gaps:
            return
        left = await self._step("fill.rows", self._entries.at_nonces, signer, gaps[0], gaps[-1])
        revived = [row for row in left if row.nonce in gaps]
        if revived:  # final in a chain that was left; the next tick sends them
            await self._step("fill.revive", self._entries.unmine, revived)
        foreign = await self._step("fill.pending", view.nonce, signer, "pending")
        for nonce in sorted(set(gaps) - {row.nonce for row in revived}):
            if nonce >= foreign:
                await self._step("fill.gap", self._fill, view, signer, nonce)

    async def _fill(self, view: View, signer: bytes, nonce: int) -> None:
        fees = await self._step("fill.market", self._market, view, None)
        work = {"to": signer, "data": b"", "value_wei": 0, "gas_limit": _CANCEL_GAS, "fee_cap_wei": fees.max_fee_wei}
        row = work | self._new_row(f"fill:{signer.hex()}:{nonce}", signer, nonce, view.head, wanted=False)
        async with self._store.write() as tx:
            entry = await self._step("fill.add", self._add, tx, row, fees)
        await self._step("fill.send", self._send, entry, view.head)

    async def _market(self, view: View, tip_wei: int | None) -> Fees:
        policy = self._policy.fees
        history = await self._step("market.history", view.fee_history, policy.blocks, [policy.percentile])
        return quote(history, policy, tip_wei)

    def _new_row(self, key: str, signer: bytes, nonce: int, head: Block, *, wanted: bool) -> dict[str, object]:
        now = self._wall_s()
        held = {"worker": self._worker, "leased_until": now + self._policy.lease_s, "created": now}
        row = {"key": key, "signer": signer, "nonce": nonce, "wanted": wanted, "cancels": not wanted}
        return {**row, **held, "signed_block": head.number}
