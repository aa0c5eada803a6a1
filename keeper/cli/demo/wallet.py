"""A person with a key: several transactions at once, in order, each of which has to go well."""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.chain.fees import Fees
from keeper.chain.signer import Signer, Unsigned
from keeper.chain.values import Receipt
from keeper.cli.demo.anvil import BASE_FEE_WEI, GWEI, Chain
from keeper.wire.errors import ConductorError
from keeper.wire.hashing import DEPLOYER, create2_address
from keeper.wire.types import Address

_FEES = Fees(4 * BASE_FEE_WEI, GWEI)
_SALT = bytes(32)
PLENTY_GAS = 1_000_000
DEPLOY_GAS = 8_000_000


def calldata(signature: str, *args: object) -> bytes:
    """`transfer(address,uint256)` with its arguments; addresses are 20 bytes."""
    types = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return bytes(keccak(text=signature)[:4]) + encode(types, args)


class Wallet:
    """Transactions of one key. `send` does not wait; `settled` does, for all that were sent since."""

    def __init__(self, chain: Chain, signer: Signer) -> None:
        self._chain = chain
        self._signer = signer
        self._nonce: int | None = None
        self._sent: list[tuple[str, bytes]] = []

    @property
    def address(self) -> Address:
        return Address(self._signer.address)

    async def send(
        self, what: str, to: bytes, data: bytes = b"", *, value_wei: int = 0, gas_limit: int = PLENTY_GAS
    ) -> None:
        """`what` names it in an error."""
        pool = self._chain.pool
        if self._nonce is None:
            self._nonce = await pool.reads.nonce(self.address, "pending")
        unsigned = Unsigned(pool.chain_id, self._nonce, to, data, value_wei, gas_limit, _FEES)
        signed = await self._signer.sign(unsigned)
        result = await pool.send_raw(signed.raw)
        if not result.outcome.reached:
            raise ConductorError(f"{what}: not taken: {result.said}")
        self._nonce += 1
        self._sent.append((what, signed.hash))

    async def create(self, what: str, code: bytes, types: Sequence[str] = (), args: Sequence[object] = ()) -> Address:
        """A contract by the canonical CREATE2 deployer. Its address, known before it is there."""
        creation = code + encode(list(types), list(args))
        await self.send(what, DEPLOYER, _SALT + creation, gas_limit=DEPLOY_GAS)
        return create2_address(DEPLOYER, _SALT, keccak(creation))

    async def settled(self) -> list[Receipt]:
        """Errors: ConductorError that names the transaction that failed."""
        receipts = []
        for what, tx_hash in self._sent:
            while (receipt := await self._chain.pool.reads.receipt(tx_hash)) is None:
                await self._chain.until(self._chain.block + 1)
            if receipt.status != 1:
                raise ConductorError(f"{what}: failed in block {receipt.block_number}", value=f"0x{tx_hash.hex()}")
            receipts.append(receipt)
        self._sent.clear()
        return receipts
