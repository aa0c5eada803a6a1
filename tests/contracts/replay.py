"""The Registry's state, of nothing but its events in order and their blocks' times."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.names import DEPOSIT_WEI, HERE, NOBODY, ROOT, Event, calldata, node_of

NO_VERSION = (0, 0, NOBODY, bytes(32))
NO_SCALING = (0, 0, 0, 0, 0, 0, NOBODY)


@dataclass
class Instance:
    node: bytes
    label: str
    operator: str
    granted: int
    weight: int
    ttl: int
    until: int = 0
    target: str = NOBODY
    zone: bytes = bytes(12)
    endpoint: str = ""


@dataclass
class Life:
    """One life of a name."""

    parent: bytes
    above: Life | None
    label: str
    owner: str
    expires: int
    generation: int
    revision: int
    ended: bool = False
    locked: bool = False
    offered: str = NOBODY
    operators: set[str] = field(default_factory=set)
    children: list[bytes] = field(default_factory=list)
    records: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    current: tuple[Any, ...] = NO_VERSION
    proposed: tuple[Any, ...] = NO_VERSION
    releases: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    instances: list[int] = field(default_factory=list)
    scaling: tuple[Any, ...] = NO_SCALING

    def live(self, time: int) -> bool:
        return not self.ended and (time < self.expires if self.above is None else self.above.live(time))


class Replay:
    """The Registry's state, of its events alone."""

    def __init__(self) -> None:
        self.revision = 0
        self.lives: dict[bytes, Life] = {}
        self.top: list[bytes] = []
        self.credits: dict[str, int] = defaultdict(int)
        self.names: dict[str, str] = {}
        self.highest: dict[bytes, int] = defaultdict(int)
        self.instances: dict[int, Instance] = {}
        self.homes: dict[int, Life] = {}

    def take(self, event: Event) -> None:
        values = dict(event.values)
        revision = values.pop("revision")
        assert revision == self.revision + 1, "a gap"
        self.revision = revision
        node = values.get("node")
        if node in self.lives and event.name not in ("NameSet", "NameRemoved"):
            self.lives[node].revision = revision
        if event.name != "Committed":
            handler = re.sub(r"(?<!^)([A-Z])", r"_\1", event.name).lower()
            getattr(self, f"_{handler}")(event.time, *values.values())

    def live(self, node: bytes, time: int) -> Life | None:
        life = self.lives.get(node)
        return life if life and life.live(time) else None

    def _end(self, node: bytes, life: Life) -> None:
        life.ended = True
        if life.parent == ROOT:
            self.credits[life.owner] += DEPOSIT_WEI

    def _name_set(
        self, _: int, node: bytes, parent: bytes, label: str, owner: str, expires: int, generation: int
    ) -> None:
        old = self.lives.get(node)
        above = None if parent == ROOT else self.lives[parent]
        if above:
            above.revision = self.revision
        listed = self.top if above is None else above.children
        if old and not old.ended and parent == ROOT:
            self._end(node, old)  # expired: it keeps its place
        else:
            listed.append(node)
        self.lives[node] = Life(parent, above, label, owner, expires, generation, self.revision)

    def _name_renewed(self, _: int, node: bytes, expires: int) -> None:
        self.lives[node].expires = expires

    def _name_removed(self, _: int, node: bytes) -> None:
        life = self.lives[node]
        self._end(node, life)
        listed = self.top if life.above is None else life.above.children
        listed[listed.index(node)] = listed[-1]
        listed.pop()

    def _offered(self, _: int, node: bytes, to: str) -> None:
        self.lives[node].offered = to

    def _accepted(self, _: int, node: bytes, owner: str) -> None:
        life = self.lives[node]
        life.owner, life.offered, life.operators = owner, NOBODY, set()

    def _approved(self, _: int, node: bytes, operator: str, approved: bool) -> None:
        operators = self.lives[node].operators
        (operators.add if approved else operators.discard)(operator)

    def _locked(self, _: int, node: bytes) -> None:
        life = self.lives[node]
        life.locked = True
        assert life.above
        life.above.revision = self.revision

    def _record_set(self, _: int, node: bytes, kind: bytes, key: bytes, value: bytes) -> None:
        self.lives[node].records[kind, key] = value

    def _reverse_set(self, _: int, account: str, name: str) -> None:
        self.names[account] = name

    def _proposed(self, _: int, node: bytes, release: int, build: int, target: str, digest: bytes) -> None:
        self.lives[node].proposed = (release, build, target, digest)
        self.highest[node] = max(self.highest[node], release << 32 | build)

    def _confirmed(self, _: int, node: bytes, release: int, build: int) -> None:
        life = self.lives[node]
        assert life.proposed[:2] == (release, build)
        life.current = life.releases[release] = life.proposed
        life.proposed = NO_VERSION

    def _admitted(self, _: int, node: bytes, number: int, label: str, operator: str, granted: int, ttl: int) -> None:
        old = self.instances.get(number)
        new = Instance(node, label, operator, granted, granted, ttl)
        if old is None:
            self.lives[node].instances.append(number)
            self.homes[number] = self.lives[node]
        elif old.operator == operator:
            new.target, new.zone, new.endpoint = old.target, old.zone, old.endpoint
        self.instances[number] = new

    def _serving(self, _: int, number: int, target: str, zone: bytes, endpoint: str) -> None:
        instance = self.instances[number]
        instance.target, instance.zone, instance.endpoint = target, zone, endpoint

    def _weighed(self, _: int, number: int, weight: int) -> None:
        self.instances[number].weight = weight

    def _renewed(self, time: int, ids: tuple[int, ...]) -> None:
        for number in ids:
            self.instances[number].until = time + self.instances[number].ttl

    def _evicted(self, _: int, number: int) -> None:
        del self.instances[number]
        listed = self.homes.pop(number).instances
        listed[listed.index(number)] = listed[-1]
        listed.pop()

    def _scaled(self, _: int, node: bytes, scaling: tuple[Any, ...]) -> None:
        self.lives[node].scaling = scaling

    def _withdrawn(self, _: int, owner: str, to: str, amount: int) -> None:
        self.credits[owner] -= amount

    # ------------------------------------------------------------------ what the views should say

    def name_of(self, node: bytes, time: int) -> tuple[Any, ...]:
        life = self.live(node, time)
        if life is None:
            return (NOBODY, ROOT, "", 0, 0, False, NOBODY, 0)
        return (
            life.owner, life.parent, life.label, life.expires, life.generation, life.locked, life.offered, life.revision
        )  # fmt: skip

    def instance(self, number: int, time: int) -> tuple[Any, ...]:
        i = self.instances.get(number)
        if i is None:
            return (0, ROOT, "", NOBODY, 0, 0, 0, 0, NOBODY, bytes(12), "")
        until = i.until if self.homes[number].live(time) else 0
        return (number, i.node, i.label, i.operator, i.granted, i.weight, i.ttl, until, i.target, i.zone, i.endpoint)

    def here(self, dotted: str, time: int) -> str | None:
        """The address here, if the name resolves."""
        life = self.live(node_of(dotted), time)
        if life:
            key = calldata("addr", ROOT, 0)[:4], HERE.to_bytes(32, "big")
            return "0x" + (life.records.get(key) or bytes(20)).hex()
        first, _, rest = dotted.partition(".")
        service = self.live(node_of(rest), time)
        if service is None:
            return None
        for number in service.instances:
            if self.instances[number].label == first:
                return self.instances[number].target if time < self.instances[number].until else None
        version = service.proposed if first == "canary" else service.releases.get(int(first[1:] or 0), NO_VERSION)
        return version[2] if version[0] else None
