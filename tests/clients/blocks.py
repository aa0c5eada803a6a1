"""Blocks of code in Markdown that tests run: ```language name."""

from __future__ import annotations

import re
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<language>\S+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(path: Path) -> list[tuple[str, str | None, str]]:
    """Language, name if it has one, text; in order."""
    return [(found["language"], found["name"], found["text"]) for found in _BLOCK.finditer(path.read_text("utf-8"))]
