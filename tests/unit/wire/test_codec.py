"""Bytes and values say the same, and bytes that say nothing are refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.wire.codec import (
    decode_body,
    decode_calls,
    decode_header,
    decode_item,
    decode_packed,
    decode_step,
    encode_body,
    encode_calls,
    encode_header,
    encode_item,
    encode_packed,
    encode_step,
    header_length,
)
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY, Address, Call, ChainEntry, Claim, Condition, Header, Op, Read, Step, Undo
from tests.unit.wire import draws

OWNER = Address(b"\x11" * 20)
HEADER = Header(forward=1, finals=0, start=5, schedule_by=9, length=3, chains=(ChainEntry(1, 1, OWNER),))
STEP = Step(index=0, opens=1, closes=2, gas_limit=3, calls=(Call(OWNER, 7, b"abc"),))
hashes = st.binary(min_size=32, max_size=32)


@draws.quick
@given(draws.headers())
def test_a_header_round_trips(header: Header) -> None:
    data = encode_header(header)
    assert decode_header(data) == header
    assert header_length(data) == len(data)


@draws.quick
@given(draws.steps())
def test_a_step_round_trips(step: Step) -> None:
    assert decode_step(encode_step(step), step.bit if step.undo else 0) == step


@draws.quick
@given(st.binary(min_size=100, max_size=400))
def test_header_bytes_that_are_accepted_mean_themselves(data: bytes) -> None:
    try:
        header = decode_header(data[: header_length(data)])
    except BadInput:
        return
    assert encode_header(header) == data[: header_length(data)]


@draws.quick
@given(st.binary(max_size=12), st.binary(max_size=120), st.booleans())
def test_step_bytes_that_are_accepted_mean_themselves(head: bytes, tail: bytes, undoable: bool) -> None:
    data = bytes([3, *head[:1]]).ljust(24, b"\0") + bytes([0, 0, 0, 0]) + head.ljust(14, b"\0") + tail
    try:
        step = decode_step(data, 8 if undoable else 0)
    except BadInput:
        return
    assert encode_step(step) == data


@draws.quick
@given(draws.headers(), st.data())
def test_a_header_cut_short_is_refused(header: Header, data: st.DataObject) -> None:
    whole = encode_header(header)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadInput) as error:
        decode_header(whole[:cut])
    assert error.value.field
    assert error.value.remedy


@draws.quick
@given(draws.steps(), st.data())
def test_a_step_cut_short_is_refused(step: Step, data: st.DataObject) -> None:
    whole = encode_step(replace(step, salt=b""))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadInput) as error:
        decode_step(whole[:cut], step.bit if step.undo else 0)
    assert error.value.field
    assert error.value.remedy


@draws.quick
@given(draws.headers(), draws.steps(), st.binary(min_size=1, max_size=31))
def test_bytes_too_many_are_refused(header: Header, step: Step, more: bytes) -> None:
    with pytest.raises(BadInput):
        decode_header(encode_header(header) + more)
    with pytest.raises(BadInput):
        decode_step(encode_step(step) + more, step.bit if step.undo else 0)


@draws.quick
@given(draws.calls)
def test_calls_round_trip(calls: tuple[Call, ...]) -> None:
    assert decode_calls(encode_calls(calls)) == calls


@draws.quick
@given(draws.headers(), st.lists(draws.steps().map(encode_step), max_size=4), hashes)
def test_what_is_scheduled_round_trips(header: Header, leaves: list[bytes], root: bytes) -> None:
    body = encode_body(leaves)
    assert decode_body(body) == tuple(leaves)
    assert decode_packed(encode_packed(encode_header(header), root, body)) == (encode_header(header), root, body)


@draws.quick
@given(draws.headers(), draws.steps().map(encode_step), st.lists(hashes, max_size=5))
def test_an_item_round_trips(header: Header, step: bytes, proof: list[bytes]) -> None:
    assert decode_item(encode_item(encode_header(header), step, proof)) == (encode_header(header), step, tuple(proof))


def test_sizes_are_those_of_the_wire() -> None:
    entry = HEADER.chains[0]
    named = replace(entry, guardian=OWNER)
    routes = bytes(32)
    assert len(encode_header(HEADER)) == 88
    assert len(encode_header(replace(HEADER, chains=(named,)))) == 128
    assert len(encode_header(replace(HEADER, chains=(entry, entry), routes_root=routes))) == 44 + 2 * 44 + 32
    assert len(encode_header(replace(HEADER, chains=(entry, named), routes_root=routes))) == 44 + 2 * 84 + 32
    assert len(encode_step(replace(STEP, calls=()))) == 42
    assert len(encode_step(STEP)) == 42 + 34 + 3
    assert len(encode_step(replace(STEP, conditions=(Condition(OWNER, 1, Op.EQ, 0, 1, b"ab"),)))) == 42 + 59 + 2 + 37
    assert len(encode_step(replace(STEP, reads=(Read(OWNER, 1, 0, 1, b"ab"),)))) == 42 + 37 + 29 + 2
    assert len(encode_step(replace(STEP, calls=(), gas_limit=0, claim=Claim(OWNER, 1, b"ab")))) == 42 + 26 + 2
    assert len(encode_step(replace(STEP, undo=Undo(1, 2, ())))) == 42 + 37 + 27
    assert len(encode_step(replace(STEP, salt=bytes(32)))) == 42 + 37 + 32


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"forward": 256}, "forward"),
        ({"finals": -1}, "finals"),
        ({"undoable": 1 << 32}, "undoable"),
        ({"start": 1 << 40}, "start"),
        ({"interval": 1 << 32}, "interval"),
        ({"runs": 1 << 24}, "runs"),
        ({"schedule_by": 1 << 40}, "schedule_by"),
        ({"length": 1 << 32}, "length"),
        ({"salt": b"short"}, "salt"),
        ({"chains": ()}, "chains"),
        ({"chains": (ChainEntry(1, 1, OWNER),) * 9}, "chains"),
        ({"routes_root": bytes(32)}, "routes_root"),
        ({"chains": (ChainEntry(1 << 64, 1, OWNER),)}, "chain_id"),
        ({"chains": (ChainEntry(1, 1 << 32, OWNER),)}, "mask"),
        ({"chains": (ChainEntry(1, 1, Address(b"")),)}, "owner"),
        ({"chains": (ChainEntry(1, 1, OWNER, guardian=Address(b"\1")),)}, "guardian"),
        ({"chains": (ChainEntry(1, 1, OWNER, cap_wei=1 << 64),)}, "cap_wei"),
        ({"chains": (ChainEntry(1, 1, OWNER, poke_fee_gwei=1 << 32),)}, "poke_fee_gwei"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_by_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as error:
        encode_header(replace(HEADER, **change))  # type: ignore[arg-type]
    assert error.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"index": 256}, "index"),
        ({"needs": 1 << 32}, "needs"),
        ({"since": 1 << 32}, "since"),
        ({"opens": 1 << 32}, "opens"),
        ({"closes": -1}, "closes"),
        ({"gas_limit": 1 << 24}, "gas_limit"),
        ({"tokens": 1 << 24}, "tokens"),
        ({"ramp": 1 << 24}, "ramp"),
        ({"fee_min_gwei": 1 << 40}, "fee_min_gwei"),
        ({"fee_max_gwei": 1 << 40}, "fee_max_gwei"),
        ({"calls": (Call(OWNER, 1 << 96, b""),)}, "value_wei"),
        ({"calls": (Call(OWNER, 0, bytes(1 << 16)),)}, "data length"),
        ({"conditions": (Condition(OWNER, 1, Op.EQ, 0, -1, b""),)}, "constant"),
        ({"conditions": (Condition(OWNER, 1, Op.EQ, 256, 0, b""),)}, "word"),
        ({"reads": (Read(OWNER, 1, 0, 1 << 23, b""),)}, "into"),
        ({"reads": (Read(OWNER, 1, 0, 0, b""),) * 5}, "reads"),
        ({"claim": Claim(OWNER, 0, b"")}, "calls"),
        ({"undo": Undo(1 << 24, 0, ())}, "gas_limit"),
        ({"salt": b"short"}, "salt"),
    ],
)
def test_a_step_that_does_not_fit_is_refused_by_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as error:
        encode_step(replace(STEP, **change))  # type: ignore[arg-type]
    assert error.value.field == field


@pytest.mark.parametrize(
    ("at", "byte", "field"), [(0, 32, "index"), (1, 16, "flags"), (1, 1, "calls length"), (25, 5, "reads")]
)
def test_step_bytes_that_no_contract_knows_are_refused(at: int, byte: int, field: str) -> None:
    data = bytearray(encode_step(STEP))
    data[at] = byte
    with pytest.raises(BadInput) as error:
        decode_step(bytes(data), 0)
    assert error.value.field == field


def test_an_unknown_operator_is_refused() -> None:
    data = bytearray(encode_step(replace(STEP, conditions=(Condition(OWNER, 1, Op.EQ, 0, 1, b""),))))
    for op in (6, 7, 14, 16, 255):
        data[42 + 23] = op
        with pytest.raises(BadInput) as error:
            decode_step(bytes(data), 0)
        assert error.value.field == "op"


def test_entries_extended_for_nobody_are_refused() -> None:
    data = bytearray(encode_header(replace(HEADER, chains=(ChainEntry(1, 1, OWNER, guardian=OWNER),))))
    data[44 + 44 : 44 + 64] = NOBODY
    with pytest.raises(BadInput) as error:
        decode_header(bytes(data))
    assert error.value.field == "flags"
