"""`conductor new`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from keeper.cli.command import command
from keeper.cli.output import Result
from keeper.plans import new_plan, plan_from_safe
from keeper.wire.errors import BadInput


@dataclass(frozen=True)
class NewPlan(Result):
    schema = "conductor/new/1"

    file: str
    name: str

    def text(self) -> str:
        return f"wrote {self.file}; fill it in, then `conductor plan check {self.file}`"


@command(
    "new",
    NewPlan,
    click.argument("file", default="plan.yaml", type=click.Path(dir_okay=False)),
    click.option("--from", "batch", type=click.Path(dir_okay=False), metavar="SAFE.JSON",
                 help="A Safe Transaction Builder batch, whose transactions become the steps."),
)  # fmt: skip
def new(file: str, batch: str | None) -> NewPlan:
    """Write a commented plan file to fill in, or one made of a Safe's batch."""
    path = Path(file)
    if path.exists():
        raise BadInput(f"{file} exists", field="file", value=file, remedy="choose another name")
    name = path.stem
    text = new_plan(name, file) if batch is None else plan_from_safe(_read(batch), name, file)
    path.write_text(text)
    return NewPlan(file, name)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}", field="from", value=path, remedy="check the path") from None
