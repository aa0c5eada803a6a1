"""Logs of the Scheduler as events."""

from __future__ import annotations

import pytest
from eth_abi import encode

from keeper.wire.abi import interface
from keeper.wire.codec import encode_packed
from keeper.wire.errors import ConductorError
from keeper.wire.events import (
    AccountCreated,
    Event,
    Moved,
    Published,
    Reported,
    Scheduled,
    SeatSet,
    Withdrawn,
    decode_event,
    topic,
)
from keeper.wire.types import Address, PlanId, Value

PLAN, WHO, OTHER = PlanId(b"\x07" * 32), Address(b"\x01" * 20), Address(b"\x02" * 20)
HEADER = bytes(88)


def log(name: str, **arguments: object) -> tuple[list[bytes], bytes]:
    """The log of an event, encoded by eth_abi from the event's own arguments."""
    entry = interface("Scheduler").events[name]
    assert set(arguments) == set(entry.names)
    parts = [(kind, arguments[n], i) for n, kind, i in zip(entry.names, entry.types, entry.indexed, strict=True)]
    topics = [entry.id, *(encode([kind], [value]) for kind, value, indexed in parts if indexed)]
    plain = [(kind, value) for kind, value, indexed in parts if not indexed]
    return topics, encode([kind for kind, _ in plain], [value for _, value in plain])


@pytest.mark.parametrize(
    ("found", "event"),
    [
        (
            log("Scheduled", plan=PLAN, word=5, packed=encode_packed(HEADER, b"r" * 32, b"body")),
            Scheduled(PLAN, 5, HEADER, b"r" * 32, b"body"),
        ),
        (log("Moved", plan=PLAN, by=WHO, word=2**255), Moved(PLAN, WHO, 2**255)),
        (log("Published", plan=PLAN, by=WHO, body=b"body"), Published(PLAN, WHO, b"body")),
        (
            log("Reported", plan=PLAN, index=3, outcome=1, result=b"x" * 32),
            Reported(PLAN, 3, Value.DONE, b"x" * 32),
        ),
        (log("AccountCreated", owner=WHO, account=OTHER), AccountCreated(WHO, OTHER)),
        (log("Withdrawn", keeper=WHO, to=OTHER, amountWei=9), Withdrawn(WHO, OTHER, 9)),
        (
            log("SeatSet", seat=1, hot=WHO, cold=OTHER, fromS=2, untilS=3, fromB=4, untilB=5),
            SeatSet(1, WHO, OTHER, 2, 3, 4, 5),
        ),
    ],
)  # fmt: skip
def test_an_event_is_read_from_its_log(found: tuple[list[bytes], bytes], event: Event) -> None:
    assert decode_event(*found) == event
    assert found[0][0] == topic(type(event).__name__)


def test_every_event_of_the_scheduler_is_known() -> None:
    assert set(interface("Scheduler").events) == {kind.__name__ for kind in Event.__args__}


def test_other_logs_are_no_events() -> None:
    assert decode_event([], b"") is None
    assert decode_event([b"\x01" * 32], b"data") is None


def test_a_log_that_only_looks_like_an_event_is_refused() -> None:
    topics, data = log("Moved", plan=PLAN, by=WHO, word=1)
    with pytest.raises(ConductorError):
        decode_event(topics[:2], data)
    with pytest.raises(ConductorError):
        decode_event(topics, data[:31])
