"""What an owner does with a name: `conductor name renew`, `transfer`, `accept`, `lock`, `set`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.keeper_seat import day
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.records import Record, Wishes, read_records, record_options, said
from keeper.cli.registry import FROM_ACCOUNT, NAME, acting, parent_of, top_level
from keeper.registry import namehash
from keeper.registry.abi import call
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import NOBODY


@dataclass(frozen=True)
class NameRenewed(Result):
    schema = "conductor/name-renew/1"

    name: str
    expires_s: int
    transaction: Transaction

    def text(self) -> str:
        return f"{self.name} lives until {day(self.expires_s)}, transaction {self.transaction.hash}"


@command("renew", NameRenewed, NAME, FROM_ACCOUNT, settings_options(key=True))
async def renew(name: str, from_account: bool, settings: Settings) -> NameRenewed:
    """Let a top-level name live for a year from now, by its owner or an operator; in its grace too.

    Example: conductor name renew acme
    """
    node = namehash(top_level(name, "a name below another lives as long as that does: renew the top-level one"))
    async with acting(settings, from_account=from_account) as actor:
        receipt = await actor.act([call("renew", node)])
        found = await actor.registry.require(name)
        return NameRenewed(name, found.expires_s, Transaction.of(receipt))


@dataclass(frozen=True)
class NameOffered(Result):
    """`to` is null if the offer was taken back. Nothing changes until it is accepted."""

    schema = "conductor/name-transfer/1"

    name: str
    to: str | None
    revision: int
    transaction: Transaction

    def text(self) -> str:
        if self.to is None:
            return f"{self.name} is offered to nobody, transaction {self.transaction.hash}"
        return fields(
            [
                ("offered", f"{self.name} to {self.to}, transaction {self.transaction.hash}"),
                ("next", f"they run `conductor name accept {self.name} --revision {self.revision}`"),
            ]
        )


@command(
    "transfer",
    NameOffered,
    NAME,
    click.argument("to", required=False),
    click.option("--nobody", is_flag=True, help="Take an offer back."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def transfer(name: str, to: str | None, nobody: bool, from_account: bool, settings: Settings) -> NameOffered:
    """Offer a name to the owner it shall have, who then accepts it; until then it is yours.

    Example: conductor name transfer acme 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    if (to is None) is not nobody:
        raise BadInput("there must be one receiver", field="to", remedy="give an address, or --nobody")
    receiver = NOBODY if to is None else parse_address(to, "to")
    node = namehash(name)
    async with acting(settings, from_account=from_account) as actor:
        receipt = await actor.act([call("offer", node, receiver)])
        found = await actor.registry.require(name)
        shown = None if to is None else to_checksum_address(receiver)
        return NameOffered(name, shown, found.revision, Transaction.of(receipt))


@dataclass(frozen=True)
class NameAccepted(Result):
    schema = "conductor/name-accept/1"

    name: str
    owner: str
    transaction: Transaction

    def text(self) -> str:
        return f"{self.name} is {self.owner}'s, transaction {self.transaction.hash}"


@command(
    "accept",
    NameAccepted,
    NAME,
    click.option("--revision", type=click.IntRange(min=1), help="Only if the name has not changed since."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def accept(name: str, revision: int | None, from_account: bool, settings: Settings) -> NameAccepted:
    """Take over a name that was offered to you. Its operators lose it.

    Look at it with `conductor name show` first; with the revision that it tells, you get what you saw or nothing.

    Example: conductor name accept acme --revision 41
    """
    node = namehash(name)
    async with acting(settings, from_account=from_account) as actor:
        found = await actor.registry.require(name)
        if found.offered_to != actor.address:
            whose = "nobody" if found.offered_to is None else to_checksum_address(found.offered_to)
            remedy = f"have its owner run `conductor name transfer {name} {to_checksum_address(actor.address)}`"
            raise NotNow(f"{name} is offered to {whose}", field="name", value=name, remedy=remedy)
        receipt = await actor.act([call("accept", node, revision or found.revision)])
        return NameAccepted(name, to_checksum_address(actor.address), Transaction.of(receipt))


@dataclass(frozen=True)
class NameLocked(Result):
    schema = "conductor/name-lock/1"

    name: str
    parent: str
    transaction: Transaction

    def text(self) -> str:
        return f"{self.parent}'s owner can no longer remove {self.name}, transaction {self.transaction.hash}"


@command("lock", NameLocked, NAME, FROM_ACCOUNT, settings_options(key=True))
async def lock(name: str, from_account: bool, settings: Settings) -> NameLocked:
    """Give up the power to remove a name below yours, for as long as it lives. By the owner of the name above it.

    Example: conductor name lock price.acme
    """
    _, parent = parent_of(name)
    async with acting(settings, from_account=from_account) as actor:
        receipt = await actor.act([call("lock", namehash(name))])
        return NameLocked(name, parent, Transaction.of(receipt))


@dataclass(frozen=True)
class NameSet(Result):
    """`records` are all that the name has now."""

    schema = "conductor/name-set/1"

    name: str
    records: tuple[Record, ...]
    transaction: Transaction

    def text(self) -> str:
        done = f"in block {self.transaction.block}, transaction {self.transaction.hash}"
        return fields([("name", self.name), ("set", done), *said(self.records)])


@command(
    "set",
    NameSet,
    NAME,
    record_options(),
    click.option(
        "--primary/--no-primary",
        default=None,
        help="Whether the key's, or Account's, own name is this, or none.",
    ),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def set_records(
    name: str, wishes: Wishes, primary: bool | None, from_account: bool, settings: Settings
) -> NameSet:
    """Set a name's records, all in one transaction. By its owner or an operator.

    --primary speaks for the key, or the Account, itself: it is shown by the name while that resolves to it.

    Example: conductor name set price.acme --addr 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --text url=https://acme.example
    """
    own = [] if primary is None else [call("setName", name if primary else "")]
    calls: Sequence[bytes] = [*wishes.calls(namehash(name)), *own]
    if not calls:
        remedy = "give --addr, --addr-on, --text, --contenthash, --abi, --interface or --primary"
        raise BadInput("there is nothing to set", field="name", value=name, remedy=remedy)
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        receipt = await actor.act(calls)
        return NameSet(name, await read_records(actor.registry, name), Transaction.of(receipt))
