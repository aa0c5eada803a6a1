"""The command line `conductor`: thin commands over plans, bots and chain. Start reading at root.py."""

from __future__ import annotations


def main() -> None:
    """The entry point of the `conductor` command."""
    from keeper.cli.root import root  # noqa: PLC0415 - importing the package costs nothing

    root(prog_name="conductor")
