"""Progress as it happens: a spinner and lines on a terminal, plain lines elsewhere, on standard error with --json."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from keeper.cli.output import wants_json


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """A function that tells one line, with the seconds since the start before it."""
    stream = sys.stderr if wants_json() else sys.stdout
    started_s = time.monotonic()

    def stamp() -> str:
        return f"{time.monotonic() - started_s:5.1f} s"

    if not stream.isatty():

        def write(text: str) -> None:
            stream.write(f"{stamp()}  {text}\n")
            stream.flush()

        yield write
        return
    console = Console(file=stream, highlight=False)
    with console.status("starting") as status:

        def show(text: str) -> None:
            console.print(Text.assemble((stamp(), "dim"), "  ", text))
            status.update(Text(text, style="dim"))

        yield show
