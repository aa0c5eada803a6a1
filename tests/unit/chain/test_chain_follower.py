"""The follower in memory: nothing missed, nothing twice, after any reorganisation exactly what the chain says."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from keeper.chain.endpoints import EndpointPool, NoEndpoint
from keeper.chain.follower import Advanced, DeepReorg, Event, Follower, FollowPolicy, RolledBack, Source
from keeper.chain.health import Policy
from keeper.chain.ledger import Ledger
from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimChain, SimLog
from keeper.chain.rpc import EndpointFailed
from keeper.chain.store import Store
from keeper.chain.values import Block, Log
from keeper.wire.errors import BadInput
from tests.unit.chain.tally import Tally, derived, expected, stored_logs

EMITTER = b"\x0e" * 20
OTHER = b"\x0f" * 20
SMALL = FollowPolicy(history=40, margin=8, chunk=10)


def note(number: int, address: bytes = EMITTER) -> SimLog:
    return SimLog(address, (b"\x01" * 32,), number.to_bytes(32, "big"))


class Rig:
    """A chain, its endpoints, and a follower of it."""

    def __init__(self, store: Store, endpoints: int = 1, policy: FollowPolicy = SMALL, start: int = 1) -> None:
        self.chain = SimChain()
        self.store = store
        self.endpoints = [MemoryTransport(self.chain, name=f"e{number}") for number in range(endpoints)]
        self.pool = EndpointPool(self.chain.chain_id, self.endpoints, policy=Policy(probe_every_s=0), now_s=self._now_s)
        self.follower = Follower(self.pool, store, Source(start, (EMITTER,)), Tally(), policy=policy)
        self.time_s = 0.0

    def _now_s(self) -> float:
        return self.time_s

    async def follow(self) -> list[Event]:
        return [event async for event in self.follower.catch_up()]

    async def truth(self) -> tuple[Log, ...]:
        faithful = EndpointPool(self.chain.chain_id, [MemoryTransport(self.chain)])
        return await faithful.reads.logs(1, self.chain.head.number, [EMITTER])

    async def check(self) -> None:
        """The store says exactly what the chain says, and nothing else."""
        truth = await self.truth()
        cursor = await self.follower.cursor()
        assert (cursor.number, cursor.hash) == (self.chain.head.number, self.chain.head.hash)
        assert await stored_logs(self.store, self.chain.chain_id) == truth
        assert await derived(self.store, self.chain.chain_id) == expected(truth)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await Store.open("sqlite://")
    yield store
    await store.close()


@pytest.fixture
def rig(store: Store) -> Rig:
    return Rig(store)


async def test_every_block_comes_once_in_order_with_its_logs(rig: Rig) -> None:
    seen: list[Event] = []
    for number in range(1, 6):
        rig.chain.mine(logs=[note(number), note(number + 1), note(9, OTHER)])
        seen += await rig.follow()
    assert [event.block.number for event in seen if isinstance(event, Advanced)] == [1, 2, 3, 4, 5]
    assert [len(event.logs) for event in seen if isinstance(event, Advanced)] == [2] * 5
    assert await rig.follow() == []
    await rig.check()


async def test_back_filling_leaves_no_gap_and_tells_how_far_it_is(rig: Rig) -> None:
    for number in range(1, 100):
        rig.chain.mine(logs=[note(number)] if number % 3 == 0 else [])
    events = await rig.follow()
    await rig.check()
    assert all(isinstance(event, Advanced) and event.head == 99 for event in events)
    ranges = rig.endpoints[0].asked.count("eth_getLogs")
    assert ranges == 10 + SMALL.margin  # 91 blocks in tens, the rest one by one


async def test_it_goes_on_where_it_stopped(rig: Rig) -> None:
    rig.chain.mine(5, logs=[note(1)])
    await rig.follow()
    again = Follower(rig.pool, rig.store, Source(1, (EMITTER,)), Tally(), policy=SMALL)
    assert [event async for event in again.catch_up()] == []
    rig.chain.mine(logs=[note(2)])
    assert len([event async for event in again.catch_up()]) == 1
    await rig.check()


async def test_blocks_before_the_start_are_not_looked_at(store: Store) -> None:
    rig = Rig(store, start=4)
    for number in range(1, 6):
        rig.chain.mine(logs=[note(number)])
    events = await rig.follow()
    assert [event.block.number for event in events if isinstance(event, Advanced)] == [4, 5]


@pytest.mark.parametrize("depth", range(1, 9))
async def test_a_reorganisation_is_undone_exactly(rig: Rig, depth: int) -> None:
    longer = (-1, 0, 2)[depth % 3]
    for number in range(1, 16):
        rig.chain.mine(logs=[note(number)])
    await rig.follow()
    rig.chain.reorg(depth, length=0)
    for number in range(depth + longer):
        rig.chain.mine(logs=[note(100 + number), note(3)])
    if depth + longer == 0:
        assert await rig.follow() == []  # a shorter chain that agrees is an endpoint that lags
        rig.chain.mine(logs=[note(5)])
    events = await rig.follow()
    assert events[0] == RolledBack(15 - depth, depth) or depth == 1
    await rig.check()


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_ends_in_what_the_chain_says(store: Store, seed: int) -> None:
    """Growth, reorganisations of depth 1 to 8, endpoints that hang, fail, lag and lie, and new starts, at random."""
    chance = random.Random(seed)
    rig = Rig(store, endpoints=3)
    rolled_back = 0
    for _ in range(40):
        match chance.choice(["grow", "grow", "jump", "reorg", "reorg", "fault", "restart"]):
            case "grow":
                rig.chain.mine(logs=[note(chance.randrange(99)) for _ in range(chance.randrange(3))])
            case "jump":
                for _ in range(chance.randrange(30)):
                    rig.chain.mine(logs=[note(chance.randrange(99))] * chance.randrange(2))
            case "reorg" if rig.chain.head.number > 8:
                depth = chance.randint(1, 8)
                rig.chain.reorg(depth, length=0)
                for _ in range(chance.randint(1, depth + 2)):
                    rig.chain.mine(logs=[note(chance.randrange(99))])
            case "fault":
                endpoint = chance.choice(rig.endpoints)
                endpoint.hangs, endpoint.broken = chance.random() < 0.3, chance.random() < 0.3
                endpoint.lag, endpoint.lie = chance.choice([0, 0, 2, 9]), chance.choice([0, 0, 1, 10**6])
            case "restart":
                rig.follower = Follower(rig.pool, store, Source(1, (EMITTER,)), Tally(), policy=SMALL)
        rig.time_s += chance.choice([0.5, 5, 400])
        try:
            rolled_back += sum(isinstance(event, RolledBack) for event in await rig.follow())
        except (EndpointFailed, NoEndpoint):  # endpoints fail as they were told to
            continue
    for endpoint in rig.endpoints:
        endpoint.hangs = endpoint.broken = False
        endpoint.lag = endpoint.lie = 0
    rig.time_s += 1_000
    rig.chain.mine(logs=[note(1)])
    await rig.follow()
    await rig.check()
    assert rolled_back > 0


async def test_an_endpoint_that_lags_is_not_a_reorganisation(store: Store) -> None:
    rig = Rig(store, endpoints=1)
    rig.chain.mine(9, logs=[note(1)])
    await rig.follow()
    rig.endpoints[0].lag = 6
    assert await rig.follow() == []
    rig.endpoints[0].lag = 0
    await rig.check()


async def test_a_reorganisation_deeper_than_what_is_kept_is_said_not_guessed(store: Store) -> None:
    rig = Rig(store, policy=FollowPolicy(history=10, margin=8, chunk=5))
    for number in range(1, 31):
        rig.chain.mine(logs=[note(number)])
    await rig.follow()
    rig.chain.reorg(15)
    with pytest.raises(DeepReorg, match="below block 20"):
        await rig.follow()
    await rig.follower.erase()
    await rig.follow()
    await rig.check()


async def test_back_to_the_very_start_is_possible_while_all_is_kept(rig: Rig) -> None:
    rig.chain.mine(6, logs=[note(1)])
    await rig.follow()
    rig.chain.reorg(6, length=0)
    rig.chain.mine(7, logs=[note(2)])
    assert (await rig.follow())[0] == RolledBack(0, 6)
    await rig.check()


async def test_a_reorganisation_reaches_into_blocks_taken_as_a_range(rig: Rig) -> None:
    for number in range(1, 60):
        rig.chain.mine(logs=[note(number)] if number % 7 == 0 else [])
    await rig.follow()
    rig.chain.reorg(20, length=0)
    rig.chain.mine(25, logs=[note(5)])
    await rig.follow()
    await rig.check()


async def test_the_consumers_failure_takes_the_block_back(rig: Rig) -> None:
    class Fails(Tally):
        async def apply(self, ledger: Ledger, block: Block, logs: tuple[Log, ...]) -> None:  # type: ignore[override]
            await super().apply(ledger, block, logs)
            raise RuntimeError

    rig.chain.mine(logs=[note(1)])
    broken = Follower(rig.pool, rig.store, Source(1, (EMITTER,)), Fails(), policy=SMALL)
    with pytest.raises(RuntimeError):
        [event async for event in broken.catch_up()]
    assert (await rig.follower.cursor()).number == 0
    assert await stored_logs(rig.store, rig.chain.chain_id) == ()
    await rig.follow()
    await rig.check()


async def test_two_followers_of_one_database_do_not_repeat_each_other(rig: Rig) -> None:
    other = Follower(rig.pool, rig.store, Source(1, (EMITTER,)), Tally(), policy=SMALL)
    for number in range(1, 30):
        rig.chain.mine(logs=[note(number)])
    first, second = rig.follower.catch_up(), other.catch_up()
    turns = [first, second] * 200
    for turn in turns:
        await anext(turn, None)
    await rig.check()


async def test_another_source_needs_another_database(rig: Rig) -> None:
    rig.chain.mine(3)
    await rig.follow()
    other = Follower(rig.pool, rig.store, Source(1, (OTHER,)), Tally())
    with pytest.raises(BadInput):
        [event async for event in other.catch_up()]


async def test_running_tells_troubles_and_goes_on(rig: Rig) -> None:
    troubles: list[str] = []
    rig.chain.mine(2)
    rig.endpoints[0].broken = True

    def told(error: Exception) -> None:
        troubles.append(type(error).__name__)
        rig.endpoints[0].broken = False
        rig.time_s += 100

    async for event in rig.follower.run(every_s=0, on_trouble=told):
        if isinstance(event, Advanced) and event.block.number == 2:
            break
    assert troubles == ["NoEndpoint"]
