"""The ticking clock, and nothing more: what is due when is kept in the database, never here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger


class Clock:
    """Calls async functions every so often. A call still running is not started again; missed ticks become one."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def every(self, seconds: float, name: str, do: Callable[[], Awaitable[None]]) -> None:
        self._scheduler.add_job(do, IntervalTrigger(seconds=seconds), id=name, replace_existing=True)

    def once(self, seconds: float, name: str, do: Callable[[], Awaitable[None]]) -> None:
        """Calls `do` after so long, instead of what this name still waits for."""
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._scheduler.add_job(do, DateTrigger(at), id=name, replace_existing=True)

    def start(self) -> None:
        """Starts ticking in the running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ticks no more; calls under way go on."""
        self._scheduler.shutdown(wait=False)
