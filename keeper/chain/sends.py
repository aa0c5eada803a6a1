"""What nodes say to a sent transaction, as a closed list that says what to do next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keeper.chain.rpc import EndpointFailed, Trouble


class SendOutcome(StrEnum):
    """The first that any endpoint gave, in this order, is the outcome of a send."""

    ACCEPTED = "accepted"  # wait for the receipt
    ALREADY_KNOWN = "already known"  # success: wait for the receipt
    NONCE_TOO_LOW = "nonce too low"  # mined, by us or by somebody with our key: look for the receipt
    UNDERPRICED = "underpriced"  # sign anew with a higher price
    INSUFFICIENT_FUNDS = "insufficient funds"  # keep it and send again when the signer has been funded
    REVERTED = "reverted"  # the node simulated it and it failed: ask whether it is still wanted
    INTRINSIC_GAS = "invalid"  # can never be mined (gas below the minimum or above the block's): give the work up
    TRANSIENT = "transient"  # no verdict: send the same bytes again later

    @property
    def reached(self) -> bool:
        """Whether some node holds the transaction."""
        return self in (SendOutcome.ACCEPTED, SendOutcome.ALREADY_KNOWN)


@dataclass(frozen=True, slots=True)
class SendResult:
    outcome: SendOutcome
    said: str = ""
    """The node's own words, for people."""


_PHRASES: tuple[tuple[SendOutcome, tuple[str, ...]], ...] = (
    (SendOutcome.ALREADY_KNOWN, ("already known", "already_exists", "already imported", "known transaction",
                                 "already in mempool", "transaction already exists")),
    (SendOutcome.UNDERPRICED, ("underpriced", "fee too low", "gas price too low", "less than block base fee",
                               "max fee per gas less than", "feetoolow", "fee_too_low", "below base fee")),
    (SendOutcome.TRANSIENT, ("nonce too high", "nonce gap", "gapped", "txpool is full", "pool is full",
                             "limit exceeded for account", "too many pending", "exceeds the transaction pool")),
    (SendOutcome.NONCE_TOO_LOW, ("nonce too low", "nonce is too low", "oldnonce", "nonce_expired", "invalid nonce")),
    (SendOutcome.INSUFFICIENT_FUNDS, ("insufficient funds", "insufficient_funds", "insufficient balance",
                                      "sender doesn't have enough funds", "upfront cost exceeds")),
    (SendOutcome.INTRINSIC_GAS, ("intrinsic gas", "exceeds block gas limit", "gas limit reached", "gas limit too high",
                                 "exceeds the gas limit", "exceeds transaction gas limit", "gas required exceeds",
                                 "floor data gas", "max initcode size", "oversized data", "invalid sender",
                                 "tx type not supported", "transaction type not supported", "out of gas",
                                 "exceeds maximum", "priority fee per gas higher than", "invalid chain id")),
)  # fmt: skip


def send_result(error: EndpointFailed) -> SendResult:
    """The outcome that one endpoint's error stands for; unknown words are transient, so that nothing is given up."""
    text = error.said.lower()
    for outcome, phrases in _PHRASES:
        if any(phrase in text for phrase in phrases):
            return SendResult(outcome, error.said)
    if error.trouble is Trouble.REVERTED:
        return SendResult(SendOutcome.REVERTED, error.said)
    return SendResult(SendOutcome.TRANSIENT, error.said)


def best(results: Iterable[SendResult]) -> SendResult:
    """One outcome from all endpoints': whoever took the transaction outweighs all who did not."""
    order = list(SendOutcome)
    return min(
        results,
        key=lambda result: order.index(result.outcome),
        default=SendResult(SendOutcome.TRANSIENT, "no endpoint"),
    )
