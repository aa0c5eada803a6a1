"""`conductor demo`: real parts on a local chain. command.py is the command, scenes/ what is played, report.py the verdict."""

from __future__ import annotations

from keeper.cli.demo.command import demo

__all__ = ["demo"]
