"""What work pays, what it costs, and what to bid for it. Pure; prices per gas in wei."""

from __future__ import annotations

from dataclasses import dataclass

GWEI = 10**9

_SLACK_PER_MILLE = 15
"""Reimbursement is this much below the real cost at worst."""


@dataclass(frozen=True, slots=True)
class Market:
    """What gas costs in the next block."""

    base_fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How a plan pays for one piece of work: `gas` at most, at cost up to `cap_wei` per gas, plus the premium."""

    gas: int
    premium_wei: int
    cap_wei: int
    deposit_wei: int


@dataclass(frozen=True, slots=True)
class Bid:
    """What to offer, and what is left then. `profit_wei` may be negative."""

    max_fee_wei: int
    tip_wei: int
    profit_wei: int
    min_pay_wei: int
    """The guard to send along; 0 where the deposit is far from running out."""


@dataclass(frozen=True, slots=True)
class FeeRules:
    min_profit_wei: int = 0
    max_fee_wei: int = 500 * GWEI
    tip_wei: int | None = None
    """None: the market's, but never more than half the premium."""
    min_tip_wei: int = 1_000_000


def pay_wei(terms: Terms, base_fee_wei: int) -> int:
    """What the plan pays for using all of `gas` in a block with this base fee."""
    cost = min(base_fee_wei, terms.cap_wei) * terms.gas * (1000 - _SLACK_PER_MILLE) // 1000
    return min(cost + terms.premium_wei, terms.deposit_wei)


def bid(terms: Terms, market: Market, rules: FeeRules) -> Bid:
    """The bid for this work alone. It is worth sending if its profit is at least the rules' minimum."""
    affordable = max((terms.premium_wei // 2) // terms.gas, rules.min_tip_wei)
    tip = rules.tip_wei if rules.tip_wei is not None else min(market.tip_wei, affordable)
    # Above the plan's cap each gwei comes out of the premium.
    spare = max(terms.premium_wei - max(rules.min_profit_wei, 0), 0) // terms.gas
    max_fee = min(rules.max_fee_wei, max(terms.cap_wei + spare, tip))
    paid = pay_wei(terms, market.base_fee_wei)
    price = market.base_fee_wei + tip
    full = min(market.base_fee_wei, terms.cap_wei) * terms.gas + terms.premium_wei
    guard = terms.premium_wei if terms.deposit_wei < 4 * full else 0
    profit = paid - price * terms.gas if price <= max_fee else -price * terms.gas
    return Bid(max_fee, min(tip, max_fee), profit, guard)


def joint(bids: list[Bid]) -> Bid:
    """The bid of a batch: no item may pay for more than it can, so the least of each."""
    return Bid(
        max_fee_wei=min(one.max_fee_wei for one in bids),
        tip_wei=min(one.tip_wei for one in bids),
        profit_wei=sum(one.profit_wei for one in bids),
        min_pay_wei=0,
    )
