"""`conductor name claim`: commit, wait, reveal; begun again it goes on where it was."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import click
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.chain.endpoints import EndpointPool
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.keeper_seat import day
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, note, progress
from keeper.cli.plan_owner import Transaction
from keeper.cli.registry import FROM_ACCOUNT, Actor, Registry, acting, top_level
from keeper.plans.show_calls import coin_text
from keeper.registry import Name, namehash
from keeper.registry.abi import answer, call
from keeper.registry.names import RESERVED
from keeper.wire.abi import interface
from keeper.wire.contract_errors import decode_revert
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import Address

_LATE_S = 120.0
"""So much longer than the commitment has to age a block may keep us waiting."""


@dataclass(frozen=True)
class NameClaimed(Result):
    """`transaction` is null if the name was the owner's already."""

    schema = "conductor/name-claim/1"

    name: str
    node: str
    owner: str
    expires_s: int
    deposit_wei: str
    transaction: Transaction | None

    def text(self) -> str:
        done = "was yours already" if self.transaction is None else f"in block {self.transaction.block}"
        rows = [("name", self.name), ("owner", self.owner), ("expires", day(self.expires_s)), ("claimed", done)]
        return fields([*rows, ("deposit", f"{coin_text(int(self.deposit_wei))}, comes back when the name ends")])


@command(
    "claim",
    NameClaimed,
    click.argument("label"),
    click.option("--owner", metavar="ADDRESS", help="Who gets it; default: who claims it."),
    click.option("--no-wait", is_flag=True, help="Commit and end with exit code 3; run it again to claim."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def claim(label: str, owner: str | None, no_wait: bool, from_account: bool, settings: Settings) -> NameClaimed:
    """Take a top-level name for a year, with a deposit that comes back.

    First it commits to the name without saying it, so that nobody can be faster; a minute later it claims it. Stopped
    in between, it goes on where it was when it is run again with the same key, for a day: its secret is the key's
    signature over the name.

    Example: conductor name claim acme
    """
    top_level(label)
    if label in RESERVED:
        remedy = "choose another name"
        raise BadInput(f"{label} is given to nobody: it means something elsewhere", field="label", remedy=remedy)
    async with acting(settings, from_account=from_account) as actor:
        who = parse_address(owner, "owner") if owner else actor.address
        known = await _free_or_mine(actor.registry, label, who)
        deposit_wei = await _read(actor.registry, "deposit")
        if known is not None:
            return _claimed(label, known, deposit_wei, None)
        secret = await _secret(actor, label, who)
        commitment = await _read(actor.registry, "commitmentOf", label, who, secret)
        data = call("claim", label, who, secret)
        from_s = await _aged_from(actor, data, deposit_wei)
        if from_s is None:
            await actor.act([call("commit", commitment)])
            from_s = await _aged_from(actor, data, deposit_wei)
            if from_s is None:
                raise NotNow("the commitment is not there yet", field="commitment", remedy="run this again")
        if from_s:
            if no_wait:
                said = f"committed; the claim counts from {from_s} on"
                raise NotNow(said, field="commitment", value=from_s, remedy="run this again then")
            await _wait(actor.registry.network.pool, from_s, settings.poll_s)
        receipt = await actor.act([data], value_wei=deposit_wei)
        return _claimed(label, await actor.registry.require(label), deposit_wei, Transaction.of(receipt))


def _claimed(label: str, found: Name, deposit_wei: int, transaction: Transaction | None) -> NameClaimed:
    owner = to_checksum_address(found.owner)
    return NameClaimed(label, f"0x{found.node.hex()}", owner, found.expires_s, str(deposit_wei), transaction)


async def _free_or_mine(registry: Registry, label: str, who: Address) -> Name | None:
    """The name if it is `who`'s already, None if it can be claimed. Errors: NotNow says from when on."""
    client = await registry.at_head()
    found = await client.name(namehash(label))
    if found is not None and found.owner == who:
        return found
    free_at_s = await client.free_at_s(label)
    if free_at_s > client.block.time_s:
        whose = "somebody's who may still renew it" if found is None else f"{to_checksum_address(found.owner)}'s"
        remedy = f"choose another, or come back on {day(free_at_s)}, if it is not renewed"
        raise NotNow(f"{label} is {whose}", field="label", value=label, remedy=remedy)
    return None


async def _secret(actor: Actor, label: str, owner: Address) -> bytes:
    """The same each time for this key, Registry, label and owner, and nobody else's to know."""
    registry = actor.registry
    what = b"conductor: secret of a claim" + registry.network.chain_id.to_bytes(32, "big") + registry.address
    digest = keccak(what + owner + label.encode())
    return bytes(keccak(await actor.signer.sign_digest(digest)))


async def _aged_from(actor: Actor, data: bytes, deposit_wei: int) -> int | None:
    """From when on the claim would go through; 0: now; None: there is no commitment, or none that is fresh enough."""
    view = await actor.registry.network.pool.pin()
    try:
        await view.call(actor.registry.address, data, sender=actor.signer.address, value_wei=deposit_wei)
    except EndpointFailed as error:
        if error.trouble is not Trouble.REVERTED:
            raise
        missing = interface("Registry").errors["Registry_NoCommitment"]
        if error.revert_data[:4] != missing.id[:4]:
            raise decode_revert(error.revert_data).as_error() from None
        _, from_s, until_s = missing.decode(error.revert_data)
        return int(from_s) if view.head.time_s < from_s and until_s else None
    return 0


async def _wait(pool: EndpointPool, from_s: int, poll_s: float) -> None:
    """Until a block's time is `from_s`. Errors: NotNow if no such block comes."""
    head = await pool.head()
    ends_s = time.monotonic() + (from_s - head.time_s) + _LATE_S
    note(f"committed; the claim follows in {from_s - head.time_s} s (it may be stopped, and run again)")
    with progress("waiting for the commitment to age") as say:
        while head.time_s < from_s:
            say(f"waiting for the commitment to age: {from_s - head.time_s} s")
            if time.monotonic() > ends_s:
                remedy = "run this again when blocks come"
                raise NotNow("no block is new enough for the claim", field="commitment", value=from_s, remedy=remedy)
            await asyncio.sleep(min(poll_s, 1.0))
            head = await pool.head()


async def _read(registry: Registry, function: str, *args: object) -> Any:
    return answer(function, await registry.network.pool.reads.call(registry.address, call(function, *args)))[0]
