"""`conductor service create`."""

from __future__ import annotations

from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.records import Record, Wishes, read_records, record_options, said
from keeper.cli.registry import FROM_ACCOUNT, NAME, acting, parent_of
from keeper.registry import namehash
from keeper.registry.abi import call
from keeper.wire.errors import BadInput


@dataclass(frozen=True)
class ServiceCreated(Result):
    schema = "conductor/service-create/1"

    name: str
    node: str
    owner: str
    records: tuple[Record, ...]
    transaction: Transaction

    def text(self) -> str:
        done = f"in block {self.transaction.block}, transaction {self.transaction.hash}"
        return fields([("name", self.name), ("owner", self.owner), ("created", done), *said(self.records)])


@command(
    "create",
    ServiceCreated,
    NAME,
    click.option("--owner", metavar="ADDRESS", help="Whose it is; default: who creates it."),
    record_options(),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def create(
    name: str, owner: str | None, wishes: Wishes, from_account: bool, settings: Settings
) -> ServiceCreated:
    """Make a name below one of yours, with its records, in one transaction.

    Example: conductor service create price.acme --text url=https://price.acme.example
    """
    label, parent = parent_of(name)
    node, records = namehash(name), wishes.calls(namehash(name))
    async with acting(settings, from_account=from_account) as actor:
        who = parse_address(owner, "owner") if owner else actor.address
        if records and who != actor.address:
            remedy = "leave the records out, or --owner, and hand it over with `conductor name transfer`"
            raise BadInput("only its owner can set its records", field="owner", value=owner, remedy=remedy)
        await actor.registry.require(parent)
        receipt = await actor.act([call("create", namehash(parent), label, who), *records])
        return ServiceCreated(
            name=name,
            node=f"0x{node.hex()}",
            owner=to_checksum_address(who),
            records=await read_records(actor.registry, name),
            transaction=Transaction.of(receipt),
        )
