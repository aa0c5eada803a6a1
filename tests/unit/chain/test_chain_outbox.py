"""The outbox in memory: each transaction mined once, whatever nodes, reorganisations, prices and other people do."""

from __future__ import annotations

import ast
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from keeper.chain import outbox as outbox_module
from keeper.chain import settlement
from keeper.chain.endpoints import EndpointPool, NoEndpoint
from keeper.chain.entries import Entry, Outcome, State
from keeper.chain.fees import Fees
from keeper.chain.health import Policy
from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimChain
from keeper.chain.moves import Move, OutboxPolicy, next_move
from keeper.chain.outbox import Outbox
from keeper.chain.retention import Retention
from keeper.chain.signer import LocalSigner, Unsigned
from keeper.chain.store import Store

SIGNER = LocalSigner(b"\x01" * 32)
TARGET = b"\x0e" * 20
GWEI = 10**9
POLICY = OutboxPolicy(bump_after=3, resend_after=2, confirmations=8)


class Rig:
    """A chain, one endpoint, and an outbox; `unwanted` holds keys that somebody else has done."""

    def __init__(self, store: Store, policy: OutboxPolicy = POLICY) -> None:
        self.chain = SimChain()
        self.chain.mine(20)
        self.endpoint = MemoryTransport(self.chain)
        self.pool = EndpointPool(self.chain.chain_id, [self.endpoint], policy=Policy(probe_every_s=0, back_off_s=0))
        self.store = store
        self.policy = policy
        self.unwanted: set[str] = set()
        self.asked: list[str] = []
        self.wall_s = 0.0
        self.outbox = self.start()

    def start(self, worker: str = "w") -> Outbox:
        return Outbox(self.pool, self.store, [SIGNER], worker=worker, still_wanted=self._still_wanted,
                      policy=self.policy, wall_s=lambda: self.wall_s)  # fmt: skip

    async def submit(self, key: str, outbox: Outbox | None = None, **changes: int) -> Entry:
        wanted = {"gas_limit": 60_000, "max_fee_wei": 50 * GWEI} | changes
        return await (outbox or self.outbox).submit(key, SIGNER.address, TARGET, key.encode().ljust(32), **wanted)

    async def find(self, key: str) -> Entry:
        found = await self.outbox.find(key)
        assert found is not None
        return found

    async def block(self, count: int = 1) -> None:
        for _ in range(count):
            self.chain.mine()
            await self.outbox.tick()

    def runs(self, key: str) -> int:
        return sum(tx.data == key.encode().ljust(32) and status == 1 for tx, status in self.chain.mined())

    async def foreign(self, nonce: int, fee_gwei: int = 900) -> None:
        fees = Fees(fee_gwei * GWEI, GWEI // 2)
        signed = await SIGNER.sign(Unsigned(self.chain.chain_id, nonce, TARGET, b"foreign", 0, 60_000, fees))
        self.chain.accept(signed.raw)

    async def _still_wanted(self, entry: Entry) -> bool:
        self.asked.append(entry.key)
        return entry.key not in self.unwanted


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await Store.open("sqlite://")
    yield store
    await store.close()


@pytest.fixture
def rig(store: Store) -> Rig:
    return Rig(store)


async def test_from_signed_to_final(rig: Rig) -> None:
    await rig.submit("a")
    assert (await rig.find("a")).state is State.SENT
    await rig.block()
    mined = await rig.find("a")
    assert (mined.state, mined.outcome, mined.status, mined.block) == (State.MINED, Outcome.DONE, 1, 21)
    assert mined.gas_used
    assert mined.gas_price_wei
    await rig.block(7)
    assert (await rig.find("a")).state is State.MINED
    await rig.block()
    assert (await rig.find("a")).state is State.FINAL
    assert await rig.outbox.live() == ()


async def test_a_key_is_done_once_however_often_it_is_submitted(rig: Rig) -> None:
    first = await rig.submit("a")
    assert (await rig.submit("a")).id == first.id
    await rig.block()
    assert (await rig.submit("a")).id == first.id
    await rig.block(10)
    assert (await rig.submit("a")).id == first.id
    assert rig.runs("a") == 1


async def test_many_at_once_share_no_nonce(rig: Rig) -> None:
    other = rig.start("other")
    entries = await asyncio.gather(*(rig.submit(str(n % 20), [rig.outbox, other][n % 2]) for n in range(40)))
    assert len({entry.nonce for entry in entries}) == 20
    await rig.block(2)
    assert [rig.runs(str(n)) for n in range(20)] == [1] * 20


async def test_when_the_chain_cannot_be_asked_nothing_is_stored(rig: Rig) -> None:
    rig.endpoint.broken = True
    with pytest.raises(NoEndpoint):
        await rig.submit("a")
    assert await rig.outbox.find("a") is None
    rig.endpoint.broken = False
    assert (await rig.submit("b")).nonce == 0


async def test_a_revert_is_seen_and_frees_the_key(rig: Rig) -> None:
    rig.chain.execute = lambda tx: (0, ())
    await rig.submit("a")
    await rig.block()
    failed = await rig.find("a")
    assert (failed.outcome, failed.status, failed.wanted) == (Outcome.REVERTED, 0, False)
    rig.chain.execute = lambda tx: (1, ())
    again = await rig.submit("a")
    assert again.id != failed.id
    await rig.block()
    assert rig.runs("a") == 1


async def test_a_lost_send_is_sent_again(rig: Rig) -> None:
    rig.endpoint.loses_sends = True
    await rig.submit("a")
    rig.endpoint.loses_sends = False
    await rig.block(3)
    assert rig.runs("a") == 1


async def test_after_a_restart_the_same_bytes_are_sent(rig: Rig) -> None:
    rig.endpoint.loses_sends = True
    entry = await rig.submit("a")
    rig.endpoint.loses_sends = False
    rig.outbox = rig.start()
    await rig.outbox.recover()
    assert [tx.hash for tx in rig.chain.mempool.values()] == [entry.hash]


async def test_what_was_never_sent_is_asked_about_first(rig: Rig) -> None:
    await rig.pool.head()
    rig.endpoint.asked.clear()
    real, rig.pool.send_raw = rig.pool.send_raw, _dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await rig.submit("a")
    rig.pool.send_raw = real  # type: ignore[method-assign]
    rig.unwanted.add("a")
    rig.outbox = rig.start()
    await rig.outbox.recover()
    assert rig.asked == ["a"]
    assert not rig.chain.mempool
    await rig.submit("b")  # needs the nonce behind it
    await rig.block(4)
    assert (rig.runs("a"), rig.runs("b")) == (0, 1)
    assert (await rig.find("a")).outcome is Outcome.CANCELLED


async def _dies(_: bytes) -> None:
    raise KeyboardInterrupt


async def test_a_stuck_transaction_bids_more_after_asking(rig: Rig) -> None:
    entry = await rig.submit("a")
    rig.chain.base_fee_wei = 8 * GWEI
    await rig.block(3)
    bumped = await rig.find("a")
    assert (bumped.nonce, bumped.variants) == (entry.nonce, 2)
    assert bumped.max_fee_wei * 8 >= entry.max_fee_wei * 9
    assert bumped.tip_wei * 8 >= entry.tip_wei * 9
    assert rig.asked == ["a"]
    await rig.block(2)
    assert rig.runs("a") == 1


async def test_no_bid_breaks_the_cap(rig: Rig) -> None:
    await rig.submit("a", max_fee_wei=10 * GWEI)
    rig.chain.base_fee_wei = 30 * GWEI
    await rig.block(20)
    assert (await rig.find("a")).max_fee_wei <= 10 * GWEI
    rig.chain.base_fee_wei = 2 * GWEI
    await rig.block(2)
    assert rig.runs("a") == 1


async def test_an_underpriced_transaction_bids_more_as_soon_as_it_is_next(rig: Rig) -> None:
    rig.chain.base_fee_wei = 2 * GWEI
    rig.endpoint.loses_sends = True
    await rig.submit("a", tip_wei=1)
    rig.endpoint.loses_sends = False
    await rig.foreign(0, fee_gwei=8)  # another of ours is in the mempool at a higher price
    rig.chain.base_fee_wei = 9 * GWEI
    await rig.block()
    assert (await rig.find("a")).reason.startswith("underpriced")
    await rig.block()
    assert (await rig.find("a")).max_fee_wei > 9 * GWEI
    await rig.block()
    assert rig.runs("a") == 1


async def test_work_that_somebody_else_did_is_stopped_and_left_alone(rig: Rig) -> None:
    await rig.submit("a")
    rig.chain.base_fee_wei = 20 * GWEI
    rig.unwanted.add("a")
    await rig.block(6)
    found = await rig.find("a")
    assert (found.wanted, found.variants) == (False, 1)  # nothing waits behind it: no money for a cancellation


async def test_work_in_the_way_is_replaced_by_nothing(rig: Rig) -> None:
    await rig.submit("a")
    rig.chain.base_fee_wei = 20 * GWEI
    await rig.submit("b", max_fee_wei=90 * GWEI)
    rig.unwanted.add("a")
    await rig.block(8)
    assert (rig.runs("a"), rig.runs("b")) == (0, 1)
    cancelled = await rig.find("a")
    assert (cancelled.outcome, cancelled.gas_used) == (Outcome.CANCELLED, 21_000)


async def test_a_nonce_used_by_somebody_with_our_key_is_lost_once_that_is_final(rig: Rig) -> None:
    rig.endpoint.loses_sends = True
    await rig.submit("a")
    rig.endpoint.loses_sends = False
    await rig.foreign(0)
    await rig.block(5)
    assert (await rig.find("a")).state in (State.SIGNED, State.SENT)
    await rig.block(6)
    lost = await rig.find("a")
    assert (lost.state, lost.outcome, lost.wanted) == (State.FINAL, Outcome.LOST, False)
    await rig.submit("a")
    await rig.block()
    assert rig.runs("a") == 1


@pytest.mark.parametrize("depth", range(1, 9))
async def test_a_reorganisation_takes_nothing_away_and_repeats_nothing(rig: Rig, depth: int) -> None:
    for number in range(8):
        await rig.submit(str(number))
        await rig.block()
    rig.chain.reorg(depth, keep=depth % 2 == 0)  # do nodes remember what they had mined? some
    await rig.outbox.tick()
    vanished = [number for number in range(8) if (await rig.find(str(number))).state is State.SENT]
    assert vanished == list(range(8 - depth, 8))
    assert len(rig.chain.mempool) == depth
    await rig.block(12)
    assert [rig.runs(str(number)) for number in range(8)] == [1] * 8
    assert {(await rig.find(str(number))).state for number in range(8)} == {State.FINAL}


async def test_a_reorganisation_during_downtime_is_found_at_the_start(rig: Rig) -> None:
    await rig.submit("a")
    await rig.block()
    rig.chain.reorg(3, keep=False, length=5)
    rig.outbox = rig.start()
    await rig.outbox.recover()
    await rig.block()
    assert rig.runs("a") == 1


async def test_even_what_was_final_comes_back_if_its_nonce_is_missing(rig: Rig) -> None:
    await rig.submit("a")
    await rig.block(10)
    assert (await rig.find("a")).state is State.FINAL
    rig.chain.reorg(12, keep=False)
    await rig.submit("b")
    await rig.block(4)
    assert (rig.runs("a"), rig.runs("b")) == (1, 1)


async def test_a_gap_below_our_nonces_is_filled(rig: Rig) -> None:
    await rig.foreign(0, fee_gwei=1)
    rig.chain.base_fee_wei = 2 * GWEI
    entry = await rig.submit("a")
    assert entry.nonce == 1
    rig.chain.mempool = {key: tx for key, tx in rig.chain.mempool.items() if tx.data != b"foreign"}
    await rig.block(3)
    assert rig.runs("a") == 1
    assert rig.chain.nonce(SIGNER.address, rig.chain.head.number) == 2


async def test_somebody_elses_pending_transaction_is_no_gap(rig: Rig) -> None:
    await rig.foreign(0, fee_gwei=1)
    rig.chain.base_fee_wei = 2 * GWEI
    await rig.submit("a")
    await rig.block(3)
    assert [tx.data for tx in rig.chain.mempool.values()] == [b"foreign", b"a".ljust(32)]


async def test_without_money_it_waits_and_says_so(rig: Rig) -> None:
    rig.chain.balances[SIGNER.address] = 0
    await rig.submit("a")
    assert (await rig.find("a")).reason.startswith("insufficient funds")
    await rig.block(2)
    rig.chain.balances[SIGNER.address] = 10**20
    await rig.block(2)
    assert rig.runs("a") == 1


async def test_what_can_never_be_mined_is_given_up_and_does_not_block(rig: Rig) -> None:
    await rig.submit("a", gas_limit=20_000)
    given_up = await rig.find("a")
    assert (given_up.wanted, given_up.reason.split(":")[0]) == (False, "invalid")
    await rig.submit("b")
    await rig.block(4)
    assert rig.runs("b") == 1


async def test_a_dead_workers_rows_are_taken_over_when_its_lease_ends(rig: Rig) -> None:
    rig.endpoint.loses_sends = True
    await rig.submit("a")
    rig.endpoint.loses_sends = False
    rig.outbox = rig.start("other")
    await rig.block(4)
    assert rig.runs("a") == 0
    rig.wall_s += rig.policy.lease_s
    await rig.block(2)
    assert rig.runs("a") == 1


async def test_one_signers_trouble_does_not_stop_the_tick_of_the_next(store: Store) -> None:
    rig = Rig(store)
    second = LocalSigner(b"\x02" * 32)

    async def refuses(entry: Entry) -> bool:
        raise NoEndpoint("cannot simulate") if entry.key == "a" else AssertionError

    rig.endpoint.loses_sends = True
    rig.outbox = Outbox(rig.pool, store, [SIGNER, second], worker="w", still_wanted=refuses, policy=POLICY)
    await rig.submit("a", max_fee_wei=50 * GWEI)
    await rig.outbox.submit("b", second.address, TARGET, b"b".ljust(32), gas_limit=60_000, max_fee_wei=50 * GWEI)
    rig.endpoint.loses_sends = False
    for _ in range(4):
        rig.chain.mine()
        try:
            await rig.outbox.tick()
        except NoEndpoint:
            continue
    assert rig.runs("b") == 1


async def test_finality_is_the_chains_word_if_nothing_else_is_said(store: Store) -> None:
    rig = Rig(store, OutboxPolicy(confirmations=None, deep=5))
    rig.chain.finality = 2
    await rig.submit("a")
    await rig.block(2)
    assert (await rig.find("a")).state is State.MINED
    await rig.block()
    assert (await rig.find("a")).state is State.FINAL


# ---- after a long time


@pytest.mark.parametrize("count", [3, 20])
async def test_a_start_takes_as_few_requests_however_much_is_in_question(rig: Rig, count: int) -> None:
    """Rows mined in as many blocks, and as many that were mined while the process was away."""
    rig.policy = replace(POLICY, confirmations=500)
    rig.outbox = rig.start()
    for number in range(2 * count):
        await rig.submit(str(number))
        rig.chain.mine()
        if number + 1 == count:
            await rig.outbox.tick()
    rig.outbox = rig.start()
    asked, requests = len(rig.endpoint.asked), rig.endpoint.requests
    await rig.outbox.recover()
    assert Counter(rig.endpoint.asked[asked:])["eth_getTransactionReceipt"] == count
    assert rig.endpoint.requests - requests == 4  # the head, the nonce, the blocks, the receipts
    assert {(await rig.find(str(number))).state for number in range(2 * count)} == {State.MINED}


async def test_a_start_finds_every_row_whose_block_is_gone_or_whose_transaction_is(rig: Rig) -> None:
    """Of ten mined rows the last four are in blocks that were replaced, two of them mined again there."""
    rig.policy = replace(POLICY, confirmations=500)
    rig.outbox = rig.start()
    for number in range(10):
        await rig.submit(str(number))
        await rig.block()
    again = [tx for block in rig.chain.blocks[-4:] for tx, _ in block.txs][:2]
    rig.chain.reorg(4, keep=False, length=2)
    rig.chain.mempool = {(tx.sender, tx.nonce): tx for tx in again}
    rig.chain.mine(3)
    rig.outbox = rig.start()
    await rig.outbox.recover()
    found = [await rig.find(str(number)) for number in range(10)]
    assert [entry.state for entry in found] == [State.MINED] * 8 + [State.SENT] * 2
    hashes = {block.hash for block in rig.chain.blocks}
    assert all(entry.block_hash in hashes for entry in found[:8])
    await rig.block(2)
    assert [rig.runs(str(number)) for number in range(10)] == [1] * 10


async def test_a_final_row_answers_for_its_key_as_long_as_it_is_kept(rig: Rig) -> None:
    rig.policy = replace(POLICY, keep_s=1_000.0)
    rig.outbox = rig.start()
    first = await rig.submit("a")
    await rig.block(9)
    assert (await rig.find("a")).state is State.FINAL
    rig.wall_s = 999.9
    await rig.block()
    assert (await rig.submit("a")).id == first.id
    costs = await Retention(rig.store, rig.chain.chain_id).costs(SIGNER.address)
    rig.wall_s = 1_000.0
    await rig.block()
    assert await rig.outbox.find("a") is None
    assert await Retention(rig.store, rig.chain.chain_id).costs(SIGNER.address) == costs != (0, 0)
    assert (await rig.submit("b")).nonce == 1


@pytest.mark.parametrize("keep_s", [0.0, None])
async def test_what_is_not_final_never_leaves(rig: Rig, keep_s: float | None) -> None:
    rig.policy = replace(POLICY, keep_s=keep_s)
    rig.outbox = rig.start()
    await rig.submit("mined")
    await rig.block(7)
    await rig.submit("sent", max_fee_wei=10)
    rig.wall_s = 1e9
    await rig.block()
    assert [entry.key for entry in await rig.outbox.live()] == ["mined", "sent"]
    await rig.block(3)
    assert (await rig.outbox.find("mined") is None) == (keep_s is not None)
    assert await rig.outbox.find("sent") is not None


async def test_a_tick_removes_a_bounded_number(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "_PRUNED_AT_ONCE", 3)
    for number in range(4):
        await rig.submit(str(number))
    await rig.block(12)
    rig.policy = replace(POLICY, keep_s=0.0)
    rig.outbox = rig.start()
    await rig.block()
    assert [await rig.outbox.find(str(number)) is None for number in range(4)] == [True, True, True, False]
    await rig.block()
    assert await rig.outbox.find("3") is None


# ---- what a pending row needs, as data


def entry_of(**changes: object) -> Entry:
    given = {"state": State.SENT, "wanted": True, "cancels": False, "signed_block": 10, "sent_block": 10} | changes
    fields = dict.fromkeys(Entry.__dataclass_fields__) | given
    return Entry(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "head", "first", "blocks_others", "move"),
    [
        ({}, 10, True, True, Move.WAIT),
        ({}, 11, True, True, Move.WAIT),
        ({}, 12, True, True, Move.SEND),
        ({}, 13, True, False, Move.BUMP),
        ({}, 13, False, False, Move.SEND),
        ({"sent_block": 12}, 13, False, False, Move.WAIT),
        ({"sent_block": None}, 10, True, False, Move.SEND),
        ({"state": State.SIGNED}, 10, True, False, Move.SEND),
        ({"state": State.SIGNED, "signed_block": 0}, 10, True, False, Move.BUMP),
        ({"wanted": False}, 99, True, False, Move.WAIT),
        ({"wanted": False}, 10, True, True, Move.CANCEL),
        ({"wanted": False, "cancels": True}, 11, True, True, Move.WAIT),
        ({"wanted": False, "cancels": True}, 13, True, False, Move.BUMP),
    ],
)
def test_next_move(changes: dict[str, object], head: int, first: bool, blocks_others: bool, move: Move) -> None:
    assert next_move(entry_of(**changes), head, first=first, blocks_others=blocks_others, policy=POLICY) is move


def test_every_await_of_the_outbox_is_a_kill_point() -> None:
    trees = [ast.parse(Path(str(module.__file__)).read_text()) for module in (outbox_module, settlement)]
    awaits = [ast.unparse(node.value) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Await)]
    assert awaits
    assert [one for one in awaits if not one.startswith("self._step(")] == []
