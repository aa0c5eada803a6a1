"""Follower and outbox on a real anvil: reorganisations of depth 1 to 8, and endpoints that hang, fail, lag and lie."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from keeper.chain.endpoints import EndpointPool
from keeper.chain.entries import Entry, Outcome, State
from keeper.chain.follower import Advanced, Follower, FollowPolicy, RolledBack, Source
from keeper.chain.health import Health, Policy
from keeper.chain.moves import OutboxPolicy
from keeper.chain.outbox import Outbox
from keeper.chain.rpc import EndpointFailed, HttpTransport, Trouble
from keeper.chain.signer import LocalSigner
from keeper.chain.store import Store
from tests.integration.chain.anvil import CHAIN_ID, EMITTER, AnvilWorld, anvil
from tests.integration.chain.proxy import proxy
from tests.unit.chain.tally import Tally, derived, expected, stored_logs

SIGNER = LocalSigner(b"\x21" * 32)


@pytest.fixture
async def world() -> AsyncIterator[AnvilWorld]:
    async with anvil() as node:
        await node.prepare(SIGNER.address)
        yield node


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await Store.open("sqlite://")
    yield store
    await store.close()


async def wanted(_: Entry) -> bool:
    return True


def outbox_of(pool: EndpointPool, store: Store) -> Outbox:
    policy = OutboxPolicy(confirmations=10)
    return Outbox(pool, store, [SIGNER], worker="w", still_wanted=wanted, policy=policy)


async def hand_in(outbox: Outbox, first: int, count: int) -> None:
    for key in range(first, first + count):
        await outbox.submit(
            str(key), SIGNER.address, EMITTER, key.to_bytes(32, "big"), gas_limit=60_000, max_fee_wei=10**12
        )


async def settle(world: AnvilWorld, outbox: Outbox) -> None:
    for _ in range(40):
        await world.mine(1)
        await outbox.tick()
        if not await outbox.live():
            return


async def test_reorganisations_of_every_depth_leave_exactly_the_chain(world: AnvilWorld, store: Store) -> None:
    """Follower and outbox side by side; after each depth both say what the chain says, and at the end all ran once."""
    pool = world.pool()
    outbox = outbox_of(pool, store)
    follower = Follower(
        pool, store, Source(1, (EMITTER,)), Tally(), policy=FollowPolicy(history=64, margin=16, chunk=10)
    )
    key, rolled_back = 1, []
    for depth in range(1, 9):
        for _ in range(depth + 1):
            await hand_in(outbox, key, 2)
            key += 2
            await world.mine(1)
            await outbox.tick()
        [event async for event in follower.catch_up()]
        await world.reorg(depth)
        await world.mine(1)
        events = [event async for event in follower.catch_up()]
        rolled_back += [event.depth for event in events if isinstance(event, RolledBack)]
        head = await pool.head()
        truth = await pool.reads.logs(1, head.number, [EMITTER])
        cursor = await follower.cursor()
        assert (cursor.number, cursor.hash) == (head.number, head.hash)
        assert await stored_logs(store, CHAIN_ID) == truth
        assert await derived(store, CHAIN_ID) == expected(truth)
        await outbox.tick()
    assert rolled_back == list(range(1, 9))
    await settle(world, outbox)
    assert await world.ran() == dict.fromkeys(range(1, key), 1)
    entry = await outbox.find("1")
    assert entry is not None
    assert (entry.state, entry.outcome) == (State.FINAL, Outcome.DONE)
    await pool.close()


@pytest.mark.parametrize(
    ("fault", "by", "state"),
    [
        ("hangs", 0, Health.HANGING),
        ("fails", 0, Health.ERRORING),
        ("garbage", 0, Health.ERRORING),
        ("lags", 9, Health.LAGGING),
        ("lies", 1, Health.LYING),
        ("lies", 5_000_000, Health.LYING),
    ],
)
async def test_a_bad_endpoint_beside_a_good_one_changes_nothing(
    world: AnvilWorld, store: Store, fault: str, by: int, state: Health
) -> None:
    async with proxy(world.url) as bad:
        transports = [HttpTransport(bad.url, timeout_s=1.0), HttpTransport(world.url)]
        pool = EndpointPool(CHAIN_ID, transports, policy=Policy(probe_every_s=0, patience_s=0.2))
        outbox = outbox_of(pool, store)
        follower = Follower(pool, store, Source(1, (EMITTER,)), Tally())
        await world.mine(20)
        await hand_in(outbox, 1, 2)
        await world.mine(1)
        [event async for event in follower.catch_up()]
        bad.fault, bad.by = fault, by
        started = time.monotonic()
        await hand_in(outbox, 3, 2)
        await world.mine(1)
        await outbox.tick()
        events = [event async for event in follower.catch_up()]
        assert time.monotonic() - started < 3
        assert [event.block.number for event in events if isinstance(event, Advanced)] == [22]
        assert next(iter(pool.conditions.values())).health is state
        bad.fault = None
        await settle(world, outbox)
        assert await world.ran() == dict.fromkeys(range(1, 5), 1)
        await pool.close()


async def test_an_endpoint_alone_that_lies_is_believed_again_when_it_stops(world: AnvilWorld) -> None:
    async with proxy(world.url) as bad:
        now = 0.0
        pool = EndpointPool(CHAIN_ID, [HttpTransport(bad.url)], policy=Policy(probe_every_s=0), now_s=lambda: now)
        await world.mine(3)
        assert (await pool.head()).number == 3
        bad.fault, bad.by = "lies", 1_000_000
        with pytest.raises(Exception, match="lying"):
            await pool.head()
        bad.fault, now = None, 1_000.0
        assert (await pool.head()).number == 3
        await pool.close()


async def test_a_request_never_takes_longer_than_its_limit_and_errors_hold_no_key(world: AnvilWorld) -> None:
    async with proxy(world.url) as bad:
        bad.fault = "hangs"
        transport = HttpTransport(bad.url + "/?key=s3cret", timeout_s=0.2)
        with pytest.raises(EndpointFailed) as caught:
            await asyncio.wait_for(transport.request("eth_chainId", []), 2)
        assert caught.value.trouble is Trouble.HANGING
        bad.fault = "fails"
        with pytest.raises(EndpointFailed) as failed:
            await transport.request("eth_chainId", [])
        assert "s3cret" not in f"{caught.value!r} {failed.value} {transport!r} {failed.value.as_dict()}"
        await transport.close()
