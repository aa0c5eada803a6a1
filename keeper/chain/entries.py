"""The outbox's rows. A row owns one nonce and is born with a signed transaction for it; bumps add signed variants.

signed --some node took it--> sent --receipt--> mined --deep enough--> final
mined --its block vanished--> sent
final --kept long enough--> gone (retention.py)
outcome, once mined: done | reverted | cancelled (an empty variant won); once final without receipt: lost
wanted: at most one row of a key is; a row that is not has only its nonce left to be filled
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from keeper.chain.fees import Fees
from keeper.chain.sends import SendOutcome, SendResult
from keeper.chain.signer import Signed
from keeper.chain.store import Store
from keeper.chain.tables import outbox, signers, variants
from keeper.chain.values import Receipt


class State(StrEnum):
    SIGNED = "signed"  # stored; no node has taken it yet
    SENT = "sent"  # some node has it
    MINED = "mined"  # in a block that may still vanish
    FINAL = "final"


class Outcome(StrEnum):
    DONE = "done"
    REVERTED = "reverted"
    CANCELLED = "cancelled"
    LOST = "lost"  # somebody else used the nonce with our key


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `raw`, `hash`, `max_fee_wei`, `tip_wei` and `cancels` are of the newest variant."""

    id: int
    key: str
    signer: bytes
    nonce: int
    to: bytes
    data: bytes
    value_wei: int
    gas_limit: int
    fee_cap_wei: int
    state: State
    outcome: Outcome | None
    wanted: bool
    raw: bytes
    hash: bytes
    max_fee_wei: int
    tip_wei: int
    cancels: bool
    variants: int
    created: float
    signed_block: int
    sent_block: int | None
    worker: str
    leased_until: float
    attempt: int
    block: int | None
    block_hash: bytes | None
    mined_hash: bytes | None
    status: int | None
    gas_used: int | None
    gas_price_wei: int | None
    reason: str

    @property
    def fees(self) -> Fees:
        return Fees(self.max_fee_wei, self.tip_wei)

    @property
    def pending(self) -> bool:
        return self.state in (State.SIGNED, State.SENT)


_COLUMNS = [outbox.c[field.name] for field in fields(Entry)]
_IS_LIVE: ColumnElement[bool] = literal_column("state <> 'final'")  # written out, as the partial index has it


@dataclass(frozen=True, slots=True)
class Lease:
    worker: str
    now: float
    until: float


class Entries:
    """One chain's rows. Methods that take `tx` are part of the caller's transaction; the others are one each."""

    def __init__(self, store: Store, chain_id: int) -> None:
        self._store = store
        self._chain_id = chain_id

    async def find(self, key: str) -> Entry | None:
        """The row that is to do the work, else the newest that was."""
        async with self._store.read() as tx:
            return await self.find_in(tx, key)

    async def find_in(self, tx: AsyncConnection, key: str) -> Entry | None:
        newest = self._select().where(outbox.c.key == key).order_by(outbox.c.wanted.desc(), outbox.c.id.desc())
        return _first(await tx.execute(newest.limit(1)))

    async def live(self) -> tuple[Entry, ...]:
        """Every row that is not final, by signer and nonce."""
        async with self._store.read() as tx:
            return _all(await tx.execute(self._select().where(_IS_LIVE).order_by(outbox.c.signer, outbox.c.nonce)))

    async def claim(self, signer: bytes, lease: Lease) -> tuple[Entry, ...]:
        """Takes over what nobody else holds, and gives all the signer's live rows by nonce, others' included."""
        live = (outbox.c.chain_id == self._chain_id, outbox.c.signer == signer, _IS_LIVE)
        free = or_(outbox.c.worker == lease.worker, outbox.c.leased_until <= lease.now)
        async with self._store.write() as tx:
            await tx.execute(update(outbox).where(*live, free).values(worker=lease.worker, leased_until=lease.until))
            return _all(await tx.execute(self._select().where(*live).order_by(outbox.c.nonce)))

    async def next_nonce(self, tx: AsyncConnection, signer: bytes, chain_nonce: int) -> int:
        """The nonce to sign next. Until `tx` ends nobody else signs on this chain, so nothing is taken twice."""
        row = {"chain_id": self._chain_id, "signer": signer, "next_nonce": chain_nonce}
        await tx.execute(self._store.insert(signers).values(row).on_conflict_do_nothing())
        all_rows = (
            select(signers).where(signers.c.chain_id == self._chain_id).order_by(signers.c.signer).with_for_update()
        )
        stored = {row["signer"]: row["next_nonce"] for row in (await tx.execute(all_rows)).mappings()}
        return max(int(stored[signer]), chain_nonce)

    async def add(self, tx: AsyncConnection, row: dict[str, Any], signed: Signed, fees: Fees) -> Entry:
        """A new row with its first signed variant; its nonce is used up in the same transaction."""
        row = row | {"chain_id": self._chain_id, "state": State.SIGNED, **_variant(signed, fees)}
        added = (await tx.execute(insert(outbox).values(row).returning(*_COLUMNS))).mappings().one()
        mine = (signers.c.chain_id == self._chain_id, signers.c.signer == row["signer"])
        used = row["nonce"] + 1
        await tx.execute(update(signers).where(*mine, signers.c.next_nonce < used).values(next_nonce=used))
        await self._add_variant(tx, added["id"], signed, row["cancels"])
        return _entry(added)

    async def replace(
        self, tx: AsyncConnection, old: Entry, signed: Signed, fees: Fees, *, cancels: bool, head: int
    ) -> Entry | None:
        """Adds a variant for the same nonce; None if meanwhile the row has changed."""
        unchanged = (outbox.c.id == old.id, outbox.c.hash == old.hash, outbox.c.state.in_([State.SIGNED, State.SENT]))
        changed = {"cancels": cancels, "signed_block": head, "variants": old.variants + 1, **_variant(signed, fees)}
        new = _first(await tx.execute(update(outbox).where(*unchanged).values(changed).returning(*_COLUMNS)))
        if new is not None:
            await self._add_variant(tx, old.id, signed, cancels)
        return new

    async def hashes(self, ids: Iterable[int]) -> dict[int, list[tuple[bytes, bool]]]:
        """Of each row its variants: hash, and whether it merely fills the nonce."""
        wanted = select(variants).where(variants.c.chain_id == self._chain_id, variants.c.outbox_id.in_(list(ids)))
        found: dict[int, list[tuple[bytes, bool]]] = {}
        async with self._store.read() as tx:
            for row in (await tx.execute(wanted)).mappings():
                found.setdefault(row["outbox_id"], []).append((row["hash"], row["cancels"]))
        return found

    async def was_sent(self, entry: Entry, result: SendResult, head: int) -> None:
        """Notes what the endpoints said; an underpriced variant is due for a bump at once."""
        changed: dict[str, Any] = {"attempt": outbox.c.attempt + 1, "sent_block": head}
        if result.outcome.reached:
            changed |= {"state": State.SENT, "reason": ""}
        else:
            changed["reason"] = f"{result.outcome}: {result.said}" if result.said else result.outcome.value
        if result.outcome is SendOutcome.UNDERPRICED:
            changed["signed_block"] = 0
        if result.outcome is SendOutcome.INTRINSIC_GAS:
            changed["wanted"] = False
        same = (outbox.c.id == entry.id, outbox.c.hash == entry.hash, outbox.c.state.in_([State.SIGNED, State.SENT]))
        async with self._store.write() as tx:
            await tx.execute(update(outbox).where(*same).values(changed))

    async def were_mined(self, found: Sequence[tuple[Entry, Receipt, Outcome]]) -> None:
        """Notes receipts. Work that was done is wanted again, so that its key finds it; a revert frees the key."""
        async with self._store.write() as tx:
            for entry, receipt, outcome in found:
                rival = select(func.count()).where(
                    outbox.c.chain_id == self._chain_id,
                    outbox.c.key == entry.key,
                    outbox.c.wanted,
                    outbox.c.id != entry.id,
                )
                wanted = outcome is Outcome.DONE and (await tx.execute(rival)).scalar_one() == 0
                await tx.execute(
                    update(outbox)
                    .where(outbox.c.id == entry.id)
                    .values(
                        state=State.MINED,
                        outcome=outcome,
                        wanted=wanted,
                        block=receipt.block_number,
                        block_hash=receipt.block_hash,
                        mined_hash=receipt.tx_hash,
                        status=receipt.status,
                        gas_used=receipt.gas_used,
                        gas_price_wei=receipt.gas_price_wei,
                        reason="reverted on-chain" if outcome is Outcome.REVERTED else "",
                    )
                )

    async def unmine(self, entries: Sequence[Entry]) -> None:
        """Their block vanished, or they were thought final in a chain that was left: they wait to be mined again."""
        gone = dict.fromkeys(("outcome", "block", "block_hash", "mined_hash", "status", "gas_used", "gas_price_wei"))
        async with self._store.write() as tx:
            mine = outbox.c.id.in_([entry.id for entry in entries])
            await tx.execute(update(outbox).where(mine).values(state=State.SENT, reason="reorganised", **gone))

    async def finalize(self, entries: Sequence[Entry], wall_s: float, outcome: Outcome | None = None) -> None:
        """From now on nothing will change them. `outcome` LOST: their nonce was used by somebody else."""
        changed: dict[str, Any] = {"state": State.FINAL, "settled": wall_s}
        if outcome is Outcome.LOST:
            changed |= {
                "outcome": outcome,
                "wanted": False,
                "reason": "the nonce was used by another transaction of this key",
            }
        async with self._store.write() as tx:
            await tx.execute(update(outbox).where(outbox.c.id.in_([entry.id for entry in entries])).values(changed))

    async def unwant(self, entry: Entry, reason: str) -> None:
        """The work is no longer ours to do."""
        async with self._store.write() as tx:
            await tx.execute(update(outbox).where(outbox.c.id == entry.id).values(wanted=False, reason=reason))

    async def at_nonces(self, signer: bytes, first: int, last: int) -> tuple[Entry, ...]:
        within = (outbox.c.signer == signer, outbox.c.nonce.between(first, last))
        async with self._store.read() as tx:
            return _all(await tx.execute(self._select().where(*within).order_by(outbox.c.nonce)))

    def _select(self) -> Any:
        return select(*_COLUMNS).where(outbox.c.chain_id == self._chain_id)

    async def _add_variant(self, tx: AsyncConnection, entry_id: int, signed: Signed, cancels: bool) -> None:
        row = {"chain_id": self._chain_id, "hash": signed.hash, "outbox_id": entry_id, "cancels": cancels}
        await tx.execute(insert(variants), row)


def _variant(signed: Signed, fees: Fees) -> dict[str, Any]:
    return {"raw": signed.raw, "hash": signed.hash, "max_fee_wei": fees.max_fee_wei, "tip_wei": fees.tip_wei}


def _entry(row: Any) -> Entry:
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return Entry(**{**row, "state": State(row["state"]), "outcome": outcome})


def _first(result: Any) -> Entry | None:
    row = result.mappings().first()
    return None if row is None else _entry(row)


def _all(result: Any) -> tuple[Entry, ...]:
    return tuple(_entry(row) for row in result.mappings())
