"""Child processes, apart from the terminal's signals; all have ended when the demo has, however that ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keeper.wire.errors import ConductorError

_PATIENCE_S = 5.0
CONDUCTOR = (sys.executable, "-c", "from keeper.cli import main; main()")


class Programs:
    """`logs`: the folder in which each program's standard error is kept, as <name>.log."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, Process] = {}

    async def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        """A program in a session of its own, so that Ctrl-C reaches it through us alone."""
        with (self.logs / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._running[name] = process
        return process

    async def conductor(self, *arguments: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """What a command of ours answers with --json. Errors: ConductorError with what it said, if it fails."""
        process = await asyncio.create_subprocess_exec(
            *CONDUCTOR,
            *arguments,
            "--json",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        name = f"conductor {process.pid}"
        self._running[name] = process
        out, err = await process.communicate()
        del self._running[name]
        if process.returncode:
            command = " ".join(["conductor", *arguments])
            raise ConductorError(f"`{command}` ended with {process.returncode}: {_said(err)}")
        found: dict[str, Any] = json.loads(out)
        return found

    def require_alive(self) -> None:
        """Errors: ConductorError for a program that ended although nobody asked it to."""
        for name, process in self._running.items():
            if process.returncode is not None:
                raise ConductorError(
                    f"{name} ended with {process.returncode}", remedy=f"see {self.logs / f'{name}.log'}"
                )

    async def kill(self, name: str) -> int:
        """SIGKILL: no goodbye. The exit code, which is then -9."""
        process = self._running.pop(name)
        process.kill()
        return await process.wait()

    def leave(self, name: str) -> int:
        """Let a program outlive us. Its process id."""
        return self._running.pop(name).pid

    async def end(self, name: str) -> int:
        """Ask a program to stop, and wait until it has."""
        process = self._running.pop(name)
        return await _end(process)

    async def close(self) -> None:
        """End them all, the newest first; who does not listen is killed."""
        running = list(reversed(self._running.values()))
        self._running.clear()
        await asyncio.gather(*(_end(process) for process in running))


def _said(err: bytes) -> str:
    """The message of a failed command's last line, which is JSON."""
    text = err.decode(errors="replace").strip()
    try:
        said: str = json.loads(text.splitlines()[-1])["message"]
    except (ValueError, LookupError, TypeError):
        return text
    return said


async def _end(process: Process) -> int:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()
