"""`conductor name show`: everything that is kept of a name."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.keeper_seat import day
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.records import Record, records_in, said
from keeper.cli.registry import NAME, OPERATOR_EVENTS, events_of, open_registry, operators_in
from keeper.registry import NoName


@dataclass(frozen=True)
class NameShow(Result):
    """`expires_s` is 0 below the top level: such a name ends with the one above it. `revision`: for `name accept`."""

    schema = "conductor/name-show/1"

    name: str
    node: str
    owner: str
    operators: tuple[str, ...]
    offered_to: str | None
    locked: bool
    expires_s: int
    generation: int
    revision: int
    release: str | None
    proposed: str | None
    instances: int
    records: tuple[Record, ...]
    children: tuple[str, ...]
    block: int

    def text(self) -> str:
        ends = day(self.expires_s) if self.expires_s else "with the name above it"
        locked = ", which its parent cannot remove" if self.locked else ""
        rows = [("name", f"{self.name}{locked}"), ("owner", self.owner)]
        rows += [("operator", one) for one in self.operators]
        rows.append(("expires", ends))
        if self.offered_to is not None:
            rows.append(("offered", f"to {self.offered_to}; unchanged since revision {self.revision}"))
        if self.release is not None or self.proposed is not None:
            coming = f", {self.proposed} is proposed" if self.proposed else ""
            rows.append(("release", f"{self.release or 'none'}{coming}"))
        if self.instances:
            rows.append(("instances", f"{self.instances} live"))
        rows += said(self.records)
        return fields([*rows, *(("below", child) for child in self.children)])


@command("show", NameShow, NAME, settings_options())
async def show(name: str, settings: Settings) -> NameShow:
    """Show all of a name: owner, operators, expiry, a pending offer, version, records, and the names below it.

    Example: conductor name show price.acme
    """
    async with open_registry(settings) as registry:
        client = await registry.at_head()
        found = await client.name(name)
        if found is None:
            raise NoName(name, client.block.number)
        versions = await client.versions(name)
        events = await events_of(registry, name, "RecordSet", *OPERATOR_EVENTS)
        current, proposed = versions.current, versions.proposed
        return NameShow(
            name=name,
            node=f"0x{found.node.hex()}",
            owner=to_checksum_address(found.owner),
            operators=operators_in(events),
            offered_to=None if found.offered_to is None else to_checksum_address(found.offered_to),
            locked=found.locked,
            expires_s=found.expires_s,
            generation=found.generation,
            revision=found.revision,
            release=None if current is None else f"{current.release}.{current.build}",
            proposed=None if proposed is None else f"{proposed.release}.{proposed.build}",
            instances=len(await client.instances(name)),
            records=records_in(events, registry),
            children=tuple(f"{child.label}.{name}" for child in await client.children(name)),
            block=client.block.number,
        )
