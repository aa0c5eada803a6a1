"""How much gas a transaction is given: from what the plan commits to, never from an estimate. Pure.

An estimate is of a run that goes well at this moment; the contract wants what the plan promised to every call it makes
(EIP-150: of what is left, one 64th stays behind), and reverts otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keeper.wire.hashing import tokens
from keeper.wire.types import Condition, Read, Step

BASE = 21_000
ITEM = 1_300
"""What a batch spends on an item beside its frame, and its share of the loop."""
_FRAME = 110_000
"""A frame's own work at its dearest: a keeper's first, with stamps and the next run's event."""
SPARE = 65_000
"""By how much an ordinary frame stays below that."""
_CALL = 6_000
"""What the contract keeps beside one 64th when it makes a call."""
_HOLDS = 50_000
_WORD = 32
"""For each word of calldata: copied and hashed a few times, memory included."""


def passed(gas: int) -> int:
    """What has to be left so that a call can be given `gas`."""
    return gas + gas // 63 + _CALL


def run_frame(step: Step, size: int) -> int:
    """For `run`, whose calldata has `size` bytes."""
    return _frame(size) + _looked_up(step.conditions) + _looked_up(step.reads) + passed(step.gas_limit)


def undo_frame(step: Step, size: int) -> int:
    return _frame(size) + passed(step.undo.gas_limit if step.undo else 0)


def settle_frame(step: Step, size: int) -> int:
    """For `settle`: the conditions may be read, and a referee asked."""
    return _frame(size) + _looked_up(step.conditions) + (passed(_HOLDS) if step.is_claim else 0)


def expire_frame(size: int) -> int:
    return _frame(size)


def transaction(data: bytes, frames: Sequence[int]) -> int:
    """The gas limit of a transaction with this calldata and these frames, one or a batch's."""
    inner = frames[0] if len(frames) == 1 else sum(frame + frame // 63 + ITEM for frame in frames)
    return max(BASE + 4 * tokens(data) + inner, BASE + 10 * tokens(data))


def _frame(size: int) -> int:
    return _FRAME + _WORD * (size // 32 + 1)


def _looked_up(calls: Iterable[Condition | Read]) -> int:
    return sum(passed(call.gas_limit) + _WORD * (len(call.data) // 32 + 1) for call in calls)
