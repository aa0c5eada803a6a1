"""What the next block's number and time will be at least. Pure but for the readings it is given.

The policy: work is sent as soon as the next block is not expected to be too early for it, and not before. Too early, a
transaction reverts in its block and is paid for all the same; so where blocks come at no fixed time a step may rather
miss the first block of its window. What is expected are the intervals seen, and that time passes on the chain as here.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from keeper.bots.decide import Moment
from keeper.chain.values import Block

_REMEMBERED = 32
_FIRST_GUESS_S = 12.0
_MOST_LAG_S = 1.0
"""A head may have become known so much later than others do; more says that the chain's clock is not ours."""


class Pace:
    """Watches heads go by. Times are never guessed too late: a transaction sent too early would fail."""

    def __init__(self) -> None:
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)
        self._behind: deque[float] = deque(maxlen=_REMEMBERED)
        """Our own clock less the block's time, as each became known."""
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
        self._behind.append(mono_s - block.time_s)

    @property
    def block_s(self) -> float:
        return float(median(self._intervals)) if self._intervals else _FIRST_GUESS_S

    def next(self, head: Block, mono_s: float) -> Moment:
        """The block after `head`: one shortest interval later, or, on a chain that pauses, as long as it has paused."""
        shortest = min(self._intervals, default=1)
        return Moment(head.number + 1, head.time_s + max(shortest, int(self._paused_s(head, mono_s))), self.block_s)

    def seconds_until(self, due_s: int, head: Block, mono_s: float) -> float:
        """How long from now until `next` says that time, if no block comes before."""
        return max(due_s - head.time_s - self._paused_s(head, mono_s), 0.0)

    def _paused_s(self, head: Block, mono_s: float) -> float:
        """How long ago the head's time was at least: since it became known, and how much later than others that was."""
        if self._head is None or self._head.hash != head.hash:
            return 0.0
        late = self._seen_s - head.time_s - min(self._behind)
        return mono_s - self._seen_s + min(late, _MOST_LAG_S)
