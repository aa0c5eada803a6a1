"""One transaction of a command: tried out, sent through the outbox, waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from keeper.bots.connection import Connection
from keeper.bots.fees import GWEI
from keeper.chain.entries import Entry, Outcome, State
from keeper.chain.outbox import Outbox
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Receipt
from keeper.wire.abi import encode_call
from keeper.wire.contract_errors import decode_revert
from keeper.wire.errors import BadInput, Refused

_SPARE_GAS = 30_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A mined transaction. Its cost is what the sender paid for gas."""

    transaction: bytes
    block: int
    cost_wei: int
    receipt: Receipt


async def transact(connection: Connection, function: str, *args: object, value_wei: int = 0) -> Sent:
    """A function of the Scheduler, by the settings' key, once.

    Errors: NotNow or Refused with the contract's own reason, BadInput if the key cannot pay; then nothing was sent.
    """
    signer = connection.key()
    data = encode_call(function, *args)
    view = await connection.pool.pin()
    try:
        await view.call(connection.scheduler, data, sender=signer.address, value_wei=value_wei)
        gas = await view.estimate_gas(connection.scheduler, data, sender=signer.address, value_wei=value_wei)
    except EndpointFailed as error:
        await _require_balance(connection, value_wei)
        if error.trouble is Trouble.REVERTED:
            raise decode_revert(error.revert_data).as_error() from None
        raise
    await _require_balance(connection, value_wei + gas * view.head.base_fee_wei)
    outbox = Outbox(
        connection.pool, connection.store, [signer], worker=f"{connection.worker}/command", still_wanted=_always
    )
    key = f"{function}:{signer.address.hex()}:{await view.nonce(signer.address)}"
    await outbox.submit(
        key,
        signer.address,
        connection.scheduler,
        data,
        gas_limit=gas + gas // 4 + _SPARE_GAS,
        max_fee_wei=int(connection.settings.max_fee_gwei * GWEI),
        value_wei=value_wei,
    )
    return await _mined(connection, outbox, key)


async def _mined(connection: Connection, outbox: Outbox, key: str) -> Sent:
    while True:
        entry = await outbox.find(key)
        if entry is not None and entry.state in (State.MINED, State.FINAL):
            return await _sent(connection, entry)
        await asyncio.sleep(connection.settings.poll_s)
        await outbox.tick()


async def _sent(connection: Connection, entry: Entry) -> Sent:
    receipt = None if entry.mined_hash is None else await connection.pool.reads.receipt(entry.mined_hash)
    if entry.outcome is not Outcome.DONE or receipt is None:
        remedy = "look at the transaction, and try again"
        raise Refused(
            f"the transaction was {entry.outcome}", field="transaction", value="0x" + entry.hash.hex(), remedy=remedy
        )
    return Sent(receipt.tx_hash, receipt.block_number, receipt.gas_used * receipt.gas_price_wei, receipt)


async def _require_balance(connection: Connection, wanted_wei: int) -> None:
    address = connection.key().address
    balance_wei = await connection.pool.reads.balance_wei(address)
    if balance_wei < wanted_wei:
        raise BadInput(
            f"0x{address.hex()} has {balance_wei} wei and needs {wanted_wei}",
            field="balance",
            value=balance_wei,
            remedy=f"send it at least {wanted_wei - balance_wei} wei",
        )


async def _always(_: Entry) -> bool:
    return True
