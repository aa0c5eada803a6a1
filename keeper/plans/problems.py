"""What is wrong with a plan file: where, what, and how to mend it. All problems of a file are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from keeper.wire.errors import BadInput


@dataclass(frozen=True, order=True, slots=True)
class Pos:
    """A place in a plan file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing that is wrong, and its remedy, both in one line of plain words."""

    pos: Pos
    message: str
    remedy: str


class Flaw(Exception):
    """Raised where a problem is found; `Problems.here` turns it into a line of the report."""

    def __init__(self, pos: Pos, message: str, remedy: str) -> None:
        super().__init__(message)
        self.problem = Problem(pos, printable(message), printable(remedy))


class PlanErrors(BadInput):
    """A plan file cannot be used. `problems` are sorted by place; the message has one line for each."""

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(set(problems)))
        lines = [f"{path}:{p.pos.line}:{p.pos.column}: {p.message}; {p.remedy}" for p in self.problems]
        super().__init__("\n".join(lines), field="plan", value=path)

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON-ready fields, with one entry for each problem."""
        found = [
            {"line": p.pos.line, "column": p.pos.column, "message": p.message, "remedy": p.remedy}
            for p in self.problems
        ]
        return {**super().as_dict(), "problems": found}


@dataclass(slots=True)
class Problems:
    """Collects the problems of one file."""

    path: str
    found: list[Problem] = field(default_factory=list)

    def here(self) -> _Here:
        """A block in which a raised flaw is recorded; the program goes on behind it."""
        return _Here(self)

    def add(self, pos: Pos, message: str, remedy: str) -> None:
        self.found.append(Flaw(pos, message, remedy).problem)

    def stop_if_any(self) -> None:
        if self.found:
            raise PlanErrors(self.path, self.found)


@dataclass(frozen=True, slots=True)
class _Here:
    problems: Problems

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Flaw):
            self.problems.found.append(error.problem)
            return True
        return False


def printable(text: str) -> str:
    """The text in one line that any terminal can show."""
    return "".join(c if c.isprintable() else "?" for c in text)


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a misspelt word: the nearest known one, else `otherwise`."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else otherwise


def shown(text: str, limit: int = 40) -> str:
    """A piece of the author's text, short and printable, for a message."""
    flat = printable(" ".join(text.split()))
    return f"`{flat if len(flat) <= limit else flat[: limit - 2] + '..'}`"
