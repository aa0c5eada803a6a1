"""Calldata and answers of the contracts that plans deal with themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from keeper.plans.abisets import function_in


def calldata(interface: str, fn: str, *args: Any) -> bytes:
    """Calldata of a function of a set in `abisets`."""
    function = function_in(interface, fn)
    return function.selector + encode(function.types, args)


def answer(types: Sequence[str], data: bytes) -> tuple[Any, ...] | None:
    """Decoded data; None if it is not that."""
    try:
        return tuple(decode(list(types), data))
    except (DecodingError, OverflowError, ValueError):
        return None


def arguments(interface: str, fn: str, data: bytes) -> tuple[Any, ...] | None:
    """The arguments of calldata for that function; None if it calls another, or is no proper calldata."""
    function = function_in(interface, fn)
    return answer(function.types, data[4:]) if data[:4] == function.selector else None
