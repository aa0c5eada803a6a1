"""Trying out on nodes that know the next block, on nodes that do not say that they do not, and on those that refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from keeper.bots.decide import Intent, decide
from keeper.bots.simulate import Simulator
from keeper.chain.reads import View
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Block, Json, hexed, quantity, raw
from keeper.wire.abi import encode_call, interface
from keeper.wire.error_table import Code
from tests.unit.bots.test_bots_decide import ANY, RICH, paying
from tests.unit.bots.views import ME, moment, view
from tests.unit.wire.plans import START, step

HEAD = Block(START - 1, b"\x11" * 32, b"\x12" * 32, START - 1)
RUN_MANY = encode_call("runMany", [])[:4]
RUNNABLE = interface("Scheduler").functions["runnable"].id[:4]


def reverted(code: Code, *args: Any) -> EndpointFailed:
    data = interface("Scheduler").errors[code.value].encode(*args)
    return EndpointFailed("node", Trouble.REVERTED, "execution reverted", data=hexed(data))


@dataclass
class Node:
    """Answers calls of steps that open at START, at the block that it is told, if it listens."""

    listens: bool = True
    refuses: bool = False
    """Overrides are one parameter too many."""
    mask: Callable[[int], int] = lambda count: (1 << count) - 1
    asked: list[Sequence[Any]] = field(default_factory=list)

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        assert method == "eth_call"
        json.dumps(params)
        self.asked.append(params)
        if len(params) == 4 and self.refuses:
            raise EndpointFailed("node", Trouble.REFUSED, "too many arguments, want at most 3", code=-32602)
        told = len(params) == 4 and self.listens
        at = quantity(params[3]["number"]) if told else HEAD.number
        data = raw(params[0]["data"])
        if data[:4] == RUNNABLE:
            return "0x"
        if data[:4] == RUN_MANY:
            [items] = interface("Scheduler").functions["runMany"].decode(data)
            return f"0x{self.mask(len(items)) if at >= START else 0:064x}"
        if at < START:
            raise reverted(Code.TOO_EARLY, 0, START, at)
        return f"0x{1:064x}"


def intents(count: int) -> list[Intent]:
    known = [paying(step(**RICH), salt=number.to_bytes(8, "big")) for number in range(count)]
    return [one for one in decide(view(*known, at=START), moment(START), ANY) if isinstance(one, Intent)]


async def refusals(node: Node, count: int, simulator: Simulator | None = None) -> list[Any]:
    simulator = simulator or Simulator(b"\x05" * 20, ME)
    return await simulator.refusals(View(node, "node", HEAD), moment(START), intents(count))


async def test_a_batch_is_one_call_in_the_block_that_comes_next() -> None:
    node = Node()
    assert await refusals(node, 5) == [None] * 5
    [[call, at, _, overrides]] = node.asked
    assert at["blockHash"] == hexed(HEAD.hash)
    assert overrides == {"number": hex(START), "time": hex(START)}
    assert call["from"] == hexed(ME)


async def test_what_fails_in_the_batch_is_asked_for_its_reason_alone() -> None:
    node = Node(mask=lambda count: (1 << count) - 1 - 0b10)
    found = await refusals(node, 4)
    assert [one and one.code for one in found] == [None, Code.UNKNOWN, None, None]  # alone it would go well
    assert len(node.asked) == 2


@pytest.mark.parametrize("node", [Node(listens=False), Node(refuses=True)], ids=["silent", "refusing"])
async def test_a_node_without_overrides_is_asked_with_the_time_as_argument(node: Node) -> None:
    simulator = Simulator(b"\x05" * 20, ME)
    assert await refusals(node, 3, simulator) == [None] * 3
    before = len(node.asked)
    assert await refusals(node, 3, simulator) == [None] * 3
    assert all(len(params) == 2 for params in node.asked[before:]), "it is not told again"
    told = [raw(params[0]["data"])[:4] for params in node.asked[before:]]
    assert told.count(RUNNABLE) == 3


async def test_troubles_are_not_refusals() -> None:
    class Broken:
        async def request(self, method: str, params: Sequence[Any]) -> Json:
            raise EndpointFailed("node", Trouble.BROKEN, "HTTP status 503")

    with pytest.raises(EndpointFailed):
        await Simulator(b"\x05" * 20, ME).refusals(View(Broken(), "node", HEAD), moment(START), intents(2))
