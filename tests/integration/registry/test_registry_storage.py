"""The Registry's words, read from a chain's storage as docs/wire.md draws them, say what its views say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from eth_utils.crypto import keccak

from keeper.chain.values import hexed
from keeper.registry import RegistryClient, dns_encode, namehash
from keeper.wire.types import Address
from tests.conftest import ROOT
from tests.integration.registry.writer import ME, STRANGER, OnAnvil, on_anvil
from tests.vectors.layouts import unpack

LONG = "a-label-of-more-than-thirteen-bytes"


@pytest.fixture
async def writer() -> AsyncIterator[OnAnvil]:
    async with on_anvil() as writer:
        yield writer


async def word_of(writer: OnAnvil, kept: str, key: bytes, member: str, word: str) -> dict[str, int]:
    """A member of a struct in one of the Registry's mappings; where it is, the snapshot of its storage says."""
    table = json.loads((ROOT / "snapshots/storage.json").read_text())["Registry"]
    mapping = next(one for one in table if one["name"] == kept)
    place = next(one for one in mapping["members"] if one["name"] == member)
    assert place["offset"] == 0
    slot = int.from_bytes(keccak(key.rjust(32, b"\0") + mapping["slot"].to_bytes(32, "big")), "big") + place["slot"]
    found = await writer.world.ask("eth_getStorageAt", [hexed(writer.registry), hex(slot), "latest"])
    return unpack(word, bytes.fromhex(found[2:]).rjust(32, b"\0"))


async def client(writer: OnAnvil) -> RegistryClient:
    return RegistryClient(await writer.chain.pin(), writer.registry)


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


async def test_life_and_book_are_what_the_name_is(writer: OnAnvil) -> None:
    await writer.claim("acme")
    for label in ("price", LONG):
        await writer.create("acme", label)
    await writer.do("lock", namehash("price.acme"))
    await writer.offer("price.acme", STRANGER)
    seen = await (await client(writer)).name("price.acme")
    assert seen is not None
    await writer.do("accept", seen.node, seen.revision, sender=STRANGER)
    await writer.remove(f"{LONG}.acme")
    await writer.create("acme", LONG)
    asked = await client(writer)
    for name in ("acme", "price.acme", f"{LONG}.acme"):
        found = await asked.name(name)
        assert found is not None
        above = None if name == "acme" else await asked.name(found.parent)
        assert await word_of(writer, "_nodes", found.node, "life", "Life") == {
            "owner": number(found.owner),
            "expires": found.expires_s,
            "generation": found.generation,
            "parentGeneration": 0 if above is None else above.generation,
        }
        short = found.label.encode() if len(found.label) <= 13 else b""
        assert await word_of(writer, "_nodes", found.node, "book", "Book") == {
            "revision": found.revision,
            "transfers": 1 if found.owner == STRANGER else 0,
            "index": {"acme": 0, "price": 0, LONG: 1}[found.label],
            "locked": int(found.locked),
            "length": len(dns_encode(name)),
            "labelLength": len(short),
            "label": number(short.ljust(13, b"\0")),
        }
    await writer.remove("acme")
    life = await word_of(writer, "_nodes", namehash("acme"), "life", "Life")
    assert life == {"owner": 0, "expires": 0, "generation": 2, "parentGeneration": 0}
    assert set((await word_of(writer, "_nodes", namehash("acme"), "book", "Book")).values()) == {0}


async def test_a_lease_is_what_the_instance_is(writer: OnAnvil) -> None:
    await writer.claim("acme")
    one = await writer.admit("acme", "eu", 100, 90)
    key = one.to_bytes(32, "big")
    first = await word_of(writer, "_leases", key, "word", "Lease")
    assert (first["until"], first["served"], first["operator"]) == (0, 0, number(ME))
    await writer.serve(one, Address(b"\x01" * 20), "eu-1", "https://eu")
    await writer.heartbeat(one)
    await writer.set_weight(one, 80)
    asked = await client(writer)
    found = await asked.instance(one)
    assert found is not None
    assert await word_of(writer, "_leases", key, "word", "Lease") == {
        "operator": number(found.operator),
        "until": found.until_s,
        "granted": found.granted,
        "weight": found.weight,
        "served": 1,
        "ttl": found.ttl_s,
    }
    assert (found.granted, found.weight, found.ttl_s) == (100, 80, 90)
    await writer.evict(one)
    assert set((await word_of(writer, "_leases", key, "word", "Lease")).values()) == {0}
