"""What can go wrong when asking the Registry.

ConductorError
├── BadInput
│   ├── BadLabel, BadName    (names.py)
│   ├── NoName               not live, or nothing answers below it
│   └── NoRecord             live, but without what was asked for
├── NotNow
│   ├── NoInstance           nobody can be chosen at the moment
│   ├── Gap                  events are missing; the endpoint does not show all of them
│   └── Overtaken            what the reader has seen is no longer of the chain
└── Refused
    └── RegistryRefused      any other revert
"""

from __future__ import annotations

from keeper.registry.abi import error_text
from keeper.wire.errors import BadInput, NotNow, Refused


class NoName(BadInput):
    """No live name answers to it, at that block."""

    def __init__(self, name: str, block: int) -> None:
        remedy = "check its spelling; if it lapsed, its owner, or its parent's, has to renew it"
        super().__init__(f"{name} is no live name at block {block}", field="name", value=name, remedy=remedy)
        self.name = name
        self.block = block


class NoRecord(BadInput):
    """The name is live and has no such record."""

    def __init__(self, name: str, what: str, block: int, remedy: str = "ask its owner to set it") -> None:
        message = f"{name} has no {what} at block {block}"
        super().__init__(message, field="name", value=name, remedy=remedy)
        self.name = name
        self.what = what


class NoInstance(NotNow):
    """None of the instances can be chosen: none is live with a weight, or each failed a moment ago."""

    def __init__(self, found: int, retry_at_s: float | None) -> None:
        why = "every one failed a moment ago" if retry_at_s is not None else "none is live with a weight above 0"
        when = "ask again" if retry_at_s is None else f"ask again at {retry_at_s:.0f} of the caller's clock"
        super().__init__(f"no instance of {found} can be chosen: {why}", field="instances", value=found, remedy=when)
        self.retry_at_s = retry_at_s


class Gap(NotNow):
    """The events read do not follow one another, so some are missing. Nothing after the gap was told."""

    def __init__(self, expected: int, found: int | None, head: int, block: int) -> None:
        then = "no later one" if found is None else f"revision {found}"
        message = f"after revision {expected - 1} the endpoint shows {then}, but at block {block} there are {head}"
        remedy = "use an endpoint that keeps all logs, and begin before the first event that you want"
        super().__init__(message, field="revision", value=expected, remedy=remedy)
        self.expected = expected
        self.found = found


class Overtaken(NotNow):
    """The chain does not have the event that the reader saw last; `revision` is that event's."""

    def __init__(self, revision: int, known: int | None = None) -> None:
        there = "" if known is None else f", which is at {known}"
        message = f"revision {revision} is no longer of the chain{there}"
        remedy = "forget what was read and begin at revision 0, or wait if the endpoint lags"
        super().__init__(message, field="revision", value=revision, remedy=remedy)
        self.revision = revision


class RegistryRefused(Refused):
    """The Registry reverted with an error that reading does not expect; `data` is the revert's."""

    def __init__(self, what: str, data: bytes) -> None:
        message = f"the Registry refused {what}: {error_text(data)}"
        remedy = "check that there is a Registry at this address, with a version that this client knows"
        super().__init__(message, field="registry", value=f"0x{data.hex()}", remedy=remedy)
        self.data = data
