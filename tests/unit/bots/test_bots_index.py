"""The index holds what the chain's events say, and forgets it again with the blocks that are taken back."""

from __future__ import annotations

import random
from typing import Any

from eth_abi.abi import encode
from hypothesis import given, settings
from sqlalchemy import select

from keeper.bots.chances import Action
from keeper.bots.index import SEATS, PlanIndex, dues, earned_key, is_body_of, seats_of, view_of
from keeper.bots.queue import Queue
from keeper.chain.ledger import Due, Ledger
from keeper.chain.store import Store
from keeper.chain.tables import jobs, journal
from keeper.chain.values import Block, Log
from keeper.wire import hashing
from keeper.wire.codec import encode_body, encode_header, encode_packed, encode_step
from keeper.wire.events import topic
from keeper.wire.machine import cancel, run
from keeper.wire.rules import Plan, State
from keeper.wire.word import encode_word
from tests.unit.bots import views
from tests.unit.wire import draws
from tests.unit.wire.plans import HERE, START, plan, scheduled, step
from tests.unit.wire.test_machine_histories import attempt, plans

KEEPER = b"\x44" * 20


def block(number: int) -> Block:
    return Block(number, number.to_bytes(32, "big"), (number - 1).to_bytes(32, "big"), number)


def log(name: str, topics: list[bytes], types: list[str], *values: Any) -> Log:
    padded = tuple(one.rjust(32, b"\0") for one in topics)
    return Log(b"\x05" * 20, (topic(name), *padded), encode(types, values), 1, bytes(32), bytes(32), 0, 0)


def was_scheduled(found: Plan, state: State, *, publish: bool = True) -> Log:
    bodies = [encode_step(one) for one in found.steps]
    packed = encode_packed(encode_header(found.header), hashing.root(bodies), encode_body(bodies) if publish else b"")
    return log("Scheduled", [found.id], ["uint256", "bytes"], encode_word(state.word), packed)


def was_moved(found: Plan, word: Any, by: bytes = KEEPER) -> Log:
    return log("Moved", [found.id, by], ["uint256"], encode_word(word))


def was_published(found: Plan, body: bytes) -> Log:
    return log("Published", [found.id, KEEPER], ["bytes"], body)


async def take(store: Store, number: int, *logs: Log) -> None:
    async with store.write() as tx:
        await PlanIndex(HERE).apply(Ledger(tx, HERE, number), block(number), logs)


async def held(store: Store) -> set[Due]:
    names = ("plan", "run", "index", "action", "due_at", "clock")
    async with store.read() as tx:
        return {Due(*row) for row in (await tx.execute(select(*(jobs.c[name] for name in names)))).all()}


@settings(draws.quick, max_examples=15)
@given(plans(), draws.st.randoms(use_true_random=False))
async def test_jobs_follow_from_events_and_go_with_their_blocks(found: Plan, luck: random.Random) -> None:
    store = await Store.open("sqlite://")
    try:
        state, now, number = scheduled(found), START - 5, 1
        await take(store, number, was_scheduled(found, state))
        history = [set(dues(views.view_of(found, state)))]
        for _ in range(25):
            now += luck.choice((0, 1, 7, 30, 120))
            change = attempt(found, state, now, luck)
            if change is None:
                continue
            state, number = change.state, number + 1
            news = [change.ended] if change.ended is state.word else [change.ended, state.word]
            await take(store, number, *(was_moved(found, word) for word in news))
            assert await held(store) == set(dues(views.view_of(found, state)))
            history.append(await held(store))
        while number > 1:
            number = luck.randrange(1, number)
            async with store.write() as tx:
                await Ledger(tx, HERE, number).roll_back()
            assert await held(store) == history[number - 1]
        async with store.read() as tx:
            assert {row.number for row in (await tx.execute(select(journal))).all()} <= {1}
    finally:
        await store.close()


async def test_stamps_and_a_relative_start_are_told_by_events() -> None:
    found = plan(step(), step(needs=1, since=1, opens=7), start=30, relative_start=True, seconds_clock=False)
    store = await Store.open("sqlite://")
    try:
        state = scheduled(found, START - 10)
        await take(store, 1, was_scheduled(found, state))
        state = run(found, state, 0, START + 25).state
        await take(store, 2, was_moved(found, state.word))
        [(row, stamps)] = await Queue(store, HERE, KEEPER).plans([found.id])
        assert stamps == state.stamps
        known = view_of(row, stamps, HERE)
        assert known is not None
        assert known.state == state
        assert Due(found.id, 0, 1, Action.RUN.value, START + 32, "blocks") in await held(store)
    finally:
        await store.close()


async def test_what_was_published_before_scheduling_is_found_and_lies_are_not_believed() -> None:
    found = plan(step(), step(needs=1))
    body = encode_body([encode_step(one) for one in found.steps])
    swapped = encode_body([encode_step(one) for one in reversed(found.steps)])
    store = await Store.open("sqlite://")
    try:
        await take(store, 1, was_published(found, b"junk"), was_published(found, swapped), was_published(found, body))
        await take(store, 2, was_scheduled(found, scheduled(found), publish=False))
        assert {due.action for due in await held(store)} == {"run", "settle", "expire"}
        await take(store, 3, was_published(found, swapped))
        assert {due.action for due in await held(store)} == {"run", "settle", "expire"}
    finally:
        await store.close()


def test_a_body_leads_to_the_root_and_can_be_read() -> None:
    found = plan(step(), step(needs=1))
    bodies = [encode_step(one) for one in found.steps]
    header = encode_header(found.header)
    assert is_body_of(encode_body(bodies), header, hashing.root(bodies))
    assert not is_body_of(encode_body(bodies), header, bytes(32))
    assert not is_body_of(b"", header, hashing.root(bodies))
    assert not is_body_of(b"\0\0\1\7", header, hashing.root([b"\7"]))
    only = [encode_step(found.steps[0])]
    assert not is_body_of(encode_body(only), header, hashing.root(only))
    turned = bodies[::-1]
    assert not is_body_of(encode_body(turned), header, hashing.root(turned))


async def test_who_moves_a_value_earned_what_the_deposit_fell_by() -> None:
    found = plan(step(), step())
    store = await Store.open("sqlite://")
    queue = Queue(store, HERE, KEEPER)
    try:
        state = scheduled(found)
        await take(store, 1, was_scheduled(found, state))
        word = state.word
        ran = run(found, state, 0, START).state
        paid = ran.word.__class__(
            **{name: getattr(ran.word, name) for name in ran.word.__slots__} | {"deposit_gwei": 400}
        )
        await take(store, 2, was_moved(found, paid))
        assert await queue.fact(earned_key(KEEPER)) == [1, word.deposit_gwei - 400]
        turned = cancel(found, State(paid), START).state.word
        await take(store, 3, was_moved(found, turned, b"\x45" * 20))
        emptied = paid.__class__(**{name: getattr(turned, name) for name in turned.__slots__} | {"deposit_gwei": 0})
        await take(store, 4, was_moved(found, emptied))  # a reclaim is nobody's earnings
        assert await queue.fact(earned_key(KEEPER)) == [1, word.deposit_gwei - 400]
    finally:
        await store.close()


async def test_seats_are_as_the_last_event_left_them() -> None:
    store = await Store.open("sqlite://")
    dates = ["uint32"] * 4
    try:
        one = [(7).to_bytes(1, "big"), KEEPER, b"\x55" * 20]
        await take(store, 3, log("SeatSet", one, dates, 2, 9, 4, 11))
        seats = seats_of(await Queue(store, HERE, KEEPER).fact(SEATS))
        assert (seats[7].hot, seats[7].cold, seats[7].until_b, seats[7].last_s) == (KEEPER, b"\x55" * 20, 11, 3)
        await take(store, 4, log("SeatSet", [one[0], bytes(20), one[2]], dates, 0, 0, 0, 0))
        assert not seats_of(await Queue(store, HERE, KEEPER).fact(SEATS))
    finally:
        await store.close()
