"""Calldata and answers of the Registry. Text is read as bytes first: the chain does not check that it is UTF-8, and one
odd endpoint must not make a page of good ones unreadable."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

from keeper.wire.abi import Entry, interface
from keeper.wire.errors import ConductorError

ADDR = "addr(bytes32)"
ADDR_OF_COIN = "addr(bytes32,uint256)"


def call(function: str, *args: Any) -> bytes:
    """Calldata. An overloaded function is named with its types, as in `ADDR`. Errors: BadInput."""
    return interface("Registry").functions[function].encode(*args)


def answer(function: str, data: bytes) -> tuple[Any, ...]:
    """What a function returned, with bytes in place of text. Errors: ConductorError for other bytes."""
    return _function(function).decode_outputs(data)


def selector(function: str) -> bytes:
    return interface("Registry").functions[function].id[:4]


def arguments(data: bytes) -> tuple[str, tuple[Any, ...]] | None:
    """The function that calldata calls, and its arguments with bytes in place of text; None if the Registry has none
    such. Errors: ConductorError for arguments that are not whole."""
    name = _names().get(data[:4])
    return None if name is None else (name, _function(name).decode(data))


def error_id(name: str) -> bytes:
    """The first four bytes of an error's revert data."""
    return interface("Registry").errors[name].id[:4]


def error_text(data: bytes) -> str:
    """Revert data for people: an error with its values, or the bytes of one that the Registry does not have."""
    entry = next((one for one in interface("Registry").errors.values() if one.id[:4] == data[:4]), None)
    values: tuple[Any, ...] = ()
    try:
        values = () if entry is None else as_bytes(entry).decode(data)
    except ConductorError:
        entry = None
    if entry is None:
        return f"0x{data.hex()}" if len(data) <= 100 else f"0x{data[:100].hex()}.."
    shown = (
        f"{name}={text(value) if kind == 'string' else f'0x{value.hex()}' if isinstance(value, bytes) else value}"
        for name, kind, value in zip(entry.names, entry.types, values, strict=True)
    )
    return f"{entry.name}({', '.join(shown)})"


def text(data: bytes) -> str:
    """Text that may be none: bytes that are no UTF-8 are shown as `\\xff`."""
    return data.decode("utf-8", "backslashreplace")


def as_bytes(entry: Entry) -> Entry:
    """An entry that reads each `string` as `bytes`, which are the same bytes in the ABI."""
    return replace(entry, types=_plain(entry.types), outputs=_plain(entry.outputs))


def _plain(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(re.sub(r"\bstring\b", "bytes", type_) for type_ in types)


@cache
def _function(name: str) -> Entry:
    return as_bytes(interface("Registry").functions[name])


@cache
def _names() -> dict[bytes, str]:
    return {entry.id[:4]: name for name, entry in interface("Registry").functions.items()}
