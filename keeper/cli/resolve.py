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
    click.option("--for-chain", metavar="ID", help="The address on that chain; default: on the Registry's own."),
    click.option("--key", "text_key", metavar="TEXT", help="A text, such as url, instead of an address."),
    click.option("--all", "everything", is_flag=True, help="All records."),
    settings_options(),
)
async def resolve(
    name: str, for_chain: str | None, text_key: str | None, everything: bool, settings: Settings
) -> Resolved:
    """Say what a name stands for: its address, or one of its texts.

    Below a service `canary.` is the proposed version, `v2.` the last build of release 2, and an instance's label that
    instance while its lease lasts. What is not live has no answer: exit code 2.

    Example: conductor resolve a.price.acme --key url
    """
    if sum((for_chain is not None, text_key is not None, everything)) > 1:
        remedy = "give one of --for-chain, --key and --all"
        raise BadInput("one question at a time", field="key", remedy=remedy)
    async with open_registry(settings) as registry:
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
        found = await client.resolve(name, None if for_chain is None else parse_chain(for_chain))
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
