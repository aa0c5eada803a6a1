"""`conductor resolve`."""

from __future__ import annotations

from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.options import parse_chain
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.records import Record, read_records, said
from keeper.cli.registry import NAME, open_registry
from keeper.registry import NoName, NoRecord, RegistryClient
from keeper.wire.errors import BadInput

_TOLD = ("url", "zone", "weight")
"""What is answered for an instance, which keeps no records of its own."""


@dataclass(frozen=True)
class Resolved(Result):
    """As it is at `block`. `address` is null with --key; `text` is that text; `records` are told with --all."""

    schema = "conductor/resolve/1"

    name: str
    block: int
    address: str | None
    value: str | None
    records: tuple[Record, ...]

    def text(self) -> str:
        if self.records:
            return fields([("name", self.name), *said(self.records)])
        return self.address or self.value or ""


@command(
    "resolve",
    Resolved,
    NAME,
    click.option("--chain", metavar="ID", help="The address on that chain, an id or a name; default: the Registry's."),
    click.option("--key", "text_key", metavar="TEXT", help="A text, such as url, instead of an address."),
    click.option("--all", "everything", is_flag=True, help="All records."),
    settings_options(chain=False),
)
async def resolve(name: str, chain: str | None, text_key: str | None, everything: bool, settings: Settings) -> Resolved:
    """Say what a name stands for: its address, or one of its texts.

    Below a service `canary.` is the proposed version, `v2.` the last build of release 2, and an instance's label that
    instance while its lease lasts. What is not live has no answer: exit code 2.

    --chain is the chain whose address is asked for. The Registry that is asked is on the one of --rpc or ETH_RPC_URL;
    where there are endpoints of several, CONDUCTOR_CHAIN chooses.

    Example: conductor resolve price.acme --chain base
    """
    if sum((chain is not None, text_key is not None, everything)) > 1:
        remedy = "give one of --chain, --key and --all"
        raise BadInput("one question at a time", field="key", remedy=remedy)
    chain_id = None if chain is None else parse_chain(chain)
    async with open_registry(settings, choose="CONDUCTOR_CHAIN") as registry:
        client = await registry.at_head()
        block = client.block.number
        if everything:
            kept = await client.name(name)
            records = await read_records(registry, name) if kept is not None else await _answered(client, name)
            if not records:
                raise NoRecord(name, "record", block) if kept is not None else NoName(name, block)
            return Resolved(name, block, None, None, records)
        if text_key is not None:
            value = await client.text(name, text_key)
            if not value:
                raise NoRecord(name, f"text {text_key!r}", block)
            return Resolved(name, block, None, value, ())
        try:
            found = await client.resolve(name, chain_id)
        except NoRecord as error:
            if not await client.text(name, "url"):
                raise
            raise NoRecord(name, error.what, block, remedy="it has a url: ask with --key url") from None
        return Resolved(name, block, to_checksum_address(found), None, ())


async def _answered(client: RegistryClient, name: str) -> tuple[Record, ...]:
    """What is answered for a name that is not kept: of a version its address, of an instance where it serves."""
    found = []
    address = (await client.resolve_many([name]))[name]
    if address is not None:
        found.append(Record("addr", "here", to_checksum_address(address)))
    for key in _TOLD:
        value = await client.text(name, key)
        found += [Record("text", key, value)] if value else []
    return tuple(found)
