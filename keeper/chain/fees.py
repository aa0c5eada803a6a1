"""What to bid for gas: EIP-1559, from the newest blocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from keeper.chain.values import FeeHistory


@dataclass(frozen=True, slots=True)
class Fees:
    """Per gas, in wei: at most `max_fee_wei` in all, of which `tip_wei` to the block's builder."""

    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    blocks: int = 10
    """How many blocks to look back."""
    percentile: float = 50.0
    """Whose tip in each block to match."""
    min_tip_wei: int = 1_000_000
    base_headroom: int = 2
    """How many times the next base fee is offered: doubling takes six full blocks in a row."""


def quote(history: FeeHistory, policy: FeePolicy, tip_wei: int | None = None) -> Fees:
    """The market's price; `tip_wei` replaces the market's tip."""
    paid = [row[0] for row in history.rewards_wei if row and row[0] > 0]
    tip = tip_wei if tip_wei is not None else max(int(median(paid)) if paid else 0, policy.min_tip_wei)
    return Fees(policy.base_headroom * history.base_fees_wei[-1] + tip, tip)


def capped(fees: Fees, cap_wei: int) -> Fees:
    """Never more than the cap; with less than the market asks the transaction waits until the base fee falls."""
    max_fee = min(fees.max_fee_wei, cap_wei)
    return Fees(max_fee, min(fees.tip_wei, max_fee))


def bumped(old: Fees, market: Fees, cap_wei: int) -> Fees | None:
    """The next bid for the same nonce: at least an eighth more than the old, as nodes demand, and the market's if the
    cap allows. None if even the eighth breaks the cap."""
    least = Fees(_eighth_more(old.max_fee_wei), _eighth_more(old.tip_wei))
    if least.max_fee_wei > cap_wei:
        return None
    max_fee = min(max(least.max_fee_wei, market.max_fee_wei), cap_wei)
    return Fees(max_fee, min(max(least.tip_wei, market.tip_wei), max_fee))


def _eighth_more(wei: int) -> int:
    return -(-wei * 9 // 8)
