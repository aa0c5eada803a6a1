"""Who acts for a name beside its owner: `conductor name approve` and `revoke`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.registry import FROM_ACCOUNT, NAME, OPERATOR_EVENTS, acting, events_of, operators_in
from keeper.registry import namehash
from keeper.registry.abi import call

OPERATOR = click.argument("operator")


@dataclass(frozen=True)
class NameOperators(Result):
    """`operators` are all that the name has after the transaction."""

    schema = "conductor/name-approve/1"

    name: str
    operators: tuple[str, ...]
    transaction: Transaction

    def text(self) -> str:
        rows = [("name", self.name), ("operators", ", ".join(self.operators) or "none")]
        return fields([*rows, ("transaction", self.transaction.hash)])


@command("approve", NameOperators, NAME, OPERATOR, FROM_ACCOUNT, settings_options(key=True))
async def approve(name: str, operator: str, from_account: bool, settings: Settings) -> NameOperators:
    """Let OPERATOR act for a name: its records and services, names below it, renewal. By its owner.

    Not: hand it over, remove it, approve others. It ends with `conductor name revoke`, and when the name gets another
    owner.

    Example: conductor name approve acme 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    return await _change(name, operator, True, from_account, settings)


@command("revoke", NameOperators, NAME, OPERATOR, FROM_ACCOUNT, settings_options(key=True))
async def revoke(name: str, operator: str, from_account: bool, settings: Settings) -> NameOperators:
    """Let OPERATOR act for a name no longer. By its owner.

    What it did stays, and names that it created for itself are its own.

    Example: conductor name revoke acme 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    return await _change(name, operator, False, from_account, settings)


async def _change(name: str, operator: str, approved: bool, from_account: bool, settings: Settings) -> NameOperators:
    who = parse_address(operator, "operator")
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        receipt = await actor.act([call("approve", namehash(name), who, approved)])
        operators = operators_in(await events_of(actor.registry, name, *OPERATOR_EVENTS))
        return NameOperators(name, operators, Transaction.of(receipt))
