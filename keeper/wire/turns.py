"""Whose turn a step is, and what it pays above cost."""

from __future__ import annotations

from dataclasses import dataclass

from keeper.wire.contract_errors import Reverted
from keeper.wire.error_table import Code
from keeper.wire.hashing import turn
from keeper.wire.types import NOBODY, Address, PlanId

EPOCH_S = 3_600
EPOCH_B = 300
WINDOW_S = 36
WINDOW_B = 3
IDLE_S = 86_400
"""A seat whose keeper did nothing for longer has no turn."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who works, and the seats as they are in the epoch in which the work is due."""

    address: Address = NOBODY
    seat: int | None = None
    """Its own, if active in that epoch."""
    seats: int = 0
    """How many share that epoch's turns; 0: there are no turns."""
    present: frozenset[int] = frozenset()
    """Seats that are active in that epoch and whose keeper is not idle."""


def epoch_of(seconds_clock: bool, due: int) -> int:
    return due // (EPOCH_S if seconds_clock else EPOCH_B)


def require_turn(
    plan: PlanId, run: int, index: int, caller: Caller, *, seconds_clock: bool, due: int, now: int
) -> None:
    """Until due + W only the seat on turn, until due + 2W every seat, then anyone; a seat nobody works is no obstacle.

    Of an undo, `index` is the step's + `hashing.UNDO_TURN`. Raises `Reverted`.
    """
    window = WINDOW_S if seconds_clock else WINDOW_B
    if caller.seats == 0 or now - due >= 2 * window:
        return
    seat = turn(plan, run, index, caller.seats)
    every_seat = now - due >= window
    if caller.seat is not None and (every_seat or caller.seat == seat):
        return
    if seat in caller.present:
        raise Reverted(Code.NOT_YOUR_TURN, seat, due + (2 if every_seat else 1) * window)


def premium_gwei(fee_min_gwei: int, fee_max_gwei: int, ramp: int, elapsed: int) -> int:
    """What a keeper gets above cost, `elapsed` after the step was due: linear over the ramp, rounded down."""
    if ramp == 0 or fee_max_gwei <= fee_min_gwei:
        return fee_min_gwei
    return fee_min_gwei + (fee_max_gwei - fee_min_gwei) * min(elapsed, ramp) // ramp
