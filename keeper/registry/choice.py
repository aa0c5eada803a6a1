"""Which instance to ask: by weight, among those that live and did not fail a moment ago.

The chain says who is live; only the caller knows who answers. A failure pushes an instance back for a second, the next
for two, then four, up to two minutes; a success forgives at once. Pure: clock and randomness are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType

from keeper.registry.errors import NoInstance
from keeper.registry.values import Instance

FIRST_S = 1.0
MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of one instance: failures in a row, and until when it is left alone."""

    failures: int = 0
    until_s: float = 0.0


@dataclass(frozen=True)
class Health:
    """A frozen view of what is remembered, at `now_s` of the caller's clock."""

    now_s: float = 0.0
    records: Mapping[int, Record] = field(default_factory=lambda: MappingProxyType({}))

    def held_until_s(self, instance_id: int) -> float | None:
        """Until when an instance is left alone; None if it may be asked now."""
        record = self.records.get(instance_id)
        return record.until_s if record is not None and record.until_s > self.now_s else None


class HealthMemory:
    """Remembers who failed. `first_s` is the first pause, doubled by each failure in a row up to `most_s`."""

    def __init__(self, *, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._records: dict[int, Record] = {}

    def failed(self, instance_id: int, now_s: float) -> None:
        """It did not answer, or badly. Failures that were under way when it was pushed back count once."""
        old = self._records.get(instance_id, Record())
        if old.until_s > now_s:
            return
        failures = old.failures + 1
        pause_s = min(self._most_s, self._first_s * 2.0 ** min(failures - 1, 64))
        self._records[instance_id] = replace(old, failures=failures, until_s=now_s + pause_s)

    def succeeded(self, instance_id: int) -> None:
        self._records.pop(instance_id, None)

    def keep(self, instance_ids: Iterable[int]) -> None:
        """Forgets all others: those that are gone. Ids are never used again."""
        kept = set(instance_ids)
        self._records = {number: record for number, record in self._records.items() if number in kept}

    def at(self, now_s: float) -> Health:
        """What is remembered now, frozen."""
        return Health(now_s, MappingProxyType(dict(self._records)))


def choosable(instances: Sequence[Instance], time_s: int) -> tuple[Instance, ...]:
    """Those that live at `time_s` (the block's) and are not drained."""
    return tuple(one for one in instances if one.weight > 0 and one.live_at(time_s))


def choose(instances: Sequence[Instance], health: Health, random: Random, *, time_s: int) -> Instance:
    """One of the instances, each as likely as its weight among those that may be asked.

    `time_s` is the unix time that leases are held against: of the block they were read at, or later. Errors:
    NoInstance if none lives with a weight, or if each failed a moment ago; then it says when the first may be asked.
    """
    live = choosable(instances, time_s)
    held = {one.id: until_s for one in live if (until_s := health.held_until_s(one.id)) is not None}
    able = [one for one in live if one.id not in held]
    if not able:
        raise NoInstance(len(instances), min(held.values(), default=None))
    return random.choices(able, weights=[one.weight for one in able])[0]
