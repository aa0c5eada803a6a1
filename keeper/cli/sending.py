"""One transaction of a person: tried out, signed, sent to every endpoint, waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keeper.chain.endpoints import EndpointPool
from keeper.chain.fees import FeePolicy, capped, quote
from keeper.chain.reads import View
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.sends import SendOutcome
from keeper.chain.settings import Settings
from keeper.chain.signer import Signer, Unsigned
from keeper.chain.values import Receipt
from keeper.cli.output import progress
from keeper.plans.show_calls import coin_text
from keeper.wire.contract_errors import decode_revert
from keeper.wire.errors import ConductorError, NotNow, Refused

GWEI = 10**9
_WAIT_S = 300.0
_POLICY = FeePolicy()


@dataclass(frozen=True, slots=True)
class Spending:
    """What may be bid per gas, and how often to look for the receipt."""

    max_fee_wei: int = 500 * GWEI
    tip_wei: int | None = None
    poll_s: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> Spending:
        tip_wei = None if settings.tip_gwei is None else int(settings.tip_gwei * GWEI)
        return cls(int(settings.max_fee_gwei * GWEI), tip_wei, min(settings.poll_s, 1.0))


async def send(
    pool: EndpointPool, signer: Signer, to: bytes, data: bytes, *, value_wei: int = 0, spending: Spending
) -> Receipt:
    """The receipt of a transaction that went well.

    Errors: NotNow or Refused with the contract's own reason, NotNow for a balance that is too small: then nothing was
    sent. NotNow with the transaction's hash if no block has it in time; Refused if it failed in its block.
    """
    view = await pool.pin()
    fees = capped(
        quote(await view.fee_history(_POLICY.blocks, [_POLICY.percentile]), _POLICY, spending.tip_wei),
        spending.max_fee_wei,
    )
    gas_limit = await _gas_limit(view, signer, to, data, value_wei)
    await _require_balance(view, signer.address, value_wei + gas_limit * fees.max_fee_wei)
    nonce = await view.nonce(signer.address, "pending")
    signed = await signer.sign(Unsigned(pool.chain_id, nonce, to, data, value_wei, gas_limit, fees))
    result = await pool.send_raw(signed.raw)
    if not result.outcome.reached:
        if result.outcome is SendOutcome.INSUFFICIENT_FUNDS:
            await _require_balance(view, signer.address, value_wei + gas_limit * fees.max_fee_wei)
        raise ConductorError(
            f"no endpoint took the transaction: {result.said}", field="transaction", remedy="try again"
        )
    with progress(f"waiting for transaction 0x{signed.hash.hex()}"):
        receipt = await _receipt(pool, signed.hash, spending.poll_s)
    if receipt.status != 1:
        remedy = "look at the transaction; the chain changed after it was tried out"
        raise Refused(
            "the transaction failed in its block", field="transaction", value=f"0x{signed.hash.hex()}", remedy=remedy
        )
    return receipt


async def refusal(view: View, sender: bytes, to: bytes, data: bytes, value_wei: int = 0) -> ConductorError | None:
    """Why the chain would refuse this transaction now; None if it would not."""
    try:
        await view.call(to, data, sender=sender, value_wei=value_wei)
    except EndpointFailed as error:
        if error.trouble is not Trouble.REVERTED:
            raise
        return decode_revert(error.revert_data).as_error()
    return None


async def _gas_limit(view: View, signer: Signer, to: bytes, data: bytes, value_wei: int) -> int:
    try:
        gas = await view.estimate_gas(to, data, sender=signer.address, value_wei=value_wei)
    except EndpointFailed as error:
        await _require_balance(view, signer.address, value_wei)
        if error.trouble is Trouble.REVERTED:
            raise decode_revert(error.revert_data).as_error() from None
        raise
    return gas + gas // 5


async def _require_balance(view: View, address: bytes, wanted_wei: int) -> None:
    balance_wei = await view.balance_wei(address)
    if balance_wei < wanted_wei:
        who = to_checksum_address(address)
        raise NotNow(
            f"{who} has {coin_text(balance_wei)} and needs {coin_text(wanted_wei)}",
            field="balance",
            value=balance_wei,
            remedy=f"send it at least {coin_text(wanted_wei - balance_wei)}",
        )


async def _receipt(pool: EndpointPool, tx_hash: bytes, poll_s: float) -> Receipt:
    """The receipt, once the pool's own head has its block: what is asked next sees what was done."""
    try:
        async with asyncio.timeout(_WAIT_S):
            while True:
                receipt = await pool.reads.receipt(tx_hash)
                if receipt is not None and (await pool.head()).number >= receipt.block_number:
                    return receipt
                await asyncio.sleep(poll_s)
    except TimeoutError:
        said = f"no block has the transaction after {_WAIT_S:g} s"
        raise NotNow(said, field="transaction", value=f"0x{tx_hash.hex()}", remedy="look for it later") from None
