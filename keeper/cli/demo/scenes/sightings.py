"""What became of scene `services`: read back from the chain and from what the clients wrote down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keeper.cli.demo.cast import SERVICE, Started
from keeper.cli.demo.failover import Client, Lease, Round, Story, Struck
from keeper.cli.demo.stage import Stage
from keeper.cli.deployment import address_of
from keeper.registry import Instance, RegistryClient, decode_event
from keeper.registry.events import Renewed
from keeper.wire.abi import interface
from keeper.wire.errors import ConductorError


@dataclass(frozen=True, slots=True)
class Kill:
    """Whom the scene killed, how both processes ended, when by our clock, and the head then."""

    label: str
    exit_codes: tuple[int, int]
    at_s: float
    block: int


def lines_of(stage: Stage, name: str) -> list[dict[str, Any]]:
    """The whole lines of JSON that a program has written so far. Errors: ConductorError if it wrote anything else."""
    text = (stage.programs.logs / f"{name}.log").read_text()
    try:
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    except ValueError:
        raise ConductorError(f"{name} says: {text.strip()[:400]}") from None


def read_client(stage: Stage, name: str) -> Client:
    """What a client has written down."""
    said = lines_of(stage, name)
    names: dict[str, str] = next((line["names"] for line in said if "names" in line), {})
    return Client(name, names, tuple(_round(line) for line in said if "asked" in line))


def _round(line: Mapping[str, Any]) -> Round:
    price = line.get("price") or {}
    return Round(
        at_s=float(line["at"]),
        block=int(line["block"]),
        told=tuple(line["told"]),
        asked=str(line["asked"]),
        answered_by=str(price.get("instance", "")),
        price_wei=int(price.get("base_fee_wei", 0)),
        priced=int(price.get("block", 0)),
        failed=str(line.get("failed", "" if price else "no price")),
    )


async def live_at_head(stage: Stage) -> tuple[str, ...]:
    """The labels of the instances that are live."""
    return tuple(one.label for one in await _instances(stage, live_only=True))


async def lapsed_at(stage: Stage, kill: Kill) -> int:
    """The first block in which the killed one's lease is over. Errors: ConductorError if there is none yet."""
    until_s = next(one.until_s for one in await _instances(stage) if one.label == kill.label)
    for block in await _blocks(stage, range(kill.block, stage.chain.block + 1)):
        if block[1] >= until_s:
            return block[0]
    raise ConductorError(f"the lease of {kill.label} goes on")


async def read_story(
    stage: Stage,
    names: Mapping[str, str],
    live: tuple[str, ...],
    started: Sequence[Started],
    missing: tuple[str, ...],
    kill: Kill,
    lapsed: int,
) -> Story:
    """Errors: ConductorError where logs and blocks do not fit together."""
    head = stage.chain.block
    blocks = {number: (time_s, fee_wei) for number, time_s, fee_wei in await _blocks(stage, range(head + 1))}
    clients = tuple(read_client(stage, one.name) for one in started)
    return Story(
        names=names,
        leases=await _leases(stage, {number: time_s for number, (time_s, _) in blocks.items()}, head),
        live=live,
        clients=clients,
        base_fees_wei={number: fee_wei for number, (_, fee_wei) in blocks.items()},
        struck=Struck(kill.label, kill.exit_codes, kill.at_s, kill.block, blocks[kill.block][0], lapsed),
        ended_s=blocks[head][0],
        missing=missing,
        seconds=stage.seconds,
    )


async def _leases(stage: Stage, times_s: Mapping[int, int], head: int) -> tuple[Lease, ...]:
    """From the Registry's own events."""
    renewed: dict[int, list[int]] = {}
    topic = interface("Registry").events["Renewed"].id
    for log in await stage.chain.pool.reads.logs(0, head, [address_of("Registry")], [topic]):
        event = decode_event(log.topics, log.data)
        for number in event.ids if isinstance(event, Renewed) else ():
            renewed.setdefault(number, []).append(times_s[log.block_number])
    found = await _instances(stage)
    return tuple(Lease(one.label, tuple(renewed.get(one.id, ())), one.ttl_s) for one in found)


async def _instances(stage: Stage, *, live_only: bool = False) -> tuple[Instance, ...]:
    client = RegistryClient(await stage.chain.pool.pin(), address_of("Registry"))
    return await client.instances(SERVICE, live_only=live_only)


async def _blocks(stage: Stage, numbers: range) -> list[tuple[int, int, int]]:
    """Number, time and base fee of each."""
    view = await stage.chain.pool.pin()
    found = await view.blocks(list(numbers))
    return [(block.number, block.time_s, block.base_fee_wei) for block in found if block is not None]
