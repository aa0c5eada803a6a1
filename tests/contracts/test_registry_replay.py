"""The chain is the database: whoever has the Registry's events, in order, has its whole state.

Random histories on anvil; a replay that sees nothing but events and their blocks' times; then every view is compared,
at the history's end and again after leases and names have lapsed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractContainer
from ape_foundry import FoundryProvider
from eth_utils import keccak

from tests.contracts.names import (
    DEPOSIT_WEI,
    GRACE_S,
    NOBODY,
    ROOT,
    Event,
    Names,
    calldata,
    low,
    node_of,
    reverse_of,
)
from tests.contracts.world import World

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
        getattr(self, f"on_{event.name}", lambda *_, **__: None)(event.time, **values)

    def live(self, node: bytes, time: int) -> Life | None:
        life = self.lives.get(node)
        return life if life and life.live(time) else None

    def _end(self, node: bytes, life: Life) -> None:
        life.ended = True
        if life.parent == ROOT:
            self.credits[life.owner] += DEPOSIT_WEI

    def on_NameSet(
        self, _: int, node: bytes, parent: bytes, label: str, owner: str, expires: int, generation: int
    ) -> None:
        old = self.lives.get(node)
        above = None if parent == ROOT else self.lives[parent]
        listed = self.top if above is None else above.children
        if old and not old.ended and parent == ROOT:
            self._end(node, old)  # expired: it keeps its place
        else:
            listed.append(node)
        self.lives[node] = Life(parent, above, label, owner, expires, generation, self.revision)

    def on_NameRenewed(self, _: int, node: bytes, expires: int) -> None:
        self.lives[node].expires = expires

    def on_NameRemoved(self, _: int, node: bytes) -> None:
        life = self.lives[node]
        self._end(node, life)
        listed = self.top if life.above is None else life.above.children
        listed[listed.index(node)] = listed[-1]
        listed.pop()

    def on_Offered(self, _: int, node: bytes, to: str) -> None:
        self.lives[node].offered = to

    def on_Accepted(self, _: int, node: bytes, owner: str) -> None:
        life = self.lives[node]
        life.owner, life.offered, life.operators = owner, NOBODY, set()

    def on_Approved(self, _: int, node: bytes, operator: str, approved: bool) -> None:
        operators = self.lives[node].operators
        (operators.add if approved else operators.discard)(operator)

    def on_Locked(self, _: int, node: bytes) -> None:
        self.lives[node].locked = True

    def on_RecordSet(self, _: int, node: bytes, kind: bytes, key: bytes, value: bytes) -> None:
        self.lives[node].records[kind, key] = value

    def on_ReverseSet(self, _: int, account: str, name: str) -> None:
        self.names[account] = name

    def on_Proposed(self, _: int, node: bytes, release: int, build: int, target: str, digest: bytes) -> None:
        self.lives[node].proposed = (release, build, target, digest)
        self.highest[node] = max(self.highest[node], release << 32 | build)

    def on_Confirmed(self, _: int, node: bytes, release: int, build: int) -> None:
        life = self.lives[node]
        assert life.proposed[:2] == (release, build)
        life.current = life.releases[release] = life.proposed
        life.proposed = NO_VERSION

    def on_Admitted(self, _: int, node: bytes, id: int, label: str, operator: str, granted: int, ttlS: int) -> None:
        old = self.instances.get(id)
        new = Instance(node, label, operator, granted, granted, ttlS)
        if old is None:
            self.lives[node].instances.append(id)
            self.homes[id] = self.lives[node]
        elif old.operator == operator:
            new.target, new.zone, new.endpoint = old.target, old.zone, old.endpoint
        self.instances[id] = new

    def on_Serving(self, _: int, id: int, target: str, zone: bytes, endpoint: str) -> None:
        instance = self.instances[id]
        instance.target, instance.zone, instance.endpoint = target, zone, endpoint

    def on_Weighed(self, _: int, id: int, weight: int) -> None:
        self.instances[id].weight = weight

    def on_Renewed(self, time: int, ids: tuple[int, ...]) -> None:
        for id in ids:
            self.instances[id].until = time + self.instances[id].ttl

    def on_Evicted(self, _: int, id: int) -> None:
        del self.instances[id]
        listed = self.homes.pop(id).instances
        listed[listed.index(id)] = listed[-1]
        listed.pop()

    def on_Scaled(self, _: int, node: bytes, scaling: tuple[Any, ...]) -> None:
        self.lives[node].scaling = scaling

    def on_Withdrawn(self, _: int, owner: str, to: str, amountWei: int) -> None:
        self.credits[owner] -= amountWei

    # ------------------------------------------------------------------ what the views should say

    def name_of(self, node: bytes, time: int) -> tuple[Any, ...]:
        life = self.live(node, time)
        if life is None:
            return (NOBODY, ROOT, "", 0, 0, False, NOBODY, 0)
        return (
            life.owner, life.parent, life.label, life.expires, life.generation, life.locked, life.offered, life.revision
        )  # fmt: skip

    def instance(self, id: int, time: int) -> tuple[Any, ...]:
        i = self.instances.get(id)
        if i is None:
            return (0, ROOT, "", NOBODY, 0, 0, 0, 0, NOBODY, bytes(12), "")
        until = i.until if self.homes[id].live(time) else 0
        return (id, i.node, i.label, i.operator, i.granted, i.weight, i.ttl, until, i.target, i.zone, i.endpoint)

    def here(self, dotted: str, time: int) -> str | None:
        """The address here, if the name resolves."""
        life = self.live(node_of(dotted), time)
        if life:
            kind, coin = calldata("addr", ROOT, 0)[:4], (0x80000000 | 31_337).to_bytes(32, "big")
            return "0x" + (life.records.get((kind, coin), b"") or bytes(20)).hex()
        first, _, rest = dotted.partition(".")
        service = self.live(node_of(rest), time)
        if service is None:
            return None
        for id in service.instances:
            if self.instances[id].label == first:
                return self.instances[id].target if time < self.instances[id].until else None
        version = service.proposed if first == "canary" else service.releases.get(int(first[1:] or 0), NO_VERSION)
        return version[2] if version[0] else None


@dataclass
class Storyteller:
    """Somebody does something, again and again; most of it goes through."""

    names: Names
    rng: random.Random
    replay: Replay = field(default_factory=Replay)
    tally: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    LABELS = ("a", "b", "c")
    TEXTS = ("url", "about", "a" * 64)

    @property
    def people(self) -> list[TestAccountAPI]:
        return self.names.world.accounts[5:8]

    def one(self, of: Any) -> Any:
        return self.rng.choice(list(of))

    def who(self, address: str) -> TestAccountAPI:
        return next(account for account in self.people if low(account) == address)

    def dotted(self, node: bytes) -> str:
        life = self.replay.lives[node]
        return life.label if life.parent == ROOT else f"{life.label}.{self.dotted(life.parent)}"

    def do(self, function: str, *args: Any, by: Any, value: int = 0) -> None:
        if self.names.refusal(function, *args, by=by, value=value) is not None:
            return
        self.tally[function] += 1
        for event in self.names.events(self.names.do(function, *args, by=by, value=value)):
            self.replay.take(event)

    def act(self) -> None:
        """One deed."""
        world, rng = self.names.world, self.rng
        world.at(world.time + rng.choices((1, 30, 3_000, 40 * 86_400), (70, 20, 9, 1))[0])
        live = [node for node in self.replay.lives if self.replay.live(node, world.time)]
        if not live or rng.random() < 0.04:
            return self.claim()
        node = self.one(live)
        life = self.replay.lives[node]
        owner = self.who(life.owner)
        by = self.who(self.one(life.operators)) if life.operators and rng.random() < 0.4 else owner
        person = self.one(self.people)
        ids = [id for id, home in self.replay.homes.items() if home.live(world.time) or rng.random() < 0.1]
        operator = self.who(self.replay.instances[self.one(ids)].operator) if ids else person
        mine = [id for id in ids if self.replay.instances[id].operator == low(operator)]
        number = max(self.replay.highest[node] + rng.choice((-1, 1, 1, 1 << 32)), 1 << 32)
        target = world.target.address
        digest = keccak(world.chain.get_code(target))
        deeds: list[tuple[Any, ...]] = [
            (by, "create", node, self.one(self.LABELS), person.address),
            (by, "create", node, self.one(self.LABELS), person.address),
            (owner, "renew", node),
            (owner, "offer", node, person.address),
            (self.who(life.offered) if life.offered != NOBODY else person, "accept", node, life.revision),
            (owner, "approve", node, person.address, rng.random() < 0.7),
            (by, "setAddr", node, person.address if rng.random() < 0.8 else NOBODY),
            (by, "setAddr", node, self.one((0, 60, 0x80000000 | 10)), self.one((b"", person.address.encode()[:20]))),
            (by, "setText", node, self.one(self.TEXTS), self.one(("", "short", "long" * 90))),
            (by, "setContenthash", node, rng.randbytes(rng.choice((0, 4, 40)))),
            (by, "setABI", node, 1 << rng.randrange(3), rng.randbytes(rng.choice((0, 4, 40)))),
            (by, "setInterface", node, b"\1\2\3\4", self.one((NOBODY, person.address))),
            (person, "setName", self.dotted(node)),
            (
                by,
                "propose",
                node,
                number >> 32,
                number & 0xFFFFFFFF,
                *self.one(((NOBODY, b"d" * 32), (target, digest))),
            ),
            *([(by, "confirm", node, *life.proposed[:2])] * (4 if life.proposed[0] else 0)),
            (by, "retract", node),
            (by, "admit", node, self.one(("i", "j")), person.address, rng.randrange(5), rng.randrange(60, 5_000)),
            (by, "admit", node, self.one(("i", "j")), person.address, rng.randrange(5), rng.randrange(60, 5_000)),
            (by, "setScaling", node, (3, 1, 9, 60, 7, 100, person.address)),
            (by, "scale", node, rng.randrange(1, 10)),
            (self.who(life.scaling[6]) if life.scaling[6] != NOBODY else person, "measure", node, rng.randrange(300)),
            (operator, "heartbeat", ids, world.time),
            (operator, "heartbeat", mine, world.time),
            *((operator, "serve", id, person.address, rng.randbytes(3).hex().encode(), "https://x") for id in mine[:1]),
            *((operator, "serve", id, NOBODY, b"", "") for id in mine[-1:]),
            *((operator, "setWeight", id, rng.randrange(3)) for id in mine[:2]),
            *((operator, "evict", id) for id in mine[:1]),
            *((self.who(a), "withdraw", NOBODY) for a, due in self.replay.credits.items() if due),
        ]
        if rng.random() < 0.07:
            deeds = [(self.one((owner, by)), "remove", node)]
            if life.above:
                deeds += [(self.who(life.above.owner), "lock", node)] * 2
        by, function, *args = self.one(deeds)
        self.do(function, *args, by=by)

    def claim(self) -> None:
        world, owner, label = self.names.world, self.one(self.people), self.one(("x", "y"))
        expired = self.replay.lives.get(node_of(label))
        if expired and not expired.ended and self.rng.random() < 0.5:
            world.at(max(world.time, expired.expires + GRACE_S))
        secret = self.rng.randbytes(32)
        self.do("commit", self.names.ask("commitmentOf", label, owner.address, secret), by=owner)
        world.at(world.time + 60)
        self.do("claim", label, owner.address, secret, by=owner, value=DEPOSIT_WEI)

    # ------------------------------------------------------------------ the comparison

    def compare(self) -> None:
        """Every view of everything that was ever heard of."""
        names, replay, time = self.names, self.replay, self.names.world.time
        assert names.ask("revision") == replay.revision
        live = tuple(node for node in replay.top if replay.live(node, time))
        assert names.ask("children", ROOT, 0, 99) == (live, len(replay.top))
        for person in self.people:
            assert names.ask("creditOf", person.address) == replay.credits[low(person)]
            dotted = replay.names.get(low(person), "")
            told = dotted if dotted and replay.here(dotted, time) == low(person) else ""
            assert names.ask("name", node_of(reverse_of(person))) == told
        for label in ("x", "y"):
            life = replay.lives.get(node_of(label))
            free = life.expires + GRACE_S if life and not life.ended else 0
            assert names.ask("freeAt", label) == (free if free > time else 0)
        for node in replay.lives:
            self._compare_name(node)
        for id in range(1, max(replay.instances, default=0) + 2):
            assert names.ask("instance", id) == replay.instance(id, time)

    def _compare_name(self, node: bytes) -> None:
        names, replay, time = self.names, self.replay, self.names.world.time
        life = replay.live(node, time)
        empty = Life(ROOT, None, "", NOBODY, 0, 0, 0)
        shown = life or empty
        dotted = self.dotted(node)
        assert names.ask("nameOf", node) == replay.name_of(node, time)
        for person in self.people:
            operates = life is not None and low(person) in {life.owner, *life.operators}
            assert names.ask("isOperator", node, person.address) is operates
        below = tuple(child for child in shown.children if replay.live(child, time))
        assert names.ask("children", node, 0, 99) == (below, len(shown.children))
        assert names.ask("versions", node) == (shown.current, shown.proposed, replay.highest[node])
        assert names.ask("scalingOf", node) == shown.scaling
        found = tuple(replay.instance(id, time) for id in shown.instances)
        assert names.ask("instances", node, 0, 99, False) == (found, len(found))
        alive = tuple(i for i in found if time < i[7])
        assert names.ask("instances", node, 0, 99, True) == (alive, len(found))
        for (kind, key), value in replay.lives[node].records.items():
            wanted = value if life else b""
            assert self._record(node, kind, key) == wanted, (dotted, kind.hex(), key)
        for first in ("", "canary.", "v1.", "v2.", "v77.", "i.", "j."):
            assert names.resolve(first + dotted) == replay.here(first + dotted, time), first + dotted

    def _record(self, node: bytes, kind: bytes, key: bytes) -> bytes:
        names = self.names
        if kind == calldata("text", ROOT, "")[:4]:
            return str(names.ask("text", node, key.decode())).encode()
        if kind == calldata("contenthash", ROOT)[:4]:
            return bytes(names.ask("contenthash", node))
        if kind == calldata("ABI", ROOT, 0)[:4]:
            return bytes(names.ask("ABI", node, int.from_bytes(key, "big"))[1])
        if kind == calldata("addr", ROOT, 0)[:4]:
            return bytes(names.ask("addr", node, int.from_bytes(key, "big")))
        assert kind == calldata("interfaceImplementer", ROOT, bytes(4))[:4]
        implementer = names.ask("interfaceImplementer", node, key[:4])
        return b"" if implementer == NOBODY else bytes.fromhex(implementer[2:])


HISTORIES = 4
DEEDS = 240
VISITED = (
    "claim commit create renew remove lock offer accept approve withdraw setAddr setText setContenthash setABI "
    "setInterface setName propose retract confirm admit serve heartbeat setWeight evict setScaling scale measure"
).split()


@pytest.mark.timeout(1_800)
def test_events_are_the_whole_state(
    chain: FoundryProvider, accounts: list[TestAccountAPI], compiled: Callable[..., ContractContainer]
) -> None:
    """In each of these histories; every kind of change was among them."""
    target = accounts[0].deploy(compiled("Target"))
    tally: dict[str, int] = defaultdict(int)
    for seed in range(HISTORIES):
        registry = accounts[0].deploy(compiled("Registry"))
        now = chain.get_block("latest").timestamp
        names = Names(World(chain, accounts, registry, target, target, time=now + 100), str(registry.address))
        teller = Storyteller(names, random.Random(seed))
        for deed in range(DEEDS):
            teller.act()
            if deed % 80 == 79:
                teller.compare()
        names.world.at(names.world.time + 1_000)
        teller.compare()
        names.world.at(names.world.time + 366 * 86_400)
        teller.compare()
        for function, count in teller.tally.items():
            tally[function] += count
    assert [function for function in VISITED if not tally[function]] == []
