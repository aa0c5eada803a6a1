"""A keeper's work as calldata, and back: a transaction in the outbox says by itself what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from eth_utils.crypto import keccak

from keeper.bots.chances import PLAN_WIDE, Action, PlanView
from keeper.wire import hashing
from keeper.wire.abi import encode_call, interface
from keeper.wire.codec import decode_item, encode_item


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do: `action` on step `index` of `plan`."""

    plan: bytes
    action: Action
    index: int

    @property
    def slot(self) -> tuple[bytes, int]:
        """What two transactions would get into each other's way about."""
        return self.plan, self.index


def encode(plan: PlanView, work: Work, min_pay_wei: int = 0) -> bytes:
    """Calldata of `run`, `undo`, `settle` or `expire`."""
    if work.action is Action.EXPIRE:
        return encode_call("expire", plan.header + plan.root)
    item = encode_item(plan.header, plan.bodies[work.index], hashing.proof(plan.bodies, work.index))
    if work.action is Action.SETTLE:
        return encode_call("settle", item)
    return encode_call(work.action.value, item, min_pay_wei)


def together(calls: Sequence[bytes]) -> bytes:
    """One transaction's calldata for them all: itself for one, else `runMany`."""
    return calls[0] if len(calls) == 1 else encode_call("runMany", list(calls))


def works_of(data: bytes) -> tuple[Work, ...]:
    """What a transaction with this calldata does, in order; none if it is no keeper's work."""
    name = _functions().get(data[:4])
    if name is None:
        return ()
    first = interface("Scheduler").functions[name].decode(data)[0]
    if name == "runMany":
        return tuple(work for call in first for work in works_of(call))
    if name == Action.EXPIRE:
        return (Work(keccak(first), Action.EXPIRE, PLAN_WIDE),)
    header, step, proof = decode_item(first)
    return (Work(hashing.plan_id(header, hashing.root_of(step, proof)), Action(name), step[0]),)


def item_of(data: bytes) -> bytes:
    """The item in the calldata of a `run`, `undo` or `settle`."""
    item: bytes = interface("Scheduler").functions[_functions()[data[:4]]].decode(data)[0]
    return item


@cache
def _functions() -> dict[bytes, str]:
    names = ("run", "undo", "settle", "expire", "runMany")
    return {interface("Scheduler").functions[name].id[:4]: name for name in names}
