"""The Registry from the command line: read at one block, written by a key or through its Account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.bots.connection import first_block
from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.chain.values import Receipt
from keeper.cli.account import require_account
from keeper.cli.deployment import address_of
from keeper.cli.network import Network, open_network, require_signer
from keeper.cli.plan_status import account_of
from keeper.cli.sending import Spending, refusal, send
from keeper.plans.problems import Flaw, Pos
from keeper.plans.source import Scalar
from keeper.plans.values import duration
from keeper.registry import Event, Name, NoName, RegistryClient, decode_event, labels, namehash
from keeper.registry.abi import call
from keeper.registry.events import Accepted, Approved, NameSet
from keeper.wire.abi import encode_call, interface
from keeper.wire.codec import encode_calls
from keeper.wire.errors import BadInput
from keeper.wire.types import Address, Call

NAME = click.argument("name")
FROM_ACCOUNT = click.option("--from-account", is_flag=True, help="Act through the key's own Account, as its owner.")


@dataclass(frozen=True, slots=True)
class Registry:
    """An open Registry."""

    network: Network
    address: Address

    async def at_head(self) -> RegistryClient:
        """All that it says is of one block."""
        return RegistryClient(await self.network.pool.pin(), self.address)

    async def require(self, name: str) -> Name:
        """A live name that is kept, no wildcard. Errors: BadInput."""
        client = await self.at_head()
        found = await client.name(name)
        if found is None:
            raise NoName(name, client.block.number)
        return found


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: a key, or the Account that it owns. `address` is whom the Registry sees."""

    registry: Registry
    settings: Settings
    signer: Signer
    account: Address | None

    @property
    def address(self) -> Address:
        return self.account or Address(self.signer.address)

    async def act(self, calls: Sequence[bytes], *, value_wei: int = 0) -> Receipt:
        """The Registry's functions, all or nothing. `value_wei` goes with a call that is alone.

        Errors: NotNow or Refused with the Registry's own reason, before anything is sent; see `send` for the rest.
        """
        data = calls[0] if len(calls) == 1 else call("multicall", list(calls))
        network, spending = self.registry.network, Spending.of(self.settings)
        if self.account is None:
            return await send(
                network.pool, self.signer, self.registry.address, data, value_wei=value_wei, spending=spending
            )
        await require_account(network, self.signer, self.account, spending)
        if not value_wei:  # what the Account says of a failed call is not the Registry's own reason
            error = await refusal(await network.pool.pin(), self.account, self.registry.address, data)
            if error is not None:
                raise error
        through = encode_call(
            "perform", encode_calls([Call(self.registry.address, value_wei, data)]), contract="Account"
        )
        return await send(network.pool, self.signer, self.account, through, value_wei=value_wei, spending=spending)


@asynccontextmanager
async def open_registry(settings: Settings, *, choose: str = "--chain") -> AsyncIterator[Registry]:
    """Errors: BadInput if there is none on the chain; see `open_network` for the rest."""
    async with open_network(settings, choose=choose) as network:
        address = network.deployment.registry or address_of("Registry")
        if not await network.pool.reads.code(address):
            where = f"there is no Registry at {to_checksum_address(address)} on chain {network.chain_id}"
            remedy = "deploy it with `conductor deploy`, or set CONDUCTOR_REGISTRY"
            raise BadInput(where, field="registry", value=to_checksum_address(address), remedy=remedy)
        yield Registry(network, address)


@asynccontextmanager
async def acting(settings: Settings, *, from_account: bool) -> AsyncIterator[Actor]:
    """An open Registry, and who writes to it. Errors: BadInput without a key."""
    async with open_registry(settings) as registry:
        signer = await require_signer(settings)
        account = None
        if from_account:
            await registry.network.require_protocol()
            account = await account_of(registry.network, signer.address)
        yield Actor(registry, settings, signer, account)


def events_in(receipt: Receipt, registry: Address) -> list[Event]:
    """What the Registry told in a transaction, in order."""
    found = (decode_event(log.topics, log.data) for log in receipt.logs if log.address == registry)
    return [event for event in found if event is not None]


async def events_of(registry: Registry, name: str, *kinds: str) -> list[Event]:
    """What a name's events of these kinds told since it last came to be, in order: for what no view lists."""
    pool, node = registry.network.pool, namehash(name)
    start = registry.network.settings.start_block
    start = await first_block(pool.reads, registry.address) if start is None else start
    known = interface("Registry").events
    topics = [[known[kind].id for kind in ("NameSet", *kinds)], None, node]
    logs = await pool.reads.logs(start, (await pool.head()).number, [registry.address], topics)
    found: list[Event] = []
    for log in logs:
        event = decode_event(log.topics, log.data)
        if isinstance(event, NameSet):
            found.clear()
        elif event is not None:
            found.append(event)
    return found


OPERATOR_EVENTS = ("Approved", "Accepted")


def operators_in(events: Iterable[Event]) -> tuple[str, ...]:
    """Who may act for a name beside its owner, in the order of their approval; of its `OPERATOR_EVENTS`."""
    found: dict[Address, None] = {}
    for event in events:
        if isinstance(event, Accepted):
            found.clear()
        elif isinstance(event, Approved):
            found.pop(event.operator, None)
            found |= {event.operator: None} if event.approved else {}
    return tuple(map(to_checksum_address, found))


def parent_of(name: str) -> tuple[str, str]:
    """A name's first label and the name above it. Errors: BadInput for a top-level one."""
    label, _, parent = name.partition(".")
    labels(name)
    if not parent:
        remedy = f"claim it with `conductor name claim {name}`, or write it below a name of yours"
        raise BadInput(f"{name} has no name above it", field="name", value=name, remedy=remedy)
    return label, parent


def top_level(name: str, remedy: str | None = None) -> str:
    """Errors: BadInput for a name below another."""
    if len(labels(name)) != 1:
        top = name.rpartition(".")[2]
        remedy = remedy or f"claim {top or 'a label'}, then create names below it with `conductor service create`"
        raise BadInput(f"{name!r} is no top-level name", field="name", value=name, remedy=remedy)
    return name


def seconds(text: str, field: str) -> int:
    """A time as plan files write it, `90s`, `10m`, `1d`. Errors: BadInput."""
    try:
        found = duration(Scalar(text, Pos(1, 1)))
    except Flaw as flaw:
        raise BadInput(flaw.problem.message, field=field, value=text, remedy=flaw.problem.remedy) from None
    if found.clock == "blocks":
        raise BadInput(f"{text} is no time", field=field, value=text, remedy="write it in s, m, h or d")
    return found.n


def hex_bytes(text: str, field: str) -> bytes:
    """Errors: BadInput."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise BadInput(f"{text!r} is not hexadecimal", field=field, value=text, remedy="write 0x..") from None
