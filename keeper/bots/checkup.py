"""Whether the instances that this process speaks for are well: a URL that answers, or a command that ends with 0."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from keeper.wire.errors import BadInput

ANY = "*"
"""The check of instances that have none of their own."""
_ENDPOINT = "{endpoint}"


@dataclass(frozen=True, slots=True)
class Patient:
    """An instance to look at: its whole name, and where it serves."""

    name: str
    endpoint: str


@dataclass(slots=True)
class _State:
    """Of one instance: how the last look ended, when, and the look that is under way."""

    ailment: str = ""
    looked_s: float = float("-inf")
    look: asyncio.Task[None] | None = field(default=None, repr=False)


class Checkup:
    """Looks at each instance every so often, beside the work; `ailing` never waits but for the first look at it."""

    def __init__(
        self,
        checks: Mapping[str, str],
        *,
        every_s: float = 5.0,
        timeout_s: float = 3.0,
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`checks`: by instance name, or `*`, a URL or a command; `{endpoint}` stands for where it serves.

        Errors: BadInput for a command that cannot be read.
        """
        self._checks = dict(checks)
        require_readable(checks)
        self._every_s, self._timeout_s = every_s, timeout_s
        self._mono_s = mono_s
        self._states: dict[str, _State] = {}

    async def ailing(self, patients: Sequence[Patient]) -> dict[str, str]:
        """The names of those that are unwell, and what ails them. Those without a check are well."""
        checked = [one for one in patients if self._check(one) is not None]
        names = {one.name for one in checked}
        for name in self._states.keys() - names:
            _stop(self._states.pop(name))
        first = []
        for one in checked:
            state = self._states.setdefault(one.name, _State())
            if state.look is None and self._mono_s() - state.looked_s >= self._every_s:
                state.look = asyncio.create_task(self._look(one, state))
                first += [state.look] if state.looked_s == float("-inf") else []
        if first:
            await asyncio.wait(first)
        return {name: self._states[name].ailment for name in sorted(names) if self._states[name].ailment}

    async def close(self) -> None:
        """Ends the looks that are under way."""
        looks = [state.look for state in self._states.values() if state.look is not None]
        for look in looks:
            look.cancel()
        if looks:
            await asyncio.wait(looks)
        self._states.clear()

    def _check(self, one: Patient) -> str | None:
        return self._checks.get(one.name, self._checks.get(ANY)) or None

    async def _look(self, one: Patient, state: _State) -> None:
        check = self._check(one) or ""
        try:
            async with asyncio.timeout(self._timeout_s):
                ailment = await (_ask(check, one) if _is_url(check) else _run(check, one))
        except TimeoutError:
            ailment = f"no answer in {self._timeout_s:g} s"
        except (OSError, aiohttp.ClientError, ValueError) as error:
            ailment = f"{type(error).__name__}: {error}"
        state.ailment, state.looked_s, state.look = ailment, self._mono_s(), None


async def _ask(check: str, one: Patient) -> str:
    """Errors: aiohttp's, for a server that does not answer."""
    url = check.replace(_ENDPOINT, one.endpoint.rstrip("/"))
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return "" if 200 <= answer.status < 300 else f"{url} answered {answer.status}"


async def _run(check: str, one: Patient) -> str:
    """Without a shell, so what stands in `{endpoint}` is one word, whatever it says."""
    words = [word.replace(_ENDPOINT, one.endpoint) for word in shlex.split(check)]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*words, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return "" if code == 0 else f"{words[0]} ended with {code}"


def _is_url(check: str) -> bool:
    return check.startswith(("http://", "https://", _ENDPOINT))


def require_readable(checks: Mapping[str, str]) -> None:
    """Errors: BadInput for a command that cannot be read."""
    for name, check in checks.items():
        try:
            words = shlex.split(check)
        except ValueError as error:
            remedy = "write a URL, or a command as a shell takes it"
            raise BadInput(f"the check of {name}: {error}", field="health", value=check, remedy=remedy) from None
        if not words:
            raise BadInput(f"the check of {name} is empty", field="health", remedy="write a URL, or a command")


def _stop(state: _State) -> None:
    if state.look is not None:
        state.look.cancel()
