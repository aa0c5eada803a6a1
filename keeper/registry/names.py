"""Names: which labels there can be, their hashes and their bytes. The same rules as the contract's.

Sources: EIP-137 (namehash), RFC 1035 section 3.1 (the bytes that ENSIP-10 calls a DNS-encoded name), ENSIP-9 and
ENSIP-11 (coin types). Labels are narrower than ENSIP-15 normalisation allows: what is valid here is valid there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from eth_utils.crypto import keccak

from keeper.wire.errors import BadInput
from keeper.wire.types import Address

MOST_LABELS = 8
"""A name that can be owned has at most so many; one below it (`canary.`, `v2.`, an instance) may be answered."""
MOST_BYTES = 63
"""Of one label."""
MOST_NAME_BYTES = 255
"""Of a DNS-encoded name, with its last zero."""
ROOT = bytes(32)
"""The node of no labels."""
RESERVED = ("eth", "reverse", "addr")
"""Top-level labels that nobody can claim."""
REVERSE = "addr.reverse"
_OTHER = re.compile(r"[^a-z0-9-]")


class BadLabel(BadInput):
    """A label that no name can have. `label` is which, `reason` why not."""

    def __init__(self, label: str, reason: str, remedy: str, *, name: str | None = None) -> None:
        where = "" if name is None or name == label else f" of {_shown(name)}"
        super().__init__(f"the label {_shown(label)}{where} {reason}", field="label", value=label, remedy=remedy)
        self.label = label
        self.reason = reason


class BadName(BadInput):
    """A name that there cannot be, though each of its labels could."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"the name {_shown(name)} {reason}", field="name", value=name, remedy=remedy)
        self.reason = reason


def check_label(label: str, *, name: str | None = None) -> str:
    """The label itself: 1 to 63 of a-z, 0-9 and `-`, no `-` first, last, or third and fourth. Errors: BadLabel."""

    def bad(reason: str, remedy: str) -> BadLabel:
        return BadLabel(label, reason, remedy, name=name)

    if not label:
        raise bad("is empty", "write a label on both sides of each dot")
    if found := _OTHER.search(label):
        character = found.group()
        remedy = f"write {label.lower()}" if fits(label.lower()) else "use a-z, 0-9 and `-`"
        raise bad(f"has {_shown(character)} at position {found.start() + 1}", remedy)
    if len(label) > MOST_BYTES:
        raise bad(f"has {len(label)} characters", f"use at most {MOST_BYTES}")
    if label[0] == "-" or label[-1] == "-":
        raise bad(f"{'begins' if label[0] == '-' else 'ends'} with `-`", "use `-` only between other characters")
    if label[2:4] == "--":
        raise bad("has `--` as its third and fourth characters", "use a single `-`")
    return label


def fits(label: str) -> bool:
    """Whether `check_label` would accept it."""
    return (
        0 < len(label) <= MOST_BYTES
        and _OTHER.search(label) is None
        and "-" not in (label[0], label[-1])
        and label[2:4] != "--"
    )


def labels(name: str) -> tuple[str, ...]:
    """The labels of a dotted name, the top-level one last; none of "". Errors: BadLabel, BadName."""
    if not name:
        return ()
    found = tuple(check_label(label, name=name) for label in name.split("."))
    if len(found) > MOST_LABELS + 1:
        raise BadName(name, f"has {len(found)} labels", f"write at most {MOST_LABELS + 1}")
    if len(name) + 2 > MOST_NAME_BYTES:
        raise BadName(name, f"takes {len(name) + 2} bytes", f"a whole name takes at most {MOST_NAME_BYTES}")
    return found


def below(parent: bytes, label: str) -> bytes:
    """The node of `label` directly below a node: keccak256(parent ‖ keccak256(label)), EIP-137."""
    return bytes(keccak(parent + bytes(keccak(text=label))))


@lru_cache(maxsize=65_536)
def namehash(name: str) -> bytes:
    """The 32-byte node of a dotted name, EIP-137. Errors: BadLabel, BadName."""
    node = ROOT
    for label in reversed(labels(name)):
        node = below(node, label)
    return node


def node_of(name: str | bytes) -> bytes:
    """A name's node, or the node that was given. Errors: BadLabel, BadName, BadInput if it has not 32 bytes."""
    if isinstance(name, str):
        return namehash(name)
    if len(name) != 32:
        raise BadInput(f"a node has 32 bytes, not {len(name)}", field="node", value=name.hex(), remedy="give a name")
    return name


def dns_encode(name: str) -> bytes:
    """Each label behind its length, a zero last: `01 61 00` for "a". Errors: BadLabel, BadName."""
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in labels(name)) + b"\0"


def dns_decode(data: bytes) -> str:
    """The name in DNS bytes. Errors: BadName for bytes that are no name, BadLabel, BadName for one that cannot be."""

    def bad(reason: str) -> BadName:
        return BadName(f"0x{data.hex()}", reason, "give lengths and labels in turn, and a zero at the very end")

    found, at = [], 0
    while at < len(data) and (size := data[at]):
        part = data[at + 1 : at + 1 + size]
        if len(part) < size:
            raise bad("ends inside a label")
        found.append(part.decode("latin-1"))
        at += 1 + size
    if at != len(data) - 1:
        raise bad("has no zero at its end" if at >= len(data) else "goes on behind its end")
    if any("." in label for label in found):
        raise bad("has a dot inside a label")
    name = ".".join(found)
    labels(name)
    return name


def reverse_name(address: bytes) -> str:
    """Where an address's own name is told: `<40 hex digits>.addr.reverse` (EIP-181)."""
    return f"{address.hex()}.{REVERSE}"


@lru_cache(maxsize=65_536)
def reverse_node(address: Address) -> bytes:
    return namehash(reverse_name(address))


def coin_type(chain_id: int) -> int:
    """The coin of an EVM chain's addresses: 60 for Ethereum (ENSIP-9), 0x80000000 | chain id else (ENSIP-11).

    Errors: BadInput for a chain id of 2^31 or more, which has none.
    """
    if not 0 < chain_id < 1 << 31:
        remedy = "names can hold addresses of chains with ids from 1 to 2147483647"
        raise BadInput(f"chain {chain_id} has no coin type", field="chain_id", value=chain_id, remedy=remedy)
    return 60 if chain_id == 1 else 0x80000000 | chain_id


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
