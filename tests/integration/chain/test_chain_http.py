"""Requests over HTTP on a real server: how many connections they take, and what becomes of one the server closed."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from keeper.chain.endpoints import EndpointPool
from keeper.chain.rpc import EndpointFailed, HttpTransport, Trouble
from tests.integration.chain.wire import Wire, said, wire


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as running:
        yield running


@pytest.fixture
async def node(server: Wire) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(server.url, timeout_s=1.0)
    yield transport
    await transport.close()


def at_the_second(_connection: int, request: int) -> bool:
    """A server that closes a kept connection as the next request comes in on it."""
    return request == 2


# ---- connections


async def test_a_hundred_requests_take_one_connection(server: Wire, node: HttpTransport) -> None:
    for number in range(100):
        assert await node.request("eth_call", [number]) == ["eth_call", number]
    assert (server.connections, len(server.bodies)) == (1, 100)


async def test_requests_at_once_share_what_they_opened(server: Wire, node: HttpTransport) -> None:
    for _ in range(5):
        await asyncio.gather(*(node.request("eth_call", [number]) for number in range(8)))
    assert server.connections <= 8


async def test_closing_leaves_nothing_open_and_warns_of_nothing(server: Wire, node: HttpTransport) -> None:
    await asyncio.gather(*(node.request("eth_call", [number]) for number in range(4)))
    assert not server.all_closed.is_set()
    await node.close()
    await asyncio.wait_for(server.all_closed.wait(), 2)
    await node.close()  # again is nothing
    gc.collect()  # what was left open would warn here, and warnings are errors
    assert await node.request("eth_chainId", []) == ["eth_chainId"]


async def test_each_event_loop_has_connections_of_its_own(server: Wire, node: HttpTransport) -> None:
    async def elsewhere() -> Any:
        try:
            return [await node.request("eth_call", [number]) for number in (1, 2)]
        finally:
            await node.close()

    await node.request("eth_chainId", [])
    for connections in (2, 3):
        answers = await asyncio.to_thread(asyncio.run, elsewhere())
        assert answers == [["eth_call", 1], ["eth_call", 2]]
        assert server.connections == connections
    assert await node.request("eth_chainId", []) == ["eth_chainId"]
    assert server.connections == 3


# ---- kept connections that the server has closed


@pytest.mark.parametrize("method", ["eth_call", "eth_getLogs", "eth_sendRawTransaction"])
async def test_what_may_be_repeated_is_asked_again_on_another_connection(
    server: Wire, node: HttpTransport, method: str
) -> None:
    server.drops = at_the_second
    pool = EndpointPool(1, [node])
    for number in range(4):
        assert await pool._endpoints[0].request(method, [number]) == [method, number]
    assert server.methods == [method] * 7  # all but the first came twice
    (condition,) = pool.conditions.values()
    assert condition.failures == 0


@pytest.mark.parametrize("method", ["eth_sendTransaction", "anvil_mine"])
async def test_what_would_be_done_twice_is_not(server: Wire, node: HttpTransport, method: str) -> None:
    server.drops = at_the_second
    await node.request("eth_chainId", [])
    with pytest.raises(EndpointFailed) as caught:
        await node.request(method, [])
    assert caught.value.trouble is Trouble.BROKEN
    assert server.methods == ["eth_chainId", method]


async def test_a_fresh_connection_that_ends_is_a_fault(server: Wire, node: HttpTransport) -> None:
    server.drops = lambda _connection, _request: True
    with pytest.raises(EndpointFailed) as caught:
        await node.request("eth_chainId", [])
    assert caught.value.trouble is Trouble.BROKEN
    assert server.methods == ["eth_chainId"]


async def test_once_is_enough(server: Wire, node: HttpTransport) -> None:
    await node.request("eth_chainId", [])
    server.drops = lambda _connection, _request: True
    with pytest.raises(EndpointFailed):
        await node.request("eth_chainId", [])
    assert len(server.methods) == 3


async def test_the_time_limit_is_of_the_whole_call(server: Wire, node: HttpTransport) -> None:
    """A stale connection, and then a server that hangs: one limit for both; and afterwards all is well."""
    await node.request("eth_chainId", [])
    server.drops = at_the_second
    server.released.clear()
    started = time.monotonic()
    with pytest.raises(EndpointFailed) as caught:
        await node.request("eth_chainId", [])
    assert caught.value.trouble is Trouble.HANGING
    assert 0.9 < time.monotonic() - started < 1.5
    server.released.set()
    assert await node.request("eth_chainId", []) == ["eth_chainId"]


# ---- several requests in one


def blocks(count: int) -> list[tuple[str, list[int]]]:
    return [("eth_getBlockByNumber", [number]) for number in range(count)]


async def test_a_batch_is_one_request_and_in_order(server: Wire, node: HttpTransport) -> None:
    assert await node.batch(blocks(120)) == [[method, *params] for method, params in blocks(120)]
    assert [len(body) for body in server.bodies] == [50, 50, 20]
    assert await node.batch([]) == []
    assert len(server.bodies) == 3


async def test_each_call_of_a_batch_has_its_own_answer(server: Wire, node: HttpTransport) -> None:
    def some_fail(body: Any) -> Any:
        bad = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "header not found"}}
        return [bad if one["id"] == 1 else said(one) for one in body]

    server.answer = some_fail
    first, second, third = await node.batch(blocks(3))
    assert isinstance(second, EndpointFailed)
    assert second.trouble is Trouble.BEHIND
    assert (first, third) == (["eth_getBlockByNumber", 0], ["eth_getBlockByNumber", 2])


def an_error(body: Any) -> Any:
    return said(body) if isinstance(body, dict) else {"id": None, "error": {"code": -32600, "message": "no batches"}}


def too_few(body: Any) -> Any:
    return said(body)[:-1] if isinstance(body, list) else said(body)


@pytest.mark.parametrize("refuses", [an_error, too_few])
async def test_a_node_that_takes_no_batches_is_asked_one_by_one(
    server: Wire, node: HttpTransport, refuses: Callable[[Any], Any]
) -> None:
    server.answer = refuses
    for _ in range(2):
        assert await node.batch(blocks(3)) == [[method, *params] for method, params in blocks(3)]
    assert len(server.bodies) == 1 + 2 * 3  # it is not asked again whether it does


async def test_a_node_that_takes_few_at_once_gets_few(server: Wire, node: HttpTransport) -> None:
    def answer(body: Any) -> Any:
        server.status = 413 if len(body) > 20 else 200
        return said(body)

    server.answer = answer
    for _ in range(2):
        assert await node.batch(blocks(24)) == [[method, *params] for method, params in blocks(24)]
    assert [len(body) for body in server.bodies] == [24, 12, 12, 12, 12]


@pytest.mark.parametrize(("status", "answer"), [
    (429, said),
    (503, said),
    (200, lambda _: {"id": None, "error": {"code": -32005, "message": "too many requests"}}),
    (200, lambda body: [said(body[0]), *({"id": one["id"], "error": {"code": 429}} for one in body[1:])]),
])  # fmt: skip
async def test_a_busy_node_is_asked_for_less_the_next_time_and_not_at_once(
    server: Wire, node: HttpTransport, status: int, answer: Callable[[Any], Any]
) -> None:
    server.status, server.answer = status, answer
    pool = EndpointPool(1, [node])
    with pytest.raises(EndpointFailed) as caught:
        await pool._endpoints[0].batch(blocks(4))
    assert caught.value.trouble is (Trouble.BROKEN if status == 503 else Trouble.BUSY)
    assert len(server.bodies) == 1
    assert [condition.failures for condition in pool.conditions.values()] == [1]
    server.status, server.answer = 200, said
    await node.batch(blocks(4))
    assert [len(body) for body in server.bodies] == ([4, 4] if status == 503 else [4, 2, 2])


async def test_calls_that_fail_together_are_one_failure(server: Wire, node: HttpTransport) -> None:
    server.answer = lambda body: [{"id": one["id"], "error": {"code": -32603, "message": "oops"}} for one in body]
    pool = EndpointPool(1, [node])
    assert all(isinstance(answer, EndpointFailed) for answer in await pool._endpoints[0].batch(blocks(4)))
    assert [condition.failures for condition in pool.conditions.values()] == [1]
