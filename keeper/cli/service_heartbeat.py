"""`conductor service heartbeat`."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.bots.alive import Beaten, beat_once, run_heartbeat
from keeper.bots.checkup import require_readable
from keeper.bots.keeper import log_to
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import require_signer
from keeper.cli.options import parse_sets
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, emit, fields, wants_json
from keeper.cli.registry import open_registry


@dataclass(frozen=True)
class OneBeat:
    """`state`: live, lapsed, not live yet, or unwell, and then `why`."""

    id: int
    name: str
    left_s: int
    renewed: bool
    state: str
    why: str


@dataclass(frozen=True)
class ServiceHeartbeat(Result):
    """Said once as it begins to work, and then `instances` is empty; with --once when it is done."""

    schema = "conductor/service-heartbeat/1"

    operator: str
    chain_id: int
    registry: str
    once: bool
    instances: tuple[OneBeat, ...]

    def text(self) -> str:
        rows = [("operator", self.operator), ("chain", str(self.chain_id)), ("registry", self.registry)]
        for one in self.instances:
            done = ", renewed" if one.renewed else ""
            why = f": {one.why}" if one.why else ""
            rows.append((f"{one.id}", f"{one.name}  {one.state}, {one.left_s} s left{done}{why}"))
        return fields(rows)

    @property
    def exit_code(self) -> int:
        return 3 if any(one.state != "live" for one in self.instances) else 0


@command(
    "heartbeat",
    ServiceHeartbeat,
    click.argument("names", nargs=-1, metavar="[NAME]..."),
    click.option("--once", is_flag=True, help="Renew who is due now, and end; exit code 3 if one is not live then."),
    click.option("--health", multiple=True, metavar="INSTANCE=CHECK",
                 help="A URL or a command that says whether it is well; `*` is every instance."),
    settings_options(key=True, database=True),
)  # fmt: skip
async def heartbeat(names: tuple[str, ...], once: bool, health: tuple[str, ...], settings: Settings) -> None:
    """Keep the key's instances alive until SIGINT or SIGTERM; with NAME only those of these services.

    Each lease is renewed when a third of it is left, many in one transaction. An instance whose check fails is not
    renewed: its lease lapses, and clients move on. In a check `{endpoint}` is where the instance serves. With --json
    the log is JSON lines too.

    Example: conductor service heartbeat price.acme --health '*={endpoint}/health'
    """
    checks = {**settings.health, **parse_sets(health, "health")}
    require_readable(checks)
    async with open_registry(settings) as registry:
        chain_id, address = registry.network.chain_id, registry.address
        for name in names:
            await registry.require(name)
    settings = settings.model_copy(
        update={"chain": chain_id, "health": checks, "log_json": settings.log_json or wants_json()}
    )
    key = to_checksum_address((await require_signer(settings)).address)
    log_to(settings)
    if once:
        found = await beat_once(settings, address, names)
        result = ServiceHeartbeat(key, chain_id, to_checksum_address(address), True, _beats(found))
        emit(result)
        click.get_current_context().exit(result.exit_code)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a look takes longer than the poll is no news
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    emit(ServiceHeartbeat(key, chain_id, to_checksum_address(address), False, ()))
    await run_heartbeat(settings, address, names, stop)


def _beats(found: Beaten) -> tuple[OneBeat, ...]:
    beats = []
    for ward in found.wards:
        left_s = max(ward.instance.until_s - found.time_s, 0)
        state = "live" if left_s else "lapsed" if ward.instance.until_s else "not live yet"
        why = found.ailing.get(ward.name, "" if ward.serves else "it was never said where it serves: `service serve`")
        state = "unwell" if ward.name in found.ailing else state
        beats.append(OneBeat(ward.instance.id, ward.name, left_s, ward.instance.id in found.renewed, state, why))
    return tuple(beats)
