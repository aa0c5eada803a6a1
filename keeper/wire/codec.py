"""The bytes of headers, steps and bodies (docs/wire.md), both ways and exactly: `decode(encode(x)) == x`, and what
`decode` accepts encodes to the same bytes. Anything else is `BadInput` that names the field."""

from __future__ import annotations

from collections.abc import Sequence

from keeper.wire.errors import BadInput
from keeper.wire.packing import Reader, Writer
from keeper.wire.types import MAX_STEPS, NOBODY, Call, ChainEntry, Claim, Condition, Header, Join, Op, Read, Step, Undo

HEADER_BYTES = 44
ENTRY_BYTES = 44
EXTENDED_BYTES = 84
EXTENDED = 16
STEP_BYTES = 42
MAX_CHAINS = 8
INTO_VALUE = 1 << 23
SIGNED = 8


# ---------------------------------------------------------------------- header


def encode_header(header: Header) -> bytes:
    """44 bytes, 44 for each chain (84 if one names a guardian or a factory), and of several chains the routes root.

    Raises `BadInput` for a field out of range.
    """
    w = Writer("header")
    flags = (header.seconds_clock, header.relative_start, header.monthly, header.stop_on_abort)
    if not 1 <= len(header.chains) <= MAX_CHAINS:
        remedy = f"name 1 to {MAX_CHAINS} chains"
        raise BadInput("header: too few or too many chains", field="chains", value=len(header.chains), remedy=remedy)
    extended = any(entry.guardian != NOBODY or entry.factory != NOBODY for entry in header.chains)
    count = (len(header.chains) - 1) << 5 | (EXTENDED if extended else 0)
    w.uint("flags", 1, count | sum(flag << bit for bit, flag in enumerate(flags)))
    w.uint("forward", 1, header.forward)
    w.uint("finals", 1, header.finals)
    w.uint("undoable", 4, header.undoable)
    w.uint("optional", 4, header.optional)
    w.uint("stamped", 4, header.stamped)
    w.uint("start", 5, header.start)
    w.uint("interval", 4, header.interval)
    w.uint("runs", 3, header.runs)
    w.uint("schedule_by", 5, header.schedule_by)
    w.uint("length", 4, header.length)
    w.fixed("salt", 8, header.salt)
    for entry in header.chains:
        w.uint("chain_id", 8, entry.chain_id)
        w.uint("mask", 4, entry.mask)
        w.fixed("owner", 20, entry.owner)
        w.uint("cap_wei", 8, entry.cap_wei)
        w.uint("poke_fee_gwei", 4, entry.poke_fee_gwei)
        if extended:
            w.fixed("guardian", 20, entry.guardian)
            w.fixed("factory", 20, entry.factory)
    w.fixed("routes_root", 32 if len(header.chains) > 1 else 0, header.routes_root)
    return bytes(w.data)


def decode_header(data: bytes) -> Header:
    """The header of these bytes. Raises `BadInput`."""
    r = Reader("header", data)
    flags = r.uint("flags", 1)
    count, extended = (flags >> 5) + 1, bool(flags & EXTENDED)
    head = {
        "forward": r.uint("forward", 1),
        "finals": r.uint("finals", 1),
        "undoable": r.uint("undoable", 4),
        "optional": r.uint("optional", 4),
        "stamped": r.uint("stamped", 4),
        "start": r.uint("start", 5),
        "interval": r.uint("interval", 4),
        "runs": r.uint("runs", 3),
        "schedule_by": r.uint("schedule_by", 5),
        "length": r.uint("length", 4),
    }
    salt = r.take("salt", 8)
    chains = tuple(_decode_entry(r, extended) for _ in range(count))
    if extended and all(entry.guardian == NOBODY and entry.factory == NOBODY for entry in chains):
        raise r.refuse("flags", flags, "entries are extended only to name a guardian or a factory")
    routes_root = r.take("routes_root", 32) if count > 1 else b""
    r.end()
    return Header(
        **head,
        salt=salt,
        chains=chains,
        routes_root=routes_root,
        seconds_clock=bool(flags & 1),
        relative_start=bool(flags & 2),
        monthly=bool(flags & 4),
        stop_on_abort=bool(flags & 8),
    )


def _decode_entry(r: Reader, extended: bool) -> ChainEntry:
    return ChainEntry(
        chain_id=r.uint("chain_id", 8),
        mask=r.uint("mask", 4),
        owner=r.address("owner"),
        cap_wei=r.uint("cap_wei", 8),
        poke_fee_gwei=r.uint("poke_fee_gwei", 4),
        guardian=r.address("guardian") if extended else NOBODY,
        factory=r.address("factory") if extended else NOBODY,
    )


# ---------------------------------------------------------------------- step


def encode_calls(calls: Sequence[Call]) -> bytes:
    """The calls section, which is also what `Account.perform` takes."""
    w = Writer("call")
    for call in calls:
        w.fixed("target", 20, call.target)
        w.uint("value_wei", 12, call.value_wei)
        w.sized("data", 2, call.data)
    return bytes(w.data)


def decode_calls(data: bytes) -> tuple[Call, ...]:
    r = Reader("call", data)
    calls = []
    while r.left:
        calls.append(Call(target=r.address("target"), value_wei=r.uint("value_wei", 12), data=r.sized("data", 2)))
    return tuple(calls)


def encode_step(step: Step) -> bytes:
    """A leaf's bytes. Raises `BadInput` for a field out of range, a claim that makes calls, more than four reads."""
    calls = encode_calls(step.calls)
    if step.claim and (calls or step.reads or step.gas_limit):
        raise BadInput("step: a claim makes no calls", field="calls", value=len(step.calls), remedy="use two steps")
    if len(step.reads) > 4:
        raise BadInput("step: at most 4 reads", field="reads", value=len(step.reads), remedy="split the step")
    w = Writer("step")
    w.uint("index", 1, step.index)
    w.uint("flags", 1, step.is_claim | step.join << 1 | step.skip_if_false << 3)
    w.uint("needs", 4, step.needs)
    w.uint("since", 4, step.since)
    w.uint("opens", 4, step.opens)
    w.uint("closes", 4, step.closes)
    w.uint("gas_limit", 3, step.gas_limit)
    w.uint("tokens", 3, step.tokens)
    w.uint("conditions", 1, len(step.conditions))
    w.uint("reads", 1, len(step.reads))
    w.uint("calls length", 3, len(calls))
    w.uint("ramp", 3, step.ramp)
    w.uint("fee_min_gwei", 5, step.fee_min_gwei)
    w.uint("fee_max_gwei", 5, step.fee_max_gwei)
    for condition in step.conditions:
        w.fixed("target", 20, condition.target)
        w.uint("gas_limit", 3, condition.gas_limit)
        w.uint("op", 1, condition.op | (SIGNED if condition.signed else 0))
        w.uint("word", 1, condition.word)
        w.uint("constant", 32, condition.constant)
        w.sized("data", 2, condition.data)
    w.data += calls
    for read in step.reads:
        w.fixed("target", 20, read.target)
        w.uint("gas_limit", 3, read.gas_limit)
        w.uint("word", 1, read.word)
        if not 0 <= read.into < INTO_VALUE:
            raise BadInput("step: into is an offset in the calls", field="into", value=read.into, remedy="use less")
        w.uint("into", 3, read.into | (INTO_VALUE if read.into_value else 0))
        w.sized("data", 2, read.data)
    if step.claim:
        w.fixed("referee", 20, step.claim.referee)
        w.uint("hold", 4, step.claim.hold)
        w.sized("spec", 2, step.claim.spec)
    if step.undo:
        _encode_undo(w, step.undo)
    if step.salt:
        w.fixed("salt", 32, step.salt)
    return bytes(w.data)


def _encode_undo(w: Writer, undo: Undo) -> None:
    w.uint("gas_limit", 3, undo.gas_limit)
    w.uint("window", 4, undo.window)
    w.uint("tokens", 3, undo.tokens)
    w.uint("fee_min_gwei", 5, undo.fee_min_gwei)
    w.uint("fee_max_gwei", 5, undo.fee_max_gwei)
    w.uint("dependents", 4, undo.dependents)
    w.sized("calls", 3, encode_calls(undo.calls))


def decode_step(data: bytes, undoable: int) -> Step:
    """The step of these bytes; the header's mask `undoable` says whether an undo follows. Raises `BadInput`."""
    r = Reader("step", data)
    index = r.uint("index", 1)
    if index >= MAX_STEPS:
        raise r.refuse("index", index, f"a plan has at most {MAX_STEPS} steps")
    flags = r.uint("flags", 1)
    if flags > 15:
        raise r.refuse("flags", flags, "flags have four bits")
    head = {name: r.uint(name, 4) for name in ("needs", "since", "opens", "closes")}
    head |= {name: r.uint(name, 3) for name in ("gas_limit", "tokens")}
    conditions, reads, calls_length = r.uint("conditions", 1), r.uint("reads", 1), r.uint("calls length", 3)
    if reads > 4:
        raise r.refuse("reads", reads, "at most 4 reads")
    if flags & 1 and (calls_length or reads or head["gas_limit"]):
        raise r.refuse("calls length", calls_length, "a claim makes no calls")
    head |= {"ramp": r.uint("ramp", 3)}
    head |= {name: r.uint(name, 5) for name in ("fee_min_gwei", "fee_max_gwei")}
    step = Step(
        index=index,
        join=Join(flags >> 1 & 3),
        skip_if_false=bool(flags & 8),
        conditions=tuple(_decode_condition(r) for _ in range(conditions)),
        calls=decode_calls(r.take("calls", calls_length)),
        reads=tuple(_decode_read(r) for _ in range(reads)),
        claim=_decode_claim(r) if flags & 1 else None,
        undo=_decode_undo(r) if undoable >> index & 1 else None,
        salt=r.take("salt", 32) if r.left else b"",
        **head,
    )
    r.end()
    return step


def _decode_condition(r: Reader) -> Condition:
    target, gas_limit, op, word = r.address("target"), r.uint("gas_limit", 3), r.uint("op", 1), r.uint("word", 1)
    if op & ~SIGNED > max(Op):
        raise r.refuse("op", op, "0 to 5, plus 8 for signed")
    return Condition(
        target=target,
        gas_limit=gas_limit,
        op=Op(op & ~SIGNED),
        word=word,
        constant=r.uint("constant", 32),
        data=r.sized("data", 2),
        signed=bool(op & SIGNED),
    )


def _decode_read(r: Reader) -> Read:
    target, gas_limit, word, into = r.address("target"), r.uint("gas_limit", 3), r.uint("word", 1), r.uint("into", 3)
    return Read(target, gas_limit, word, into & ~INTO_VALUE, r.sized("data", 2), bool(into & INTO_VALUE))


def _decode_claim(r: Reader) -> Claim:
    return Claim(referee=r.address("referee"), hold=r.uint("hold", 4), spec=r.sized("spec", 2))


def _decode_undo(r: Reader) -> Undo:
    return Undo(
        gas_limit=r.uint("gas_limit", 3),
        window=r.uint("window", 4),
        tokens=r.uint("tokens", 3),
        fee_min_gwei=r.uint("fee_min_gwei", 5),
        fee_max_gwei=r.uint("fee_max_gwei", 5),
        dependents=r.uint("dependents", 4),
        calls=decode_calls(r.sized("calls", 3)),
    )


# ---------------------------------------------------------------------- body


def encode_body(steps: Sequence[bytes]) -> bytes:
    """The bytes of a plan's steps in index order, each behind its length."""
    w = Writer("body")
    for step in steps:
        w.sized("step", 3, step)
    return bytes(w.data)


def decode_body(data: bytes) -> tuple[bytes, ...]:
    """The steps' bytes. A body comes from anybody: check its root before believing it. Raises `BadInput`."""
    r = Reader("body", data)
    steps = []
    while r.left:
        steps.append(r.sized("step", 3))
    return tuple(steps)


# ---------------------------------------------------------------------- what is scheduled


def header_length(data: bytes) -> int:
    """How many of these bytes are the header: it says so itself. Raises `BadInput` for no bytes."""
    flags = Reader("header", data).uint("flags", 1)
    count = (flags >> 5) + 1
    return HEADER_BYTES + (EXTENDED_BYTES if flags & EXTENDED else ENTRY_BYTES) * count + (32 if count > 1 else 0)


def encode_packed(header: bytes, root: bytes, body: bytes) -> bytes:
    """What `schedule` takes and `Scheduled` tells: header, root, body one behind the other. The body may be empty."""
    w = Writer("packed plan")
    w.fixed("header", header_length(header), header)
    w.fixed("root", 32, root)
    return bytes(w.data) + body


def decode_packed(data: bytes) -> tuple[bytes, bytes, bytes]:
    """(header, root, body) as bytes. Raises `BadInput`."""
    r = Reader("packed plan", data)
    return r.take("header", header_length(data)), r.take("root", 32), r.take("body", r.left)


def encode_item(header: bytes, step: bytes, proof: Sequence[bytes]) -> bytes:
    """What `run`, `undo`, `settle` and `report` take: header, the step behind its length, its proof."""
    w = Writer("item")
    w.fixed("header", header_length(header), header)
    w.sized("step", 3, step)
    for sibling in proof:
        w.fixed("proof", 32, sibling)
    return bytes(w.data)


def decode_item(data: bytes) -> tuple[bytes, bytes, tuple[bytes, ...]]:
    """(header, step, proof) as bytes. Raises `BadInput`."""
    r = Reader("item", data)
    header, step = r.take("header", header_length(data)), r.sized("step", 3)
    proof = []
    while r.left:
        proof.append(r.take("proof", 32))
    return header, step, tuple(proof)
