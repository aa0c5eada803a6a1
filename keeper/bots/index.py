"""What the Scheduler's events say about plans and seats, and the jobs that follow; in the follower's own transactions.

A plan's jobs are everything that time alone can make possible (`chances`), each with the time from which on it is.
Only an event changes them, so a block costs what happens in it, however many plans are open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from keeper.bots.chances import PlanView, chances
from keeper.bots.turns import Seat
from keeper.chain.ledger import Due, Ledger, PlanRow
from keeper.chain.values import Block, Log
from keeper.wire import hashing
from keeper.wire.codec import decode_body, decode_header, decode_step
from keeper.wire.errors import BadInput
from keeper.wire.events import Moved, Published, Scheduled, SeatSet, decode_event
from keeper.wire.rules import Plan, State
from keeper.wire.types import MAX_STEPS, Address, Header, PlanId, Step
from keeper.wire.word import ORIGIN_LANE, PlanWord, decode_word, with_lane

SEATS = "seats"
"""The fact {seat: [hot, cold, from_s, until_s, from_b, until_b, time]}."""


def stamps_key(plan_id: bytes) -> str:
    """The fact that holds a plan's stamps word, in hexadecimal."""
    return f"stamps:{plan_id.hex()}"


def earned_key(hot: bytes) -> str:
    """The fact [moves, gwei] of what a keeper did and was paid."""
    return f"earned:{hot.hex()}"


class PlanIndex:
    """A consumer of the follower. It keeps plans, and as facts their stamps, the seats, and who earned what."""

    def __init__(self, chain_id: int) -> None:
        self._chain_id = chain_id

    async def apply(self, ledger: Ledger, block: Block, logs: Sequence[Log]) -> None:
        for log in logs:
            match decode_event(log.topics, log.data):
                case Scheduled() as event:
                    await self._scheduled(ledger, block, event)
                case Moved() as event:
                    await self._moved(ledger, event)
                case Published() as event:
                    await self._published(ledger, event)
                case SeatSet() as event:
                    await self._seat(ledger, block, event)
                case _:
                    pass

    async def _scheduled(self, ledger: Ledger, block: Block, event: Scheduled) -> None:
        said = (
            [event.body] if event.body else [bytes.fromhex(body) for body in await ledger.fact(_said(event.plan)) or ()]
        )
        body = next((body for body in said if is_body_of(body, event.header, event.root)), b"")
        header = decode_header(event.header)
        entry = header.entry(self._chain_id)
        if entry is None:
            return  # no Scheduler of this chain emits that
        if header.relative_start:
            stamps = with_lane(0, ORIGIN_LANE, decode_word(event.word).changed + header.start)
            await ledger.set_fact(stamps_key(event.plan), f"{stamps:064x}")
        word = event.word.to_bytes(32, "big")
        await self._put(ledger, PlanRow(event.plan, entry.owner, event.root, event.header, body, word, block.number))

    async def _moved(self, ledger: Ledger, event: Moved) -> None:
        row = await ledger.plan(event.plan)
        if row is None:
            return  # voided before it was ever scheduled
        old, new = decode_word(int.from_bytes(row.word, "big")), decode_word(event.word)
        await self._stamp(ledger, row, old, new)
        await self._earned(ledger, event.by, old, new)
        await self._put(ledger, replace(row, word=event.word.to_bytes(32, "big")))

    async def _stamp(self, ledger: Ledger, row: PlanRow, old: PlanWord, new: PlanWord) -> None:
        """A stamp is the time of the move that settled a step; a cancel stamps nothing, for nothing counts from it."""
        header = decode_header(row.header)
        news = header.stamped & new.settled & ~old.settled
        if not news or new.cancelled != old.cancelled:
            return
        stamps = await _stamps(ledger, row)
        for index in (index for index in range(MAX_STEPS) if news >> index & 1):
            stamps = with_lane(stamps, header.lane(index), new.changed)
        await ledger.set_fact(stamps_key(row.id), f"{stamps:064x}")

    async def _published(self, ledger: Ledger, event: Published) -> None:
        """Anyone may publish anything, also before the plan is scheduled: then its root tells later what is true."""
        row = await ledger.plan(event.plan)
        if row is None:
            said = await ledger.fact(_said(event.plan)) or []
            await ledger.set_fact(_said(event.plan), [*said, event.body.hex()])
        elif not row.body and is_body_of(event.body, row.header, row.root):
            await self._put(ledger, replace(row, body=event.body))

    async def _seat(self, ledger: Ledger, block: Block, event: SeatSet) -> None:
        seats = dict(await ledger.fact(SEATS) or {})
        dates = [event.from_s, event.until_s, event.from_b, event.until_b]
        seats[str(event.seat)] = [event.hot.hex(), event.cold.hex(), *dates, block.time_s]
        await ledger.set_fact(SEATS, seats)

    async def _earned(self, ledger: Ledger, by: bytes, old: PlanWord, new: PlanWord) -> None:
        """Whoever moved a value was paid what the deposit fell by; a deposit that fell alone was reclaimed."""
        paid = old.deposit_gwei - new.deposit_gwei
        if paid < 0 or (old.settled, old.undone, old.status, old.run) == (new.settled, new.undone, new.status, new.run):
            return
        moves, gwei = await ledger.fact(earned_key(by)) or (0, 0)
        await ledger.set_fact(earned_key(by), [moves + 1, gwei + paid])

    async def _put(self, ledger: Ledger, row: PlanRow) -> None:
        await ledger.put_plan(row)
        plan = view_of(row, await _stamps(ledger, row), self._chain_id)
        await ledger.set_jobs(row.id, [] if plan is None else list(dues(plan)))


def view_of(row: PlanRow, stamps: int, chain_id: int) -> PlanView | None:
    """A stored plan taken apart; None if it has no steps on this chain."""
    header, bodies, steps = _parts(row.header, row.body)
    entry = header.entry(chain_id)
    if entry is None:
        return None
    state = State(decode_word(int.from_bytes(row.word, "big")), stamps)
    return PlanView(Plan(PlanId(row.id), header, steps, entry, entry.mask), state, row.header, row.root, bodies)


def dues(plan: PlanView) -> Iterator[Due]:
    for chance in chances(plan):
        clock = "seconds" if plan.in_seconds else "blocks"
        yield Due(plan.id, plan.run, chance.index, chance.action.value, chance.at, clock)


def is_body_of(body: bytes, header: bytes, root: bytes) -> bool:
    """Whether these are the plan's steps: they lead to its root, and each can be read and is where it says."""
    try:
        head, bodies, steps = _parts(header, body)
    except BadInput:
        return False
    if not bodies or len(bodies) != head.forward + head.finals or hashing.root(bodies) != root:
        return False
    return all(step.index == index for index, step in enumerate(steps))


def seats_of(fact: Mapping[str, Sequence[Any]] | None) -> dict[int, Seat]:
    """The seats that the fact `SEATS` tells of, the empty ones left out."""
    seats = {}
    for number, (hot, cold, from_s, until_s, from_b, until_b, time_s) in (fact or {}).items():
        if int(hot, 16):
            seats[int(number)] = Seat(int(number), _address(hot), _address(cold), from_s, until_s, from_b,
                                      until_b, time_s)  # fmt: skip
    return seats


@lru_cache(maxsize=4_096)
def _parts(header: bytes, body: bytes) -> tuple[Header, tuple[bytes, ...], tuple[Step, ...]]:
    head = decode_header(header)
    bodies = decode_body(body)
    return head, bodies, tuple(decode_step(step, head.undoable) for step in bodies)


async def _stamps(ledger: Ledger, row: PlanRow) -> int:
    header = decode_header(row.header)
    if not header.stamped and not header.relative_start:
        return 0
    return int(await ledger.fact(stamps_key(row.id)) or "0", 16)


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text))


def _said(plan_id: bytes) -> str:
    """The fact that holds what was published of a plan before it was scheduled."""
    return f"published:{plan_id.hex()}"
