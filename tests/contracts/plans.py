"""Plans as the contract tests write them: steps by keyword, indices and masks derived, bytes made by keeper.wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from keeper.wire import codec, hashing
from keeper.wire.types import NOBODY, Address, Call, ChainEntry, Claim, Condition, Header, Op, Read, Step, Undo

CHAIN = 31337
GWEI = 10**9
DAY_S = 86_400


def address(of: Any) -> Address:
    """The 20 bytes of an account, a contract, or a hexadecimal address."""
    return Address(bytes.fromhex(str(getattr(of, "address", of)).removeprefix("0x")))


def data(signature: str, *args: Any) -> bytes:
    """Calldata of a function written as `ping(uint256)`."""
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], args)


def call(target: Any, signature: str = "", *args: Any, value: int = 0) -> Call:
    return Call(address(target), value, data(signature, *args) if signature else b"")


def condition(target: Any, signature: str, op: Op, constant: int, *args: Any, **fields: Any) -> Condition:
    """A negative constant makes the comparison signed."""
    fields = {"gas_limit": 100_000, "word": 0, "signed": constant < 0, **fields}
    return Condition(address(target), op=op, constant=constant % 2**256, data=data(signature, *args), **fields)


def read(target: Any, signature: str, into: int, *args: Any, **fields: Any) -> Read:
    fields = {"gas_limit": 100_000, "word": 0, **fields}
    return Read(address(target), into=into, data=data(signature, *args), **fields)


def step(*calls: Call, **fields: Any) -> Step:
    """A step without its index yet; window and gas are roomy unless given."""
    fields = {"opens": 0, "closes": 1_000, "gas_limit": 500_000 if calls else 0, **fields}
    return Step(index=0, calls=calls, **fields)


def claim(referee: Any, hold: int = 0, **fields: Any) -> Step:
    return step(claim=Claim(address(referee), hold, b""), **fields)


def undo(*calls: Call, **fields: Any) -> Undo:
    """Its dependents are filled in by `Plan.of`."""
    fields = {"gas_limit": 200_000, "window": 500, **fields}
    return Undo(calls=calls, **fields)


@dataclass(frozen=True)
class Ask:
    """One call of the Scheduler."""

    name: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """A header, its steps, and every call of the Scheduler that they can be in."""

    header: Header
    steps: tuple[Step, ...]
    route: bytes = b""

    @classmethod
    def of(cls, steps: Iterable[Step], header: Header, route: bytes = b"") -> Plan:
        """Number the steps, derive `undoable` and the undos' dependents, seal the calldata tokens."""
        steps = [replace(step, index=i) for i, step in enumerate(steps)]
        undoable = sum(step.bit for step in steps if step.undo)
        for i, step_ in enumerate(steps):
            if step_.undo and not step_.undo.dependents:
                steps[i] = replace(step_, undo=replace(step_.undo, dependents=_dependents(steps[: header.forward], i)))
        header = replace(header, undoable=undoable)
        return cls(header, tuple(hashing.seal_tokens(header, steps)), route)

    @cached_property
    def bytes_(self) -> bytes:
        return codec.encode_header(self.header)

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        return tuple(codec.encode_step(step) for step in self.steps)

    @cached_property
    def root(self) -> bytes:
        return hashing.root(self.leaves)

    @cached_property
    def id(self) -> bytes:
        return hashing.plan_id(self.bytes_, self.root)

    @property
    def start(self) -> int:
        return self.header.start

    def item(self, i: int) -> bytes:
        """header, length of the step, step, proof."""
        return codec.encode_item(self.bytes_, self.leaves[i], hashing.proof(self.leaves, i))

    @property
    def short(self) -> bytes:
        """header, root."""
        return self.bytes_ + self.root

    def packed(self, body: bool = True) -> bytes:
        """header, root, body."""
        return self.short + (codec.encode_body(self.leaves) if body else b"")

    def schedule(self, body: bool = True) -> Ask:
        return Ask("schedule", (self.packed(body),))

    def schedule_for(self, signature: bytes, body: bool = True) -> Ask:
        return Ask("scheduleFor", (self.packed(body), signature))

    def cancel(self) -> Ask:
        return Ask("cancel", (self.short,))

    def void(self) -> Ask:
        return Ask("void", (self.short,))

    def reclaim(self) -> Ask:
        return Ask("reclaim", (self.short,))

    def deposit(self) -> Ask:
        return Ask("deposit", (self.id,))

    def publish(self, body: bytes) -> Ask:
        return Ask("publish", (self.id, body))

    def run(self, i: int, min_pay: int = 0) -> Ask:
        return Ask("run", (self.item(i), min_pay))

    def undo(self, i: int, min_pay: int = 0) -> Ask:
        return Ask("undo", (self.item(i), min_pay))

    def settle(self, i: int) -> Ask:
        return Ask("settle", (self.item(i),))

    def expire(self) -> Ask:
        return Ask("expire", (self.short,))

    def report(self, i: int, outcome: int, payee: Any, result: bytes = bytes(32)) -> Ask:
        return Ask("report", (self.item(i), outcome, result, str(getattr(payee, "address", payee))))

    def learn(self, word: int) -> Ask:
        """With the test route, which believes the word it is given."""
        return Ask("learn", (self.short, self.route, [], word.to_bytes(32, "big")))


def _dependents(steps: list[Step], of: int) -> int:
    """Every forward step that needs step `of`, transitively, by any join."""
    found = 0
    for step_ in steps:
        if step_.needs & (found | 1 << of):
            found |= step_.bit
    return found


def entry(owner: Any, mask: int, **fields: Any) -> ChainEntry:
    fields = {"chain_id": CHAIN, "cap_wei": 1_000 * GWEI, "poke_fee_gwei": 1_000, **fields}
    return ChainEntry(mask=mask, owner=address(owner), **fields)


__all__ = ["CHAIN", "DAY_S", "GWEI", "NOBODY", "Ask", "Op", "Plan"]
