"""The contracts' interfaces and code as the package ships them (keeper/wire/abi, written by `make abi`).

Arguments and answers are plain Python values: integers, bytes (of addresses 20), booleans, lists, tuples.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from keeper.wire.errors import BadInput, ConductorError


@dataclass(frozen=True)
class Entry:
    """One function, event or error of an interface."""

    name: str
    names: tuple[str, ...]
    """Its arguments' names, in order."""
    types: tuple[str, ...]
    indexed: tuple[bool, ...]
    """Of an event: which arguments are topics."""
    outputs: tuple[str, ...]
    id: bytes
    """keccak256 of its signature: an event's first topic; of a function or an error, the first four bytes count."""

    @property
    def signature(self) -> str:
        """Its name and the types of its arguments, as they are hashed."""
        return f"{self.name}({','.join(self.types)})"

    def encode(self, *args: Any) -> bytes:
        """Calldata of this function, or revert data of this error. Raises `BadInput` for arguments that do not fit."""
        try:
            return self.id[:4] + encode(self.types, args)
        except Exception as error:  # eth_abi has no error of its own that covers all of them
            message = f"{self.name}: arguments must be ({', '.join(self.types)})"
            raise BadInput(message, field=self.name, value=args, remedy=str(error)) from error

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """The arguments behind a selector. Raises `ConductorError` for other bytes."""
        return _decoded(self.name, self.types, data[4:])

    def decode_outputs(self, data: bytes) -> tuple[Any, ...]:
        """What this function returned. Raises `ConductorError` for other bytes."""
        return _decoded(self.name, self.outputs, data)

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> tuple[Any, ...]:
        """An event's arguments in order. Raises `ConductorError` for other bytes."""
        rest = iter(_decoded(self.name, [t for t, i in zip(self.types, self.indexed, strict=True) if not i], data))
        if len(topics) != 1 + sum(self.indexed):
            raise ConductorError(f"{self.name}: the log has {len(topics)} topics", field=self.name, value=len(topics))
        kept = iter(topics[1:])
        return tuple(
            _decoded(self.name, (type_,), next(kept))[0] if indexed else next(rest)
            for type_, indexed in zip(self.types, self.indexed, strict=True)
        )


@dataclass(frozen=True)
class Interface:
    """What one contract offers, by name, and the code that creates it.

    Functions that share their name are known by their signatures, as in `addr(bytes32,uint256)`.
    """

    functions: Mapping[str, Entry]
    events: Mapping[str, Entry]
    errors: Mapping[str, Entry]
    creation_code: bytes
    entries: tuple[Mapping[str, Any], ...]
    """The JSON ABI itself, for libraries that want it."""


@cache
def interface(contract: str) -> Interface:
    """The interface of "Scheduler", "Account", "Facts" or "Registry"."""
    shipped = json.loads((files("keeper.wire") / "abi" / f"{contract}.json").read_text())
    kinds: dict[str, dict[str, Entry]] = {"function": {}, "event": {}, "error": {}}
    shared = Counter((item["type"], item["name"]) for item in shipped["abi"] if item["type"] in kinds)
    for item in shipped["abi"]:
        if item["type"] in kinds:
            entry = _entry(item)
            name = entry.name if shared[item["type"], entry.name] == 1 else entry.signature
            kinds[item["type"]][name] = entry
    code = bytes.fromhex(shipped["deploymentBytecode"]["bytecode"].removeprefix("0x"))
    return Interface(kinds["function"], kinds["event"], kinds["error"], code, tuple(shipped["abi"]))


def encode_call(function: str, *args: Any, contract: str = "Scheduler") -> bytes:
    """Calldata. Raises `BadInput` for arguments that do not fit."""
    return interface(contract).functions[function].encode(*args)


def decode_result(function: str, data: bytes, contract: str = "Scheduler") -> tuple[Any, ...]:
    """What a function returned, always as a tuple. Raises `ConductorError` for other bytes."""
    return interface(contract).functions[function].decode_outputs(data)


def _entry(entry: Mapping[str, Any]) -> Entry:
    inputs = entry["inputs"]
    types = tuple(_type(item) for item in inputs)
    return Entry(
        name=entry["name"],
        names=tuple(item["name"] for item in inputs),
        types=types,
        indexed=tuple(bool(item.get("indexed")) for item in inputs),
        outputs=tuple(_type(item) for item in entry.get("outputs", ())),
        id=keccak(text=f"{entry['name']}({','.join(types)})"),
    )


def _type(item: Mapping[str, Any]) -> str:
    """A type as signatures write it: a tuple by its parts."""
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in item['components'])}){kind.removeprefix('tuple')}"


def _decoded(name: str, types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    try:
        values = decode(types, data)
        # Another library in the process may have taught eth_abi to read past the end, so the values must give the
        # bytes again.
        exact = encode(types, values) == data
    except Exception as error:  # eth_abi has no error of its own that covers all of them
        raise _undecodable(name, types, data) from error
    if not exact:
        raise _undecodable(name, types, data)
    return tuple(_plain(kind, value) for kind, value in zip(types, values, strict=True))


def _undecodable(name: str, types: Sequence[str], data: bytes) -> ConductorError:
    return ConductorError(f"{name}: the bytes are not ({', '.join(types)})", field=name, value=data.hex())


def _plain(kind: str, value: Any) -> Any:
    """eth_abi writes addresses as text."""
    if kind == "address":
        return bytes.fromhex(value[2:])
    return value
