"""What a transaction does in the end: governors, timelocks, Safes and multisends unwrapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eth_utils.address import to_canonical_address, to_checksum_address

from keeper.plans.contracts import arguments
from keeper.wire.types import Address

MAX_WRAPPINGS = 8

#: MultiSend and MultiSendCallOnly of Safe 1.1.1 to 1.5.0, the same on every chain. A Safe that delegates to any other
#: code hands itself over to it.
MULTI_SENDS = frozenset(
    (
        "0x8D29bE29923b68abfDD21e541b9374737B49cdAD",
        "0xA238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761",
        "0x998739BFdAAdde7C933B942a68053933098f9EDa",
        "0x40A2aCCbd92BCA938b02010E17A5b8929b49130D",
        "0xA1dabEF33b3B82c7814B6D82A79e50F4AC44102B",
        "0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526",
        "0x9641d764fc13c8B624c04430C7356C1C7C8102e2",
        "0x218543288004CD07832472D464648173c77D7eB7",
        "0xA83c336B20401Af773B6219BA5027174338D1836",
    )
)
Kind = Literal["governor", "timelock", "safe"]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A contract that makes the calls it is given. A timelock or Safe makes them itself, a governor may have another do
    so."""

    kind: Kind
    address: Address


@dataclass(frozen=True, slots=True)
class Deed:
    """One call that is made in the end, and through whom, outermost first."""

    target: Address
    value_wei: int
    data: bytes
    through: tuple[Wrapper, ...] = ()


def deeds_of(target: Address, value_wei: int, data: bytes, through: tuple[Wrapper, ...] = ()) -> tuple[Deed, ...]:
    """The calls that a transaction makes in the end. What cannot be unwrapped without doubt stays as it is."""
    found = _inner(data) if len(through) < MAX_WRAPPINGS else None
    if found is None:
        return (Deed(target, value_wei, data, through),)
    kind, inner = found
    # Coin sent along must be what the inner calls send, and a governor inside another wrapper needs none.
    handed_on = {0} if kind == "governor" and through else {0, sum(one.value_wei for one in inner)}
    if value_wei not in handed_on:
        return (Deed(target, value_wei, data, through),)
    path = (*through, Wrapper(kind, target))
    return tuple(deed for one in inner for deed in deeds_of(one.target, one.value_wei, one.data, path))


def batch(targets: Sequence[str], values: Sequence[int], payloads: Sequence[bytes]) -> list[Deed] | None:
    """None if they differ in number."""
    if not len(targets) == len(values) == len(payloads):
        return None
    return [Deed(address(t), v, p) for t, v, p in zip(targets, values, payloads, strict=True)]


def address(text: str) -> Address:
    return Address(bytes(to_canonical_address(text)))


def _inner(data: bytes) -> tuple[Kind, list[Deed]] | None:
    kind, inner = _calls(data)
    return None if inner is None else (kind, inner)


def _calls(data: bytes) -> tuple[Kind, list[Deed] | None]:
    for fn in ("propose", "queue", "execute"):
        if found := arguments("governor", fn, data):
            return "governor", batch(found[0], found[1], found[2])
    for fn in ("scheduleBatch", "executeBatch"):
        if found := arguments("timelock", fn, data):
            return "timelock", batch(found[0], found[1], found[2])
    for fn in ("schedule", "execute"):
        if found := arguments("timelock", fn, data):
            return "timelock", batch([found[0]], [found[1]], [found[2]])
    if found := arguments("safe", "execTransaction", data):
        if found[6]:  # a price of gas: the Safe would pay a refund
            return "safe", None
        if found[3] == 0:
            return "safe", batch([found[0]], [found[1]], [found[2]])
        return "safe", _multisend(found[2]) if to_checksum_address(found[0]) in MULTI_SENDS else None
    return "safe", None


def _multisend(data: bytes) -> list[Deed] | None:
    """Safe's MultiSend: operation 1, target 20, value 32, length 32, data, one behind the other.

    None if one of them is a delegatecall."""
    found = arguments("safe", "multiSend", data)
    if found is None:
        return None
    rest, deeds = bytes(found[0]), []
    while rest:
        length = int.from_bytes(rest[53:85], "big")
        if len(rest) < 85 + length or rest[0] != 0:
            return None
        deeds.append(Deed(Address(rest[1:21]), int.from_bytes(rest[21:53], "big"), rest[85 : 85 + length]))
        rest = rest[85 + length :]
    return deeds
