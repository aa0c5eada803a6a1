"""An executor's small parts: its guess at the next block, its grudges, what it reads from calldata and receipts."""

from __future__ import annotations

import asyncio

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from keeper.bots.calls import Work, item_of, together, works_of
from keeper.bots.calls import encode as encode_work
from keeper.bots.chances import PLAN_WIDE, Action
from keeper.bots.holds import Holds
from keeper.bots.keeper import Loop
from keeper.bots.metrics import Metrics
from keeper.bots.outcomes import result_of
from keeper.bots.pace import Pace
from keeper.chain.values import Block, Log, Receipt
from keeper.wire.abi import encode_call
from keeper.wire.codec import decode_item
from keeper.wire.events import topic
from keeper.wire.machine import run
from keeper.wire.types import Value
from keeper.wire.word import PlanWord, encode_word
from tests.unit.bots.views import view_of
from tests.unit.wire.plans import START, plan, scheduled, step

SCHEDULER = b"\x05" * 20


def block(number: int, time_s: int) -> Block:
    return Block(number, number.to_bytes(32, "big"), (number - 1).to_bytes(32, "big"), time_s)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(0, 30))
def test_the_next_block_is_never_guessed_too_late(intervals: list[int], paused: int) -> None:
    pace, time_s = Pace(), 1_000
    pace.see(block(1, time_s), float(time_s))
    for number, interval in enumerate(intervals, 2):
        time_s += interval
        pace.see(block(number, time_s), float(time_s))
    head = block(len(intervals) + 1, time_s)
    soon = pace.next(head, float(time_s))
    assert soon.block == head.number + 1
    assert soon.time_s == time_s + min(intervals[-32:])
    later = pace.next(head, float(time_s + paused))
    assert later.time_s == time_s + max(min(intervals[-32:]), paused)


def test_a_head_that_became_known_late_has_paused_for_longer() -> None:
    """Heads of seconds 10, 11 and 12, known 0.2 s, 0.9 s and 5 s after: at most a second of it counts."""
    pace = Pace()
    for number, known_s in ((10, 110.2), (11, 111.9)):
        pace.see(block(number, number), known_s)
    head = block(11, 11)
    assert [pace.next(head, 111.9 + later).time_s for later in (0.0, 1.29, 1.31)] == [12, 12, 13]
    assert [round(pace.seconds_until(13, head, 111.9 + later), 9) for later in (0.0, 1.3, 4.0)] == [1.3, 0.0, 0.0]
    pace.see(block(12, 12), 117.0)
    assert [pace.next(block(12, 12), 117.0 + later).time_s for later in (0.9, 1.1)] == [13, 14]


async def test_a_keeper_looks_when_the_next_work_is_due() -> None:
    looks: list[float] = []

    class Executor:
        async def start(self) -> None: ...

        async def tick(self) -> None:
            looks.append(asyncio.get_running_loop().time())

        async def next_look_s(self) -> float | None:
            return (0.1, None, None)[len(looks) - 1]

    loop = Loop(Executor(), Metrics().troubles, 60)  # type: ignore[arg-type]  # as much as it needs
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.6, stop.set)
    await loop.run(stop)
    assert len(looks) == 2
    assert 0.1 <= looks[1] - looks[0] < 0.5


def test_only_neighbours_tell_the_pace() -> None:
    pace = Pace()
    for number, time_s in ((1, 10), (2, 22), (9, 23), (10, 35)):
        pace.see(block(number, time_s), 0.0)
    assert pace.block_s == 12.0
    assert pace.next(block(10, 35), 0.0).time_s == 47


def test_each_revert_doubles_the_hold_and_success_ends_it() -> None:
    holds = Holds(first_s=30, most_s=200)
    assert [holds.strike(b"a", 0) for _ in range(5)] == [30, 60, 120, 200, 200]
    assert holds.left_s(50) == {b"a": 150}
    assert holds.left_s(250) == {}
    assert holds.strike(b"a", 250) == 200  # it has not forgotten
    holds.forgive(b"a")
    assert holds.strike(b"a", 300) == 30


@pytest.mark.parametrize("action", list(Action))
def test_calldata_says_what_it_does(action: Action) -> None:
    found = plan(step(), step(needs=1), step(needs=2))
    known = view_of(found, scheduled(found))
    work = Work(found.id, action, PLAN_WIDE if action is Action.EXPIRE else 1)
    data = encode_work(known, work, min_pay_wei=5)
    assert works_of(data) == (work,)
    other = Work(found.id, Action.SETTLE, 2)
    assert works_of(together([data, encode_work(known, other)])) == (work, other)
    assert together([data]) == data
    if action is not Action.EXPIRE:
        assert decode_item(item_of(data))[:2] == (known.header, known.bodies[1])


def test_other_calldata_is_no_work() -> None:
    assert works_of(b"") == ()
    assert works_of(b"\1\2\3\4" + bytes(64)) == ()
    assert works_of(encode_call("withdraw", bytes(20))) == ()


def moved(found: bytes, word: PlanWord, address: bytes = SCHEDULER) -> Log:
    topics = (topic("Moved"), found, bytes(32))
    return Log(address, topics, encode(["uint256"], [encode_word(word)]), 1, bytes(32), bytes(32), 0, 0)


def test_a_receipt_tells_what_of_a_batch_was_done() -> None:
    first, second = plan(step(), step()), plan(step(), salt=b"12345678")
    views = [view_of(found, scheduled(found)) for found in (first, second)]
    works = [Work(first.id, Action.RUN, 0), Work(first.id, Action.RUN, 1), Work(second.id, Action.RUN, 0)]
    data = together([encode_work(views[0], works[0]), encode_work(views[0], works[1]), encode_work(views[1], works[2])])
    state = run(first, scheduled(first), 0, START).state
    receipt = Receipt(bytes(32), 1, bytes(32), 1, 0, 0, (moved(first.id, state.word),))
    result = result_of(data, receipt, SCHEDULER)
    assert (result.done, result.failed) == ((works[0],), (works[1], works[2]))
    elsewhere = Receipt(bytes(32), 1, bytes(32), 1, 0, 0, (moved(first.id, state.word, b"\x06" * 20),))
    assert result_of(data, elsewhere, SCHEDULER).done == ()


def test_a_run_that_ends_its_plans_run_is_done_though_the_next_has_begun() -> None:
    found = plan(step(), runs=2, interval=500)
    state = scheduled(found)
    change = run(found, state, 0, START)
    assert change.state.word.value(0) is Value.PENDING
    data = encode_work(view_of(found, state), Work(found.id, Action.RUN, 0))
    logs = (moved(found.id, change.ended), moved(found.id, change.state.word))
    assert result_of(data, Receipt(bytes(32), 1, bytes(32), 1, 0, 0, logs), SCHEDULER).failed == ()
