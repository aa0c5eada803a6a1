"""Many questions in few requests: what reverts spoils nothing else, and what is known is not asked."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain.endpoints import EndpointPool
from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimChain
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Block
from keeper.registry import AnswerCache, RegistryClient, RegistryRefused
from keeper.registry.abi import arguments, call
from keeper.registry.asking import AT_ONCE, AT_ONCE_BYTES, Asking, ReadsAt
from keeper.wire.abi import interface
from keeper.wire.types import Address
from tests.unit.registry.registry_suite import ALICE
from tests.unit.registry.twin import Twin

REGISTRY = Address(b"\x12" * 20)
REVERTS = EndpointFailed("fake", Trouble.REVERTED, "execution reverted")


class Fake:
    """Says each question's own bytes again, but reverts on those in `bad`, and a multicall with one of them whole."""

    def __init__(self, bad: set[int], trouble: Trouble = Trouble.REVERTED, most: int = 10**9) -> None:
        self.head = Block(1, b"\x01" * 32, bytes(32), 1)
        self.bad = {call("freeAt", str(number)) for number in bad}
        self.trouble = trouble
        self.most = most
        self.batches: list[int] = []
        self.asked: list[bytes] = []

    async def chain_id(self) -> int:
        return 1

    async def call(self, to: bytes, data: bytes) -> bytes:
        (said,) = await self.calls(to, [data])
        if isinstance(said, EndpointFailed):
            raise said
        return said

    async def calls(self, _to: bytes, datas: list[bytes]) -> list[bytes | EndpointFailed]:
        self.batches.append(len(datas))
        return [self.said(data) for data in datas]

    def said(self, data: bytes) -> bytes | EndpointFailed:
        called = arguments(data)
        assert called is not None
        if called[0] != "multicall":
            self.asked.append(data)
            return REVERTS if data in self.bad else data
        inner = called[1][0]
        self.asked += inner
        if self.bad & set(inner) or len(inner) > self.most:
            return EndpointFailed("fake", self.trouble, "no")
        return encode(["bytes[]"], [inner])


@settings(deadline=None)
@given(st.integers(0, 600), st.sets(st.integers(0, 599), max_size=8))
async def test_each_gets_its_own_answer(count: int, bad: set[int]) -> None:
    fake = Fake(bad)
    wanted = [call("freeAt", str(number)) for number in range(count)]
    found = await Asking(fake, REGISTRY, AnswerCache()).many(wanted)
    assert found == [REVERTS if number in bad else data for number, data in enumerate(wanted)]
    assert len(fake.batches) <= 1 + AT_ONCE.bit_length() + 1, "a round for each halving, no more"


async def test_a_node_that_finds_a_call_too_long_gets_shorter_ones() -> None:
    fake = Fake(set(), Trouble.TOO_MUCH, most=30)
    wanted = [call("freeAt", str(number)) for number in range(400)]
    assert await Asking(fake, REGISTRY, AnswerCache()).many(wanted) == wanted
    assert fake.batches == [2, 4, 8, 16]


async def test_other_failures_are_raised() -> None:
    fake = Fake({1}, Trouble.BEHIND)
    with pytest.raises(EndpointFailed) as caught:
        await Asking(fake, REGISTRY, AnswerCache()).many([call("freeAt", "0"), call("freeAt", "1")])
    assert caught.value.trouble is Trouble.BEHIND


async def test_nothing_is_asked_twice_nor_of_another_block() -> None:
    fake, cache = Fake(set()), AnswerCache()
    one, two = call("freeAt", "1"), call("freeAt", "2")
    asking = Asking(fake, REGISTRY, cache)
    assert await asking.many([one, two, one]) == [one, two, one]
    assert await asking.one(two) == two
    assert fake.asked == [one, two]
    fake.head = Block(2, b"\x02" * 32, fake.head.hash, 2)
    assert await asking.one(two) == two
    assert fake.asked == [one, two, two]


async def test_long_questions_are_fewer_at_once() -> None:
    fake = Fake(set())
    wanted = [call("resolve", bytes([number]), bytes(AT_ONCE_BYTES // 3)) for number in range(4)]
    assert await Asking(fake, REGISTRY, AnswerCache()).many(wanted) == wanted
    assert fake.batches == [2]


def test_the_least_used_answers_are_forgotten() -> None:
    cache = AnswerCache(most=2)
    for data in (b"a", b"b"):
        cache.put(b"block", REGISTRY, data, data)
    assert cache.get(b"block", REGISTRY, b"a") == b"a"
    cache.put(b"block", REGISTRY, b"c", b"c")
    assert [cache.get(b"block", REGISTRY, data) for data in (b"a", b"b", b"c")] == [b"a", None, b"c"]
    assert cache.get(b"other", REGISTRY, b"a") is None


async def test_where_there_is_no_registry_it_says_so() -> None:
    pool = EndpointPool(1337, [MemoryTransport(SimChain())])
    registry = RegistryClient(await pool.pin(), REGISTRY)
    with pytest.raises(RegistryRefused, match="check that there is a Registry at this address"):
        await registry.resolve("api.acme")
    with pytest.raises(RegistryRefused):
        await registry.resolve_many(["api.acme", "acme"])


def test_what_it_refused_is_told_in_words() -> None:
    errors = interface("Registry").errors
    unsupported = errors["UnsupportedResolverProfile"].encode(b"\x01\x02\x03\x04")
    assert RegistryRefused("`resolve`", unsupported).message == (
        "the Registry refused `resolve`: UnsupportedResolverProfile(selector=0x01020304)"
    )
    reserved = errors["Registry_Reserved"].encode("eth")
    assert RegistryRefused("`freeAt`", reserved).message == (
        "the Registry refused `freeAt`: Registry_Reserved(label=eth)"
    )
    assert RegistryRefused("`x`", reserved[:8]).message == f"the Registry refused `x`: 0x{reserved[:8].hex()}"
    assert RegistryRefused("`x`", b"\xff" * 200).message.endswith("ff..")


async def test_reads_without_batches_give_the_same() -> None:
    twin = Twin()
    await twin.claim("acme")
    await twin.set_addr("acme", ALICE)
    head = await twin.chain.head()
    registry = RegistryClient(ReadsAt(twin.chain.reads, head), twin.registry)
    await twin.remove("acme")
    assert registry.block == head
    assert await registry.resolve_many(["acme", "other"]) == {"acme": ALICE, "other": None}
    reads = ReadsAt(twin.chain.reads, head)
    assert await reads.chain_id() == 1337
    bad, good = await reads.calls(twin.registry, [call("resolve", b"\0", b""), call("revision")])
    assert isinstance(bad, EndpointFailed)
    assert good == (3).to_bytes(32, "big")
