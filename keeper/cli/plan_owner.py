"""What an owner sends: `conductor plan schedule`, `publish` and `cancel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.chain.values import Receipt
from keeper.cli.command import command
from keeper.cli.network import Network, open_network, require_signer
from keeper.cli.options import PLAN, PLAN_FILE, SETS, parse_coin
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, note
from keeper.cli.plan_propose import needed, require_deposit
from keeper.cli.planfile import as_locked, open_plan, read_source
from keeper.cli.planview import Followed, named, read_plan_on
from keeper.cli.sending import Spending, send
from keeper.plans import Compiled, owner_calls, schedule_call
from keeper.plans.show_calls import coin_text
from keeper.wire.abi import encode_call
from keeper.wire.errors import BadInput


@dataclass(frozen=True)
class Transaction:
    hash: str
    block: int
    gas_used: int
    cost_wei: str

    @classmethod
    def of(cls, receipt: Receipt) -> Transaction:
        cost_wei = receipt.gas_used * receipt.gas_price_wei
        return cls(f"0x{receipt.tx_hash.hex()}", receipt.block_number, receipt.gas_used, str(cost_wei))


@dataclass(frozen=True)
class PlanScheduled(Result):
    """The last transaction is the one that scheduled the plan."""

    schema = "conductor/plan-schedule/1"

    plan: str
    name: str
    account: str
    deposit_wei: str
    transactions: tuple[Transaction, ...]

    def text(self) -> str:
        last = self.transactions[-1]
        done = f"in block {last.block}, transaction {last.hash}"
        return fields([("plan", f"{self.plan}  {self.name}"), ("scheduled", done), ("account", self.account)])


@command(
    "schedule",
    PlanScheduled,
    PLAN_FILE,
    SETS,
    click.option("--signature", metavar="HEX", help="The owner's, from `plan sign`; anyone may then send it."),
    click.option("--with-grants", is_flag=True, help="Create the Account, fund it and grant it roles first."),
    click.option("--allow-short-deposit", is_flag=True, help="Accept a deposit below the first run's worst case."),
    settings_options(key=True),
)
async def schedule(
    file: str,
    sets: tuple[str, ...],
    signature: str | None,
    with_grants: bool,
    allow_short_deposit: bool,
    settings: Settings,
) -> PlanScheduled:
    """Schedule a plan on its chain, with its deposit, by the owner's key or with the owner's signature."""
    async with open_plan(file, sets, settings) as (compiled, network):
        assert network is not None  # noqa: S101 - `alone` was not asked for
        require_deposit(compiled, allow_short=allow_short_deposit)
        signer = await require_signer(settings)
        if signature is None:
            _require_owner(compiled, signer)
        elif with_grants:
            raise BadInput(
                "grants need the owner's key", field="with-grants", remedy="leave out --with-grants or --signature"
            )
        calls = [(one.target, one.data, one.value_wei, one.what) for one in owner_calls(compiled)]
        if with_grants:
            grants, create = await needed(compiled, network)
            calls = [
                (one.target, one.data, one.value_wei, one.what)
                for one in owner_calls(compiled, grants, create_account=create)
            ]
        if signature is not None:
            data = encode_call("scheduleFor", compiled.packed, _signature(signature))
            calls = [(compiled.scheduler, data, compiled.deposit_wei, schedule_call(compiled).what)]
        sent = []
        for target, data, value_wei, what in calls:
            receipt = await send(
                network.pool, signer, target, data, value_wei=value_wei, spending=Spending.of(settings)
            )
            sent.append(Transaction.of(receipt))
            note(f"{what}: {sent[-1].hash}")
        return PlanScheduled(
            plan=f"0x{compiled.plan_id.hex()}",
            name=compiled.plan.name,
            account=to_checksum_address(compiled.account),
            deposit_wei=str(compiled.deposit_wei),
            transactions=tuple(sent),
        )


@dataclass(frozen=True)
class PlanPublished(Result):
    schema = "conductor/plan-publish/1"

    plan: str
    transaction: Transaction

    def text(self) -> str:
        return fields(
            [("plan", self.plan), ("published", f"in block {self.transaction.block}, {self.transaction.hash}")]
        )


@command("publish", PlanPublished, PLAN_FILE, settings_options(key=True))
async def publish(file: str, settings: Settings) -> PlanPublished:
    """Publish the steps of a plan that was scheduled without them; by anyone who has its file and lock."""
    compiled = as_locked(read_source(file))
    async with open_network(settings, compiled.lock.chain_id) as network:
        data = encode_call("publish", compiled.plan_id, compiled.full_body)
        receipt = await _send(network, settings, data)
        return PlanPublished(f"0x{compiled.plan_id.hex()}", Transaction.of(receipt))


@dataclass(frozen=True)
class PlanDeposit(Result):
    """`deposit_wei` is the plan's after it."""

    schema = "conductor/plan-deposit/1"

    plan: str
    deposit_wei: str
    transaction: Transaction

    def text(self) -> str:
        done = f"in block {self.transaction.block}, transaction {self.transaction.hash}"
        return fields([("plan", self.plan), ("done", done), ("deposit", coin_text(int(self.deposit_wei)))])


@command("deposit", PlanDeposit, PLAN, click.argument("amount"), settings_options(key=True))
async def deposit(plan: str, amount: str, settings: Settings) -> PlanDeposit:
    """Add AMOUNT, such as "0.1 ether", to a plan's deposit; by anyone."""
    value_wei = parse_coin(amount, "amount")
    return await _change_deposit(plan, settings, lambda found: encode_call("deposit", found.view.id), value_wei)


@command("reclaim", PlanDeposit, PLAN, settings_options(key=True))
async def reclaim(plan: str, settings: Settings) -> PlanDeposit:
    """Move what is left of a finished plan's deposit to its owner's Account; by anyone."""
    return await _change_deposit(
        plan, settings, lambda found: encode_call("reclaim", found.view.header + found.view.root)
    )


@dataclass(frozen=True)
class PlanCancelled(Result):
    """`status` is the plan's after it."""

    schema = "conductor/plan-cancel/1"

    plan: str
    status: str
    transaction: Transaction

    def text(self) -> str:
        done = f"in block {self.transaction.block}, transaction {self.transaction.hash}"
        return fields([("plan", self.plan), ("cancelled", done), ("status", self.status)])


@command("cancel", PlanCancelled, PLAN, settings_options(key=True))
async def cancel(plan: str, settings: Settings) -> PlanCancelled:
    """End a plan, by its owner or guardian: what is done is undone, and no run follows."""
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        found = await read_plan_on(network, wanted)
        receipt = await _send(network, settings, encode_call("cancel", found.view.header + found.view.root))
        after = await read_plan_on(network, wanted)
        status = after.view.state.word.status.name.lower().replace("_", " ")
        return PlanCancelled(f"0x{wanted.id.hex()}", status, Transaction.of(receipt))


async def _change_deposit(
    plan: str, settings: Settings, calldata: Callable[[Followed], bytes], value_wei: int = 0
) -> PlanDeposit:
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        found = await read_plan_on(network, wanted)
        receipt = await _send(network, settings, calldata(found), value_wei)
        after = await read_plan_on(network, wanted)
        deposit_wei = after.view.state.word.deposit_gwei * 10**9
        return PlanDeposit(f"0x{wanted.id.hex()}", str(deposit_wei), Transaction.of(receipt))


async def _send(network: Network, settings: Settings, data: bytes, value_wei: int = 0) -> Receipt:
    signer = await require_signer(settings)
    target, spending = network.deployment.scheduler, Spending.of(settings)
    return await send(network.pool, signer, target, data, value_wei=value_wei, spending=spending)


def _require_owner(compiled: Compiled, signer: Signer) -> None:
    if signer.address != compiled.owner:
        owner, key = to_checksum_address(compiled.owner), to_checksum_address(signer.address)
        remedy = "use the owner's key, give --signature, or propose it with `conductor plan propose`"
        raise BadInput(f"the plan's owner is {owner}, the key is {key}", field="account", value=key, remedy=remedy)


def _signature(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise BadInput(
            "the signature is not hexadecimal", field="signature", remedy="paste what `plan sign` printed"
        ) from None
