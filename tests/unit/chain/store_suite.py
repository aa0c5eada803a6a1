"""What a store has to hold, whatever the database: run here on SQLite, and in tests/integration on PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from keeper.chain.entries import Entries, Entry, Lease, Outcome, State
from keeper.chain.fees import Fees
from keeper.chain.history import History
from keeper.chain.jobs import Jobs, Now
from keeper.chain.ledger import Due, Ledger, PlanRow
from keeper.chain.retention import Retention
from keeper.chain.sends import SendOutcome, SendResult
from keeper.chain.signer import Signed
from keeper.chain.store import Store
from keeper.chain.tables import facts, jobs, metadata
from keeper.chain.values import Block, Log, Receipt

CHAIN = 31337
PLAN = b"\x01" * 32
SIGNER = b"\x0a" * 20
QUEUES = ("jobs", "outbox")
_MANY_OPEN = """
    WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < 99999)
    INSERT INTO jobs (chain_id, id, plan, run, "index", action, due_at, clock, state)
    SELECT :chain_id, 'open' || n, :plan, 0, 0, 'run', 10000 + n, 'seconds', 'open' FROM counted
"""


def due(index: int, at: int, clock: str = "blocks", action: str = "run") -> Due:
    return Due(PLAN, 0, index, action, at, clock)


def now(block: int = 0, time_s: int = 0, wall_s: float = 0.0) -> Now:
    return Now(block, time_s, wall_s)


def block(number: int, parent: bytes = b"") -> Block:
    return Block(number, number.to_bytes(32, "big"), parent or (number - 1).to_bytes(32, "big"), 1_000 + number)


def log(number: int, index: int) -> Log:
    return Log(b"\x05" * 20, (b"\x06" * 32, b"\x07" * 32), b"data", number, block(number).hash, b"\x08" * 32, 3, index)


def plan_row(word: int) -> PlanRow:
    return PlanRow(PLAN, b"\x02" * 20, b"\x03" * 32, b"header", b"", word.to_bytes(32, "big"), 7)


async def put(store: Store, *dues: Due, at: int = 1) -> None:
    async with store.write() as tx:
        ledger = Ledger(tx, CHAIN, at)
        for one in dues:
            await ledger.put_job(one)


class StoreSuite:
    """Needs a fixture `store`, freshly migrated."""

    async def test_migrations_make_exactly_the_tables(self, store: Store) -> None:
        def differences(connection: Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))

        async with store.write() as tx:
            assert await tx.run_sync(differences) == []

    @pytest.mark.parametrize("queue", QUEUES)
    def test_every_queue_row_says_who_works_on_it(self, queue: str) -> None:
        assert {"signer", "worker", "leased_until", "attempt"} <= set(metadata.tables[queue].columns.keys())

    async def test_a_transaction_is_all_or_nothing(self, store: Store) -> None:
        async def fails() -> None:
            async with store.write() as tx:
                await Ledger(tx, CHAIN, 1).set_fact("a", 1)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fails()
        async with store.read() as tx:
            assert await Ledger(tx, CHAIN, 1).fact("a") is None

    async def test_writers_do_not_lose_each_others_updates(self, store: Store) -> None:
        async with store.write() as tx:
            await Entries(store, CHAIN).next_nonce(tx, SIGNER, 0)

        async def take() -> int:
            async with store.write() as tx:
                nonce = await entries.next_nonce(tx, SIGNER, 0)
                await asyncio.sleep(0)
                await entries.add(tx, new_row(f"work {nonce}", nonce), signed(nonce), Fees(2, 1))
            return nonce

        entries = Entries(store, CHAIN)
        assert sorted(await asyncio.gather(*(take() for _ in range(8)))) == list(range(8))

    # ---- what follows from blocks, and its undoing

    async def test_rolling_back_restores_every_kind_of_row(self, store: Store) -> None:
        async with store.write() as tx:
            await Ledger(tx, CHAIN, 1).set_fact("a", {"x": [1, None]})
            await Ledger(tx, CHAIN, 1).put_plan(plan_row(1))
            await Ledger(tx, CHAIN, 1).set_jobs(PLAN, [due(0, 10), due(1, 20)])
        before = await contents(store)
        async with store.write() as tx:
            for number in (2, 3, 4):
                ledger = Ledger(tx, CHAIN, number)
                await ledger.set_fact("a", number)
                await ledger.set_fact(f"b{number}", True)
                await ledger.put_plan(plan_row(number))
                await ledger.set_jobs(PLAN, [due(1, 20 + number), due(number, 5, "seconds")])
        assert await contents(store) != before
        async with store.write() as tx:
            await Ledger(tx, CHAIN, 1).roll_back()
        assert await contents(store) == before

    async def test_rolling_back_stops_at_the_block_asked_for(self, store: Store) -> None:
        for number in (1, 2, 3):
            async with store.write() as tx:
                await Ledger(tx, CHAIN, number).set_fact("a", number)
        async with store.write() as tx:
            await Ledger(tx, CHAIN, 2).roll_back()
            assert await Ledger(tx, CHAIN, 2).fact("a") == 2
            await Ledger(tx, CHAIN, 0).roll_back()
            assert await Ledger(tx, CHAIN, 0).fact("a") is None

    async def test_rolling_back_leaves_other_chains_alone(self, store: Store) -> None:
        async with store.write() as tx:
            await Ledger(tx, CHAIN, 5).set_fact("a", 1)
            await Ledger(tx, CHAIN + 1, 5).set_fact("a", 2)
            await Ledger(tx, CHAIN, 4).roll_back()
            assert await Ledger(tx, CHAIN + 1, 5).fact("a") == 2

    async def test_a_job_said_again_keeps_its_lease(self, store: Store) -> None:
        await put(store, due(0, 5))
        queue = Jobs(store, CHAIN)
        (job,) = await queue.lease("w", SIGNER, now(block=5), limit=9)
        await put(store, due(0, 5), at=2)
        assert await queue.renew(job, 99.0)

    async def test_a_job_that_moved_starts_anew(self, store: Store) -> None:
        await put(store, due(0, 5))
        queue = Jobs(store, CHAIN)
        (job,) = await queue.lease("w", SIGNER, now(block=5), limit=9)
        await put(store, due(0, 8), at=2)
        assert not await queue.renew(job, 99.0)
        assert await queue.lease("w", SIGNER, now(block=7), limit=9) == ()
        (again,) = await queue.lease("w", SIGNER, now(block=8), limit=9)
        assert again.attempt == 1

    async def test_blocks_and_logs_come_back_as_they_went_in(self, store: Store) -> None:
        async with store.write() as tx:
            history = History(tx, CHAIN)
            assert await history.cursor() is None
            await history.begin(1, b"source")
            for number in (1, 2, 3):
                await history.add(block(number), [log(number, 0), log(number, 4)])
                await history.move_to(number, block(number).hash)
        async with store.write() as tx:
            history = History(tx, CHAIN)
            cursor = await history.cursor(lock=True)
            assert cursor is not None
            assert (cursor.start, cursor.number, cursor.hash) == (1, 3, block(3).hash)
            assert await history.block(2) == block(2)
            assert await history.logs(2, 3) == (log(2, 0), log(2, 4), log(3, 0), log(3, 4))
            await history.cut_above(1)
            assert await history.newest(3) == block(1)
            assert await history.logs(0, 9) == (log(1, 0), log(1, 4))
            await history.erase()
            assert await history.cursor() is None

    # ---- the due queue

    async def test_leases_what_is_due_in_either_clock_and_nothing_else(self, store: Store) -> None:
        await put(store, due(0, 10), due(1, 11), due(2, 1_000, "seconds"), due(3, 1_001, "seconds"))
        leased = await Jobs(store, CHAIN).lease("w", SIGNER, now(10, 1_000, 50.0), limit=9, lease_s=5)
        assert [job.due.index for job in leased] == [0, 2]
        assert {(job.worker, job.signer, job.leased_until, job.attempt) for job in leased} == {("w", SIGNER, 55.0, 1)}

    async def test_the_earliest_due_comes_first_up_to_the_limit(self, store: Store) -> None:
        await put(store, *(due(index, 30 - index) for index in range(20)))
        leased = await Jobs(store, CHAIN).lease("w", SIGNER, now(block=99), limit=3)
        assert [job.due.due_at for job in leased] == [11, 12, 13]

    async def test_no_job_is_leased_twice(self, store: Store) -> None:
        await put(store, *(due(index, 1) for index in range(30)))
        queue = Jobs(store, CHAIN)
        leases = (queue.lease(f"w{each}", SIGNER, now(block=1), limit=7) for each in range(6))
        taken = [job.id for jobs_ in await asyncio.gather(*leases) for job in jobs_]
        assert len(taken) == len(set(taken))
        rest = await queue.lease("late", SIGNER, now(block=1), limit=30)
        assert len(taken) + len(rest) == 30

    async def test_queues_are_kept_apart_by_action(self, store: Store) -> None:
        await put(store, due(0, 1, action="run"), due(1, 1, action="challenge"))
        leased = await Jobs(store, CHAIN).lease("w", SIGNER, now(block=1), limit=9, actions=["challenge"])
        assert [job.due.index for job in leased] == [1]

    async def test_a_dead_workers_job_goes_to_the_next_and_stays_with_them(self, store: Store) -> None:
        await put(store, due(0, 1))
        queue = Jobs(store, CHAIN)
        (first,) = await queue.lease("dead", SIGNER, now(1, wall_s=0.0), limit=9, lease_s=10)
        assert await queue.lease("next", SIGNER, now(1, wall_s=9.9), limit=9) == ()
        (second,) = await queue.lease("next", SIGNER, now(1, wall_s=10.0), limit=9)
        assert (second.worker, second.attempt) == ("next", 2)
        assert not await queue.rest(first, "too late", 99.0)
        assert await queue.rest(second, "reverted", 20.0)

    async def test_a_resting_job_wakes_when_it_is_time(self, store: Store) -> None:
        await put(store, due(0, 1))
        queue = Jobs(store, CHAIN)
        (job,) = await queue.lease("w", SIGNER, now(1), limit=9)
        assert await queue.rest(job, "reverted", 20.0)
        assert await queue.counts() == {"resting": 1}
        assert await queue.lease("w", SIGNER, now(1, wall_s=19.9), limit=9) == ()
        (again,) = await queue.lease("w", SIGNER, now(1, wall_s=20.0), limit=9)
        assert (again.attempt, again.last_reason) == (2, "reverted")

    async def test_a_renewed_lease_holds_longer(self, store: Store) -> None:
        await put(store, due(0, 1))
        queue = Jobs(store, CHAIN)
        (job,) = await queue.lease("w", SIGNER, now(1), limit=9, lease_s=10)
        assert await queue.renew(job, 30.0)
        assert await queue.lease("x", SIGNER, now(1, wall_s=29.0), limit=9) == ()

    async def test_the_next_due_time_is_known(self, store: Store) -> None:
        assert await Jobs(store, CHAIN).next_due_s() is None
        await put(store, due(0, 1), due(1, 500, "seconds"), due(2, 400, "seconds"))
        assert await Jobs(store, CHAIN).next_due_s() == 400
        assert await Jobs(store, CHAIN).next_due_s(400) == 500

    async def test_work_follows_what_is_due_not_what_is_open(self, store: Store) -> None:
        """10 due among 100,000 open: the plan uses the index, and the time stays that of 10 among 10."""
        row = {"chain_id": CHAIN, "plan": PLAN, "run": 0, "action": "run", "clock": "seconds", "state": "open"}
        queue = Jobs(store, CHAIN)

        async def timed(first: int) -> float:
            async with store.write() as tx:
                few = [row | {"id": f"due{first + n}", "index": 0, "due_at": 100 + n} for n in range(10)]
                await tx.execute(insert(jobs), few)
            started = time.perf_counter()
            assert len(await queue.lease("w", SIGNER, now(0, 200), limit=20)) == 10
            return time.perf_counter() - started

        alone = min([await timed(0), await timed(10), await timed(20)])
        async with store.write() as tx:
            await tx.execute(text(_MANY_OPEN), {"chain_id": CHAIN, "plan": PLAN})
        async with store.write() as tx:
            await tx.execute(text("ANALYZE"))
        crowded = min([await timed(30), await timed(40), await timed(50)])
        assert crowded < 5 * alone + 0.02

    # ---- the outbox's rows

    async def test_one_nonce_has_one_row(self, store: Store) -> None:
        await add(store, "a", 5)
        with pytest.raises(IntegrityError):
            await add(store, "b", 5)

    async def test_one_key_has_one_row_that_is_wanted(self, store: Store) -> None:
        await add(store, "a", 5)
        with pytest.raises(IntegrityError):
            await add(store, "a", 6)
        entries = Entries(store, CHAIN)
        first = await entries.find("a")
        assert first is not None
        await entries.unwant(first, "given up")
        await add(store, "a", 6)
        found = await entries.find("a")
        assert found is not None
        assert found.nonce == 6

    async def test_a_row_comes_back_as_it_went_in(self, store: Store) -> None:
        entries = Entries(store, CHAIN)
        entry = await add(store, "a", 0, value_wei=10**30)
        assert entry == await entries.find("a")
        assert entry.value_wei == 10**30
        assert (entry.state, entry.outcome, entry.attempt) == (State.SIGNED, None, 0)
        assert await entries.hashes([entry.id]) == {entry.id: [(signed(0).hash, False)]}

    async def test_a_nonce_once_stored_is_not_given_out_again(self, store: Store) -> None:
        await add(store, "a", 7)
        async with store.write() as tx:
            assert await Entries(store, CHAIN).next_nonce(tx, SIGNER, 3) == 8
            assert await Entries(store, CHAIN).next_nonce(tx, SIGNER, 12) == 12

    async def test_the_life_of_a_row(self, store: Store) -> None:
        entries = Entries(store, CHAIN)
        entry = await add(store, "a", 0)
        await entries.was_sent(entry, SendResult(SendOutcome.TRANSIENT, "busy"), 3)
        assert (await seen(entries)).reason == "transient: busy"
        await entries.was_sent(entry, SendResult(SendOutcome.ALREADY_KNOWN), 4)
        sent = await seen(entries)
        assert (sent.state, sent.attempt, sent.sent_block, sent.reason) == (State.SENT, 2, 4, "")
        receipt = Receipt(entry.hash, 5, b"\x05" * 32, 1, 21_000, 7, ())
        await entries.were_mined([(entry, receipt, Outcome.DONE)])
        mined = await seen(entries)
        assert (mined.state, mined.outcome, mined.status, mined.gas_used) == (State.MINED, Outcome.DONE, 1, 21_000)
        await entries.unmine([mined])
        again = await seen(entries)
        assert (again.state, again.outcome, again.block, again.status) == (State.SENT, None, None, None)
        await entries.were_mined([(entry, receipt, Outcome.DONE)])
        await entries.finalize([mined], 9.0)
        assert (await seen(entries)).state is State.FINAL
        assert await entries.live() == ()

    async def test_a_row_is_claimed_from_the_dead_only(self, store: Store) -> None:
        entries = Entries(store, CHAIN)
        await add(store, "a", 0, worker="first", leased_until=10.0)
        (row,) = await entries.claim(SIGNER, Lease("second", 9.0, 19.0))
        assert row.worker == "first"
        (row,) = await entries.claim(SIGNER, Lease("second", 10.0, 20.0))
        assert (row.worker, row.leased_until) == ("second", 20.0)

    async def test_a_replacement_needs_the_row_unchanged(self, store: Store) -> None:
        entries = Entries(store, CHAIN)
        entry = await add(store, "a", 0)
        async with store.write() as tx:
            new = await entries.replace(tx, entry, signed(100), Fees(9, 3), cancels=True, head=8)
        assert new is not None
        assert (new.hash, new.fees, new.cancels, new.variants, new.signed_block) == (
            signed(100).hash,
            Fees(9, 3),
            True,
            2,
            8,
        )
        async with store.write() as tx:
            assert await entries.replace(tx, entry, signed(101), Fees(9, 3), cancels=True, head=8) is None
        assert len((await entries.hashes([entry.id]))[entry.id]) == 2

    # ---- what leaves the outbox

    async def test_only_what_is_final_for_long_enough_leaves(self, store: Store) -> None:
        entries, retention = Entries(store, CHAIN), Retention(store, CHAIN)
        rows = [await add(store, str(nonce), nonce) for nonce in range(6)]
        signed_, sent, mined, lost, old, young = rows
        await entries.was_sent(sent, SendResult(SendOutcome.ACCEPTED), 4)
        await mine(entries, mined, old, young)
        await entries.finalize([old], 100.0)
        await entries.finalize([lost], 100.0, Outcome.LOST)
        await entries.finalize([young], 101.0)
        assert await retention.prune(99.9, limit=9) == 0
        assert await retention.prune(100.0, limit=9) == 2
        assert [entry.id for entry in await entries.at_nonces(SIGNER, 0, 9)] == [
            signed_.id,
            sent.id,
            mined.id,
            young.id,
        ]
        assert await retention.prune(1e12, limit=9) == 1
        assert [entry.id for entry in await entries.live()] == [signed_.id, sent.id, mined.id]
        assert set(await entries.hashes([row.id for row in rows])) == {signed_.id, sent.id, mined.id}

    async def test_what_comes_back_to_life_stays(self, store: Store) -> None:
        entries, retention = Entries(store, CHAIN), Retention(store, CHAIN)
        entry = await add(store, "a", 0)
        await mine(entries, entry)
        await entries.finalize([entry], 100.0)
        await entries.unmine([entry])
        assert await retention.prune(1e12, limit=9) == 0
        await mine(entries, entry)
        await entries.finalize([entry], 200.0)
        assert await retention.prune(199.0, limit=9) == 0
        assert await retention.prune(200.0, limit=9) == 1

    async def test_what_it_cost_stays_and_its_nonce_is_not_given_out_again(self, store: Store) -> None:
        entries, retention, other = Entries(store, CHAIN), Retention(store, CHAIN), b"\x0b" * 20
        assert await retention.costs(SIGNER) == (0, 0)
        mined = [await add(store, str(nonce), nonce) for nonce in range(3)]
        lost = await add(store, "lost", 3)
        theirs = await add(store, "theirs", 104, signer=other)
        await mine(entries, *mined, theirs, gas_price_wei=10**20)
        await entries.finalize([*mined[:2], theirs], 100.0)
        await entries.finalize([lost], 100.0, Outcome.LOST)
        before = (3, 3 * 21_000 * 10**20)
        assert await retention.costs(SIGNER) == before
        for removed in (1, 2, 1, 0):
            assert await retention.prune(100.0, limit=min(removed, 2) or 9) == removed
            assert await retention.costs(SIGNER) == before
            assert await retention.costs(other) == (1, 21_000 * 10**20)
        async with store.write() as tx:
            assert await entries.next_nonce(tx, SIGNER, 0) == 4

    async def test_the_oldest_leave_first_and_only_so_many_at_once(self, store: Store) -> None:
        entries, retention = Entries(store, CHAIN), Retention(store, CHAIN)
        rows = [await add(store, str(nonce), nonce) for nonce in range(10)]
        await mine(entries, *rows)
        for row in rows:
            await entries.finalize([row], 100.0 - row.nonce)
        assert await retention.prune(200.0, limit=4) == 4
        assert [row.nonce for row in await entries.at_nonces(SIGNER, 0, 9)] == [0, 1, 2, 3, 4, 5]

    async def test_processes_that_remove_at_once_count_each_row_once(self, store: Store) -> None:
        entries, retention = Entries(store, CHAIN), Retention(store, CHAIN)
        rows = [await add(store, str(nonce), nonce) for nonce in range(20)]
        await mine(entries, *rows)
        await entries.finalize(rows, 100.0)
        removed = [await asyncio.gather(*(retention.prune(100.0, limit=3) for _ in range(4))) for _ in range(4)]
        assert sum(map(sum, removed)) == 20
        assert await retention.costs(SIGNER) == (20, 20 * 21_000 * 7)

    async def test_other_chains_keep_their_rows(self, store: Store) -> None:
        entries = Entries(store, CHAIN)
        entry = await add(store, "a", 0)
        await mine(entries, entry)
        await entries.finalize([entry], 100.0)
        assert await Retention(store, CHAIN + 1).prune(1e12, limit=9) == 0
        assert await entries.find("a") is not None

    async def test_the_statements_do_not_grow_with_the_rows(self, store: Store) -> None:
        entries, retention = Entries(store, CHAIN), Retention(store, CHAIN)
        counts = []
        for first, many in ((0, 2), (2, 40)):
            rows = [await add(store, str(nonce), nonce) for nonce in range(first, first + many)]
            await mine(entries, *rows)
            await entries.finalize(rows, 100.0)
            with counted(store) as statements:
                assert await retention.prune(100.0, limit=50) == many
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 5


def signed(number: int) -> Signed:
    return Signed(b"raw" + bytes([number]), number.to_bytes(32, "big"))


def new_row(key: str, nonce: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"key": key, "signer": SIGNER, "nonce": nonce, "to": b"\x0b" * 20, "data": b"",
           "value_wei": 0, "gas_limit": 50_000, "fee_cap_wei": 10**12, "wanted": True, "cancels": False,
           "worker": "w", "leased_until": 0.0, "created": 0.0, "signed_block": 1}  # fmt: skip
    return row | changes


async def add(store: Store, key: str, nonce: int, **changes: object) -> Entry:
    entries = Entries(store, CHAIN)
    async with store.write() as tx:
        row = new_row(key, nonce, **changes)
        await entries.next_nonce(tx, row["signer"], 0)
        return await entries.add(tx, row, signed(nonce), Fees(2, 1))


async def mine(entries: Entries, *rows: Entry, gas_price_wei: int = 7) -> None:
    found = [(row, Receipt(row.hash, 5, b"\x05" * 32, 1, 21_000, gas_price_wei, ()), Outcome.DONE) for row in rows]
    await entries.were_mined(found)


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that are executed meanwhile, transactions' own apart."""
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SET")):
            statements.append(statement)

    engine = store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", count)


async def seen(entries: Entries) -> Entry:
    found = await entries.find("a")
    assert found is not None
    return found


async def contents(store: Store) -> list[object]:
    """Every derived row of the chain."""
    async with store.read() as tx:
        ledger = Ledger(tx, CHAIN, 0)
        found = (await tx.execute(select(facts).order_by(facts.c.key))).all()
        return [found, await ledger.plan(PLAN), await ledger.jobs_of(PLAN)]
