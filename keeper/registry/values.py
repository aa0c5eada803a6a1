"""What the Registry keeps, as frozen values. Nodes are 32 bytes, times unix seconds; None is "there is none"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keeper.registry.abi import text
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY, Address


@dataclass(frozen=True, slots=True)
class Name:
    """All that is kept of a live node."""

    node: bytes
    owner: Address
    parent: bytes
    label: str
    expires_s: int
    """When a top-level name lapses unless it is renewed; 0 for one below another, which lapses only with that."""
    generation: int
    """How often the node was claimed, created or removed."""
    locked: bool
    """Whether its parent can no longer remove it."""
    offered_to: Address | None
    revision: int
    """Of its own last change; `accept` wants to be told."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a service: code here (`target`, whose code hash is `digest`), or elsewhere (no target)."""

    release: int
    build: int
    target: Address | None
    digest: bytes

    @property
    def number(self) -> tuple[int, int]:
        return self.release, self.build


@dataclass(frozen=True, slots=True)
class Versions:
    """`highest` is the highest (release, build) there ever was, also under this node's former owners."""

    current: Version | None
    proposed: Version | None
    highest: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Instance:
    """One who serves a service. Live while the block's time is before `until_s`; 0: not live at all."""

    id: int
    node: bytes
    """Of the service."""
    label: str
    operator: Address
    granted: int
    """The weight its service's owner granted."""
    weight: int
    """The weight its operator chose, at most `granted`. 0 is draining."""
    ttl_s: int
    """How long a heartbeat lasts."""
    until_s: int
    target: Address | None
    """Its address on this chain, if it has one."""
    zone: str
    endpoint: str

    def live_at(self, time_s: int) -> bool:
        return time_s < self.until_s


@dataclass(frozen=True, slots=True)
class Scaling:
    """A service's rule: `wanted` follows ceil(wanted * metric / target) within [least, most], once a cool-down."""

    wanted: int = 0
    least: int = 0
    most: int = 0
    cooldown_s: int = 0
    changed_at_s: int = 0
    target: int = 0
    """The metric that one instance should have, in the meter's own unit."""
    meter: Address | None = None
    """Who may report the metric; None: the count is set by hand."""


def some(address: bytes | str) -> Address | None:
    """An address, or None for the zero one. eth_abi writes those inside tuples as text."""
    found = Address(bytes.fromhex(address[2:]) if isinstance(address, str) else address)
    return None if found == NOBODY else found


def name_from(node: bytes, answer: Sequence[Any]) -> Name | None:
    """`nameOf`'s answer; None of a node that is not live."""
    owner, parent, label, expires, generation, locked, offered, revision = answer
    holder = some(owner)
    if holder is None:
        return None
    return Name(node, holder, parent, text(label), expires, generation, locked, some(offered), revision)


def version_from(answer: Sequence[Any]) -> Version | None:
    release, build, target, digest = answer
    return Version(release, build, some(target), digest) if release else None


def instance_from(answer: Sequence[Any]) -> Instance:
    number, node, label, operator, granted, weight, ttl, until, target, zone, endpoint = answer
    who = some(operator) or NOBODY
    where = some(target), zone_text(zone), text(endpoint)
    return Instance(number, node, text(label), who, granted, weight, ttl, until, *where)


def zone_text(zone: bytes) -> str:
    """A `bytes12` zone as text; bytes that are no UTF-8 are shown, not refused: whoever serves chooses them."""
    return text(zone.rstrip(b"\0"))


def zone_bytes(zone: str) -> bytes:
    """A zone of at most 12 bytes, padded. Errors: BadInput."""
    found = zone.encode()
    if len(found) > 12:
        remedy = "a zone has at most 12 bytes, as in eu-central-1"
        raise BadInput(f"the zone {zone!r} has {len(found)} bytes", field="zone", value=zone, remedy=remedy)
    return found.ljust(12, b"\0")


def scaling_from(answer: Sequence[Any]) -> Scaling:
    wanted, least, most, cooldown, changed, target, meter = answer
    return Scaling(wanted, least, most, cooldown, changed, target, some(meter))


def plain_scaling(scaling: Scaling) -> tuple[int | bytes, ...]:
    """As the contract takes it."""
    one = scaling
    meter = one.meter or NOBODY
    return one.wanted, one.least, one.most, one.cooldown_s, one.changed_at_s, one.target, meter
