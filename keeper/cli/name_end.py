"""How a name ends, and its deposit comes back: `conductor name remove` and `withdraw`."""

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
from keeper.cli.registry import FROM_ACCOUNT, NAME, acting, events_in
from keeper.plans.show_calls import coin_text
from keeper.registry import labels, namehash
from keeper.registry.abi import call
from keeper.registry.events import Withdrawn
from keeper.wire.errors import NotNow, Refused
from keeper.wire.types import Address


@dataclass(frozen=True)
class NameRemoved(Result):
    """`credit_wei`: all that who removed it can withdraw now, a top-level name's deposit included."""

    schema = "conductor/name-remove/1"

    name: str
    credit_wei: str
    transaction: Transaction

    def text(self) -> str:
        rows = [("removed", f"{self.name} with all below it, transaction {self.transaction.hash}")]
        if int(self.credit_wei):
            rows.append(("credit", f"{coin_text(int(self.credit_wei))}, paid out by `conductor name withdraw`"))
        return fields(rows)


@command("remove", NameRemoved, NAME, FROM_ACCOUNT, settings_options(key=True))
async def remove(name: str, from_account: bool, settings: Settings) -> NameRemoved:
    """Remove a name and all below it, at once and for good: what is claimed or created anew is empty.

    By its owner, who gets a top-level name's deposit credited, also when it has expired. A name below another also by
    the owner or an operator of that, until `conductor name lock`.

    Example: conductor name remove price.acme
    """
    top = len(labels(name)) == 1
    async with acting(settings, from_account=from_account) as actor:
        if not top:  # a top-level one can also be removed when it is live no more
            await actor.registry.require(name)
        receipt = await actor.act([call("remove", namehash(name))])
        credit_wei = await (await actor.registry.at_head()).credit_wei(actor.address)
        return NameRemoved(name, str(credit_wei), Transaction.of(receipt))


@dataclass(frozen=True)
class NameWithdrawn(Result):
    schema = "conductor/name-withdraw/1"

    to: str
    amount_wei: str
    transaction: Transaction

    def text(self) -> str:
        rows = [("to", self.to), ("amount", coin_text(int(self.amount_wei)))]
        return fields([*rows, ("transaction", self.transaction.hash)])


@command(
    "withdraw",
    NameWithdrawn,
    click.option("--to", metavar="ADDRESS", help="Receiver; default: who withdraws."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def withdraw(to: str | None, from_account: bool, settings: Settings) -> NameWithdrawn:
    """Take the deposits that came back: of names that were removed, or claimed by somebody else after their grace.

    Example: conductor name withdraw
    """
    receiver = None if to is None else parse_address(to, "to")
    async with acting(settings, from_account=from_account) as actor:
        client = await actor.registry.at_head()
        if not await client.credit_wei(actor.address):
            whose = to_checksum_address(actor.address)
            remedy = "a deposit comes back once its name is removed, or claimed anew after its grace"
            raise NotNow(f"nothing is due to {whose}", field="credit", value=0, remedy=remedy)
        receipt = await actor.act([call("withdraw", receiver or actor.address)])
        told = next((e for e in events_in(receipt, actor.registry.address) if isinstance(e, Withdrawn)), None)
        if told is None:
            remedy = "check that there is a Registry at this address"
            raise Refused("the transaction paid nothing out", field="registry", remedy=remedy)
        return NameWithdrawn(to_checksum_address(Address(told.to)), str(told.amount_wei), Transaction.of(receipt))
