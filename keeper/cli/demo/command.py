"""The command `conductor demo`."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from keeper.cli.command import command
from keeper.cli.demo.played import DemoClient, DemoMove, Played, of_plans, of_services
from keeper.cli.demo.scenes import plans, services
from keeper.cli.demo.screen import telling
from keeper.cli.demo.stage import Stage, open_stage
from keeper.cli.output import Result
from keeper.wire.errors import ConductorError


async def _plans(stage: Stage) -> Played:
    return of_plans(await plans.play(stage))


async def _services(stage: Stage) -> Played:
    return of_services(await services.play(stage))


SCENES: Mapping[str, Callable[[Stage], Awaitable[Played]]] = {"plans": _plans, "services": _services}


@dataclass(frozen=True)
class DemoResult(Result):
    """`line` is the last line, with its `figures`; `failures` is empty if all went as it has to. `moves` are those of
    scene `plans`, `clients` those of scene `services`."""

    schema = "conductor/demo/2"

    scene: str
    ok: bool
    line: str
    failures: tuple[str, ...]
    figures: dict[str, str]
    seconds: int
    moves: tuple[DemoMove, ...]
    clients: tuple[DemoClient, ...]
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

    Scene `services`: clients find a service of three instances by name, one of them is killed, and they move over.
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
                played = await SCENES[scene](stage)
                kept = keep
                return _result(stage, scene, played, keep=keep)
        except asyncio.CancelledError:
            raise click.Abort from None
        except ConductorError:
            kept = True
            say(f"not played to the end; logs and files are in {folder}")
            raise
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)


def _result(stage: Stage, scene: str, played: Played, *, keep: bool) -> DemoResult:
    shown = list(played.shown)
    if keep:
        pid = stage.programs.leave("anvil")
        shown += ["", f"the chain goes on at {stage.chain.url} (`kill {pid}` ends it); files are in {stage.folder}"]
    return DemoResult(
        scene=scene,
        ok=not played.failures,
        line=played.line,
        failures=played.failures,
        figures=dict(played.figures),
        seconds=int(played.figures["seconds"]),
        moves=played.moves,
        clients=played.clients,
        chain=stage.chain.url if keep else None,
        shown="\n".join(shown),
    )
