"""Clients of all kinds find a price service by name; one of its three instances is killed, and they move over."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from eth_utils.address import to_checksum_address

from keeper.cli.demo.anvil import beside
from keeper.cli.demo.cast import HOW, LABELS, PRICE, SERVICE, TOP, TTL_S, Instance, Started, clients
from keeper.cli.demo.failover import LEAST_ROUNDS, Client, Story
from keeper.cli.demo.programs import CONDUCTOR
from keeper.cli.demo.scenes.sightings import Kill, lapsed_at, lines_of, live_at_head, read_client, read_story
from keeper.cli.demo.stage import Keeper, Stage
from keeper.cli.deployment import address_of
from keeper.registry import namehash
from keeper.registry.abi import call
from keeper.wire.errors import ConductorError

_OWNER, _FIRST_OPERATOR, _VICTIM = 0, 1, 1
_COMMITMENT_S = 60
_REGISTER_GAS = 6_000_000
_PATIENCE_S, _LEASE_PATIENCE_S = 30.0, TTL_S + 25.0
CONTRACTS = ("Scheduler", "Registry", "Facts")


async def play(stage: Stage, price: Path = PRICE) -> Story:
    """The whole scene. `price` is the program of an instance. Errors: ConductorError if it cannot go on."""
    owner = stage.keeper("owner", _OWNER)
    cast = [Instance(label, stage.keeper(label, _FIRST_OPERATOR + i)) for i, label in enumerate(LABELS)]
    for one in cast:
        await stage.programs.start(one.name, [sys.executable, str(price), one.label, stage.chain.url])
    await stage.deploy()
    stage.say("the protocol is deployed")
    await _claim(stage, owner)
    names = await _register(stage, cast)
    await asyncio.gather(*(_serve(stage, one) for one in cast))
    await _until(stage, "three instances are live", _PATIENCE_S, lambda: _all_live(stage))
    stage.say(f"three instances of {SERVICE} are live, each kept so by a heartbeat of its own")
    started, missing = clients(stage, address_of("Registry"), tuple(names))
    if missing:
        stage.say(f"{' and '.join(missing)} cannot be started here: {HOW}")
    for client in started:
        await stage.programs.start(client.name, client.command)
    stage.say(f"{', '.join(client.name for client in started)} look {SERVICE} up, and ask for the price")
    await _until(stage, "each client has asked each instance", _PATIENCE_S, lambda: _all_asked(stage, started))
    kill = await _strike(stage, cast[_VICTIM])
    await _until(stage, "its lease is over", _LEASE_PATIENCE_S, lambda: _is_over(stage, kill))
    lapsed = await lapsed_at(stage, kill)
    stage.say(f"the lease of {cast[_VICTIM].name} is over in block {lapsed}")
    await _until(stage, "each client has asked on", _PATIENCE_S, lambda: _asked_on(stage, started, lapsed))
    shown = await stage.programs.conductor("service", "instances", SERVICE, environment=stage.environment)
    for name in [*(one.name for one in started), *(one.heartbeat for one in cast if one.label != kill.label)]:
        await stage.programs.end(name)
    live = tuple(sorted(str(one["name"]).partition(".")[0] for one in shown["instances"]))
    return await read_story(stage, names, live, started, missing, kill, lapsed)


async def _claim(stage: Stage, owner: Keeper) -> None:
    """`conductor name claim`, and time that passes once it has committed."""
    claiming = stage.programs.conductor("name", "claim", TOP, environment=owner.environment)
    async with beside(claiming) as claimed:
        while not claimed.done() and await stage.chain.pool.reads.nonce(owner.address) == 0:
            await stage.chain.until(stage.chain.block + 1)
        await stage.chain.advance(_COMMITMENT_S)
        said = await claimed
    stage.say(f"`name claim` took {said['name']} for a deposit of 0.1 ether: commit, a minute, reveal")


async def _register(stage: Stage, cast: Sequence[Instance]) -> dict[str, str]:
    """Names for the protocol's contracts, the service, and its instances, in one transaction. Each name's address."""
    wallet, top, service = stage.wallet(_OWNER), namehash(TOP), namehash(SERVICE)
    names = {f"{contract.lower()}.{TOP}": address_of(contract) for contract in CONTRACTS}
    calls = []
    for name, address in names.items():
        calls.append(call("create", top, name.partition(".")[0], wallet.address))
        calls.append(call("setAddr(bytes32,address)", namehash(name), address))
    calls.append(call("create", top, SERVICE.partition(".")[0], wallet.address))
    calls.append(call("setText", service, "instances", ",".join(LABELS)))
    calls += [call("admit", service, one.label, one.operator.address, 100, TTL_S) for one in cast]
    await wallet.send("register", address_of("Registry"), call("multicall", calls), gas_limit=_REGISTER_GAS)
    await wallet.settled()
    stage.say(f"registered {', '.join(names)} and {SERVICE}, which admits {len(cast)} instances")
    return {name: to_checksum_address(address) for name, address in names.items()}


async def _serve(stage: Stage, one: Instance) -> None:
    """`conductor service serve`, then `service heartbeat` as a process of its own."""
    endpoint = str(lines_of(stage, one.name)[0]["endpoint"])
    environment = one.operator.environment
    await stage.programs.conductor("service", "serve", one.name, endpoint, environment=environment)
    command = [*CONDUCTOR, "service", "heartbeat", SERVICE, "--health", "*={endpoint}/health", "--json"]
    await stage.programs.start(one.heartbeat, command, environment)


async def _strike(stage: Stage, victim: Instance) -> Kill:
    at_s, block = time.time(), stage.chain.block
    codes = await asyncio.gather(stage.programs.kill(victim.name), stage.programs.kill(victim.heartbeat))
    stage.say(f"SIGKILL to {victim.name} and its heartbeat at block {block}")
    return Kill(victim.label, (codes[0], codes[1]), at_s, block)


async def _until(stage: Stage, what: str, patience_s: float, is_so: Callable[[], Awaitable[bool]]) -> None:
    """Looks at each block. Errors: ConductorError if it takes too long, or a program has ended."""
    ends_s = time.monotonic() + patience_s
    while not await is_so():
        stage.programs.require_alive()
        if time.monotonic() > ends_s:
            raise ConductorError(f"not within {patience_s:g} s: {what}")
        await stage.chain.until(stage.chain.block + 1)


async def _all_live(stage: Stage) -> bool:
    return len(await live_at_head(stage)) == len(LABELS)


async def _is_over(stage: Stage, kill: Kill) -> bool:
    return kill.label not in await live_at_head(stage)


async def _all_asked(stage: Stage, started: Sequence[Started]) -> bool:
    return all(set(LABELS) <= {one.answered_by for one in read_client(stage, each.name).rounds} for each in started)


async def _asked_on(stage: Stage, started: Sequence[Started], lapsed: int) -> bool:
    found = [read_client(stage, each.name) for each in started]
    return all(_answers_since(client, lapsed) >= LEAST_ROUNDS for client in found)


def _answers_since(client: Client, block: int) -> int:
    return sum(one.block >= block and not one.failed for one in client.rounds)
