"""Plan files on disk: read with their lock, compiled, and the lock written back beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.deployment import deployment_of
from keeper.cli.network import Network, has_endpoint, open_network
from keeper.cli.options import parse_sets
from keeper.cli.output import note, progress
from keeper.plans import Compiled, Lock, PlanErrors, PlanFile, compile_plan, lock_path, pin, read_lock, read_plan
from keeper.wire.errors import BadInput


@dataclass(frozen=True, slots=True)
class Source:
    """A plan file and its lock, if there is one. Values given to an earlier compilation stay unless given anew."""

    plan: PlanFile
    lock: Lock | None

    @property
    def lock_file(self) -> Path:
        return lock_path(self.plan.path)

    @property
    def chain_id(self) -> int | None:
        """The chain that file or lock name."""
        return self.plan.chain_id or (None if self.lock is None else self.lock.chain_id)


def read_source(file: str, sets: Mapping[str, str] | None = None) -> Source:
    """Errors: BadInput for what cannot be read, PlanErrors for all that is wrong in the plan."""
    lock = read_lock(lock_path(file))
    return Source(read_plan(file, {**(lock.values if lock is not None else {}), **(sets or {})}), lock)


@asynccontextmanager
async def open_plan(
    file: str, sets: tuple[str, ...], settings: Settings, *, alone: bool = False
) -> AsyncIterator[tuple[Compiled, Network | None]]:
    """The compiled plan and its chain; with `alone` no chain is needed, and without an endpoint there is None."""
    source = read_source(file, parse_sets(sets))
    if alone and not has_endpoint(settings, source.chain_id):
        yield compile_alone(source, settings), None
        return
    async with open_network(settings, source.chain_id) as network:
        yield await compile_on(network, source), network


async def compile_on(network: Network, source: Source) -> Compiled:
    """The plan, with what its lock leaves open asked of the chain; then the lock is written. See `plans.pin`."""
    await network.require_protocol()
    with progress(f"compiling {source.plan.path}"):
        pinned = await pin(source.plan, network.chain, network.deployment, source.lock)
    text = pinned.compiled.lock.as_json()
    if source.lock is None or source.lock.as_json() != text:
        source.lock_file.write_text(text)
        note(f"wrote {source.lock_file}")
    return pinned.compiled


async def compile_offline(source: Source, settings: Settings) -> Compiled:
    """The plan without a chain if that can be, else as `compile_on`.

    Errors: as `compile_alone`, where there is no endpoint to answer what is open.
    """
    online = has_endpoint(settings, source.chain_id)
    try:
        if source.lock is not None or not online:
            return compile_alone(source, settings)
    except PlanErrors:
        if not online:
            raise
    async with open_network(settings, source.chain_id) as network:
        return await compile_on(network, source)


def compile_alone(source: Source, settings: Settings) -> Compiled:
    """The plan without any endpoint: by its lock, or, if the text leaves nothing open, without one.

    Errors: PlanErrors for what only a chain could answer, BadInput for settings that contradict the lock.
    """
    lock = source.lock
    if lock is None:
        chain_id = source.plan.chain_id or settings.chain
        if chain_id is None:
            remedy = "give --rpc, or --chain, or write `chain:` into the file"
            raise BadInput(f"{source.plan.path} does not say its chain", field="chain", remedy=remedy)
        deployment = deployment_of(settings)
        lock = Lock(chain_id, to_checksum_address(deployment.scheduler), to_checksum_address(deployment.facts))
    require_same(settings, lock)
    return compile_plan(source.plan, lock)


def as_locked(source: Source) -> Compiled:
    """The plan exactly as its lock has it. Errors: BadInput without a lock."""
    if source.lock is None:
        remedy = f"compile it with `conductor plan check {source.plan.path}`, or get the lock with the file"
        raise BadInput(f"{source.lock_file} is missing", field="lock", value=str(source.lock_file), remedy=remedy)
    return compile_plan(source.plan, source.lock)


def require_same(settings: Settings, lock: Lock) -> None:
    """Errors: BadInput for settings that mean another chain or Scheduler than the lock."""
    if settings.chain not in (None, lock.chain_id):
        message = f"the plan is for chain {lock.chain_id}, not {settings.chain}"
        raise BadInput(message, field="chain", value=settings.chain, remedy=f"leave --chain {settings.chain} out")
    scheduler = to_checksum_address(deployment_of(settings).scheduler)
    if settings.scheduler is not None and scheduler != lock.scheduler:
        message = f"the lock is for the Scheduler {lock.scheduler}, not {scheduler}"
        remedy = "leave --scheduler out, or delete the lock and compile again"
        raise BadInput(message, field="scheduler", value=scheduler, remedy=remedy)
