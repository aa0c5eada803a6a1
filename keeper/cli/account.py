"""`conductor account`: an owner's Account, which acts for its plans, and for the owner at any time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import click
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.network import Network, open_network, require_signer
from keeper.cli.options import parse_coin
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.plan_status import account_of
from keeper.cli.sending import Spending, send
from keeper.plans.abi import AbiError, Type, parse_signature
from keeper.plans.show_calls import coin_text
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.codec import encode_calls
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import Address, Call

OWNER = click.option("--owner", metavar="ADDRESS", help="Whose Account; default: the key's.")


@dataclass(frozen=True)
class AccountShow(Result):
    """`scheduler_allowed`: whether this Scheduler may act through it."""

    schema = "conductor/account-show/1"

    owner: str
    account: str
    chain_id: int
    exists: bool
    balance_wei: str
    scheduler: str
    scheduler_allowed: bool

    def text(self) -> str:
        may = "may act through it" if self.scheduler_allowed else "is revoked"
        there = "" if self.exists else " (does not exist yet)"
        return fields(
            [
                ("account", f"{self.account}{there}"),
                ("owner", self.owner),
                ("balance", coin_text(int(self.balance_wei))),
                ("scheduler", f"{self.scheduler} {may}"),
            ]
        )


@command("show", AccountShow, OWNER, settings_options(key=True))
async def show(owner: str | None, settings: Settings) -> AccountShow:
    """Show an owner's Account: its address, which is known before it exists, its coin, and its executor."""
    async with open_network(settings) as network:
        await network.require_protocol()
        who = parse_address(owner, "owner") if owner else Address((await require_signer(settings)).address)
        account = await account_of(network, who)
        scheduler = network.deployment.scheduler
        exists = await network.chain.has_code(account)
        allowed = True  # of an Account that does not exist yet: its Scheduler may
        if exists:
            data = encode_call("isExecutor", scheduler, contract="Account")
            allowed = decode_result("isExecutor", await network.pool.reads.call(account, data), contract="Account")[0]
        return AccountShow(
            owner=to_checksum_address(who),
            account=to_checksum_address(account),
            chain_id=network.chain_id,
            exists=exists,
            balance_wei=str(await network.chain.balance(account)),
            scheduler=to_checksum_address(scheduler),
            scheduler_allowed=allowed,
        )


@dataclass(frozen=True)
class AccountDone(Result):
    """`created`: the Account did not exist, and was created first."""

    schema = "conductor/account-call/1"

    account: str
    created: bool
    transaction: Transaction

    def text(self) -> str:
        said = [("account", self.account + (", created" if self.created else ""))]
        return fields([*said, ("done", f"in block {self.transaction.block}, transaction {self.transaction.hash}")])


@command(
    "call",
    AccountDone,
    click.argument("target"),
    click.argument("function", required=False),
    click.argument("arguments", nargs=-1),
    click.option(
        "--value", default="0 wei", show_default=True, help="Coin to send, from the Account, as in plan files."
    ),
    click.option("--data", metavar="HEX", help="Calldata, instead of a function and its arguments."),
    settings_options(key=True),
)
async def call(
    target: str, function: str | None, arguments: tuple[str, ...], value: str, data: str | None, settings: Settings
) -> AccountDone:
    """Make a call through the Account, as its owner.

    FUNCTION is a signature such as "transfer(address,uint256)"; lists and tuples among its ARGUMENTS are JSON.
    """
    payload = _calldata(function, arguments, data)
    one = Call(parse_address(target, "target"), parse_coin(value, "value"), payload)
    return await _through(settings, encode_call("perform", encode_calls([one]), contract="Account"))


@dataclass(frozen=True)
class ExecutorSet(Result):
    schema = "conductor/account-executor/1"

    account: str
    executor: str
    allowed: bool
    transaction: Transaction

    def text(self) -> str:
        done = "may act through" if self.allowed else "may no longer act through"
        return f"{self.executor} {done} {self.account}, transaction {self.transaction.hash}"


@command("allow", ExecutorSet, click.argument("executor"), settings_options(key=True))
async def allow(executor: str, settings: Settings) -> ExecutorSet:
    """Let EXECUTOR, such as a later Scheduler, act through the Account. By its owner."""
    return await _set_executor(settings, executor, allowed=True)


@command("revoke", ExecutorSet, click.argument("executor", required=False), settings_options(key=True))
async def revoke(executor: str | None, settings: Settings) -> ExecutorSet:
    """Cut EXECUTOR off the Account; default: this Scheduler. By its owner.

    Steps whose windows are open then fail.
    """
    return await _set_executor(settings, executor, allowed=False)


@click.group("account")
def group() -> None:
    """Look at an owner's Account, and act through it.

    Plans act through the Account, and targets trust it alone; its owner can always act through it.
    """


for _command in (show, call, allow, revoke):
    group.add_command(_command)


# ---------------------------------------------------------------------- details


async def _set_executor(settings: Settings, executor: str | None, *, allowed: bool) -> ExecutorSet:
    async with open_network(settings) as network:
        who = parse_address(executor, "executor") if executor else network.deployment.scheduler
    done = await _through(settings, encode_call("setExecutor", who, allowed, contract="Account"))
    return ExecutorSet(done.account, to_checksum_address(who), allowed, done.transaction)


async def _through(settings: Settings, data: bytes) -> AccountDone:
    """Send `data` to the key's own Account, created first if need be."""
    async with open_network(settings) as network:
        await network.require_protocol()
        signer = await require_signer(settings)
        account = await account_of(network, signer.address)
        spending = Spending.of(settings)
        created = await require_account(network, signer, account, spending)
        receipt = await send(network.pool, signer, account, data, spending=spending)
        return AccountDone(to_checksum_address(account), created, Transaction.of(receipt))


async def require_account(network: Network, signer: Signer, account: Address, spending: Spending) -> bool:
    """Creates the key's Account unless it exists; whether it did. Errors: see `send`."""
    if await network.chain.has_code(account):
        return False
    data = encode_call("createAccount", signer.address)
    await send(network.pool, signer, network.deployment.scheduler, data, spending=spending)
    if not await network.chain.has_code(account):
        raise NotNow("the Account is not there yet", field="account", remedy="try again in a moment")
    return True


def _calldata(function: str | None, arguments: tuple[str, ...], data: str | None) -> bytes:
    if data is not None and function is not None:
        raise BadInput("both a function and --data", field="data", remedy="give one of them")
    if function is None:
        try:
            return bytes.fromhex((data or "").removeprefix("0x"))
        except ValueError:
            raise BadInput("--data is not hexadecimal", field="data", value=data, remedy="write 0x..") from None
    try:
        found = parse_signature(function if function.startswith("function ") else f"function {function}")
    except AbiError as error:
        remedy = 'write it as in "transfer(address,uint256)"'
        raise BadInput(str(error), field="function", value=function, remedy=remedy) from None
    if found is None:
        raise BadInput(
            f"{function!r} is no function", field="function", remedy='write it as in "transfer(address,uint256)"'
        )
    if len(arguments) != len(found.types):
        said = f"{found.signature} takes {len(found.types)} arguments, not {len(arguments)}"
        raise BadInput(said, field="arguments", remedy="lists and tuples are one argument each, in JSON")
    try:
        values = [_value(text, param.type) for text, param in zip(arguments, found.inputs, strict=True)]
        return found.selector + encode(found.types, values)
    except Exception as error:  # noqa: BLE001 - eth_abi has no error of its own that covers all of them
        remedy = f"give {', '.join(found.types)}"
        raise BadInput(f"the arguments do not fit: {error}", field="arguments", remedy=remedy) from None


def _value(given: Any, kind: Type) -> Any:
    """Text, or JSON inside lists and tuples, as eth_abi wants it."""
    if kind.inner is not None or kind.kind == "tuple":
        items = json.loads(given) if isinstance(given, str) else given
        inner = [kind.inner] * len(items) if kind.inner is not None else [field.type for field in kind.fields]
        return [_value(item, one) for item, one in zip(items, inner, strict=True)]
    if kind.kind in ("uint", "int"):
        return int(given.replace("_", ""), 0) if isinstance(given, str) else given
    if kind.kind == "bool":
        return {"true": True, "false": False}[str(given).lower()]
    if kind.kind in ("bytes", "bytesN"):
        return bytes.fromhex(given.removeprefix("0x"))
    return given
