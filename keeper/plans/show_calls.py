"""Calls, reads and conditions written back in the notation: readable where an interface is known, else as bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from keeper.plans.abi import Function, Interface, Param, Type
from keeper.plans.abisets import NAMES, abi_set
from keeper.plans.contracts import answer, arguments, calldata
from keeper.plans.values import COIN_UNITS
from keeper.wire.types import Address, Call, Condition, Op, Read

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+ -]*")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


class Inexpressible(Exception):
    """The plan was not made by this notation and cannot be said in it; the message says what stands in the way."""


@dataclass
class Words:
    """How addresses are written, and which functions were used of each contract, for its `abi:` list.

    With `raw`, calls are written as bytes even where an interface is known."""

    account: Address
    given: Mapping[Address, str]
    names: Mapping[Address, str] = field(default_factory=dict)
    interfaces: Mapping[Address, Interface] = field(default_factory=dict)
    raw: bool = False
    aliases: dict[Address, str] = field(default_factory=dict)
    used: dict[Address, dict[str, Function]] = field(default_factory=dict)

    def alias(self, target: Address) -> str:
        if target in self.given:
            return self.given[target]
        if target not in self.aliases:
            wanted = self.names.get(target, f"c{len(self.aliases) + 1}")
            taken = set(self.aliases.values())
            self.aliases[target] = wanted if wanted not in taken else f"{wanted}_{len(taken)}"
        return self.aliases[target]

    def address(self, address: Address) -> str:
        return "account" if address == self.account else to_checksum_address(address)

    def function(self, target: Address, selector: bytes) -> Function | None:
        """The function with this selector: the contract's own, else one of the sets'."""
        if self.raw:
            return None
        given = {**{t: abi_set(n) for t, n in self.given.items()}, **self.interfaces}
        own = [f for f in given.get(target, ()) if f.selector == selector and not f.is_error]
        if target in self.given:
            return own[0] if own else None
        known = own or [f for name in NAMES for f in abi_set(name) if f.selector == selector]
        if not known:
            return None
        function = known[0]
        rivals = [f for f in self.used.get(target, {}).values() if f.name == function.name]
        clash = [f for f in rivals if len(f.inputs) == len(function.inputs) and f.selector != selector]
        return None if clash else function

    def use(self, target: Address, function: Function) -> None:
        if target not in self.given:
            self.used.setdefault(target, {})[function.signature] = function


def call_text(call: Call, reads: Sequence[tuple[int, Read]], words: Words) -> str:
    """`alias.fn(..)` for one call; `reads` fill its data at the given offsets."""
    alias = words.alias(call.target)
    if any(any(call.data[at : at + 32]) for at, _ in reads):
        raise Inexpressible("a read replaces something other than zeros")
    if not call.data:
        return f"{alias}.receive()"
    function = words.function(call.target, call.data[:4])
    if function is not None and not (call.value_wei and function.mutability != "payable"):
        args = _arguments(function, call.data, dict(reads), words)
        if args is not None:
            words.use(call.target, function)
            return f"{alias}.{function.name}({', '.join(args)})"
    return f"{alias}.fallback({', '.join(_pieces(call.data, reads, words))})"


def call_lines(calls: Sequence[Call], reads: Sequence[Read], words: Words) -> list[tuple[str, str | None]]:
    """Each call in the notation, and its value if it has one."""
    lines: list[tuple[str, str | None]] = []
    offset = 0
    for call in calls:
        start, end = offset + 34, offset + 34 + len(call.data)
        inside = [(read.into - start, read) for read in reads if not read.into_value and start <= read.into < end]
        values = [read for read in reads if read.into_value and read.into == offset + 20]
        if len(values) > 1 or (values and call.value_wei):
            raise Inexpressible("a read replaces a value that is not zero")
        text = call_text(call, inside, words)
        value = coin_text(call.value_wei) if call.value_wei else None
        if values:
            value = read_text(values[0].target, values[0].data, values[0].word, words)
        lines.append((text, value))
        offset = end
    return lines


def _pieces(data: bytes, reads: Sequence[tuple[int, Read]], words: Words) -> list[str]:
    pieces, start = [], 0
    for at, read in sorted(reads, key=lambda pair: pair[0]):
        if at < start or at + 32 > len(data):
            raise Inexpressible("reads overlap")
        if at > start:
            pieces.append(f"0x{data[start:at].hex()}")
        pieces.append(read_text(read.target, read.data, read.word, words))
        start = at + 32
    return [*pieces, f"0x{data[start:].hex()}"] if start < len(data) else pieces


def read_text(target: Address, data: bytes, word: int, words: Words) -> str:
    """A view call and its field."""
    function = words.function(target, data[:4]) if data else None
    if function is not None and function.mutability in ("view", "pure"):
        args = _arguments(function, data, {}, words)
        path = _path(function.outputs, word)
        if args is not None and path is not None:
            words.use(target, function)
            return f"{words.alias(target)}.{function.name}({', '.join(args)}){path}"
    return f"{words.alias(target)}.fallback(0x{data.hex()}).{word}"


def condition_text(condition: Condition, words: Words) -> str:
    age = _age_text(condition, words)
    if age is not None:
        return age
    left = read_text(condition.target, condition.data, condition.word, words)
    kind = Type("int" if condition.signed else "uint", bits=256)
    typed = f"{kind.canonical} "
    function = words.function(condition.target, condition.data[:4]) if condition.data else None
    if function is not None and ".fallback(" not in left:
        kind = _type_at(function.outputs, condition.word) or kind
        typed = ""
    literal = _constant(condition.constant, kind, words)
    if literal is None or (condition.signed != (kind.kind == "int" and condition.op > 1)):
        raise Inexpressible("a condition compares in a way that no comparison does")
    return f"{left} {OPERATORS[condition.op]} {typed}{literal}"


#: How an age compares -> how the moment itself does.
_MOMENT_OPERATORS = {Op.LE: ">=", Op.LT: ">", Op.GE: "<=", Op.GT: "<"}


def _age_text(condition: Condition, words: Words) -> str | None:
    """`read >= now - 1h`, if the condition is about an age."""
    found = arguments("facts", "age", condition.data) if words.given.get(condition.target) == "facts" else None
    if found is None or words.raw or condition.word or condition.signed or condition.op not in _MOMENT_OPERATORS:
        return None
    target, data, word = Address(bytes.fromhex(found[0][2:])), found[1], found[2]
    if word > 255 or (condition.constant == 0 and condition.op in (Op.LT, Op.GE)):
        return None
    if calldata("facts", "age", *found) != condition.data or condition.constant >= 1 << 32:
        return None
    ago = f" - {seconds_text(condition.constant)}" if condition.constant else ""
    return f"{read_text(target, data, word, words)} {_MOMENT_OPERATORS[condition.op]} now{ago}"


def seconds_text(time_s: int) -> str:
    """`90s`, `15m`, `2h`, `7d`: the largest unit that fits."""
    sizes = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    size, unit = next((size, unit) for size, unit in sizes if time_s % size == 0 and (time_s or size == 1))
    return f"{time_s // size}{unit}"


def coin_text(wei: int) -> str:
    """`0.2 ether`, `40 gwei`, `7 wei`: the shortest way to say it exactly."""
    texts = [f"{decimal_text(wei, places)} {unit}" for unit, places in reversed(COIN_UNITS.items())]
    return min(texts, key=len)


def quoted(text: str) -> str:
    """The text as a YAML scalar, in quotes unless it is harmless."""
    if _PLAIN.fullmatch(text) and not text.endswith(" "):
        return text
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False))


def decimal_text(value: int, places: int) -> str:
    whole, rest = divmod(value, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".") if places else str(value)


def _constant(constant: int, kind: Type, words: Words) -> str | None:
    data = constant.to_bytes(32, "big")
    found = answer([kind.canonical], data)
    return None if found is None else _text(found[0], kind, words)


def _arguments(function: Function, data: bytes, reads: dict[int, Read], words: Words) -> list[str] | None:
    """The arguments in words; None if the data is not exactly what these arguments encode to."""
    values = answer(function.types, data[4:])
    if values is None or encode(function.types, values) != data[4:]:
        return None
    left = dict(reads)
    texts = []
    for index, param in enumerate(function.inputs):
        at = 4 + 32 * sum(p.type.words or 1 for p in function.inputs[:index])
        if at in left and param.type.is_word:
            read = left.pop(at)
            texts.append(read_text(read.target, read.data, read.word, words))
            continue
        text = _text(values[index], param.type, words)
        if text is None:
            return None
        texts.append(text)
    return None if left else texts


def _text(value: Any, kind: Type, words: Words) -> str | None:
    if kind.kind in ("uint", "int"):
        return str(value)
    if kind.kind == "bool":
        return "true" if value else "false"
    if kind.kind == "address":
        return words.address(Address(bytes.fromhex(value[2:])))
    if kind.kind in ("bytes", "bytesN"):
        return f"0x{value.hex()}"
    if kind.kind == "string":
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if value.isprintable() else None
    inner = [kind.inner] * len(value) if kind.inner is not None else [f.type for f in kind.fields]
    texts = [_text(item, one, words) for item, one in zip(value, inner, strict=True)]
    if any(text is None for text in texts):
        return None
    body = ", ".join(str(text) for text in texts)
    return f"[{body}]" if kind.inner is not None else f"({body})"


def _places(params: tuple[Param, ...], word: int, prefix: str) -> list[tuple[int, str, Type]]:
    """Every plain output at a fixed place: its word, its path, its type."""
    found = []
    for index, param in enumerate(params):
        path = f"{prefix}.{index}"
        if param.type.is_word:
            found.append((word, path, param.type))
        elif param.type.kind == "tuple" and param.type.words:
            found += _places(param.type.fields, word, path)
        word += param.type.words or 1
    return found


def _path(params: tuple[Param, ...], word: int) -> str | None:
    if len(params) == 1 and params[0].type.is_word and word == 0:
        return ""
    return next((path for at, path, _ in _places(params, 0, "") if at == word), None)


def _type_at(params: tuple[Param, ...], word: int) -> Type | None:
    return next((kind for at, _, kind in _places(params, 0, "") if at == word), None)
