"""Leases on a real chain: kept through many terms, through kills and lost transactions; the unwell lapse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from keeper.bots.heartbeat import Heart
from keeper.chain.entries import Entries, State
from keeper.registry import namehash
from keeper.registry.abi import call
from tests.integration.bots.conftest import BASE_FEE
from tests.integration.bots.services import BLOCK_S, SERVICE, TTL_S, Services, database
from tests.integration.bots.world import CHAIN, signer

FIFTY = [f"i{number}" for number in range(50)]
THREE = ["a", "b", "c"]
TERMS = 4


@pytest.fixture
async def services(start_anvil: Callable[..., str]) -> AsyncIterator[Services]:
    world = Services(start_anvil("--no-mining", *BASE_FEE))
    yield world
    await world.pool.close()


async def settle(world: Services, heart: Heart, most: int = 3) -> None:
    """Until everybody lives."""
    for _ in range(most):
        await heart.tick()
        await world.block_later()
    await heart.tick()
    assert await world.lapsed() == set()


async def test_fifty_instances_live_for_several_terms_on_few_transactions(services: Services, tmp_path: Path) -> None:
    world = await services.build(FIFTY)
    store = await database(tmp_path)
    heart = world.heart(store)
    await heart.start()
    await settle(world, heart)
    before = await world.block()
    for _ in range(TERMS * TTL_S // BLOCK_S):
        await heart.tick()
        await world.block_later()
        assert await world.lapsed() == set()
    beats, each = await world.renewals()
    assert beats <= 2 * TERMS + 2, "one transaction for all, about at a third of the term"
    assert set(each.values()) == {beats}
    receipts = [
        await world.pool.reads.receipt(row.mined_hash or b"")
        for row in await Entries(store, CHAIN).live()
        if row.state is State.MINED and (row.block or 0) > before
    ]
    assert receipts
    assert all(one is not None and one.gas_used <= 50 * 6_500 + 30_000 for one in receipts)
    await store.close()


async def test_killed_at_any_step_no_lease_is_lost_and_nothing_sent_twice(services: Services, tmp_path: Path) -> None:
    world = await services.build(THREE)
    store = await database(tmp_path)
    seen: list[str] = []

    async def note(name: str) -> None:
        seen.append(name)

    heart = world.heart(store, checkpoint=note)
    await heart.start()
    await settle(world, heart)
    for _ in range(TTL_S // BLOCK_S):
        await heart.tick()
        await world.block_later()
    places = list(dict.fromkeys(seen))
    assert len(places) > 40
    for place in places:
        armed = True

        async def pull_the_plug(name: str, place: str = place) -> None:
            nonlocal armed
            if name == place and armed:
                armed = False
                raise Unplugged(name)

        heart = world.heart(store, checkpoint=pull_the_plug)
        started = False
        for _ in range(TTL_S * 2 // 3 // BLOCK_S):
            try:
                if not started:
                    await heart.start()
                    started = True
                await heart.tick()
            except Unplugged:
                heart, started = world.heart(store), False
            await world.block_later()
            assert await world.lapsed() == set(), f"lost after a kill at {place}"
    beats, each = await world.renewals()
    terms = len(places) * (TTL_S * 2 // 3) / (TTL_S * 2 / 3 - 4 * BLOCK_S)
    assert beats <= terms + 4, "each lease was renewed once"
    assert set(each.values()) == {beats}
    live = await Entries(store, CHAIN).live()
    assert [row.outcome for row in live if row.state is State.MINED and row.outcome != "done"] == []
    await store.close()


class Unplugged(Exception):
    """The process is gone."""


async def test_an_instance_that_is_unwell_lapses_and_comes_back(services: Services, tmp_path: Path) -> None:
    world = await services.build(THREE)
    store = await database(tmp_path)
    sick = tmp_path / "sick"
    heart = world.heart(store, {f"b.{SERVICE}": f"test ! -e {sick}"})
    await heart.start()
    await settle(world, heart)
    sick.touch()
    for _ in range(TTL_S // BLOCK_S + 2):
        await heart.tick()
        await asyncio.sleep(0.02)  # the look goes on beside
        await world.block_later()
        assert await world.lapsed() <= {"b"}
    assert await world.lapsed() == {"b"}
    assert heart.ailing == {f"b.{SERVICE}": "test ended with 1"}
    assert heart.metrics.registry.get_sample_value("conductor_heartbeat_instances", {"state": "unwell"}) == 1
    sick.unlink()
    for _ in range(4):
        await heart.tick()
        await asyncio.sleep(0.02)
        await world.block_later()
    assert await world.lapsed() == set()
    await store.close()


async def test_a_lost_transaction_costs_no_lease(services: Services, tmp_path: Path) -> None:
    """Every other transaction of the key vanishes from the node before a block has it."""
    world = await services.build(THREE)
    store = await database(tmp_path)
    heart = world.heart(store)
    await heart.start()
    await settle(world, heart)
    dropped: set[str] = set()
    for _ in range(3 * TTL_S // BLOCK_S):
        await heart.tick()
        pending = (await world.rpc("txpool_content"))["pending"]
        for one in (tx for queue in pending.values() for tx in queue.values()):
            if one["nonce"] not in dropped:
                dropped.add(one["nonce"])
                await world.rpc("anvil_dropTransaction", one["hash"])
        await world.block_later()
        assert await world.lapsed() == set()
    assert len(dropped) >= 3
    await store.close()


async def test_what_is_not_ours_any_more_is_left_out_and_what_is_new_comes_in(
    services: Services, tmp_path: Path
) -> None:
    world = await services.build(THREE)
    store = await database(tmp_path)
    heart = world.heart(store)
    await heart.start()
    await settle(world, heart)
    found = {one.label: one for one in await world.instances()}
    await world.send(world.registry, call("evict", found["a"].id))
    other = signer(1).address
    await world.send(world.registry, call("admit", namehash(SERVICE), "b", other, 1, TTL_S))
    await world.admit(["d"], ttl_s=600)
    for _ in range(TTL_S // BLOCK_S):
        await heart.tick()
        await world.block_later()
    assert {ward.instance.label for ward in heart.wards} == {"c", "d"}
    assert await world.lapsed() == {"b"}
    assert heart.metrics.registry.get_sample_value("conductor_heartbeat_failed_total", {"why": "passed over"}) is None
    await store.close()
