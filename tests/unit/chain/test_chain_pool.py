"""The pool in memory: its suite, and what it does when endpoints misbehave."""

from __future__ import annotations

import pytest

from keeper.chain.endpoints import EndpointPool, NoEndpoint
from keeper.chain.health import Health, Policy
from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimChain, SimLog
from keeper.chain.rpc import EndpointFailed
from keeper.chain.sends import SendOutcome
from keeper.wire.errors import BadInput
from tests.unit.chain.pool_suite import PoolSuite, World, signed

EMITTER = b"\x0e" * 20


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def world_of(chain: SimChain) -> World:
    async def mine(count: int) -> None:
        chain.mine(count)

    async def reorg(depth: int) -> None:
        chain.reorg(depth)

    chain.execute = lambda tx: (1, (SimLog(tx.to, (tx.data[:32],), tx.data),))
    return World(MemoryTransport(chain), chain.chain_id, EMITTER, mine, reorg)


@pytest.fixture
def world() -> World:
    return world_of(SimChain())


class TestInMemory(PoolSuite):
    pass


def several(count: int, *, blocks: int = 20) -> tuple[SimChain, list[MemoryTransport], EndpointPool, Time]:
    chain = SimChain()
    chain.mine(blocks)
    endpoints = [MemoryTransport(chain, name=f"e{number}") for number in range(count)]
    time = Time()
    return chain, endpoints, EndpointPool(chain.chain_id, endpoints, policy=Policy(probe_every_s=0), now_s=time), time


def health(pool: EndpointPool) -> list[Health]:
    return [condition.health for condition in pool.conditions.values()]


@pytest.mark.parametrize("others", [0, 1, 2])
async def test_a_liar_about_its_head_is_ignored(others: int) -> None:
    _, endpoints, pool, time = several(others + 1)
    if others == 0:
        assert (await pool.head()).number == 20
    endpoints[0].lie = 5_000_000
    if others == 0:
        with pytest.raises(NoEndpoint):
            await pool.head()
        endpoints[0].lie = 0
        time.now_s += Policy().banished_s
    assert (await pool.head()).number == 20
    assert health(pool)[0] is (Health.HEALTHY if others == 0 else Health.LYING)


@pytest.mark.parametrize("lie", [1, 2, 8, 101])
async def test_small_lies_are_found_out_too(lie: int) -> None:
    _, endpoints, pool, _ = several(2)
    endpoints[0].lie = lie
    assert (await pool.head()).number == 20
    assert health(pool) == [Health.LYING, Health.HEALTHY]


async def test_an_honest_leap_is_believed() -> None:
    chain, _, pool, _ = several(2)
    await pool.head()
    chain.mine(3_000)
    assert (await pool.head()).number == 3_020
    assert health(pool) == [Health.HEALTHY, Health.HEALTHY]


async def test_a_lagging_endpoint_is_the_last_resort() -> None:
    _, endpoints, pool, time = several(2)
    endpoints[0].lag = 10
    assert (await pool.pin()).endpoint == "e1"
    assert health(pool) == [Health.LAGGING, Health.HEALTHY]
    endpoints[1].broken = True
    assert (await pool.pin()).head.number == 10
    endpoints[1].broken = False
    time.now_s += 100
    assert (await pool.pin()).head.number == 20


async def test_an_endpoint_of_another_chain_is_never_used() -> None:
    _, endpoints, pool, _ = several(2)
    endpoints[0].chain_id = 1
    one = await signed(world_of(SimChain()), 0)
    await pool.send_raw(one.raw)
    assert health(pool) == [Health.WRONG_CHAIN, Health.HEALTHY]
    assert endpoints[0].asked == ["eth_chainId"]


@pytest.mark.parametrize(("fault", "state"), [("hangs", Health.HANGING), ("broken", Health.ERRORING)])
async def test_a_failing_endpoint_is_left_alone_longer_and_longer(fault: str, state: Health) -> None:
    _, endpoints, pool, time = several(2)
    setattr(endpoints[0], fault, True)
    asked = []
    for _ in range(40):
        assert (await pool.head()).number == 20
        asked.append(len(endpoints[0].asked))
        time.now_s += 1.0
    assert health(pool) == [state, Health.HEALTHY]
    assert asked[-1] == 6  # at 0, 1, 3, 7, 15, 31 s
    setattr(endpoints[0], fault, False)
    time.now_s += 60
    await pool.head()
    assert health(pool) == [Health.HEALTHY, Health.HEALTHY]


async def test_reads_go_to_the_next_endpoint() -> None:
    _, endpoints, pool, _ = several(2)
    await pool.head()
    endpoints[0].broken = True
    assert await pool.reads.nonce(EMITTER) == 0
    assert health(pool) == [Health.ERRORING, Health.HEALTHY]


async def test_a_block_the_first_endpoint_lacks_is_asked_of_the_next() -> None:
    chain, endpoints, pool, _ = several(2)
    await pool.head()
    endpoints[0].lag = 3  # still within what counts as level
    assert await pool.reads.logs_of(chain.head.hash, [EMITTER]) == ()


async def test_no_finality_is_good_enough_for_everything_else() -> None:
    chain, _, pool, _ = several(1)
    chain.finality = None
    assert (await pool.head()).number == 20
    assert await pool.finalized() is None
    assert health(pool) == [Health.NO_FINALITY]


async def test_finality_is_what_the_chain_says() -> None:
    chain, _, pool, _ = several(1)
    chain.finality = 6
    final = await pool.finalized()
    assert final is not None
    assert final.number == 14


async def test_a_send_reaches_every_endpoint_even_a_hanging_one() -> None:
    chain, endpoints, pool, _ = several(3)
    endpoints[0].hangs = True
    endpoints[1].loses_sends = True
    one = await signed(world_of(chain), 0)
    assert (await pool.send_raw(one.raw)).outcome is SendOutcome.ACCEPTED
    assert all("eth_sendRawTransaction" in endpoint.asked for endpoint in endpoints)
    assert chain.mempool


async def test_a_send_that_nobody_took_is_transient() -> None:
    chain, endpoints, pool, _ = several(2)
    await pool.head()
    for endpoint in endpoints:
        endpoint.hangs = True
    assert (await pool.send_raw((await signed(world_of(chain), 0)).raw)).outcome is SendOutcome.TRANSIENT


async def test_ranges_are_split_until_the_node_answers() -> None:
    chain, endpoints, pool, _ = several(1, blocks=0)
    for number in range(40):
        chain.mine(logs=[SimLog(EMITTER, (), number.to_bytes(1, "big"))])
    endpoints[0].max_range = 7
    logs = await pool.reads.logs(1, 40, [EMITTER])
    assert [log.data[0] for log in logs] == list(range(40))


async def test_probes_are_not_repeated_while_fresh() -> None:
    chain = SimChain()
    endpoint, time = MemoryTransport(chain), Time()
    pool = EndpointPool(chain.chain_id, [endpoint], policy=Policy(probe_every_s=2), now_s=time)
    await pool.head()
    asked = len(endpoint.asked)
    await pool.head()
    assert len(endpoint.asked) == asked
    time.now_s = 2.0
    await pool.head()
    assert len(endpoint.asked) == asked + 1


async def test_when_all_fail_the_error_says_why() -> None:
    _, endpoints, pool, _ = several(2)
    endpoints[0].chain_id = 5
    endpoints[1].hangs = True
    with pytest.raises(NoEndpoint, match=r"e0 is wrong chain .*5.*; e1 is hanging"):
        await pool.pin()
    with pytest.raises(NoEndpoint):
        await pool.reads.nonce(EMITTER)


async def test_a_refused_request_is_not_passed_round() -> None:
    _, endpoints, pool, _ = several(2)
    await pool.head()
    with pytest.raises(EndpointFailed):
        await pool.reads.request("eth_noSuchThing", [])
    assert [endpoint.asked.count("eth_noSuchThing") for endpoint in endpoints] == [1, 1]  # perhaps the other offers it


def test_a_pool_needs_an_endpoint() -> None:
    with pytest.raises(BadInput, match="CONDUCTOR_RPC_10"):
        EndpointPool(10, [])
