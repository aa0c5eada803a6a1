"""The Registry's events as frozen values, in the order of `revision`: 1, 2, 3 .. without a gap.

ENS's own events, which the contract emits beside them, say nothing new and are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from eth_abi.abi import encode

from keeper.registry.abi import as_bytes, text
from keeper.registry.values import Scaling, plain_scaling, scaling_from, some, zone_bytes, zone_text
from keeper.wire.abi import Entry, interface
from keeper.wire.types import NOBODY, Address


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the Registry."""

    revision: int


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """A change of one node."""

    node: bytes


@dataclass(frozen=True, slots=True)
class Committed(Event):
    """Somebody committed to a claim."""

    commitment: bytes


@dataclass(frozen=True, slots=True)
class NameSet(NodeEvent):
    """A name came to be, empty."""

    parent: bytes
    label: str
    owner: Address
    expires_s: int
    generation: int


@dataclass(frozen=True, slots=True)
class NameRenewed(NodeEvent):
    """A top-level name lives until `expires_s`."""

    expires_s: int


@dataclass(frozen=True, slots=True)
class NameRemoved(NodeEvent):
    """A name is gone, with all below it."""


@dataclass(frozen=True, slots=True)
class Offered(NodeEvent):
    """`to` is None if an offer was taken back."""

    to: Address | None


@dataclass(frozen=True, slots=True)
class Accepted(NodeEvent):
    """The new owner accepted; nobody operates the node now."""

    owner: Address


@dataclass(frozen=True, slots=True)
class Approved(NodeEvent):
    """`operator` may act for the node, or no longer."""

    operator: Address
    approved: bool


@dataclass(frozen=True, slots=True)
class Locked(NodeEvent):
    """The node's parent can no longer remove it."""


@dataclass(frozen=True, slots=True)
class RecordSet(NodeEvent):
    """`kind` is the selector of the resolver's function that reads it; an empty value removes the record."""

    kind: bytes
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class ReverseSet(Event):
    """What `account` says its name is; empty: none."""

    account: Address
    name: str


@dataclass(frozen=True, slots=True)
class Proposed(NodeEvent):
    """Release 0: the proposal was taken back."""

    release: int
    build: int
    target: Address | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Confirmed(NodeEvent):
    """What was proposed is the version now; its target, if any, the address here."""

    release: int
    build: int


@dataclass(frozen=True, slots=True)
class Admitted(NodeEvent):
    """An instance was admitted, or again; not live until its next heartbeat."""

    id: int
    label: str
    operator: Address
    granted: int
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Serving(Event):
    """Where an instance serves."""

    id: int
    target: Address | None
    zone: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Weighed(Event):
    """An operator changed its instance's weight."""

    id: int
    weight: int


@dataclass(frozen=True, slots=True)
class Renewed(Event):
    """Each of these lives on for its own `ttl_s` from the block's time."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evicted(Event):
    """An instance is gone; its id is never used again."""

    id: int


@dataclass(frozen=True, slots=True)
class Scaled(NodeEvent):
    """A service's rule, or what it wants now."""

    scaling: Scaling


@dataclass(frozen=True, slots=True)
class Withdrawn(Event):
    """A deposit that came back was taken."""

    owner: Address
    to: Address
    amount_wei: int


KINDS: tuple[type[Event], ...] = (
    Committed, NameSet, NameRenewed, NameRemoved, Offered, Accepted, Approved, Locked, RecordSet, ReverseSet, Proposed,
    Confirmed, Admitted, Serving, Weighed, Renewed, Evicted, Scaled, Withdrawn,
)  # fmt: skip
"""Every event of IRegistry."""

_OPTIONAL = {("Offered", "to"), ("Proposed", "target"), ("Serving", "target")}
"""Addresses of which zero says that there is none."""


def topics() -> tuple[bytes, ...]:
    """The first topics of the Registry's own events."""
    return tuple(_entries())


def decode_event(log_topics: Sequence[bytes], data: bytes) -> Event | None:
    """The event of a log of the Registry; None if it is none of its own.

    Raises `ConductorError` for a log that only looks like one: no Registry emits it.
    """
    found = _entries().get(log_topics[0]) if log_topics else None
    if found is None:
        return None
    kind, entry = found
    arguments = entry.decode_log(log_topics, data)
    names = interface("Registry").events[kind.__name__].types
    return kind(
        *(
            _value(kind.__name__, name, type_, value)
            for name, type_, value in zip(entry.names, names, arguments, strict=True)
        )
    )


def encode_event(event: Event) -> tuple[tuple[bytes, ...], bytes]:
    """The topics and data of the event's log, as the contract emits it: the inverse of `decode_event`."""
    entry = interface("Registry").events[type(event).__name__]
    given = (getattr(event, field.name) for field in fields(event))
    values = [_plain(type_, value) for type_, value in zip(entry.types, given, strict=True)]
    arguments = list(zip(entry.types, entry.indexed, values, strict=True))
    indexed = tuple(encode([type_], [value]) for type_, is_topic, value in arguments if is_topic)
    rest = [(type_, value) for type_, is_topic, value in arguments if not is_topic]
    return (entry.id, *indexed), encode([type_ for type_, _ in rest], [value for _, value in rest])


def _value(event: str, name: str, type_: str, value: Any) -> Any:
    """An argument as the event's field keeps it."""
    if (event, name) in _OPTIONAL:
        return some(value)
    if type_ == "string":
        return text(value)
    if type_ == "bytes12":
        return zone_text(value)
    if type_.startswith("("):
        return scaling_from(value)
    return tuple(value) if type_.endswith("]") else value


def _plain(type_: str, value: Any) -> Any:
    """A field as eth_abi wants the argument."""
    if type_ == "bytes12":
        return zone_bytes(value)
    if isinstance(value, Scaling):
        return plain_scaling(value)
    return NOBODY if value is None else value


@cache
def _entries() -> dict[bytes, tuple[type[Event], Entry]]:
    """By first topic. Texts are read as bytes: nobody checked that they are UTF-8."""
    found = {}
    for kind in KINDS:
        entry = interface("Registry").events[kind.__name__]
        found[entry.id] = (kind, as_bytes(entry))
    return found
