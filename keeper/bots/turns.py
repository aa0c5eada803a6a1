"""Whose turn a piece of work is, from what is known of the seats. Pure; the rule itself is wire's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keeper.wire.contract_errors import Reverted
from keeper.wire.turns import IDLE_S, WINDOW_B, WINDOW_S, Caller, epoch_of, require_turn
from keeper.wire.types import Address, PlanId


@dataclass(frozen=True, slots=True)
class Seat:
    """Who uses a seat, and the epochs [from, until) in which it is active, on the seconds and the blocks clock."""

    number: int
    hot: Address
    cold: Address
    from_s: int
    until_s: int
    from_b: int
    until_b: int
    last_s: int = 0
    """When its keeper last worked."""

    def is_active(self, *, seconds_clock: bool, epoch: int) -> bool:
        first, end = (self.from_s, self.until_s) if seconds_clock else (self.from_b, self.until_b)
        return first <= epoch < end


@dataclass(frozen=True, slots=True)
class Seats:
    """All seats by number, and how many share the turns of an epoch: counts[seconds clock?, epoch]."""

    seats: Mapping[int, Seat] = field(default_factory=dict)
    counts: Mapping[tuple[bool, int], int] = field(default_factory=dict)

    def caller(self, me: Address, *, seconds_clock: bool, due: int, time_s: int) -> Caller:
        """`me` among the seats, for work that is due at `due`, in a block of that time."""
        epoch = epoch_of(seconds_clock, due)
        active = [seat for seat in self.seats.values() if seat.is_active(seconds_clock=seconds_clock, epoch=epoch)]
        return Caller(
            address=me,
            seat=next((seat.number for seat in active if seat.hot == me), None),
            seats=self.counts.get((seconds_clock, epoch), 0),
            present=frozenset(seat.number for seat in active if seat.last_s + IDLE_S >= time_s),
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """Not ours yet: `holder` is first, and we may be from `until` on, on the plan's clock."""

    holder: Address
    until: int


def is_over(seconds_clock: bool, due: int, at: int) -> bool:
    """Whether anyone may do what became due at `due`, so that no seat need be known."""
    return at - due >= 2 * (WINDOW_S if seconds_clock else WINDOW_B)


def blocked_by(
    plan: PlanId,
    run: int,
    index: int,
    me: Address,
    seats: Seats,
    *,
    seconds_clock: bool,
    due: int,
    at: int,
    time_s: int,
) -> Turn | None:
    """Whose turn it is at `at`, in a block of that time, if it is not ours to take.

    `index` is the step's, of its undo plus `hashing.UNDO_TURN`.
    """
    caller = seats.caller(me, seconds_clock=seconds_clock, due=due, time_s=time_s)
    try:
        require_turn(plan, run, index, caller, seconds_clock=seconds_clock, due=due, now=at)
    except Reverted as reverted:
        seat, until = reverted.error.args
        if caller.seat is None:  # the second window is for seats only
            until = due + 2 * (WINDOW_S if seconds_clock else WINDOW_B)
        return Turn(seats.seats[seat].hot, until)
    return None
