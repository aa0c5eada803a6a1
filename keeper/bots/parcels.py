"""Which intents share a transaction. Batches are cheaper, but what can pay never waits for what cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from keeper.bots import gas
from keeper.bots.calls import together
from keeper.bots.decide import Intent
from keeper.bots.fees import Bid, Market, joint
from keeper.wire.hashing import tokens


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one transaction."""

    items: int = 20
    gas: int = 14_000_000
    """Below EIP-7825's 2^24, and half a common block."""
    bytes: int = 100_000
    """Nodes take transactions of up to 128 KiB."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Intents that go into one transaction, in this order."""

    intents: tuple[Intent, ...]

    @property
    def data(self) -> bytes:
        return together([intent.data for intent in self.intents])

    @property
    def key(self) -> str:
        """The same work has the same key; a batch tried again is other work, for part of it may be done."""
        first = self.intents[0]
        if len(self.intents) == 1:
            return f"{first.work.plan.hex()}:{first.job.due.run}:{first.work.index}:{first.work.action.value}"
        said = ",".join(f"{intent.job.id}#{intent.job.attempt}" for intent in self.intents)
        return f"batch:{keccak(text=said).hex()}"

    @property
    def gas_limit(self) -> int:
        return gas.transaction(self.data, [intent.gas for intent in self.intents])

    @property
    def bid(self) -> Bid:
        return joint([intent.bid for intent in self.intents])


def parcels(intents: Sequence[Intent], market: Market, limits: Limits) -> list[Parcel]:
    """All of them, in their order, in as few transactions as the limits allow.

    Those that can pay for a rising base fee and the market's tip go together; those that cannot, apart from them. One
    whose calldata costs more than its gas goes alone: only there the Scheduler sees the whole transaction and repays
    it.
    """
    rich = [intent for intent in intents if _is_roomy(intent.bid, market)]
    poor = [intent for intent in intents if not _is_roomy(intent.bid, market)]
    return [*_packed(rich, limits), *_packed(poor, limits)]


def _is_roomy(bid: Bid, market: Market) -> bool:
    return bid.tip_wei >= market.tip_wei and bid.max_fee_wei >= 2 * market.base_fee_wei + market.tip_wei


def _is_floored(intent: Intent) -> bool:
    """EIP-7623: a transaction pays for 10 gas a token of its calldata, of which 4 are paid anyway."""
    return 6 * tokens(intent.data) > intent.gas - gas.SPARE


def _packed(intents: Iterable[Intent], limits: Limits) -> list[Parcel]:
    done: list[Parcel] = []
    open_: list[Intent] = []
    for intent in intents:
        if _is_floored(intent):
            done += [Parcel(tuple(open_))] * bool(open_) + [Parcel((intent,))]
            open_ = []
            continue
        more = [*open_, intent]
        size = sum(len(one.data) + 96 for one in more)
        spent = sum(one.gas + one.gas // 63 + gas.ITEM for one in more) + gas.BASE + 16 * size
        if open_ and (len(more) > limits.items or size > limits.bytes or spent > limits.gas):
            done.append(Parcel(tuple(open_)))
            more = [intent]
        open_ = more
    return [*done, Parcel(tuple(open_))] if open_ else done
