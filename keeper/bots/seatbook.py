"""The seats as the turns of due work need them: holders from events, the rest read from the chain and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from keeper.bots.chances import Action
from keeper.bots.decide import Moment
from keeper.bots.index import SEATS, seats_of
from keeper.bots.queue import Queue
from keeper.bots.turns import Seat, Seats, is_over
from keeper.chain.jobs import Job
from keeper.chain.reads import View
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.turns import epoch_of

_STALE_S = 600.0
_TURNS = (Action.RUN, Action.UNDO)


class SeatBook:
    """How many share the turns of an epoch no longer changes once something due in it is due; a holder's last work is
    worth asking for every ten minutes, for only a day without work ends its turns."""

    def __init__(self, scheduler: bytes, queue: Queue) -> None:
        self._scheduler = scheduler
        self._queue = queue
        self._counts: dict[tuple[bool, int], int] = {}
        self._last: dict[bytes, tuple[int, float]] = {}

    def forget(self) -> None:
        """After a reorganisation."""
        self._counts.clear()
        self._last.clear()

    async def read(self, view: View, jobs: Sequence[Job], now: Moment, mono_s: float) -> Seats:
        """What is needed to tell whose turn these jobs are. Errors: EndpointFailed."""
        seats = seats_of(await self._queue.fact(SEATS))
        if not seats:
            return Seats()
        wanted = {
            (in_seconds, epoch_of(in_seconds, job.due.due_at)): job.due.due_at
            for job in jobs
            if job.due.action in _TURNS
            for in_seconds in (job.due.clock == "seconds",)
            if not is_over(in_seconds, job.due.due_at, now.time_s if in_seconds else now.block)
        }
        missing = [key for key in wanted if key not in self._counts]
        for key, count in zip(
            missing, await asyncio.gather(*(self._count(view, k[0], wanted[k]) for k in missing)), strict=True
        ):
            self._counts[key] = count
        if not wanted:
            return Seats(seats, self._counts)
        stale = [seat for seat in seats.values() if self._last.get(seat.hot, (0, float("-inf")))[1] + _STALE_S < mono_s]
        for seat, last_s in zip(
            stale, await asyncio.gather(*(self._last_s(view, seat) for seat in stale)), strict=True
        ):
            self._last[seat.hot] = (last_s, mono_s)
        known = {number: replace(seat, last_s=self._last[seat.hot][0]) for number, seat in seats.items()}
        return Seats(known, dict(self._counts))

    async def _count(self, view: View, in_seconds: bool, due_at: int) -> int:
        answer = await view.call(self._scheduler, encode_call("seatsAt", in_seconds, due_at))
        return int(decode_result("seatsAt", answer)[0])

    async def _last_s(self, view: View, seat: Seat) -> int:
        answer = await view.call(self._scheduler, encode_call("keeper", seat.hot))
        return int(decode_result("keeper", answer)[2])
