"""A heartbeat process: one key's instances, from settings, kept alive until it is told to stop, or once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from keeper.bots.beats import BeatPolicy
from keeper.bots.checkup import Checkup
from keeper.bots.connection import first_block, open_chain, open_store, signer_of
from keeper.bots.fees import GWEI
from keeper.bots.heartbeat import Heart, HeartPolicy
from keeper.bots.keeper import Loop, serving
from keeper.bots.metrics import HeartMetrics
from keeper.bots.roster import Roster, Ward
from keeper.chain.endpoints import EndpointPool
from keeper.chain.moves import OutboxPolicy
from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.wire.errors import BadInput
from keeper.wire.types import Address

_DAY_S = 86_400
_LOG = structlog.get_logger("conductor.heartbeat")


@dataclass(frozen=True, slots=True)
class Beaten:
    """What one look came to. `ailing`: by name, who is unwell and why."""

    wards: tuple[Ward, ...]
    renewed: tuple[int, ...]
    ailing: Mapping[str, str]
    time_s: int


async def run_heartbeat(settings: Settings, registry: Address, services: Sequence[str], stop: asyncio.Event) -> None:
    """Works until `stop` is set. Once it works, troubles are logged, counted and tried again.

    Errors: BadInput for settings that lead nowhere.
    """
    metrics = HeartMetrics()
    async with _open(settings, registry, services, metrics) as (heart, pool, signer):
        _LOG.info("heartbeat works", operator="0x" + signer.address.hex(), chain=pool.chain_id,
                  registry="0x" + registry.hex())  # fmt: skip
        with serving(settings, metrics.registry):
            await Loop(heart, metrics.troubles, settings.poll_s).run(stop)
        _LOG.info("heartbeat stopped")


async def beat_once(settings: Settings, registry: Address, services: Sequence[str]) -> Beaten:
    """Renews who is due now, and waits until it is done. Errors: BadInput, NoEndpoint."""
    async with _open(settings, registry, services, HeartMetrics()) as (heart, pool, _):
        await heart.start()
        await heart.tick()
        while await heart.busy():
            await asyncio.sleep(settings.poll_s)
            await heart.tick()
        await heart.tick()
        head = await pool.head()
        return Beaten(heart.wards, tuple(heart.renewed), heart.ailing, head.time_s)


@asynccontextmanager
async def _open(
    settings: Settings, registry: Address, services: Sequence[str], metrics: HeartMetrics
) -> AsyncIterator[tuple[Heart, EndpointPool, Signer]]:
    signer = await signer_of(settings)
    if signer is None:
        remedy = "give --account, or set CONDUCTOR_ACCOUNT or CONDUCTOR_PRIVATE_KEY_FILE"
        raise BadInput("no key to sign with", field="account", remedy=remedy)
    checkup = Checkup(settings.health, every_s=settings.health_every_s, timeout_s=settings.health_timeout_s)
    async with open_chain(settings) as pool, open_store(settings) as store:
        start = settings.start_block
        start = await first_block(pool.reads, registry) if start is None else start
        roster = Roster(Address(signer.address), services, start)
        worker = f"{settings.worker or f'{socket.gethostname()}/{signer.address.hex()}'}/heartbeat"
        heart = Heart(
            pool, store, registry, signer, roster, checkup, worker=worker, policy=policy_of(settings), metrics=metrics
        )
        try:
            yield heart, pool, signer
        finally:
            await checkup.close()


def policy_of(settings: Settings) -> HeartPolicy:
    """What the settings ask for."""
    return HeartPolicy(
        beats=BeatPolicy(batch=settings.heartbeat_batch),
        outbox=OutboxPolicy(bump_after=2, resend_after=1, keep_s=settings.keep_days * _DAY_S),
        max_fee_wei=int(settings.max_fee_gwei * GWEI),
        tip_wei=None if settings.tip_gwei is None else int(settings.tip_gwei * GWEI),
    )
