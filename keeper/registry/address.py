"""Where the Registry is."""

from __future__ import annotations

from keeper.wire.hashing import deployed_address
from keeper.wire.types import Address


def registry_address(salt: bytes = bytes(32)) -> Address:
    """Where the Registry of this version is on every chain (CREATE2, EIP-1014)."""
    return deployed_address("Registry", salt)
