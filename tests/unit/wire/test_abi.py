"""Calls and answers by the shipped ABIs."""

from __future__ import annotations

import pytest
from eth_abi import decode, encode
from eth_utils import keccak

from keeper.wire.abi import decode_result, encode_call, interface
from keeper.wire.errors import BadInput, ConductorError

OWNER = b"\x02" * 20


def test_a_call_is_its_selector_and_its_arguments() -> None:
    assert encode_call("accountOf", OWNER) == keccak(text="accountOf(address)")[:4] + bytes(12) + OWNER
    data = encode_call("runMany", [b"one", b"two"])
    assert data[:4] == keccak(text="runMany(bytes[])")[:4]
    assert decode(["bytes[]"], data[4:]) == ((b"one", b"two"),)
    assert encode_call("isExecutor", OWNER, contract="Account")[:4] == keccak(text="isExecutor(address)")[:4]


def test_an_answer_is_plain_values() -> None:
    assert decode_result("accountOf", encode(["address"], [OWNER])) == (OWNER,)
    assert decode_result("plan", encode(["uint256", "uint256"], [1, 2])) == (1, 2)


def test_arguments_that_do_not_fit_are_bad_input() -> None:
    for arguments in ((), (b"short",), (OWNER, 1)):
        with pytest.raises(BadInput) as error:
            encode_call("accountOf", *arguments)
        assert "(address)" in error.value.message


def test_an_answer_of_other_bytes_is_an_error() -> None:
    with pytest.raises(ConductorError):
        decode_result("accountOf", b"\x01")


def test_creation_code_and_json_are_shipped() -> None:
    for name in ("Scheduler", "Account", "Facts", "Registry"):
        assert len(interface(name).creation_code) > 500
        assert {entry["type"] for entry in interface(name).entries} >= {"function", "error"}


def test_functions_that_share_a_name_are_told_apart_by_their_types() -> None:
    functions = interface("Registry").functions
    assert "addr" not in functions
    assert functions["addr(bytes32)"].id[:4].hex() == "3b3b57de"
    assert functions["addr(bytes32,uint256)"].id[:4].hex() == "f1cb7e06"
    assert functions["addr(bytes32)"].signature == "addr(bytes32)"
