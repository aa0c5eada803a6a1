"""What an outbox does about a row that is not mined yet, and by which distances. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from keeper.chain.entries import Entry, State
from keeper.chain.fees import FeePolicy


@dataclass(frozen=True, slots=True)
class OutboxPolicy:
    """Distances in blocks, times in seconds."""

    bump_after: int = 3
    """Unmined for so long, a transaction bids more."""
    resend_after: int = 2
    """Unmined for so long, the same bytes are sent again."""
    confirmations: int | None = None
    """Final that deep under the head; None: when the chain says so, or at `deep`."""
    deep: int = 64
    """Final on chains that do not say."""
    lease_s: float = 30.0
    """After so long without a sign of life another worker takes a row over."""
    keep_s: float | None = None
    """Rows leave the database so long after they became final; None: they stay."""
    fees: FeePolicy = field(default_factory=FeePolicy)


class Move(StrEnum):
    WAIT = "wait"
    SEND = "send"
    BUMP = "bump"
    CANCEL = "cancel"


def next_move(entry: Entry, head: int, *, first: bool, blocks_others: bool, policy: OutboxPolicy) -> Move:
    """What a pending row needs now. Pure.

    `first`: its nonce is the chain's next. `blocks_others`: rows with higher nonces wait behind it.
    """
    if not entry.wanted and not entry.cancels:
        return Move.CANCEL if blocks_others else Move.WAIT
    if entry.state is State.SIGNED and entry.signed_block > 0:
        return Move.SEND
    if head - entry.signed_block >= policy.bump_after and first:
        return Move.BUMP
    return Move.SEND if entry.sent_block is None or head - entry.sent_block >= policy.resend_after else Move.WAIT
