"""One argument as written, against the type a function wants: the value to encode, or a clear reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keeper.plans.abi import AbiError, Type, parse_type
from keeper.plans.names import looks_like_name
from keeper.plans.notation import Expr, Hex, Invoke, Many, Moment, Name, Number, Text, Typed
from keeper.plans.problems import Flaw, nearest, shown
from keeper.plans.scope import Scope, literal_address
from keeper.plans.values import COIN_UNITS

if TYPE_CHECKING:
    from keeper.plans.bind import BoundRead

MAX_VALUES_DEEP = 8
ReadBinder = Callable[[Invoke], "BoundRead | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """A place in the arguments that a read fills at run; `empty` and `filled` are values to encode there meanwhile."""

    read: BoundRead
    empty: Any
    filled: Any


def coerce(expr: Expr, kind: Type, scope: Scope, reader: ReadBinder | None, depth: int = 0) -> Any:
    """The value for eth_abi, with Holes where reads go. `reader` is None where reads are not allowed. Raises Flaw."""
    if isinstance(expr, Typed):
        _check_type(expr, kind)
        return coerce(expr.inner, kind, scope, reader, depth)
    if isinstance(expr, Name):
        return _name(expr, kind, scope, reader, depth)
    if isinstance(expr, Invoke):
        return _read(expr, kind, reader)
    if isinstance(expr, Moment):
        raise Flaw(
            expr.pos,
            "`now` is no argument",
            "only the right side of a comparison may say `now`; to send the time, read `facts.timestamp()`",
        )
    if isinstance(expr, Many):
        return _many(expr, kind, scope, reader, depth)
    if kind.kind in ("uint", "int"):
        return _integer(expr, kind, scope)
    if isinstance(expr, Hex):
        return _bytes(expr, kind)
    if isinstance(expr, Text) and kind.kind == "string":
        return expr.text
    raise _mismatch(expr, kind)


def _mismatch(expr: Expr, kind: Type) -> Flaw:
    wanted = {
        "address": "an address, an alias or a name",
        "bool": "true or false",
        "bytes": "hex bytes such as 0x1234",
        "bytesN": f"{kind.size} bytes of hex after 0x",
        "string": 'a string in quotes, such as "text"',
        "array": "a list such as [1, 2]",
        "tuple": f"a tuple such as ({', '.join(f.type.canonical for f in kind.fields)})",
        "uint": "a number, with a unit if it is an amount",
        "int": "a number, with a unit if it is an amount",
    }[kind.kind]
    text = expr.text if isinstance(expr, Number | Hex | Text | Name) else type(expr).__name__.lower()
    if isinstance(expr, Many):
        text = "a tuple" if expr.is_tuple else "a list"
        return Flaw(expr.pos, f"{text} is no {kind.canonical}", f"write {wanted}")
    return Flaw(expr.pos, f"{shown(text)} is no {kind.canonical}", f"write {wanted}")


def _check_type(expr: Typed, kind: Type) -> None:
    try:
        said = parse_type(expr.type).canonical
    except AbiError as error:
        raise Flaw(expr.pos, str(error), "write a Solidity type before the value") from None
    if said != kind.canonical:
        raise Flaw(
            expr.pos, f"{said} is given where {kind.canonical} is wanted", f"write {kind.canonical}, or drop the type"
        )


def _name(expr: Name, kind: Type, scope: Scope, reader: ReadBinder | None, depth: int) -> Any:
    word = expr.text
    value = scope.value(word)
    if value is not None:
        if depth >= MAX_VALUES_DEEP:
            raise Flaw(expr.pos, f"the value {shown(word)} goes round in a circle", "let values name literals")
        return coerce(value, kind, scope, reader, depth + 1)
    if kind.kind == "bool" and word in ("true", "false"):
        return word == "true"
    if kind.kind == "address":
        if word == "account":
            return scope.account
        return scope.alias_address(word) if scope.is_alias(word) else scope.resolve(word, expr.pos)
    if word in ("true", "false", "account") or scope.is_alias(word) or looks_like_name(word):
        raise _mismatch(expr, kind)
    known = [*scope.plan.values, *scope.aliases()]
    raise Flaw(expr.pos, f"{shown(word)} is not known", nearest(word, known, f"add it under `values:` as `{word}: ..`"))


def _read(expr: Invoke, kind: Type, reader: ReadBinder | None) -> Any:
    if reader is None:
        raise Flaw(expr.pos, "a read where a constant belongs", "write a literal, or the name of a value")
    if not kind.is_word:
        raise Flaw(
            expr.pos,
            f"a read cannot fill {kind.canonical}",
            "a read fills one word: a number, an address, a bool or fixed bytes",
        )
    read = reader(expr)
    empty, filled = _extremes(kind)
    if read is None:
        return empty
    same = (
        read.type.kind == kind.kind
        and read.type.bits <= kind.bits
        and (kind.kind != "bytesN" or read.type.size == kind.size)
    )
    if not same:
        raise Flaw(
            expr.pos, f"the read gives {read.type.canonical} where {kind.canonical} is wanted", "read another value"
        )
    return Hole(read, empty, filled)


def _extremes(kind: Type) -> tuple[Any, Any]:
    """Two values whose encodings differ in the one word."""
    if kind.kind == "address":
        return "0x" + "00" * 20, "0x" + "11" * 20
    if kind.kind == "bytesN":
        return bytes(kind.size), b"\x01" * kind.size
    return (False, True) if kind.kind == "bool" else (0, 1)


def _many(expr: Many, kind: Type, scope: Scope, reader: ReadBinder | None, depth: int) -> Any:
    if kind.kind == "tuple" and expr.is_tuple:
        if len(expr.items) != len(kind.fields):
            raise Flaw(
                expr.pos,
                f"a tuple of {len(expr.items)} where {kind.canonical} is wanted",
                f"write {len(kind.fields)} values",
            )
        return tuple(
            coerce(item, field.type, scope, reader, depth) for item, field in zip(expr.items, kind.fields, strict=True)
        )
    if kind.inner is not None and not expr.is_tuple:
        if kind.size and len(expr.items) != kind.size:
            raise Flaw(
                expr.pos, f"a list of {len(expr.items)} where {kind.canonical} is wanted", f"write {kind.size} values"
            )
        return [coerce(item, kind.inner, scope, reader, depth) for item in expr.items]
    raise _mismatch(expr, kind)


def _integer(expr: Expr, kind: Type, scope: Scope) -> int:
    if isinstance(expr, Hex) and re.fullmatch(r"0x[0-9a-fA-F]{1,64}", expr.text):
        value = int(expr.text, 16)
    elif isinstance(expr, Number):
        value = _scaled(expr, scope)
    else:
        raise _mismatch(expr, kind)
    low, high = (0, (1 << kind.bits) - 1) if kind.kind == "uint" else (-(1 << kind.bits - 1), (1 << kind.bits - 1) - 1)
    if not low <= value <= high:
        top = f"2^{kind.bits} - 1" if kind.kind == "uint" else f"2^{kind.bits - 1} - 1"
        bottom = "0" if kind.kind == "uint" else f"-2^{kind.bits - 1}"
        span = f"{low} to {high}" if kind.bits <= 32 else f"{bottom} to {top}"
        raise Flaw(expr.pos, f"{shown(expr.text)} is out of range for {kind.canonical}", f"write a number from {span}")
    return value


def _scaled(expr: Number, scope: Scope) -> int:
    unit = expr.unit
    if unit is None or unit == "s":
        if expr.value.denominator != 1:
            raise Flaw(
                expr.pos,
                f"the fraction {expr.text} has no unit",
                f"write `{expr.text} ether`, or the unit of its token",
            )
        return int(expr.value)
    decimals = COIN_UNITS[unit] if unit in COIN_UNITS else scope.decimals(unit, expr.pos)
    value = expr.value * 10**decimals
    if value.denominator != 1:
        raise Flaw(expr.pos, f"`{expr.text} {unit}` has more than {decimals} decimals", "round it")
    return int(value)


def _bytes(expr: Hex, kind: Type) -> Any:
    if kind.kind == "address":
        return literal_address(expr.text, expr.pos)
    if kind.kind not in ("bytes", "bytesN"):
        raise _mismatch(expr, kind)
    digits = expr.text[2:]
    if len(digits) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", digits):
        raise Flaw(expr.pos, f"{shown(expr.text)} is no hex", "write two hex digits for each byte")
    if kind.kind == "bytesN" and len(digits) != 2 * kind.size:
        raise Flaw(
            expr.pos,
            f"{len(digits) // 2} bytes where {kind.canonical} is wanted",
            f"write {2 * kind.size} hex digits after 0x",
        )
    return bytes.fromhex(digits)
