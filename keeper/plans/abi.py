"""Functions a plan may call: types, signatures in words ("function open(uint256)") and in JSON, and their selectors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils.crypto import keccak


class AbiError(Exception):
    """An interface that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True)
class Type:
    """A Solidity type. `bits` of integers, `size` of fixed bytes and arrays (0: dynamic), `fields` of tuples."""

    kind: str
    bits: int = 0
    size: int = 0
    inner: Type | None = None
    fields: tuple[Param, ...] = ()

    @cached_property
    def canonical(self) -> str:
        if self.kind in ("uint", "int"):
            return f"{self.kind}{self.bits}"
        if self.kind == "bytesN":
            return f"bytes{self.size}"
        if self.inner is not None:
            return f"{self.inner.canonical}[{self.size or ''}]"
        if self.kind == "tuple":
            return "(" + ",".join(field.type.canonical for field in self.fields) + ")"
        return self.kind

    @cached_property
    def words(self) -> int:
        """Static size in words; 0 for a dynamic type."""
        if self.kind in ("bytes", "string") or (self.inner is not None and not self.size):
            return 0
        if self.inner is not None:
            return self.size * self.inner.words
        if self.kind == "tuple":
            sizes = [field.type.words for field in self.fields]
            return sum(sizes) if all(sizes) else 0
        return 1

    @property
    def is_word(self) -> bool:
        return self.kind in ("uint", "int", "address", "bool", "bytesN")

    @property
    def text(self) -> str:
        """As written in a signature, names of tuple fields kept."""
        if self.inner is not None:
            return f"{self.inner.text}[{self.size or ''}]"
        if self.kind == "tuple":
            return "(" + ", ".join(field.text for field in self.fields) + ")"
        return self.canonical


@dataclass(frozen=True)
class Param:
    type: Type
    name: str = ""

    @property
    def text(self) -> str:
        return f"{self.type.text} {self.name}".strip()


@dataclass(frozen=True)
class Function:
    """A function, or with `is_error` a custom error."""

    name: str
    inputs: tuple[Param, ...]
    outputs: tuple[Param, ...] = ()
    mutability: str = "nonpayable"
    is_error: bool = False

    @cached_property
    def signature(self) -> str:
        return f"{self.name}({','.join(p.type.canonical for p in self.inputs)})"

    @cached_property
    def selector(self) -> bytes:
        return bytes(keccak(text=self.signature)[:4])

    @property
    def types(self) -> list[str]:
        return [p.type.canonical for p in self.inputs]

    @property
    def text(self) -> str:
        """The signature in words, which `parse_signature` reads back."""
        head = f"{'error' if self.is_error else 'function'} {self.name}({', '.join(p.text for p in self.inputs)})"
        if self.mutability != "nonpayable":
            head += f" {self.mutability}"
        return head + (f" returns ({', '.join(p.text for p in self.outputs)})" if self.outputs else "")


Interface = tuple[Function, ...]

_PIECE = re.compile(r"\s*([A-Za-z_$][A-Za-z0-9_$]*|\d+|[()\[\],;])")
_NOISE = {"memory", "calldata", "storage", "indexed"}
_MODIFIERS = {"external", "public", "virtual", "override", "nonpayable"}
_MUTABLE = {"view", "pure", "payable"}


def parse_signature(text: str) -> Function | None:
    """A function or error in words; None for an event, a constructor, receive or fallback. Raises AbiError."""
    pieces = _pieces(text)
    keyword = pieces.pop(0) if pieces else ""
    if keyword in ("event", "constructor", "receive", "fallback"):
        return None
    if keyword not in ("function", "error") or not pieces:
        raise AbiError('a signature starts with "function", as in "function open(uint256)"')
    name = pieces.pop(0)
    inputs = _params(pieces)
    mutability = "nonpayable"
    outputs: tuple[Param, ...] = ()
    while pieces:
        word = pieces.pop(0)
        if word in _MUTABLE:
            mutability = word
        elif word == "returns":
            outputs = _params(pieces)
        elif word not in _MODIFIERS and not (word == ";" and not pieces):
            raise AbiError(f"unexpected `{word}` in the signature")
    return Function(name, inputs, outputs, mutability, keyword == "error")


def parse_json(items: object) -> Interface:
    """A JSON ABI: a list of entries or signatures, or an artifact with such a list under `abi`. Raises AbiError."""
    if isinstance(items, Mapping):
        items = items.get("abi")
    if not isinstance(items, list):
        raise AbiError("no ABI: a list is expected, or an object with a list under `abi`")
    found = [parse_signature(item) if isinstance(item, str) else _from_json(item) for item in items]
    return tuple(function for function in found if function is not None)


def parse_type(text: str) -> Type:
    """One type alone, such as `uint8[]`. Raises AbiError."""
    pieces = _pieces(text)
    found = _type(pieces)
    if pieces:
        raise AbiError(f"`{text}` is not a type")
    return found


def signatures(interface: Iterable[Function]) -> tuple[str, ...]:
    return tuple(function.text for function in interface)


def _pieces(text: str) -> list[str]:
    pieces, offset = [], 0
    text = text.strip()
    while offset < len(text):
        match = _PIECE.match(text, offset)
        if match is None:
            raise AbiError(f"unexpected `{text[offset]}` in the signature")
        pieces.append(match[1])
        offset = match.end()
    return pieces


def _params(pieces: list[str]) -> tuple[Param, ...]:
    if not pieces or pieces.pop(0) != "(":
        raise AbiError("`(` is missing in the signature")
    params: list[Param] = []
    if pieces and pieces[0] == ")":
        pieces.pop(0)
        return ()
    while True:
        kind = _type(pieces)
        while pieces and pieces[0] in _NOISE:
            pieces.pop(0)
        name = pieces.pop(0) if pieces and re.match(r"[A-Za-z_$]", pieces[0]) else ""
        params.append(Param(kind, name))
        closing = pieces.pop(0) if pieces else ""
        if closing == ")":
            return tuple(params)
        if closing != ",":
            raise AbiError("`,` or `)` is missing in the signature")


def _type(pieces: list[str]) -> Type:
    if not pieces:
        raise AbiError("the signature ends too early")
    if pieces[0] == "tuple" and pieces[1:2] == ["("]:
        pieces.pop(0)
    found = Type("tuple", fields=_params(pieces)) if pieces[0] == "(" else _word_type(pieces.pop(0))
    if found.canonical == "address" and pieces[:1] == ["payable"]:
        pieces.pop(0)
    while pieces[:1] == ["["]:
        pieces.pop(0)
        size = pieces.pop(0) if pieces and pieces[0].isdigit() else ""
        if not pieces or pieces.pop(0) != "]" or size == "0" or len(size) > 4:
            raise AbiError("an array is written `[]` or `[3]`")
        found = Type("array", size=int(size or 0), inner=found)
    return found


def _word_type(word: str) -> Type:
    match = re.fullmatch(r"(u?int|bytes)(\d*)", word)
    if match is None:
        if word in ("address", "bool", "string"):
            return Type(word)
        raise AbiError(f"`{word}` is not a type; write enums as uint8, contracts as address, structs as tuples")
    digits = match[2]
    if match[1] == "bytes":
        if digits and not (digits[0] != "0" and 1 <= int(digits) <= 32):
            raise AbiError(f"`{word}` is not a type")
        return Type("bytesN", size=int(digits)) if digits else Type("bytes")
    bits = int(digits or 256)
    if digits[:1] == "0" or bits % 8 or not 8 <= bits <= 256:
        raise AbiError(f"`{word}` is not a type")
    return Type(match[1], bits=bits)


def _from_json(item: Any) -> Function | None:
    if not isinstance(item, Mapping):
        raise AbiError("an ABI entry is an object or a signature")
    kind = item.get("type", "function")
    if kind not in ("function", "error"):
        return None
    mutability = item.get("stateMutability", "nonpayable")
    inputs, outputs = _json_params(item.get("inputs", [])), _json_params(item.get("outputs", []))
    return Function(str(item.get("name", "")), inputs, outputs, str(mutability), kind == "error")


def _json_params(items: object) -> tuple[Param, ...]:
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise AbiError("`inputs` and `outputs` of an ABI entry are lists of objects")
    return tuple(Param(_json_type(item), str(item.get("name", ""))) for item in items)


def _json_type(item: Mapping[str, Any]) -> Type:
    text = str(item.get("type", ""))
    if not text.startswith("tuple"):
        return parse_type(text)
    suffix = _pieces(text[len("tuple") :])
    found = Type("tuple", fields=_json_params(item.get("components", [])))
    while suffix:
        size = suffix[1] if len(suffix) > 1 and suffix[1].isdigit() else ""
        found = Type("array", size=int(size or 0), inner=found)
        del suffix[: 3 if size else 2]
    return found
