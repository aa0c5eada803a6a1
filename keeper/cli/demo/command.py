"""The command `conductor demo`."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from keeper.cli.command import command
from keeper.cli.demo import report
from keeper.cli.demo.scenes import plans
from keeper.cli.demo.screen import telling
from keeper.cli.demo.stage import Stage, open_stage
from keeper.cli.output import Result, table
from keeper.wire.errors import ConductorError

SCENES = {"plans": plans.play}


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
class DemoResult(Result):
    """`line` is the last line; `failures` is empty if all went as it has to."""

    schema = "conductor/demo/1"

    ok: bool
    line: str
    failures: tuple[str, ...]
    calls: int
    late_blocks: int
    ticks: int
    undone: int
    killed: int
    keepers_paid_wei: str
    estimate_wei: str
    paid_wei: str
    seconds: int
    moves: tuple[DemoMove, ...]
    chain: str | None
    """Where the chain goes on, with --keep."""
    shown: str
    """What people see above the last line."""

    def text(self) -> str:
        return f"{self.shown}\n\n{self.line}"

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1


@command(
    "demo",
    DemoResult,
    click.argument("scene", type=click.Choice(list(SCENES)), default="plans"),
    click.option("--keep", is_flag=True, help="Leave the chain running, and the folder with plans, keys and logs."),
)
async def demo(scene: str, keep: bool) -> DemoResult:
    """Play the protocol through on a local chain: real contracts, real processes, nothing mocked.

    Scene `plans`: a DAO votes, five calls happen at one block, three keepers are paid, one of them is killed.
    """
    folder = Path(tempfile.mkdtemp(prefix="conductor-demo-"))
    kept = False
    # Whoever ends us politely gets the clean end of Ctrl-C, which a shell ignores for what it starts in the background.
    if (playing := asyncio.current_task()) is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    with telling() as say:
        try:
            async with open_stage(folder, say) as stage:
                story = await SCENES[scene](stage)
                kept = keep
                return _result(stage, story, keep=keep)
        except asyncio.CancelledError:
            raise click.Abort from None
        except ConductorError:
            kept = True
            say(f"not played to the end; logs and files are in {folder}")
            raise
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)


def _result(stage: Stage, story: report.Story, *, keep: bool) -> DemoResult:
    shown = [table(report.HEAD, report.timeline(story)), "", *report.summary(story)]
    if keep:
        pid = stage.programs.leave("anvil")
        shown += ["", f"the chain goes on at {stage.chain.url} (`kill {pid}` ends it); files are in {stage.folder}"]
    one = report.figures(story)
    return DemoResult(
        ok=not report.failures(story),
        line=report.line(story),
        failures=report.failures(story),
        **{**asdict(one), "keepers_paid_wei": str(one.keepers_paid_wei)},
        estimate_wei=str(story.estimate_wei),
        paid_wei=str(story.paid_wei(report.TREASURY)),
        moves=tuple(DemoMove(**{**asdict(move), "paid_wei": str(move.paid_wei)}) for move in story.moves),
        chain=stage.chain.url if keep else None,
        shown="\n".join(shown),
    )
