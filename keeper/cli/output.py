"""What a command says: a result as text for people or as JSON for programs, and progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, ClassVar

import click
from rich.console import Console

JSON_KEY = "conductor.json"


class Result:
    """What a command found. Subclasses are frozen dataclasses of JSON's own types; amounts in wei are decimal text."""

    schema: ClassVar[str]
    """Its name and version, `conductor/<command>/<n>`; the schema itself is in keeper/cli/schemas."""

    def text(self) -> str:
        """For people."""
        raise NotImplementedError

    @property
    def exit_code(self) -> int:
        return 0

    def as_dict(self) -> dict[str, Any]:
        return {"schema": self.schema, **asdict(self)}  # type: ignore[call-overload]  # subclasses are dataclasses


def wants_json() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(JSON_KEY))


def emit(result: Result) -> None:
    """On standard output."""
    click.echo(json.dumps(result.as_dict()) if wants_json() else result.text().rstrip("\n"))


def note(text: str) -> None:
    """A line beside the result, on standard error; none for programs."""
    if not wants_json():
        click.echo(text, err=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner on standard error while something takes its time, and a function that changes what it says; nothing
    unless a person looks on."""
    if wants_json() or not sys.stderr.isatty():
        yield lambda _: None
        return

    with Console(stderr=True).status(what) as status:
        yield status.update


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text, as wide as they need be."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(line.rstrip() for line in lines)


def fields(pairs: Sequence[tuple[str, str]]) -> str:
    """`name  value`, one a line, the values in one column."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name.ljust(width)}  {value}".rstrip() for name, value in pairs)


def rounded(wei: int) -> str:
    """An amount of coin for people, to six digits; exact amounts are in the JSON."""
    return f"{wei / 10**9:.6g} gwei" if abs(wei) < 10**12 else f"{wei / 10**18:.6g} ether"
