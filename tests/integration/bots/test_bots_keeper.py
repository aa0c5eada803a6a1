"""Whole keeper processes, from settings, on an anvil whose blocks come every second by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from keeper.bots import report, seat, why
from keeper.bots.chances import Action
from keeper.bots.keeper import run_keeper
from keeper.chain.entries import Entries, State
from keeper.chain.retention import Retention
from keeper.chain.settings import Settings
from keeper.chain.store import Store
from keeper.wire.error_table import Code
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import Address, Status
from tests.integration.bots.conftest import BASE_FEE
from tests.integration.bots.world import CHAIN, ETHER, World, private_key, signer, step


@pytest.fixture
async def ticking(start_anvil: Callable[..., str]) -> AsyncIterator[World]:
    world = World(start_anvil("--block-time", "1", *BASE_FEE))
    yield await world.deploy()
    await world.pool.close()


def settings(world: World, path: Path, number: int = 0) -> Settings:
    return Settings(
        rpc={CHAIN: (world.url,)},
        scheduler="0x" + world.scheduler.hex(),
        private_key=private_key(number),
        database=str(path / f"{number}.db"),
        poll_s=0.1,
    )


async def test_a_hundred_steps_due_in_one_block_of_a_second_run_in_it(ticking: World, tmp_path: Path) -> None:
    world = ticking
    await world.rpc("evm_setIntervalMining", 0)
    start = await world.block() + 105
    for number in range(100):
        await world.schedule(world.plan([step(number=number)], start=start))
    await world.rpc("evm_setIntervalMining", 1)
    stop = asyncio.Event()
    keeper = asyncio.create_task(run_keeper(settings(world, tmp_path), stop))
    while await world.block() < start + 3:
        assert not keeper.done(), await keeper
        await asyncio.sleep(0.2)
    stop.set()
    await keeper
    assert await world.lateness() == [0] * 100


async def test_a_keeper_joins_works_is_paid_and_leaves(world: World, tmp_path: Path) -> None:
    await world.rpc("evm_setIntervalMining", 1)
    used = settings(world, tmp_path)
    me = signer(0).address
    joined = await seat.join(used)
    assert (joined.seat.number, joined.seat.hot, joined.bond_wei) == (0, me, ETHER)
    with pytest.raises(BadInput, match="already has seat 0"):
        await seat.join(used)
    assert {one.name: one.ok for one in await report.check(used)} == dict.fromkeys(
        ("chain", "scheduler", "database", "key", "balance", "seat"), True
    )

    plan = await world.schedule(world.plan([step()], start=await world.block() + 6))
    early = await why.why(used, plan, 0)
    assert (early.code, early.action, early.at) == (Code.TOO_EARLY, Action.RUN, world.plans[plan][0].start)

    stop = asyncio.Event()
    keeper = asyncio.create_task(run_keeper(used, stop))
    while (await world.word(plan)).status is not Status.COMPLETED:
        assert not keeper.done(), await keeper
        await asyncio.sleep(0.2)
    stop.set()
    await keeper
    assert (await why.why(used, plan, 0)).reason == "it is done"

    earned = await report.earnings(used)
    await forget_what_was_mined(used.database)
    assert await report.earnings(used) == earned
    now = await report.status(used)
    assert earned.moves == now.moves == 1
    assert earned.paid_wei == earned.credit_wei == now.credit_wei > 0
    assert earned.transactions >= 1  # the join is one of them, once its receipt is known
    assert now.seat is not None
    assert now.seat.last_s == now.last_work_s > 0

    taken = await seat.withdraw(used, to=Address(b"\x77" * 20))
    assert taken.amount_wei == earned.credit_wei == await world.pool.reads.balance_wei(taken.to)
    with pytest.raises(NotNow, match="nothing to withdraw"):
        await seat.withdraw(used)
    left = await seat.leave(used)
    assert left.release_at_s >= await world.time_s() + 13 * 86_400
    with pytest.raises(NotNow, match="BondHeld"):
        await seat.release(used, 0, Address(me))


async def forget_what_was_mined(database: str) -> None:
    store = await Store.open(database)
    entries = Entries(store, CHAIN)
    mined = [row for row in await entries.live() if row.state is State.MINED]
    await entries.finalize(mined, 0.0)
    assert await Retention(store, CHAIN).prune(0.0, limit=9) == len(mined) > 0
    await store.close()


async def test_one_clear_line_for_what_is_missing(world: World, tmp_path: Path) -> None:
    used = settings(world, tmp_path)
    poor = used.model_copy(update={"private_key": SecretStr("0x" + "11" * 32)})
    with pytest.raises(BadInput, match=r"has 0 wei and needs \d+: send it at least \d+ wei"):
        await seat.join(poor)
    with pytest.raises(BadInput, match="has no seat: take one with `conductor keeper join`"):
        await seat.leave(used)
    nowhere = used.model_copy(update={"scheduler": "0x" + "22" * 20})
    with pytest.raises(BadInput, match=f"there is no Scheduler at 0x{'22' * 20} on chain 31337"):
        await report.status(nowhere)
    with pytest.raises(BadInput, match="no key to sign with"):
        await report.status(used.model_copy(update={"private_key": None}))
    with pytest.raises(BadInput, match="no such plan on this chain"):
        await why.why(used, bytes(32), 0)
