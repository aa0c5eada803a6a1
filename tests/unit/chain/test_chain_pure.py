"""The pure parts: what nodes' words mean, what to bid, and the clock."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.clock import Clock
from keeper.chain.fees import FeePolicy, Fees, bumped, capped, quote
from keeper.chain.rpc import EndpointFailed, HttpTransport, Trouble, trouble_of
from keeper.chain.sends import SendOutcome, SendResult, best, send_result
from keeper.chain.values import FeeHistory
from keeper.wire.errors import BadInput


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("already known", SendOutcome.ALREADY_KNOWN),
        ("ALREADY_EXISTS: already known", SendOutcome.ALREADY_KNOWN),
        ("transaction already imported", SendOutcome.ALREADY_KNOWN),
        ("nonce too low: next nonce 5, tx nonce 4", SendOutcome.NONCE_TOO_LOW),
        ("OldNonce", SendOutcome.NONCE_TOO_LOW),
        ("replacement transaction underpriced", SendOutcome.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x..", SendOutcome.UNDERPRICED),
        ("FeeTooLow, EffectivePriorityFeePerGas too low", SendOutcome.UNDERPRICED),
        ("insufficient funds for gas * price + value", SendOutcome.INSUFFICIENT_FUNDS),
        ("Insufficient funds for gas * price + value", SendOutcome.INSUFFICIENT_FUNDS),
        ("intrinsic gas too low", SendOutcome.INTRINSIC_GAS),
        ("exceeds block gas limit", SendOutcome.INTRINSIC_GAS),
        ("nonce too high", SendOutcome.TRANSIENT),
        ("txpool is full", SendOutcome.TRANSIENT),
        ("something nobody has ever said", SendOutcome.TRANSIENT),
        ("execution reverted: Scheduler_TooEarly", SendOutcome.REVERTED),
    ],
)
def test_what_a_node_says_to_a_transaction(said: str, outcome: SendOutcome) -> None:
    trouble = trouble_of(-32000, said)
    assert send_result(EndpointFailed("e", trouble, said)).outcome is outcome


@pytest.mark.parametrize(
    ("code", "said", "trouble"),
    [
        (3, "execution reverted", Trouble.REVERTED),
        (-32000, "header not found", Trouble.BEHIND),
        (-32000, "missing trie node 5f..", Trouble.BEHIND),
        (-32005, "query returned more than 10000 results", Trouble.TOO_MUCH),
        (-32005, "daily request count exceeded, request rate limited", Trouble.BUSY),
        (-32602, "eth_getLogs block range too large", Trouble.TOO_MUCH),
        (429, "slow down", Trouble.BUSY),
        (-32601, "the method x does not exist", Trouble.UNABLE),
        (-32603, "internal error", Trouble.BROKEN),
        (-32602, "invalid argument 0", Trouble.REFUSED),
        (None, "what?", Trouble.REFUSED),
    ],
)
def test_what_a_node_says_to_a_read(code: int | None, said: str, trouble: Trouble) -> None:
    assert trouble_of(code, said) is trouble


def test_one_endpoint_that_took_it_outweighs_all_others() -> None:
    results = [SendResult(outcome) for outcome in reversed(SendOutcome)]
    assert best(results).outcome is SendOutcome.ACCEPTED
    assert best(results[:-1]).outcome is SendOutcome.ALREADY_KNOWN
    assert best([]).outcome is SendOutcome.TRANSIENT


@pytest.mark.parametrize("data", ["0x08c379a0", {"data": "0x08c379a0"}])
def test_revert_data_is_found_wherever_nodes_put_it(data: object) -> None:
    assert EndpointFailed("e", Trouble.REVERTED, "execution reverted", data=data).revert_data == bytes.fromhex(
        "08c379a0"
    )
    assert EndpointFailed("e", Trouble.REVERTED, "execution reverted").revert_data == b""


@pytest.mark.parametrize("url", ["ftp://host", "host:8545", "", "https://"])
def test_an_endpoint_is_an_http_url(url: str) -> None:
    with pytest.raises(BadInput):
        HttpTransport(url)


def test_an_endpoints_name_leaves_its_key_out() -> None:
    transport = HttpTransport("https://user:pw@node.example:8545/v3/s3cret?key=s3cret")
    assert transport.name == "node.example:8545"
    assert "s3cret" not in repr(transport)


def test_the_markets_price() -> None:
    history = FeeHistory(1, (10, 20, 30), ((4,), (0,)))
    policy = FeePolicy(min_tip_wei=1)
    assert quote(history, policy) == Fees(64, 4)
    assert quote(history, policy, tip_wei=9) == Fees(69, 9)
    assert quote(FeeHistory(1, (10, 30), ((0,),)), policy) == Fees(61, 1)


wei = st.integers(0, 10**15)


@given(wei, wei, wei, wei, wei)
def test_a_bump_is_enough_and_within_the_cap(max_fee: int, tip: int, market: int, market_tip: int, cap: int) -> None:
    old = Fees(max_fee, min(tip, max_fee))
    new = bumped(old, Fees(market, min(market_tip, market)), cap)
    if new is None:
        assert -(-max_fee * 9 // 8) > cap
    else:
        assert new.max_fee_wei * 8 >= old.max_fee_wei * 9
        assert new.tip_wei * 8 >= old.tip_wei * 9
        assert new.tip_wei <= new.max_fee_wei <= cap


@given(wei, wei, wei)
def test_a_capped_bid_is_within_the_cap(max_fee: int, tip: int, cap: int) -> None:
    fees = capped(Fees(max_fee, min(tip, max_fee)), cap)
    assert fees.tip_wei <= fees.max_fee_wei <= cap


async def test_the_clock_ticks_and_never_overlaps_itself() -> None:
    running, most, calls = 0, 0, 0
    done = asyncio.Event()

    async def slow() -> None:
        nonlocal running, most, calls
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        calls += 1
        if calls == 3:
            done.set()

    clock = Clock()
    clock.every(0.01, "slow", slow)
    clock.start()
    await asyncio.wait_for(done.wait(), 5)
    clock.stop()
    assert most == 1
