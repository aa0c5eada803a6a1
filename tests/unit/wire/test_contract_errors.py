"""Every error of the contracts is known, explained, and decoded; docs/errors.md says the same."""

from __future__ import annotations

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from keeper.wire.contract_errors import ContractError, Reverted, declared, decode_revert
from keeper.wire.error_table import ROWS, Code
from keeper.wire.errors import NotNow, Refused
from tests.unit.wire import draws
from toolchain import error_docs


def test_every_declared_error_has_a_row_and_every_row_an_error() -> None:
    names = [entry.name for entry in declared()]
    assert len(names) == len(set(names))
    assert {*names, Code.UNKNOWN} == set(Code) == set(ROWS)


@pytest.mark.parametrize("code", Code)
def test_a_row_says_what_why_and_what_to_do(code: Code) -> None:
    row = ROWS[code]
    names = next((entry.names for entry in declared() if entry.name == code), ("data",))
    assert all(text.endswith(".") for text in (row.what, row.why, row.remedy))
    quoted = {word for text in row[:3] for word in text.split("`")[1::2] if word.isidentifier()}
    known = {*names, *(c.value for c in Code), "createAccount", "schedule_by", "on_miss"}
    assert quoted <= known, f"names values that {code} does not have"


def test_the_document_is_what_the_table_gives() -> None:
    assert error_docs.main(["--check"]) == 0
    assert all(f"## {code.value}\n" in error_docs.document() for code in Code)


def test_a_stale_document_is_noticed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path_factory.mktemp("docs") / "errors.md"
    monkeypatch.setattr(error_docs, "DOC", stale)
    assert error_docs.main(["--check"]) == 1
    assert error_docs.main([]) == 0
    assert error_docs.main(["--check"]) == 0


def test_an_error_is_decoded_with_its_values() -> None:
    for entry in declared():
        samples = {"bytes4": b"call", "bytes32": b"x" * 32, "bytes": b"why", "string": "why", "address": b"\1" * 20}
        values = [samples.get(type_, 7) for type_ in entry.types]
        error = decode_revert(entry.id[:4] + encode(entry.types, values))
        assert error == ContractError(Code(entry.name), tuple(values))
        assert error.values == dict(zip(entry.names, values, strict=True))


@draws.quick
@given(st.binary(max_size=80))
def test_anything_else_is_unknown_and_kept(data: bytes) -> None:
    assert decode_revert(data) == ContractError(Code.UNKNOWN, (data,))


def test_a_selector_with_other_bytes_behind_it_is_unknown() -> None:
    whole = Reverted(Code.TOO_EARLY, 1, 2, 3)
    entry = next(entry for entry in declared() if entry.name == Code.TOO_EARLY)
    data = entry.encode(1, 2, 3)
    assert decode_revert(data) == whole.error
    assert decode_revert(data[:-1]) == ContractError(Code.UNKNOWN, (data[:-1],))


def test_an_error_becomes_the_users_own_kind() -> None:
    early = ContractError(Code.TOO_EARLY, (2, 110, 100)).as_error()
    closed = ContractError(Code.WINDOW_CLOSED, (2, 110, 111)).as_error()
    assert isinstance(early, NotNow)
    assert isinstance(closed, Refused)
    assert "index=2, opensAt=110, nowAt=100" in early.message
    assert early.value == {"index": 2, "opensAt": 110, "nowAt": 100}
    assert str(ContractError(Code.UNKNOWN, (b"\xab",))) == "Unknown(data=0xab)"
