"""What a client has to get from any Registry: run here in memory, in tests/integration on anvil."""

from __future__ import annotations

from typing import Protocol

import pytest
from eth_utils.crypto import keccak

from keeper.chain.endpoints import Chain
from keeper.registry import (
    AnswerCache,
    BadLabel,
    NoName,
    NoRecord,
    RegistryClient,
    Scaling,
    State,
    TakenBack,
    Told,
    Watch,
    coin_type,
    namehash,
    replay,
)
from keeper.wire.types import Address

ALICE, BOB, CAROL = (Address(keccak(text=who)[12:]) for who in ("alice", "bob", "carol"))
YEAR_S = 365 * 86_400


class Writer(Protocol):
    """Changes the Registry: each call is mined before it returns. `me` is who calls; `stranger` another with a key."""

    me: Address
    stranger: Address
    chain: Chain
    registry: Address
    first_block: int
    requests: int
    """How many requests went to the node so far; a batch is one."""

    async def claim(self, label: str) -> None: ...
    async def create(self, parent: str, label: str, owner: Address | None = None) -> None: ...
    async def create_many(self, parent: str, labels: list[str], target: Address) -> None:
        """Names, each with the same address."""

    async def remove(self, name: str) -> None: ...
    async def set_addr(self, name: str, address: Address, coin: int | None = None) -> None: ...
    async def set_text(self, name: str, key: str, value: str) -> None: ...
    async def set_contenthash(self, name: str, value: bytes) -> None: ...
    async def set_name(self, name: str) -> None: ...
    async def offer(self, name: str, to: Address) -> None: ...
    async def approve(self, name: str, operator: Address, approved: bool) -> None: ...
    async def propose(self, name: str, release: int, build: int, digest: bytes) -> None: ...
    async def propose_code(self, name: str, release: int, build: int) -> Address:
        """A version with code here; returns where."""

    async def confirm(self, name: str, release: int, build: int) -> None: ...
    async def admit(self, name: str, label: str, weight: int, ttl_s: int) -> int: ...
    async def serve(self, number: int, target: Address, zone: str, endpoint: str) -> None: ...
    async def heartbeat(self, *numbers: int) -> None: ...
    async def set_weight(self, number: int, weight: int) -> None: ...
    async def evict(self, number: int) -> None: ...
    async def set_scaling(self, name: str, scaling: Scaling) -> None: ...
    async def pass_time(self, seconds: int) -> None:
        """A block that much later."""

    async def reorg(self, depth: int) -> None:
        """The last blocks are replaced by as many without these changes."""


async def client(writer: Writer, cache: AnswerCache | None = None) -> RegistryClient:
    return RegistryClient(await writer.chain.pin(), writer.registry, cache=cache)


async def news(watch: Watch) -> list[Told | TakenBack]:
    return [one async for one in watch.catch_up()]


class RegistrySuite:
    """Needs a fixture `writer`, each on a chain of its own."""

    async def test_a_name_resolves_to_what_was_set(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.create("acme", "api")
        await writer.set_addr("api.acme", ALICE)
        await writer.set_addr("api.acme", BOB, coin_type(10))
        registry = await client(writer)
        assert await registry.resolve("api.acme") == ALICE
        assert await registry.resolve("api.acme", chain_id=10) == BOB
        here = await writer.chain.reads.chain_id()
        assert await registry.resolve("api.acme", chain_id=here) == ALICE
        with pytest.raises(NoRecord, match="acme has no address at block"):
            await registry.resolve("acme")
        with pytest.raises(NoRecord, match=r"api\.acme has no address on chain 8453"):
            await registry.resolve("api.acme", chain_id=8453)
        with pytest.raises(NoName, match=r"apo\.acme is no live name"):
            await registry.resolve("apo.acme")
        with pytest.raises(BadLabel):
            await registry.resolve("Api.acme")

    async def test_many_at_once_are_what_they_are_alone(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.create("acme", "api")
        await writer.set_addr("api.acme", ALICE)
        await writer.set_text("api.acme", "url", "https://api.example")
        registry = await client(writer)
        found = await registry.resolve_many(["api.acme", "acme", "none.acme", "canary.api.acme", "api.acme"])
        assert found == {"api.acme": ALICE, "acme": None, "none.acme": None, "canary.api.acme": None}
        assert await registry.texts(["api.acme", "acme", "x.y"], "url") == {
            "api.acme": "https://api.example",
            "acme": "",
            "x.y": None,
        }
        assert await registry.resolve_many([]) == {}

    async def test_texts_content_and_own_names(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.set_text("acme", "description", "a größer thing")
        await writer.set_contenthash("acme", b"\xe3\x01\x01")
        await writer.set_addr("acme", writer.me)
        await writer.set_name("acme")
        registry = await client(writer)
        assert await registry.text("acme", "description") == "a größer thing"
        assert await registry.text("acme", "url") == ""
        assert await registry.contenthash("acme") == b"\xe3\x01\x01"
        assert await registry.names_of([writer.me, BOB]) == {writer.me: "acme", BOB: None}
        await writer.set_addr("acme", BOB)
        assert await (await client(writer)).name_of(writer.me) is None
        with pytest.raises(NoName):
            await registry.text("nobody", "url")

    async def test_all_that_is_kept_of_a_name(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.create("acme", "api", ALICE)
        await writer.offer("acme", BOB)
        await writer.approve("acme", CAROL, True)
        registry = await client(writer)
        acme, api = await registry.names(["acme", namehash("api.acme")])
        assert acme is not None
        assert api is not None
        assert (acme.owner, acme.label, acme.generation, acme.locked, acme.offered_to) == (
            writer.me,
            "acme",
            1,
            False,
            BOB,
        )
        assert acme.expires_s > registry.block.time_s + YEAR_S - 3_600
        assert acme.revision == await registry.revision()
        assert (api.owner, api.parent, api.expires_s, api.revision) == (ALICE, namehash("acme"), 0, acme.revision - 2)
        assert await registry.name("other") is None
        assert await registry.is_operator("acme", CAROL)
        assert not await registry.is_operator("acme", BOB)

    async def test_children_are_those_that_live(self, writer: Writer) -> None:
        await writer.claim("acme")
        for label in ("a", "b", "c"):
            await writer.create("acme", label)
        await writer.remove("a.acme")
        registry = await client(writer)
        assert [one.label for one in await registry.children("acme")] == ["c", "b"]
        assert [one.label for one in await registry.children()] == ["acme"]
        assert await registry.children("nobody") == ()
        await writer.remove("acme")
        later = await client(writer)
        assert await later.children("acme") == ()
        assert await later.resolve_many(["b.acme"]) == {"b.acme": None}
        assert await later.credit_wei(writer.me) == 10**17

    async def test_versions_and_what_is_below_them(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.propose("acme", 1, 4, b"\x01" * 32)
        await writer.confirm("acme", 1, 4)
        await writer.set_addr("acme", ALICE)
        target = await writer.propose_code("acme", 2, 0)
        registry = await client(writer)
        found = await registry.versions("acme")
        assert found.current is not None
        assert (found.current.number, found.current.target, found.current.digest) == ((1, 4), None, b"\x01" * 32)
        assert found.proposed is not None
        assert (found.proposed.number, found.proposed.target) == ((2, 0), target)
        assert found.highest == (2, 0)
        names = ["canary.acme", "v1.acme", "v2.acme", "acme"]
        assert list((await registry.resolve_many(names)).values()) == [target, None, None, ALICE]
        with pytest.raises(NoName):
            await registry.resolve("v2.acme")
        await writer.confirm("acme", 2, 0)
        later = await client(writer)
        assert list((await later.resolve_many(names)).values()) == [None, None, target, target]
        assert (await later.version("acme", 1)) == found.current
        assert (await later.version("acme", 3)) is None

    async def test_instances_live_by_their_leases(self, writer: Writer) -> None:
        await writer.claim("acme")
        first = await writer.admit("acme", "one", 30, 600)
        second = await writer.admit("acme", "two", 10, 60)
        registry = await client(writer)
        assert await registry.instances("acme") == ()
        assert [one.until_s for one in await registry.instances("acme", live_only=False)] == [0, 0]
        await writer.serve(first, ALICE, "eu-central", "https://one.example")
        await writer.serve(second, BOB, "", "https://two.example")
        await writer.heartbeat(first, second)
        await writer.set_weight(first, 5)
        registry = await client(writer)
        one, two = await registry.instances("acme")
        assert (one.id, one.label, one.operator, one.granted, one.weight) == (first, "one", writer.me, 30, 5)
        assert (one.target, one.zone, one.endpoint) == (ALICE, "eu-central", "https://one.example")
        assert one.until_s - two.until_s == 540
        assert await registry.resolve("one.acme") == ALICE
        assert await registry.text("one.acme", "url") == "https://one.example"
        assert await registry.text("one.acme", "weight") == "5"
        assert await registry.instance(first) == one
        assert await registry.instance(99) is None
        await writer.pass_time(120)
        later = await client(writer)
        assert [each.id for each in await later.instances("acme")] == [first]
        assert await later.resolve_many(["one.acme", "two.acme"]) == {"one.acme": ALICE, "two.acme": None}
        await writer.evict(first)
        assert [each.id for each in await (await client(writer)).instances("acme", live_only=False)] == [second]

    async def test_a_rule_of_scaling(self, writer: Writer) -> None:
        await writer.claim("acme")
        rule = Scaling(wanted=3, least=1, most=9, cooldown_s=60, target=100, meter=BOB)
        await writer.set_scaling("acme", rule)
        registry = await client(writer)
        found = await registry.scaling("acme")
        assert (found.wanted, found.least, found.most, found.cooldown_s) == (3, 1, 9, 60)
        assert (found.target, found.meter, found.changed_at_s) == (100, BOB, registry.block.time_s)
        assert await registry.scaling("other") == Scaling()

    async def test_an_answer_is_of_one_block_for_ever(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.set_addr("acme", ALICE)
        cache = AnswerCache()
        before = await client(writer, cache)
        assert await before.resolve("acme") == ALICE
        await writer.set_addr("acme", BOB)
        after = await client(writer, cache)
        assert await after.resolve("acme") == BOB
        asked = writer.requests
        assert (await before.resolve("acme"), await after.resolve("acme")) == (ALICE, BOB)
        assert await RegistryClient(await writer.chain.pin(), writer.registry, cache=cache).resolve("acme") == BOB
        assert writer.requests - asked <= 2, "the pool may look at the head; the answers are known"

    async def test_a_thousand_names_take_a_handful_of_requests(self, writer: Writer) -> None:
        await writer.claim("acme")
        labels = [f"n{number}" for number in range(100)]
        await writer.create_many("acme", labels, ALICE)
        wanted = [f"n{number}.acme" for number in range(1_000)]
        registry = await client(writer)
        asked = writer.requests
        found = await registry.resolve_many(wanted)
        assert writer.requests - asked <= 4
        assert [found[name] for name in wanted] == [ALICE] * 100 + [None] * 900

    async def test_the_watch_tells_every_change_once(self, writer: Writer) -> None:
        watch = Watch(writer.chain, writer.registry, start_block=writer.first_block)
        await writer.claim("acme")
        first = await news(watch)
        await writer.create("acme", "api")
        await writer.set_addr("api.acme", ALICE)
        second = await news(watch)
        assert await news(watch) == []
        told = [one for one in first + second if isinstance(one, Told)]
        assert [one.revision for one in told] == list(range(1, len(told) + 1))
        assert [type(one.event).__name__ for one in told] == ["Committed", "NameSet", "NameSet", "RecordSet"]
        half = Watch(writer.chain, writer.registry, 2, start_block=writer.first_block)
        assert await news(half) == told[2:]

    async def test_the_watch_goes_back_to_the_common_block(self, writer: Writer) -> None:
        watch = Watch(writer.chain, writer.registry, start_block=writer.first_block)
        await writer.claim("acme")
        told = await news(watch)
        await writer.set_text("acme", "url", "a")
        await writer.set_text("acme", "url", "b")
        told += await news(watch)
        await writer.reorg(2)
        after = await news(watch)
        assert after == [TakenBack(2)]
        await writer.set_text("acme", "url", "c")
        after += await news(watch)
        assert [one.revision for one in after] == [2, 3]
        state = replay(told + after)
        assert state.revision == 3
        kind = bytes.fromhex("59d1d43c")
        assert state.record(namehash("acme"), kind, b"url", (await writer.chain.head()).time_s) == b"c"

    async def test_the_events_alone_give_the_same_state(self, writer: Writer) -> None:
        await writer.claim("acme")
        for label in ("a", "b", "c"):
            await writer.create("acme", label)
        await writer.set_addr("b.acme", ALICE)
        await writer.remove("a.acme")
        await writer.create("acme", "a", BOB)
        await writer.approve("acme", CAROL, True)
        await writer.offer("b.acme", BOB)
        await writer.propose("acme", 1, 0, b"\x01" * 32)
        await writer.confirm("acme", 1, 0)
        await writer.propose("acme", 1, 1, b"\x02" * 32)
        numbers = [await writer.admit("acme", f"i{n}", 10 + n, 600) for n in range(3)]
        for number in numbers:
            await writer.serve(number, ALICE, "eu", f"https://{number}.example")
        await writer.heartbeat(*numbers)
        await writer.set_weight(numbers[1], 0)
        await writer.set_scaling("acme", Scaling(wanted=2, least=1, most=5))
        await writer.claim("other")
        await writer.remove("other")
        told = await news(Watch(writer.chain, writer.registry, start_block=writer.first_block))
        await _same(replay(told), await client(writer), writer.me)
        await writer.pass_time(700)
        await _same(replay(told), await client(writer), writer.me)

    async def test_a_replayed_state_lapses_in_its_second(self, writer: Writer) -> None:
        await writer.claim("acme")
        await writer.create("acme", "api")
        await writer.set_addr("api.acme", ALICE)
        await writer.propose("api.acme", 1, 0, b"\x01" * 32)
        number = await writer.admit("api.acme", "one", 10, 600)
        await writer.serve(number, ALICE, "", "https://one.example")
        await writer.heartbeat(number)
        state = replay(await news(Watch(writer.chain, writer.registry, start_block=writer.first_block)))
        registry, node = await client(writer), namehash("api.acme")
        lease, name = await registry.instance(number), await registry.name("acme")
        assert lease is not None
        assert name is not None
        for time_s, live in ((lease.until_s - 1, [number]), (lease.until_s, [])):
            assert [one.id for one in state.instances(node, time_s, live_only=True)] == live
        addr = bytes.fromhex("f1cb7e06")
        (key,) = (key for kind, key in state.records[node, 1] if kind == addr)
        for time_s, lives in ((name.expires_s - 1, True), (name.expires_s, False)):
            said = [
                state.name(namehash("acme"), time_s),
                state.name(node, time_s),
                state.children(bytes(32), time_s),
                state.children(namehash("acme"), time_s),
                state.record(node, addr, key, time_s),
                state.versions(node, time_s).proposed,
                state.instances(node, time_s, live_only=False),
                state.is_operator(node, writer.me, time_s),
            ]
            assert [bool(one) for one in said] == [lives] * len(said)
            kept = state.instance(number, time_s)
            assert kept is not None
            assert kept.until_s == (lease.until_s if lives else 0)


async def _same(state: State, registry: RegistryClient, me: Address) -> None:
    """Whatever the client can ask, the replayed state says the same."""
    now = registry.block.time_s
    assert state.revision == await registry.revision()
    for name in ("acme", "a.acme", "b.acme", "c.acme", "other"):
        node = namehash(name)
        assert state.name(node, now) == await registry.name(name)
        assert state.children(node, now) == [one.node for one in await registry.children(name)]
        assert state.versions(node, now) == await registry.versions(name)
        assert state.scaling(node, now) == await registry.scaling(name)
        for live_only in (True, False):
            kept = state.instances(node, now, live_only=live_only)
            assert tuple(kept) == await registry.instances(name, live_only=live_only)
        assert state.is_operator(node, CAROL, now) == await registry.is_operator(name, CAROL)
    assert state.children(bytes(32), now) == [one.node for one in await registry.children()]
    assert state.credits_wei.get(me, 0) == await registry.credit_wei(me)
