"""What a scene came to, in the shape that every scene has. The command prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from keeper.cli.demo import failover, report
from keeper.cli.output import table


@dataclass(frozen=True)
class DemoMove:
    """One change of a plan. `due`: the first block in which it could be; `run` counts from 0."""

    plan: str
    run: int
    step: str
    result: str
    due: int
    block: int
    by: str
    paid_wei: str
    transaction: str


@dataclass(frozen=True)
class DemoClient:
    """One client of a service. `moved_ms`: how long after the kill it was last without an answer; null: to the end.
    `longest_ms`: the longest from one answer to the next after the kill."""

    name: str
    asked: int
    failed: int
    moved_ms: int | None
    longest_ms: int


@dataclass(frozen=True)
class Played:
    """`figures` are those of the last line, and more."""

    line: str
    failures: tuple[str, ...]
    figures: Mapping[str, str]
    moves: tuple[DemoMove, ...]
    clients: tuple[DemoClient, ...]
    shown: tuple[str, ...]


def of_plans(story: report.Story) -> Played:
    """Scene `plans`."""
    paid = {"estimate_wei": story.estimate_wei, "paid_wei": story.paid_wei(report.TREASURY)}
    return Played(
        line=report.line(story),
        failures=report.failures(story),
        figures={name: str(value) for name, value in (asdict(report.figures(story)) | paid).items()},
        moves=tuple(DemoMove(**{**asdict(move), "paid_wei": str(move.paid_wei)}) for move in story.moves),
        clients=(),
        shown=(table(report.HEAD, report.timeline(story)), "", *report.summary(story)),
    )


def of_services(story: failover.Story) -> Played:
    """Scene `services`."""
    clients = []
    for one in story.clients:
        moved_s = story.moved_s(one)
        failed = sum(bool(each.failed) for each in one.rounds)
        moved_ms = None if moved_s is None else int(moved_s * 1000)
        longest_ms = int(story.longest_s(one) * 1000)
        clients.append(DemoClient(one.name, len(one.rounds), failed, moved_ms, longest_ms))
    return Played(
        line=failover.line(story),
        failures=failover.failures(story),
        figures={name: str(value) for name, value in asdict(failover.figures(story)).items()},
        moves=(),
        clients=tuple(clients),
        shown=(table(failover.HEAD, failover.rows(story)), "", *failover.summary(story)),
    )
