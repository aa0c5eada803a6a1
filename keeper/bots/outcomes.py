"""What became of a mined transaction's work, read from its receipt. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from keeper.bots.calls import Work, works_of
from keeper.bots.chances import Action
from keeper.chain.values import Receipt
from keeper.wire.events import Moved, decode_event
from keeper.wire.types import Value
from keeper.wire.word import decode_word


@dataclass(frozen=True, slots=True)
class Result:
    """`done` and `failed` are the transaction's work, in order."""

    done: tuple[Work, ...]
    failed: tuple[Work, ...]


def result_of(data: bytes, receipt: Receipt, scheduler: bytes) -> Result:
    """Each piece of work that succeeded has moved its plan, in the order of the batch; the others left no trace."""
    moves: dict[bytes, list[Moved]] = {}
    for log in receipt.logs:
        event = decode_event(log.topics, log.data) if log.address == scheduler else None
        if isinstance(event, Moved):
            moves.setdefault(event.plan, []).append(event)
    works = works_of(data)
    done = tuple(work for work in works if any(_did(work, move) for move in moves.get(work.plan, ())))
    return Result(done, tuple(work for work in works if work not in done))


def _did(work: Work, move: Moved) -> bool:
    """Whether after this move the work is done. The end of a plan's run is emitted before its next run's beginning."""
    if work.action is Action.EXPIRE:
        return True
    value = decode_word(move.word).value(work.index)
    if work.action is Action.RUN:
        return value is Value.DONE
    if work.action is Action.UNDO:
        return value is Value.UNDONE
    return value in (Value.SKIPPED, Value.FAILED, Value.UNDO_FAILED)
