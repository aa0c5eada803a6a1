"""What the next block's number and time will be at least. Pure but for the readings it is given."""

from __future__ import annotations

from collections import deque
from statistics import median

from keeper.bots.decide import Moment
from keeper.chain.values import Block

_REMEMBERED = 32
_FIRST_GUESS_S = 12.0


class Pace:
    """Watches heads go by. Times are never guessed too late: a transaction sent too early would fail."""

    def __init__(self) -> None:
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)
        self._head: Block | None = None
        self._seen_s = 0.0

    def see(self, block: Block, mono_s: float) -> None:
        """`mono_s`: our own clock as the block became known."""
        old = self._head
        if old is not None and old.hash == block.hash:
            return
        if old is not None and block.number == old.number + 1 and block.parent == old.hash:
            self._intervals.append(max(block.time_s - old.time_s, 1))
        self._head, self._seen_s = block, mono_s

    @property
    def block_s(self) -> float:
        return float(median(self._intervals)) if self._intervals else _FIRST_GUESS_S

    def next(self, head: Block, mono_s: float) -> Moment:
        """The block after `head`: one shortest interval later, or, on a chain that pauses, as long as it has paused."""
        shortest = min(self._intervals, default=1)
        paused = int(mono_s - self._seen_s) if self._head is not None and self._head.hash == head.hash else 0
        return Moment(head.number + 1, head.time_s + max(shortest, paused), self.block_s)
