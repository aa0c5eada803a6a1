"""`conductor demo`: real parts on a local chain. scenes/ is what is played, report.py the verdict on it."""

from __future__ import annotations

from keeper.cli.demo.command import demo

__all__ = ["demo"]
