"""Accounts whose work reverted on-chain after it had gone well when tried: each time they are left alone for longer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Hold:
    strikes: int
    until_s: float


class Holds:
    """By owner. A strike doubles the hold; work that succeeds ends it. Times on the caller's clock, in seconds."""

    def __init__(self, *, first_s: float, most_s: float = 3_600.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._holds: dict[bytes, _Hold] = {}

    def strike(self, owner: bytes, now_s: float) -> float:
        """One more revert; how long the Account is left alone now."""
        strikes = self._holds[owner].strikes + 1 if owner in self._holds else 1
        for_s = min(self._first_s * 2.0 ** (strikes - 1), self._most_s)
        self._holds[owner] = _Hold(strikes, now_s + for_s)
        return for_s

    def forgive(self, owner: bytes) -> None:
        self._holds.pop(owner, None)

    def left_s(self, now_s: float) -> dict[bytes, float]:
        """The owners whose Accounts are left alone, and for how long still."""
        return {owner: hold.until_s - now_s for owner, hold in self._holds.items() if hold.until_s > now_s}
