"""tests/vectors/wire.json: bytes and hashes that Solidity and Python must agree on (docs/wire.md), from a fixed seed.

`python -m tests.vectors.make` writes it; a unit test holds the file to what this module gives. It is flat for forge's
`vm.parseJson*`: every key is an array, keys of one prefix run in parallel, entry i of each belonging to one case.
Numbers are decimal text, bytes 0x-text.

| prefix | case |
|---|---|
| header | a header: its bytes, and every field |
| entry | chain `entryNumber` of header `entryHeader` |
| step | a step: its bytes, its header's undoable mask, its fields, and where its sections begin |
| leaf, tree | data of 32 leaves; the root over the first `treeSize` of them |
| proof | siblings, concatenated, of leaf `proofIndex` under the tree of the first `proofSize` |
| plan | header, root, body, id, item (of step `planIndex`), packed |
| word | a plan word and its fields |
| life, book, lease | a word of the Registry and its fields; what it becomes with other ones |
| turn, account, signed, month, compare | arguments and result |
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keeper.wire.codec import (
    STEP_BYTES,
    encode_body,
    encode_calls,
    encode_header,
    encode_item,
    encode_packed,
    encode_step,
)
from keeper.wire.hashing import create2_address, plan_id, proof, root, tree, turn
from keeper.wire.machine import is_true
from keeper.wire.months import add_months, months_between
from keeper.wire.signing import schedule_digest
from keeper.wire.types import (
    NOBODY,
    Address,
    Call,
    ChainEntry,
    Claim,
    Condition,
    Header,
    Join,
    Op,
    PlanId,
    Read,
    Status,
    Step,
    Undo,
    Value,
)
from keeper.wire.word import PlanWord, encode_word
from tests.vectors.layouts import layout, pack

FILE = Path(__file__).with_name("wire.json")
EDGES = (0, 1, 2**255 - 1, 2**255, 2**256 - 1)


class Draw(random.Random):
    """Values of the wire, from a seed."""

    def bits(self, count: int) -> int:
        """A number of at most so many bits: now and then the least or the greatest."""
        return self.choice((0, (1 << count) - 1)) if self.random() < 0.1 else self.getrandbits(count)

    def address(self) -> Address:
        return Address(self.randbytes(20))

    def data(self, longest: int = 100) -> bytes:
        return self.randbytes(self.randrange(longest + 1))

    def calls(self) -> tuple[Call, ...]:
        return tuple(Call(self.address(), self.bits(96), self.data()) for _ in range(self.randrange(4)))

    def conditions(self) -> tuple[Condition, ...]:
        return tuple(
            Condition(
                self.address(), self.bits(24), self.choice(list(Op)), self.bits(8), self.bits(256), self.data(),
                signed=self.random() < 0.5,
            )
            for _ in range(self.randrange(4))
        )  # fmt: skip

    def reads(self) -> tuple[Read, ...]:
        return tuple(
            Read(
                self.address(), self.bits(24), self.bits(8), self.bits(23), self.data(), into_value=self.random() < 0.5
            )
            for _ in range(self.randrange(5))
        )

    def undo(self) -> Undo:
        return Undo(
            self.bits(24), self.bits(32), self.calls(), self.bits(40), self.bits(40), self.bits(32), self.bits(24)
        )

    def step(self, index: int, *, undoable: bool) -> Step:
        claim = Claim(self.address(), self.bits(32), self.data()) if self.random() < 0.3 else None
        return Step(
            index=index,
            opens=self.bits(32),
            closes=self.bits(32),
            gas_limit=0 if claim else self.bits(24),
            calls=() if claim else self.calls(),
            needs=self.bits(32),
            join=self.choice(list(Join)),
            since=self.bits(32),
            skip_if_false=self.random() < 0.5,
            conditions=self.conditions(),
            reads=() if claim else self.reads(),
            claim=claim,
            undo=self.undo() if undoable else None,
            fee_min_gwei=self.bits(40),
            fee_max_gwei=self.bits(40),
            ramp=self.bits(24),
            tokens=self.bits(24),
            salt=self.randbytes(32) if self.random() < 0.3 else b"",
        )

    def header(self, chains: int = 1, *, extended: bool = False) -> Header:
        """Any bytes' worth of one: not necessarily sound."""
        entries = [
            ChainEntry(self.bits(64), self.bits(32), self.address(), NOBODY, self.bits(64), self.bits(32))
            for _ in range(chains)
        ]
        if extended:
            entries = [replace(entry, guardian=self.address(), factory=self.address()) for entry in entries]
        forward = self.randrange(1, 33)
        return Header(
            forward=forward,
            finals=self.randrange(33 - forward),
            start=self.bits(40),
            schedule_by=self.bits(40),
            length=self.bits(32),
            chains=tuple(entries),
            undoable=self.bits(32),
            optional=self.bits(32),
            stamped=self.bits(32) & self.bits(32) & self.bits(32),
            interval=self.bits(32),
            runs=self.bits(24),
            salt=self.randbytes(8),
            routes_root=self.randbytes(32) if chains > 1 else b"",
            seconds_clock=self.random() < 0.5,
            relative_start=self.random() < 0.5,
            monthly=self.random() < 0.5,
            stop_on_abort=self.random() < 0.5,
        )

    def word(self) -> PlanWord:
        word = PlanWord(
            status=self.choice(list(Status)),
            cancelled=self.random() < 0.5,
            run=self.bits(24),
            move=self.bits(24),
            changed=self.bits(40),
            deposit_gwei=self.bits(64),
        )
        return word.with_values(self.choice(list(Value)) for _ in range(32))


class Table:
    """Parallel arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, list[Any]] = {}

    def row(self, prefix: str, **values: Any) -> None:
        for name, value in values.items():
            self.arrays.setdefault(prefix + _camel(name), []).append(_plain(value))


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(int(value))


def document() -> str:
    """The whole file."""
    draw, table = Draw(20_270_201), Table()
    _headers(draw, table)
    _steps(draw, table)
    _trees(draw, table)
    _plans(draw, table)
    _words(draw, table)
    _results(draw, table)
    _registry_words(draw, table)
    arrays = ",\n".join(f'  "{key}": {_array(values)}' for key, values in table.arrays.items())
    return f"{{\n{arrays}\n}}\n"


def _array(values: Iterable[Any]) -> str:
    return "[\n    " + ",\n    ".join(json.dumps(value) for value in values) + "\n  ]"


def _headers(draw: Draw, table: Table) -> None:
    for number in range(24):
        header = draw.header(chains=1 + number % 8 if number >= 8 else 1, extended=number % 3 == 0)
        data = encode_header(header)
        named = {f.name: getattr(header, f.name) for f in fields(header) if f.name not in {"chains", "routes_root"}}
        named |= {"forward_mask": header.forward_mask, "final_mask": header.final_mask, "chains": len(header.chains)}
        lanes = [header.lane(index) for index in range(32)]
        table.row("header", data=data, **named, lanes=bytes(lanes), routes_root=header.routes_root.rjust(32, b"\0"))
        for i, entry in enumerate(header.chains):
            table.row("entry", header=number, number=i, **{f.name: getattr(entry, f.name) for f in fields(entry)})


def _steps(draw: Draw, table: Table) -> None:
    for number in range(24):
        step = draw.step(number, undoable=number % 2 == 0)
        skipped = {"conditions", "calls", "reads", "claim", "undo", "salt"}
        named = {f.name: getattr(step, f.name) for f in fields(step) if f.name not in skipped}
        calls_at = STEP_BYTES + sum(59 + len(condition.data) for condition in step.conditions)
        reads_at = calls_at + len(encode_calls(step.calls))
        tail_at = reads_at + sum(29 + len(read.data) for read in step.reads)
        undo_at = tail_at + (26 + len(step.claim.spec) if step.claim else 0)
        table.row(
            "step",
            data=encode_step(step),
            undoable=step.bit if step.undo else 0,
            **named,
            is_claim=step.is_claim,
            conditions=len(step.conditions),
            calls=encode_calls(step.calls),
            reads=len(step.reads),
            calls_at=calls_at,
            reads_at=reads_at,
            tail_at=tail_at,
            undo_at=undo_at,
            referee=step.claim.referee if step.claim else NOBODY,
            hold=step.claim.hold if step.claim else 0,
            dependents=step.undo.dependents if step.undo else 0,
        )


def _trees(draw: Draw, table: Table) -> None:
    leaves = [draw.data(60) for _ in range(32)]
    for leaf in leaves:
        table.row("leaf", data=leaf)
    for size in range(1, 33):
        some = leaves[:size]
        table.row("tree", size=size, root=tree(some)[0])
        for index in sorted({0, size // 2, size - 1}):
            table.row("proof", size=size, index=index, siblings=b"".join(proof(some, index)))


def _plans(draw: Draw, table: Table) -> None:
    for size in (1, 2, 3, 7, 32):
        header = replace(draw.header(chains=1 + size % 3, extended=size == 7), forward=size, finals=0)
        steps = [draw.step(index, undoable=bool(header.undoable >> index & 1)) for index in range(size)]
        data, leaves = encode_header(header), [encode_step(step) for step in steps]
        index = draw.randrange(size)
        table.row(
            "plan",
            header=data,
            header_length=len(data),
            root=root(leaves),
            body=encode_body(leaves),
            id=plan_id(data, root(leaves)),
            index=index,
            step=leaves[index],
            item=encode_item(data, leaves[index], proof(leaves, index)),
            packed=encode_packed(data, root(leaves), encode_body(leaves)),
        )


def _words(draw: Draw, table: Table) -> None:
    for _ in range(24):
        word = draw.word()
        named = {f.name: getattr(word, f.name) for f in fields(word)}
        masks = {"settled": word.settled, "done": word.done, "failed": word.failed, "undone": word.undone}
        table.row("word", packed=encode_word(word).to_bytes(32, "big"), **named, **masks, values=bytes(word.values))


def _results(draw: Draw, table: Table) -> None:
    for _ in range(12):
        plan, run, index, seats = PlanId(draw.randbytes(32)), draw.bits(32), draw.bits(5), draw.randrange(1, 257)
        table.row("turn", plan=plan, run=run, index=index, seats=seats, result=turn(plan, run, index, seats))
        deployer, salt, code_hash = draw.address(), draw.randbytes(32), draw.randbytes(32)
        result: Any = create2_address(deployer, salt, code_hash)
        table.row("account", deployer=deployer, salt=salt, code_hash=code_hash, result=result)
        table.row("signed", scheduler=deployer, plan=plan, result=schedule_digest(deployer, plan))
    for _ in range(100):
        at, months = draw.bits(40), draw.randrange(40_000)
        later = add_months(at, months)
        table.row("month", at=at, months=months, result=later, between=months_between(at, later))
    for op in Op:
        for signed in (False, True):
            for word in EDGES:
                for constant in EDGES:
                    condition = Condition(NOBODY, 0, op, 0, constant, b"", signed=signed)
                    code = op | (8 if signed else 0)
                    table.row("compare", op=code, word=word, constant=constant, result=is_true(condition, word))


def _registry_words(draw: Draw, table: Table) -> None:
    def drawn(word: str) -> dict[str, int]:
        return {name: draw.bits(bits) for name, bits in layout(word).items()}

    for number in range(24):
        life = drawn("Life") | {"generation": draw.randrange(1, 2**32), "expires": draw.bits(32) if number % 3 else 0}
        _word(table, "life", life)
        label = b"abcdefghijklm-nopqrstuvwxyz"[: number + 1]
        short = label if len(label) <= 13 else b""
        held = {"labelLength": len(short), "label": int.from_bytes(short.ljust(13, b"\0"), "big")}
        _word(table, "book", drawn("Book") | held | {"locked": number % 2})
        table.row("book", name=label)
        lease, time = drawn("Lease"), draw.getrandbits(39)
        _word(table, "lease", lease)
        table.row("lease", time=time, renewed=pack("Lease", **lease | {"until": time + lease["ttl"]}))


def _word(table: Table, prefix: str, values: dict[str, int]) -> None:
    table.row(prefix, packed=pack(prefix.capitalize(), **values))
    for name, value in values.items():
        data: Any = {"owner": 20, "operator": 20, "label": 13}.get(name)
        table.row(prefix, **{name: value if data is None else value.to_bytes(data, "big")})


if __name__ == "__main__":
    FILE.write_text(document())
