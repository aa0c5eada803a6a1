"""How web3.py's ens is pointed at the Registry, whatever this web3.py has of it; no request is made."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3

from keeper.registry import attach
from keeper.registry.attach import attach_ens
from keeper.wire.errors import BadInput, ConductorError

AT = b"\x12" * 20


@pytest.fixture(params=["sync", "async"])
def w3(request: pytest.FixtureRequest) -> Any:
    url = "http://127.0.0.1:1"
    return Web3(HTTPProvider(url)) if request.param == "sync" else AsyncWeb3(AsyncHTTPProvider(url))


def test_both_registry_and_universal_resolver_are_the_registry(w3: Any) -> None:
    ns = attach_ens(w3, AT)
    assert w3.ens is ns
    assert ns.ens.address == to_checksum_address(AT)
    resolver = getattr(ns, "_universal_resolver", None)
    assert resolver is None or resolver.address == to_checksum_address(AT)
    assert ns.w3.middleware_onion.get("stalecheck") is None


def test_a_web3_py_before_the_universal_resolver(monkeypatch: pytest.MonkeyPatch, w3: Any) -> None:
    monkeypatch.setattr(attach, "_RESOLVER", "no_such_attribute")
    assert attach_ens(w3, AT).ens.address == to_checksum_address(AT)


def test_a_web3_py_that_can_be_pointed_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        @classmethod
        def from_web3(cls, w3: Any) -> Fixed:
            return cls()

    monkeypatch.setattr(attach, "ENS", Fixed)
    with pytest.raises(ConductorError, match="asks only ENS itself"):
        attach_ens(Web3(HTTPProvider("http://127.0.0.1:1")), AT)


@pytest.mark.parametrize("registry", ["0x12", b"\x12" * 19, "api.acme"])
def test_an_address_that_is_none(registry: str | bytes) -> None:
    with pytest.raises(BadInput, match="is no address") as caught:
        attach_ens(Web3(HTTPProvider("http://127.0.0.1:1")), registry)
    assert (caught.value.field, caught.value.remedy) == ("registry", "give the Registry's, see `conductor deploy`")
