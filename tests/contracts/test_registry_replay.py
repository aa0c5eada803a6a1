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

from tests.contracts.names import DEPOSIT_WEI, GRACE_S, NOBODY, ROOT, Names, calldata, low, node_of, reverse_of
from tests.contracts.replay import Life, Replay
from tests.contracts.world import World


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

    def do(self, by: TestAccountAPI, function: str, *args: Any, value: int = 0) -> None:
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
            self.claim()
        else:
            self.do(*self.deed(self.one(live)))

    def deed(self, node: bytes) -> tuple[Any, ...]:
        """Who does what with a live name."""
        world, rng = self.names.world, self.rng
        life = self.replay.lives[node]
        owner = self.who(life.owner)
        by = self.who(self.one(life.operators)) if life.operators and rng.random() < 0.4 else owner
        person = self.one(self.people)
        ids = [i for i, home in self.replay.homes.items() if home.live(world.time) or rng.random() < 0.1]
        operator = self.who(self.replay.instances[self.one(ids)].operator) if ids else person
        mine = [i for i in ids if self.replay.instances[i].operator == low(operator)]
        version = max(self.replay.highest[node] + rng.choice((-1, 1, 1, 1 << 32)), 1 << 32)
        target = world.target.address
        digest = keccak(world.chain.get_code(target))
        code = self.one(((NOBODY, b"d" * 32), (target, digest)))
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
            (by, "propose", node, version >> 32, version & 0xFFFFFFFF, *code),
            *([(by, "confirm", node, *life.proposed[:2])] * (4 if life.proposed[0] else 0)),
            (by, "retract", node),
            (by, "admit", node, self.one(("i", "j")), person.address, rng.randrange(5), rng.randrange(60, 5_000)),
            (by, "admit", node, self.one(("i", "j")), person.address, rng.randrange(5), rng.randrange(60, 5_000)),
            (by, "setScaling", node, (3, 1, 9, 60, 7, 100, person.address)),
            (by, "scale", node, rng.randrange(1, 10)),
            (self.who(life.scaling[6]) if life.scaling[6] != NOBODY else person, "measure", node, rng.randrange(300)),
            (operator, "heartbeat", ids, world.time),
            (operator, "heartbeat", mine, world.time),
            *((operator, "serve", i, person.address, rng.randbytes(3).hex().encode(), "https://x") for i in mine[:1]),
            *((operator, "serve", i, NOBODY, b"", "") for i in mine[-1:]),
            *((operator, "setWeight", i, rng.randrange(3)) for i in mine[:2]),
            *((operator, "evict", i) for i in mine[:1]),
            *((self.who(a), "withdraw", NOBODY) for a, due in self.replay.credits.items() if due),
        ]
        if rng.random() < 0.07:
            deeds = [(self.one((owner, by)), "remove", node)]
            if life.above:
                deeds += [(self.who(life.above.owner), "lock", node)] * 2
        return tuple(self.one(deeds))

    def claim(self) -> None:
        world, owner, label = self.names.world, self.one(self.people), self.one(("x", "y"))
        expired = self.replay.lives.get(node_of(label))
        if expired and not expired.ended and self.rng.random() < 0.5:
            world.at(max(world.time, expired.expires + GRACE_S))
        secret = self.rng.randbytes(32)
        self.do(owner, "commit", self.names.ask("commitmentOf", label, owner.address, secret))
        world.at(world.time + 60)
        self.do(owner, "claim", label, owner.address, secret, value=DEPOSIT_WEI)

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
        for i in range(1, max(replay.instances, default=0) + 2):
            assert names.ask("instance", i) == replay.instance(i, time)

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
        found = tuple(replay.instance(i, time) for i in shown.instances)
        assert names.ask("instances", node, 0, 99, False) == (found, len(found))
        alive = tuple(one for one in found if time < one[7])
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
VISITED = [
    *("claim", "commit", "create", "renew", "remove", "lock", "offer", "accept", "approve", "withdraw", "setName"),
    *("setAddr", "setText", "setContenthash", "setABI", "setInterface", "propose", "retract", "confirm"),
    *("admit", "serve", "heartbeat", "setWeight", "evict", "setScaling", "scale", "measure"),
]


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
