"""`conductor service watch`: every change of the Registry, once, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, fields

import click
from eth_utils.address import to_checksum_address

from keeper.bots.connection import first_block
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, emit, note
from keeper.cli.records import record_of
from keeper.cli.registry import Registry, open_registry
from keeper.registry import Event, News, Overtaken, Scaling, Told, Watch, coin_type, namehash
from keeper.registry.events import Admitted, NameSet, RecordSet
from keeper.wire.errors import ConductorError


@dataclass(frozen=True)
class ServiceEvent(Result):
    """`event`: the Registry's, by name, or TakenBack: what came after `revision` is of the chain no more. `values`:
    the event's own, addresses and bytes in hex."""

    schema = "conductor/service-watch/1"

    revision: int
    block: int | None
    time_s: int | None
    event: str
    values: dict[str, str]

    def text(self) -> str:
        where = "" if self.block is None else f"block {self.block}  "
        said = "  ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{where}#{self.revision}  {self.event}  {said}"


@command(
    "watch",
    ServiceEvent,
    click.argument("name", required=False),
    click.option("--since", type=click.IntRange(min=0), metavar="REVISION", help="Begin after it; default: with news."),
    click.option(
        "--once", is_flag=True, help="End when there is nothing new; exit code 3 if there was nothing at all."
    ),
    settings_options(),
)
async def watch(name: str | None, since: int | None, once: bool, settings: Settings) -> None:
    """Print the Registry's changes as they come, one a line; with NAME those of the name and of its instances.

    The revision in front is a cursor: begun again with --since, it goes on without a gap.

    Example: conductor service watch price.acme --since 0
    """
    node = None if name is None else namehash(name)
    async with open_registry(settings) as registry:
        start = settings.start_block
        start = await first_block(registry.network.pool.reads, registry.address) if start is None else start
        begin = await _now(registry) if since is None else since
        watching = Watch(registry.network.pool, registry.address, begin, start_block=start)
        chosen = _Chosen(node, await _instances(registry, name), coin_type(registry.network.chain_id))
        seen = 0
        while True:
            try:
                async for news in watching.catch_up():
                    for one in chosen.told(news):
                        seen += 1
                        emit(one)
            except Overtaken:
                raise
            except ConductorError as error:
                if once:
                    raise
                note(f"cannot look: {error}")
            if once:
                break
            await asyncio.sleep(settings.poll_s)
    if not seen:
        click.get_current_context().exit(3)


class _Chosen:
    """Which events belong to a name: those of its node, and of the instances that it has or admits."""

    def __init__(self, node: bytes | None, ids: set[int], here: int) -> None:
        self._node = node
        self._here = here
        self._ids = ids

    def told(self, news: News) -> Iterator[ServiceEvent]:
        if not isinstance(news, Told):
            yield ServiceEvent(news.revision, None, None, "TakenBack", {})
            return
        event = news.event
        if self._wanted(event):
            values = {one.name: _shown(getattr(event, one.name)) for one in fields(event) if one.name != "revision"}
            if isinstance(event, RecordSet):
                record = record_of(event, self._here)
                values |= {"kind": record.kind, "key": record.key, "value": record.value if event.value else ""}
            kind = type(event).__name__
            yield ServiceEvent(news.revision, news.block.number, news.block.time_s, kind, values)

    def _wanted(self, event: Event) -> bool:
        if self._node is None:
            return True
        if getattr(event, "node", None) == self._node:
            if isinstance(event, Admitted):
                self._ids.add(event.id)
            return True
        if isinstance(event, NameSet):
            return event.parent == self._node
        ids = {getattr(event, "id", None), *getattr(event, "ids", ())}
        return bool(ids & self._ids)


async def _instances(registry: Registry, name: str | None) -> set[int]:
    if name is None:
        return set()
    await registry.require(name)
    return {one.id for one in await (await registry.at_head()).instances(name, live_only=False)}


async def _now(registry: Registry) -> int:
    return await (await registry.at_head()).revision()


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return to_checksum_address(value) if len(value) == 20 else f"0x{value.hex()}"
    if isinstance(value, Scaling):
        return f"{value.wanted} of {value.least}..{value.most}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
