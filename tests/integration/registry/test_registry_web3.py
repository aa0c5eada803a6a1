"""web3.py's own ens, unmodified, over the Registry: the installed version; sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ens.exceptions import ENSException  # type: ignore[import-untyped]  # ens ships no types
from eth_utils.address import to_checksum_address
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3

from keeper.registry.attach import attach_ens
from tests.integration.registry.writer import OnAnvil, on_anvil
from tests.unit.registry.registry_suite import ALICE, BOB

DAYS_S = 86_400


@pytest.fixture
async def named() -> AsyncIterator[OnAnvil]:
    """`acme` is the sender's own name, `api.acme` ALICE's, with an instance and a version proposed."""
    async with on_anvil() as writer:
        await writer.claim("acme")
        await writer.set_addr("acme", writer.me)
        await writer.set_name("acme")
        await writer.create("acme", "api")
        await writer.set_addr("api.acme", ALICE)
        await writer.set_text("api.acme", "url", "https://api.example")
        number = await writer.admit("api.acme", "one", 10, 600)
        await writer.serve(number, BOB, "eu", "https://one.example")
        await writer.heartbeat(number)
        yield writer


async def test_the_async_ens_asks_the_registry(named: OnAnvil) -> None:
    w3: AsyncWeb3[Any] = AsyncWeb3(AsyncHTTPProvider(named.world.url))
    ns = attach_ens(w3, named.registry)
    try:
        assert w3.ens is ns
        assert await ns.address("api.acme") == to_checksum_address(ALICE)
        assert await ns.address("one.api.acme") == to_checksum_address(BOB)
        assert await ns.get_text("api.acme", "url") == "https://api.example"
        assert await ns.owner("api.acme") == to_checksum_address(named.me)
        assert await ns.name(to_checksum_address(named.me)) == "acme"
        assert await ns.name(to_checksum_address(BOB)) is None
        assert await ns.address("none.acme") is None
        assert await w3.eth.get_balance("api.acme") == 0  # type: ignore[arg-type]  # a name for an address
        await named.pass_time(700)
        assert await ns.address("one.api.acme") is None, "its lease is over"
        with pytest.raises(ENSException):
            await ns.get_text("one.api.acme", "url")
    finally:
        await w3.provider.disconnect()


async def test_the_ens_asks_the_registry(named: OnAnvil) -> None:
    w3 = Web3(HTTPProvider(named.world.url))
    ns = attach_ens(w3, to_checksum_address(named.registry))
    assert w3.ens is ns
    assert ns.address("api.acme") == to_checksum_address(ALICE)
    assert ns.get_text("one.api.acme", "weight") == "10"
    assert ns.name(to_checksum_address(named.me)) == "acme"
    assert ns.address("none.acme") is None
    assert w3.eth.get_balance("api.acme") == 0  # type: ignore[arg-type]  # a name for an address


async def test_an_idle_chain_is_asked_all_the_same(named: OnAnvil, monkeypatch: pytest.MonkeyPatch) -> None:
    head = await named.chain.head()
    monkeypatch.setattr("time.time", lambda: head.time_s + 3 * DAYS_S)
    assert attach_ens(Web3(HTTPProvider(named.world.url)), named.registry).address("api.acme") is not None
    w3: AsyncWeb3[Any] = AsyncWeb3(AsyncHTTPProvider(named.world.url))
    assert await attach_ens(w3, named.registry).address("api.acme") == to_checksum_address(ALICE)
    await w3.provider.disconnect()
