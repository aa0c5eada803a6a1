"""Bids: never more than asked for, never at a loss that the rules do not allow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keeper.bots.fees import GWEI, FeeRules, Market, Terms, bid, joint, pay_wei

prices = st.integers(0, 10**12)
terms = st.builds(
    Terms,
    gas=st.integers(21_000, 15_000_000),
    premium_wei=st.integers(0, 10**18),
    cap_wei=prices,
    deposit_wei=st.integers(0, 10**20),
)
markets = st.builds(Market, base_fee_wei=prices, tip_wei=prices)


@given(terms, markets, st.integers(0, 10**17))
def test_a_bid_worth_sending_pays_at_every_price_that_it_may_come_to(
    one: Terms, market: Market, least_wei: int
) -> None:
    rules = FeeRules(min_profit_wei=least_wei)
    offer = bid(one, market, rules)
    assert offer.tip_wei <= offer.max_fee_wei <= rules.max_fee_wei
    if offer.profit_wei < least_wei:
        return
    assert pay_wei(one, market.base_fee_wei) - (market.base_fee_wei + offer.tip_wei) * one.gas >= least_wei
    base_fee_wei = max(offer.max_fee_wei - offer.tip_wei, 0)
    full = min(base_fee_wei, one.cap_wei) * one.gas + one.premium_wei
    assert full - offer.max_fee_wei * one.gas >= min(0, one.premium_wei - one.gas * offer.tip_wei)


@given(terms, markets)
def test_the_tip_leaves_half_the_premium(one: Terms, market: Market) -> None:
    offer = bid(one, market, FeeRules())
    assert offer.tip_wei <= max(one.premium_wei // 2 // one.gas, FeeRules().min_tip_wei)
    assert offer.tip_wei <= market.tip_wei


@given(terms, markets)
def test_the_guard_is_only_where_a_deposit_runs_out(one: Terms, market: Market) -> None:
    offer = bid(one, market, FeeRules())
    assert offer.min_pay_wei in (0, one.premium_wei)
    full = min(market.base_fee_wei, one.cap_wei) * one.gas + one.premium_wei
    assert bool(offer.min_pay_wei) <= (one.deposit_wei < 4 * full)


@given(st.lists(st.tuples(terms, markets), min_size=1, max_size=5))
def test_a_batch_bids_what_its_poorest_can(pairs: list[tuple[Terms, Market]]) -> None:
    bids = [bid(one, market, FeeRules()) for one, market in pairs]
    shared = joint(bids)
    assert all(shared.max_fee_wei <= one.max_fee_wei and shared.tip_wei <= one.tip_wei for one in bids)
    assert shared.profit_wei == sum(one.profit_wei for one in bids)


def test_a_short_deposit_pays_what_is_there() -> None:
    rich = Terms(gas=100_000, premium_wei=10**15, cap_wei=50 * GWEI, deposit_wei=10**18)
    assert pay_wei(rich, 10 * GWEI) == 985 * 10**12 + 10**15
    assert pay_wei(Terms(100_000, 10**15, 50 * GWEI, 7), 10 * GWEI) == 7
    assert pay_wei(rich, 500 * GWEI) == pay_wei(rich, 50 * GWEI)
