"""tests/vectors/wire.json is what the generator gives, and decodes to the fields it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import pytest

from keeper.wire.codec import decode_body, decode_header, decode_item, decode_packed, decode_step, encode_calls
from keeper.wire.hashing import plan_id, root, root_of
from keeper.wire.types import Header
from keeper.wire.word import decode_word
from tests.vectors.layouts import unpack
from tests.vectors.make import FILE, document


@cache
def vectors() -> dict[str, list[Any]]:
    return json.loads(FILE.read_text())


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def rows(prefix: str) -> Iterator[dict[str, Any]]:
    """The cases of a prefix, as dictionaries with keys in camel case."""
    keys = [key for key in vectors() if key.startswith(prefix) and key[len(prefix)].isupper()]
    assert keys
    assert len({len(vectors()[key]) for key in keys}) == 1, f"the arrays of {prefix} differ in length"
    for values in zip(*(vectors()[key] for key in keys), strict=True):
        yield dict(zip((key[len(prefix) :] for key in keys), values, strict=True))


def test_the_file_is_what_the_generator_gives() -> None:
    assert FILE.read_text() == document(), "run `python -m tests.vectors.make`"


def test_headers_have_the_fields_they_name() -> None:
    for row in rows("header"):
        header = decode_header(raw(row["Data"]))
        assert len(header.chains) == int(row["Chains"])
        for name in ("Start", "Interval", "Runs", "Length", "Undoable", "Optional", "Stamped", "Forward", "Finals"):
            assert getattr(header, name.lower()) == int(row[name])
        assert header.seconds_clock is row["SecondsClock"]
        assert header.stop_on_abort is row["StopOnAbort"]
        assert [header.lane(i) for i in range(32)] == list(raw(row["Lanes"]))


def test_entries_have_the_fields_they_name() -> None:
    headers = [decode_header(raw(row["Data"])) for row in rows("header")]
    for row in rows("entry"):
        entry = headers[int(row["Header"])].chains[int(row["Number"])]
        assert (entry.chain_id, entry.mask, entry.cap_wei) == (
            int(row["ChainId"]),
            int(row["Mask"]),
            int(row["CapWei"]),
        )
        assert (entry.owner, entry.guardian, entry.factory) == tuple(
            map(raw, (row["Owner"], row["Guardian"], row["Factory"]))
        )


def test_steps_have_the_fields_and_sections_they_name() -> None:
    for row in rows("step"):
        data = raw(row["Data"])
        step = decode_step(data, int(row["Undoable"]))
        for name in ("Index", "Needs", "Join", "Since", "Opens", "Closes", "Tokens", "Ramp"):
            assert getattr(step, name.lower()) == int(row[name])
        calls_at, reads_at = int(row["CallsAt"]), int(row["ReadsAt"])
        assert data[calls_at:reads_at] == raw(row["Calls"]) == encode_calls(step.calls)
        if step.claim:
            assert data[int(row["TailAt"]) :].startswith(step.claim.referee)
        if step.undo:
            assert data[int(row["UndoAt"]) :].startswith(step.undo.gas_limit.to_bytes(3, "big"))


def test_trees_have_the_roots_and_proofs_they_name() -> None:
    leaves = [raw(text) for text in vectors()["leafData"]]
    roots = {int(row["Size"]): raw(row["Root"]) for row in rows("tree")}
    assert list(roots) == list(range(1, 33))
    for row in rows("proof"):
        packed = raw(row["Siblings"])
        siblings = [packed[at : at + 32] for at in range(0, len(packed), 32)]
        assert root_of(leaves[int(row["Index"])], siblings) == roots[int(row["Size"])]


def test_plans_have_the_ids_and_strings_they_name() -> None:
    for row in rows("plan"):
        header, found, body = decode_packed(raw(row["Packed"]))
        leaves = decode_body(body)
        assert (header, found, body) == (raw(row["Header"]), raw(row["Root"]), raw(row["Body"]))
        assert root(leaves) == found
        assert plan_id(header, found) == raw(row["Id"])
        _, step, siblings = decode_item(raw(row["Item"]))
        assert step == leaves[int(row["Index"])] == raw(row["Step"])
        assert root_of(step, siblings) == found


def test_words_have_the_fields_they_name() -> None:
    for row in rows("word"):
        word = decode_word(int(row["Packed"], 16))
        assert list(word.values) == list(raw(row["Values"]))
        assert (word.run, word.move, word.changed) == (int(row["Run"]), int(row["Move"]), int(row["Changed"]))
        assert (word.settled, word.done, word.undone) == (int(row["Settled"]), int(row["Done"]), int(row["Undone"]))


def test_the_plan_word_is_as_it_is_drawn() -> None:
    """The page's drawing, read by the same code as the Registry's words, gives the keeper's own decoding."""
    for row in rows("word"):
        packed = raw(row["Packed"])
        drawn, word = unpack("Plan", packed), decode_word(int.from_bytes(packed, "big"))
        assert [drawn[name] for name in ("run", "move", "changed", "deposit")] == [
            word.run, word.move, word.changed, word.deposit_gwei,
        ]  # fmt: skip
        assert drawn["status"] == word.status | (8 if word.cancelled else 0)
        for index, value in enumerate(word.values):
            assert value == sum((drawn[lane] >> index & 1) << k for k, lane in enumerate(("lo", "mid", "hi")))


@pytest.mark.parametrize("word", ["Life", "Book", "Lease"])
def test_registry_words_have_the_fields_they_name(word: str) -> None:
    seen = 0
    for row in rows(word.lower()):
        seen += 1
        for name, value in unpack(word, raw(row["Packed"])).items():
            assert value == int(row[name[0].upper() + name[1:]], 0)
    assert seen == 24


def test_a_renewed_lease_differs_in_its_end_alone() -> None:
    for row in rows("lease"):
        before, after = unpack("Lease", raw(row["Packed"])), unpack("Lease", raw(row["Renewed"]))
        assert after == before | {"until": int(row["Time"]) + before["ttl"]}


def test_every_field_of_a_header_is_in_the_vectors() -> None:
    named = {key.removeprefix("header").lower() for key in vectors() if key.startswith("header")}
    assert {f.name.replace("_", "") for f in fields(Header)} <= named
