"""A keeper process: an executor, a clock, logs and metrics, from settings until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, start_http_server

from keeper.bots.connection import connect
from keeper.bots.decide import Policy
from keeper.bots.executor import Executor, ExecutorPolicy
from keeper.bots.fees import GWEI, FeeRules
from keeper.bots.metrics import Metrics
from keeper.bots.parcels import Limits
from keeper.chain.clock import Clock
from keeper.chain.follower import DeepReorg
from keeper.chain.moves import OutboxPolicy
from keeper.chain.settings import Settings
from keeper.wire.errors import ConductorError

_DAY_S = 86_400
_LOG = structlog.get_logger("conductor.keeper")


async def run_keeper(settings: Settings, stop: asyncio.Event, metrics: Metrics | None = None) -> None:
    """Works until `stop` is set, then ends the look that is under way and closes everything.

    Errors: BadInput for settings that lead nowhere. Once it works, troubles are logged, counted and tried again.
    """
    metrics = metrics or Metrics()
    async with connect(settings) as connection:
        signer = connection.key()
        executor = Executor(
            connection.pool,
            connection.store,
            connection.source,
            signer,
            worker=connection.worker,
            policy=policy_of(settings),
            metrics=metrics,
        )
        _LOG.info("keeper works", keeper="0x" + signer.address.hex(), chain=connection.pool.chain_id,
                  scheduler="0x" + connection.scheduler.hex())  # fmt: skip
        with serving(settings, metrics.registry):
            await Loop(executor, metrics.troubles, settings.poll_s).run(stop)
        _LOG.info("keeper stopped")


@contextmanager
def serving(settings: Settings, registry: CollectorRegistry) -> Iterator[None]:
    """Metrics on the settings' port, if they name one."""
    if settings.metrics_port is None:
        yield
        return
    server, _ = start_http_server(settings.metrics_port, addr="127.0.0.1", registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def policy_of(settings: Settings) -> ExecutorPolicy:
    """The executor's policy that the settings ask for."""
    fees = FeeRules(
        min_profit_wei=settings.min_profit_gwei * GWEI,
        max_fee_wei=int(settings.max_fee_gwei * GWEI),
        tip_wei=None if settings.tip_gwei is None else int(settings.tip_gwei * GWEI),
    )
    return ExecutorPolicy(
        decide=Policy(fees=fees),
        limits=Limits(items=settings.batch),
        outbox=OutboxPolicy(keep_s=settings.keep_days * _DAY_S),
    )


def log_to(settings: Settings) -> None:
    """structlog on standard error: lines for people, or JSON."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a look that takes longer than `poll_s` is no news
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level if isinstance(level, int) else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Bot(Protocol):
    """What a loop drives. `start` comes once, `tick` whenever there may be something new."""

    async def start(self) -> None: ...
    async def tick(self) -> None: ...
    async def next_look_s(self) -> float | None:
        """How soon to look again, if sooner than the poll."""

    async def forget(self) -> None:
        """The chain has left what was believed to be for ever: what is known of it goes."""


class Loop:
    """Looks at the chain every `poll_s`, and when the next work is due, one look at a time."""

    def __init__(self, bot: Bot, troubles: Counter, poll_s: float) -> None:
        self._bot = bot
        self._troubles = troubles
        self._poll_s = poll_s
        self._started = False
        self._looking = asyncio.Lock()
        self._clock = Clock()

    async def run(self, stop: asyncio.Event) -> None:
        self._clock.every(self._poll_s, "look", self._look)
        self._clock.start()
        try:
            await self._look()
            await stop.wait()
        finally:
            async with self._looking:  # a look under way ends in peace: the clock's end would cancel it
                self._clock.stop()

    async def _look(self) -> None:
        if self._looking.locked():
            return
        async with self._looking:
            try:
                if not self._started:
                    await self._bot.start()
                    self._started = True
                await self._bot.tick()
                wake_s = await self._bot.next_look_s()
                if wake_s is not None and wake_s < self._poll_s:
                    self._clock.once(wake_s, "due", self._look)
            except DeepReorg as error:
                _LOG.error("following the chain anew", error=str(error))
                await self._bot.forget()
            except ConductorError as error:
                self._troubles.labels(type(error).__name__).inc()
                _LOG.warning("trouble", error=str(error))
