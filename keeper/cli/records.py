"""A name's records on the command line: options that set them, and all that are set, read from the chain."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from eth_utils.address import to_checksum_address

from keeper.cli.command import Decorator
from keeper.cli.deployment import parse_address
from keeper.cli.options import parse_chain, parse_sets
from keeper.cli.registry import Registry, events_of, hex_bytes
from keeper.registry import Event, coin_type
from keeper.registry.abi import call, selector
from keeper.registry.events import RecordSet
from keeper.wire.errors import BadInput

_JSON_ABI = 1
"""The content type of an ABI as JSON (ENSIP-4)."""
_EVM = 0x80000000


@dataclass(frozen=True, slots=True)
class Wishes:
    """Records to be set, as they were given."""

    addr: str | None
    addr_on: tuple[str, ...]
    text: tuple[str, ...]
    contenthash: str | None
    abi: str | None
    interfaces: tuple[str, ...]

    def calls(self, node: bytes) -> list[bytes]:
        """The Registry's functions that set them. Errors: BadInput."""
        made = []
        if self.addr is not None:
            made.append(call("setAddr(bytes32,address)", node, _address(self.addr, "addr")))
        for chain, value in parse_sets(self.addr_on, "addr-on").items():
            coin = coin_type(parse_chain(chain))
            address = _address(value, "addr-on")
            made.append(call("setAddr(bytes32,uint256,bytes)", node, coin, address if any(address) else b""))
        made += [call("setText", node, key, value) for key, value in parse_sets(self.text, "text").items()]
        if self.contenthash is not None:
            made.append(call("setContenthash", node, hex_bytes(self.contenthash, "contenthash")))
        if self.abi is not None:
            made.append(call("setABI", node, _JSON_ABI, _abi(self.abi)))
        for key, value in parse_sets(self.interfaces, "interface").items():
            made.append(call("setInterface", node, _interface_id(key), _address(value, "interface")))
        return made


def record_options() -> Decorator:
    """--addr, --addr-on, --text, --contenthash, --abi, --interface; the function gets `wishes`."""
    options = [
        click.option("--addr", metavar="ADDRESS", help="The address on the Registry's own chain; empty: none."),
        click.option("--addr-on", multiple=True, metavar="CHAIN=ADDRESS", help="The address on another chain."),
        click.option("--text", multiple=True, metavar="KEY=VALUE", help="A text, such as url=https://..; empty: none."),
        click.option("--contenthash", metavar="HEX", help="A content hash (ENSIP-7)."),
        click.option("--abi", metavar="FILE", help="An ABI: a JSON file, or a build artifact with `abi` in it."),
        click.option("--interface", "interfaces", multiple=True, metavar="ID=ADDRESS", help="Who implements one."),
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def taken(*args: Any, **kwargs: Any) -> Any:
            names = ("addr", "addr_on", "text", "contenthash", "abi", "interfaces")
            return function(*args, wishes=Wishes(**{name: kwargs.pop(name) for name in names}), **kwargs)

        wrapped: Callable[..., Any] = taken
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return decorate


@dataclass(frozen=True)
class Record:
    """`kind`: addr, text, contenthash, abi, interface. `key`: a chain id or coin type, a text's key, a content type,
    an interface's id; empty where there is one only. `value`: text as it is, everything else in hex."""

    kind: str
    key: str
    value: str


async def read_records(registry: Registry, name: str) -> tuple[Record, ...]:
    """Every record that the name has."""
    return records_in(await events_of(registry, name, "RecordSet"), registry)


def records_in(events: Iterable[Event], registry: Registry) -> tuple[Record, ...]:
    """Every record that a name has, from its `RecordSet` events."""
    found: dict[tuple[bytes, bytes], RecordSet] = {}
    for event in events:
        if isinstance(event, RecordSet):
            found.pop((event.kind, event.key), None)
            if event.value:
                found[event.kind, event.key] = event
    here = coin_type(registry.network.chain_id)
    return tuple(sorted((record_of(one, here) for one in found.values()), key=lambda one: (one.kind, one.key)))


def record_of(event: RecordSet, here: int) -> Record:
    """What an event says; `here` is the coin type of the Registry's own chain."""
    kind, key, value = event.kind, event.key, event.value
    shown = f"0x{value.hex()}"
    if kind == selector("text"):
        return Record("text", key.decode("utf-8", "backslashreplace"), value.decode("utf-8", "backslashreplace"))
    number = int.from_bytes(key, "big")
    if kind in (selector("addr(bytes32,uint256)"), selector("addr(bytes32)")):
        address = to_checksum_address(value) if len(value) == 20 else shown
        return Record("addr", _coin_text(number, here), address)
    if kind == selector("ABI"):
        return Record("abi", str(number), value.decode("utf-8", "backslashreplace") if number == _JSON_ABI else shown)
    if kind == selector("interfaceImplementer"):
        return Record("interface", f"0x{key[:4].hex()}", to_checksum_address(value[-20:]))
    return Record("contenthash" if kind == selector("contenthash") else f"0x{kind.hex()}", "", shown)


def _coin_text(coin: int, here: int) -> str:
    chain = 1 if coin == 60 else coin ^ _EVM if coin & _EVM else None
    if chain is None:
        return f"coin {coin}"
    return f"chain {chain}" + (" (here)" if coin == here else "")


def _address(text: str, field: str) -> bytes:
    return parse_address(text, field) if text else bytes(20)


def _interface_id(text: str) -> bytes:
    found = hex_bytes(text, "interface")
    if len(found) != 4:
        raise BadInput(f"{text} is no interface's id", field="interface", value=text, remedy="write 4 bytes of hex")
    return found


def _abi(file: str) -> bytes:
    """As short as JSON can be. Errors: BadInput for a file that holds none."""
    if not file:
        return b""
    try:
        content = json.loads(Path(file).read_text())
    except ValueError as error:
        raise BadInput(f"{file} is no JSON: {error}", field="abi", value=file, remedy="give a JSON file") from None
    found = content.get("abi") if isinstance(content, dict) else content
    if not isinstance(found, list):
        raise BadInput(f"{file} holds no ABI", field="abi", value=file, remedy="give a list, or an object with `abi`")
    return json.dumps(found, separators=(",", ":")).encode()


def said(records: Sequence[Record]) -> list[tuple[str, str]]:
    """For people."""
    return [(f"{one.kind} {one.key}".strip(), one.value) for one in records]
