"""web3.py's own `ens`, asking the Registry instead of ENS: `w3.ens.address("api.acme")`, and names wherever web3.py
takes an address.

web3.py up to 7.15 asks the ENS registry it is given as `addr`; from 7.16 on it asks a Universal Resolver at an address
of its own, which its `ens` object keeps. The Registry is both, so it takes the place of each that the object has. The
check that the newest block is at most 48 hours old, which ens makes of its own, goes: a chain of one's own may well be
idle. Whoever wants it adds web3.py's middleware for it to `w3`. Where web3.py itself takes a name for an address, the
name needs two labels at least.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

from ens.async_ens import AsyncENS  # type: ignore[import-untyped]  # ens ships no types
from ens.ens import ENS  # type: ignore[import-untyped]  # likewise
from eth_utils.address import is_address, to_checksum_address
from web3 import AsyncWeb3, Web3

from keeper.wire.errors import BadInput, ConductorError

_RESOLVER = "_universal_resolver"
_STALE = "stalecheck"


def attach_ens(w3: Web3 | AsyncWeb3[Any], registry: bytes | str) -> Any:
    """Makes `w3.ens` an ENS, or AsyncENS, over the Registry at that address, and returns it. It only reads.

    Errors: BadInput for an address that is none; ConductorError if this web3.py can be pointed nowhere.
    """
    if not is_address(registry):
        shown = f"0x{registry.hex()}" if isinstance(registry, bytes) else registry
        raise BadInput(
            f"{shown} is no address",
            field="registry",
            value=shown,
            remedy="give the Registry's, see `conductor deploy`",
        )
    at = to_checksum_address(registry)
    kind = AsyncENS if isinstance(w3, AsyncWeb3) else ENS
    takes_registry = "addr" in signature(kind.from_web3).parameters
    ens = kind.from_web3(w3, addr=at) if takes_registry else kind.from_web3(w3)
    resolver = getattr(ens, _RESOLVER, None)
    if resolver is not None:
        setattr(ens, _RESOLVER, w3.eth.contract(address=at, abi=resolver.abi))
    elif not takes_registry:
        remedy = "use web3.py 7 or 8, which are known to work"
        raise ConductorError("this web3.py's ens asks only ENS itself", field="web3", remedy=remedy)
    if ens.w3.middleware_onion.get(_STALE) is not None:
        ens.w3.middleware_onion.remove(_STALE)
    w3.ens = ens
    return ens
