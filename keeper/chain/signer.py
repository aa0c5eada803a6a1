"""Who signs. A key stays inside its signer: it is in no log, no repr and no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.address import to_checksum_address

from keeper.chain.fees import Fees
from keeper.wire.errors import BadInput


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An EIP-1559 transaction before it is signed."""

    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    value_wei: int
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Signed:
    raw: bytes
    hash: bytes


class Signer(Protocol):
    """Signs for one 20-byte `address`. Signing is async, so that a key may live elsewhere."""

    @property
    def address(self) -> bytes: ...

    async def sign(self, transaction: Unsigned) -> Signed: ...

    async def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes, r s v with v 27 or 28, over exactly these 32 bytes; for EIP-712 digests."""


class LocalSigner:
    """A key in this process's memory."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes. Errors: BadInput, which does not repeat them."""
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:  # noqa: BLE001 - whatever the library says could hold the key
            raise BadInput(
                "the private key is not usable", field="key", remedy="give 32 bytes in hexadecimal"
            ) from None

    def __repr__(self) -> str:
        return f"LocalSigner({self._account.address})"

    @property
    def address(self) -> bytes:
        return bytes.fromhex(self._account.address[2:])

    async def sign(self, transaction: Unsigned) -> Signed:
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "to": to_checksum_address(transaction.to),
                "data": transaction.data,
                "value": transaction.value_wei,
                "gas": transaction.gas_limit,
                "maxFeePerGas": transaction.fees.max_fee_wei,
                "maxPriorityFeePerGas": transaction.fees.tip_wei,
            }
        )
        return Signed(bytes(signed.raw_transaction), bytes(signed.hash))

    async def sign_digest(self, digest: bytes) -> bytes:
        return bytes(self._account.unsafe_sign_hash(Hash32(digest)).signature)
