"""Storage words as docs/wire.md draws them: from the page come the vectors that Solidity is held to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DOC = Path(__file__).resolve().parents[2] / "docs/wire.md"


@cache
def layout(word: str) -> Mapping[str, int]:
    """The bits of each field, from the high ones down, as they are drawn below the heading `<word> word`."""
    section = DOC.read_text("utf-8").partition(f"# {word} word\n")[2]
    (row,) = re.findall(r"^```\n\|(.+)\|\n```$", section.partition("\n#")[0], re.MULTILINE)
    fields = {name: int(bits) for name, bits in (cell.split() for cell in row.split("|"))}
    assert sum(fields.values()) == 256, f"the {word} word has {sum(fields.values())} bits"
    return fields


def pack(word: str, **values: int) -> bytes:
    """The word, of a number for each field."""
    fields, packed = layout(word), 0
    assert values.keys() == fields.keys()
    for name, bits in fields.items():
        assert 0 <= values[name] < 1 << bits, f"{name} has {bits} bits"
        packed = packed << bits | values[name]
    return packed.to_bytes(32, "big")


def unpack(word: str, packed: bytes) -> dict[str, int]:
    """The numbers in it."""
    rest, found = int.from_bytes(packed, "big"), {}
    for name, bits in reversed(layout(word).items()):
        found[name], rest = rest & (1 << bits) - 1, rest >> bits
    return found
