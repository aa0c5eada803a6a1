"""Which instances to renew in the block that comes next, and in which transactions. Pure: no I/O, no clock."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from keeper.bots.decide import Moment


@dataclass(frozen=True, slots=True)
class Lease:
    """An instance's lease as the chain has it. It is live while a block's time is before `until_s`; 0: not yet."""

    id: int
    ttl_s: int
    until_s: int


@dataclass(frozen=True, slots=True)
class BeatPolicy:
    batch: int = 50
    """How many instances at most share a transaction."""
    blocks: int = 3
    """A heartbeat has so many blocks to arrive in, then it counts as failed and another takes its place."""
    least_window_s: int = 4
    """Though at least so long, where blocks are faster than networks."""
    due: float = 1 / 3
    """What share of a lease is left when it is renewed."""
    joins: float = 2 / 3
    """What share of it may be left when another's transaction has room for it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat: who is renewed, and until when it may arrive."""

    leases: tuple[Lease, ...]
    not_after_s: int

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(lease.id for lease in self.leases)


def decide(
    leases: Sequence[Lease], moment: Moment, policy: BeatPolicy, out: Collection[int] = frozenset()
) -> tuple[Beat, ...]:
    """The heartbeats to send now, the most urgent first. `out`: ids that are unwell, under way, or held back.

    A transaction that is sent anyway is filled up with those whose lease is worn; none is sent for them alone.
    """
    free = sorted((one for one in leases if one.id not in out), key=lambda one: (_left_s(one, moment), one.id))
    due = [one for one in free if _left_s(one, moment) <= due_from_s(one.ttl_s, moment.block_s, policy)]
    room = -len(due) % policy.batch
    taken = {one.id for one in due}
    worn = [one for one in free if one.id not in taken and _left_s(one, moment) <= policy.joins * one.ttl_s]
    chosen = sorted([*due, *worn[:room]], key=lambda one: (_left_s(one, moment), one.id))
    not_after_s = moment.time_s + _window_s(moment.block_s, policy) - math.ceil(moment.block_s)
    return tuple(
        Beat(tuple(chosen[first : first + policy.batch]), not_after_s) for first in range(0, len(chosen), policy.batch)
    )


def due_from_s(ttl_s: int, block_s: float, policy: BeatPolicy) -> float:
    """A lease is due when so much of it is left: its third, or more where a try that fails would leave no time for
    another one."""
    return max(policy.due * ttl_s, 2 * _window_s(block_s, policy) + block_s)


def _window_s(block_s: float, policy: BeatPolicy) -> int:
    return max(math.ceil(policy.blocks * block_s), policy.least_window_s + math.ceil(block_s))


def _left_s(lease: Lease, moment: Moment) -> int:
    return lease.until_s - moment.time_s
