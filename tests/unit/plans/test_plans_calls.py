"""Calls, reads and comparisons: from the notation to bytes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.plans.abi import AbiError, parse_json, parse_signature
from keeper.plans.problems import PlanErrors
from keeper.wire.codec import encode_calls
from keeper.wire.types import Op, Step
from tests.unit.plans.samples import compiled, plan_text

OWNER = "0x00000000000000000000000000000000000000aa"
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"


def one(step: str, extra: str = "") -> Step:
    return compiled(plan_text(step, extra=extra)).steps[0]


def data_of(call: str, extra: str = "") -> bytes:
    quoted = "'" + call.replace("'", "''") + "'"
    return one(f"{{id: a, call: {quoted}}}", extra).calls[0].data


def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


@pytest.mark.parametrize(
    ("call", "signature", "args"),
    [
        ("pool.open(5)", "open(uint256)", [5]),
        ("pool.open(1e18)", "open(uint256)", [10**18]),
        ("pool.open(0x10)", "open(uint256)", [16]),
        ("pool.open(25_000 usdc)", "open(uint256)", [25_000 * 10**6]),
        ("pool.open(0.5 ether)", "open(uint256)", [5 * 10**17]),
        ("pool.open(2d)", "open(uint256)", [172_800]),
        ("pool.open(uint256 7)", "open(uint256)", [7]),
        ("pool.pair(uint8 5)", "pair(uint8)", [5]),
        ("pool.pair(uint16 5)", "pair(uint16)", [5]),
        ("pool.pair(300)", "pair(uint16)", [300]),
        ("pool.pair(usdc)", "pair(address)", [USDC]),
        ("usdc.transfer(dao.example, 1)", "transfer(address,uint256)", [OWNER, 1]),
        ("pool.fix(0x01020304, true, -5, [usdc, dao.example])", "fix(bytes4,bool,int64,address[2])",
         [bytes([1, 2, 3, 4]), True, -5, [USDC, OWNER]]),
        ('pool.many([(usdc, [1, 2]), (dao.example, [])], "a \\"b\\", c", 0xff)',
         "many((address,uint8[])[],string,bytes)",
         [[(USDC, [1, 2]), (OWNER, [])], 'a "b", c', b"\xff"]),
    ],
)  # fmt: skip
def test_call_encodes(call: str, signature: str, args: list[Any]) -> None:
    types = parse_signature(f"function {signature}")
    assert types is not None
    assert data_of(call) == selector(signature) + encode(types.types, args)


def test_account_is_an_address() -> None:
    plan = compiled(plan_text("{id: a, call: pool.pair(account)}"))
    assert plan.steps[0].calls[0].data[-20:] == plan.account


def test_plain_coin_and_raw_bytes() -> None:
    step = one("{id: a, calls: [{call: pool.receive(), value: 1 ether}, 'pool.fallback(0x1234)']}")
    assert [(c.value_wei, c.data) for c in step.calls] == [(10**18, b""), (0, b"\x12\x34")]


def test_reads_fill_calls_where_the_wire_says() -> None:
    step = one(
        "{id: a, calls: [pool.close(),"
        " {call: 'usdc.transfer(pool.feed().tail.who, usdc.balanceOf(account))', value: 0},"
        " {call: pool.open(1), value: usdc.totalSupply()}]}"
    )
    section = encode_calls(step.calls)
    first = 34 + 4
    assert [(r.word, r.into, r.into_value) for r in step.reads] == [
        (2, first + 34 + 4, False),
        (0, first + 34 + 4 + 32, False),
        (0, first + 34 + 68 + 20, True),
    ]
    for read in step.reads:
        assert not any(section[read.into : read.into + (12 if read.into_value else 32)])


def test_read_in_a_nested_list_is_found() -> None:
    step = one("{id: a, call: 'pool.many([(usdc, [1, usdc.decimals()])], \"\", 0x)'}")
    filled = bytearray(encode_calls(step.calls))
    filled[step.reads[0].into : step.reads[0].into + 32] = (6).to_bytes(32, "big")
    types = ["(address,uint8[])[]", "string", "bytes"]
    assert bytes(filled[34 + 4 :]) == encode(types, [[(USDC, [1, 6])], "", b""])


@pytest.mark.parametrize(
    ("text", "op", "signed", "word", "constant"),
    [
        ("usdc.balanceOf(account) >= 5 usdc", Op.GE, False, 0, 5_000_000),
        ("pool.feed().answer < -5", Op.LT, True, 0, 2**256 - 5),
        ("pool.feed().answer == -5", Op.EQ, False, 0, 2**256 - 5),
        ("pool.feed().1 != 7", Op.NE, False, 1, 7),
        ("pool.feed().tail.kind <= 3", Op.LE, False, 3, 3),
        ("pool.feed().tail.who == usdc", Op.EQ, False, 2, int(USDC, 16)),
        ("pool.fallback(0x12).4 > int256 -1", Op.GT, True, 4, 2**256 - 1),
    ],
)
def test_comparison(text: str, op: Op, signed: bool, word: int, constant: int) -> None:
    condition = one(f"{{id: a, if: '{text}', call: pool.close()}}").conditions[0]
    assert (condition.op, condition.signed, condition.word, condition.constant) == (op, signed, word, constant)


@pytest.mark.parametrize(
    ("text", "op", "constant"),
    [
        (">= now - 1h", Op.LE, 3_600),
        ("> now - 1h", Op.LT, 3_600),
        ("<= now - 1h", Op.GE, 3_600),
        ("< now - 1h", Op.GT, 3_600),
        (">= now", Op.LE, 0),
        ("< now", Op.GT, 0),
    ],
)
def test_moments_become_ages(text: str, op: Op, constant: int) -> None:
    plan = compiled(plan_text(f"{{id: a, when: pool.feed().updatedAt {text}, call: pool.close()}}"))
    condition = plan.steps[0].conditions[0]
    assert (condition.target, condition.op, condition.constant, condition.word) == (plan.facts, op, constant, 0)
    pool = "0x00000000000000000000000000000000000000b1"
    inner = encode(["address", "bytes", "uint256"], [pool, selector("feed()"), 1])
    assert condition.data == selector("age(address,bytes,uint256)") + inner
    assert not plan.steps[0].skip_if_false


def test_moments_agree_with_ages_for_all_times() -> None:
    """`x op now - d` and `age(x) op' d` say the same, a future x counting as age 0."""
    compare = {Op.LE: int.__le__, Op.LT: int.__lt__, Op.GE: int.__ge__, Op.GT: int.__gt__}
    direct = {">=": int.__ge__, ">": int.__gt__, "<=": int.__le__, "<": int.__lt__}
    now = 100
    for ago in (0, 1, 10):
        for sign, holds in direct.items():
            if ago == 0 and sign in ("<=", ">"):
                continue
            ago_text = f" - {ago}s" if ago else ""
            step = one(f"{{id: a, if: pool.feed().updatedAt {sign} now{ago_text}, call: pool.close()}}")
            for moment in range(80, 121):
                age = max(0, now - moment)
                assert compare[step.conditions[0].op](age, ago) == holds(moment, now - ago), (sign, ago, moment)


def problems_of(text: str) -> int:
    """How many problems the file has; anything but PlanErrors is a defect."""
    try:
        compiled(text)
    except PlanErrors as errors:
        return len(errors.problems)
    return 0


@given(st.text(max_size=60))
def test_any_text_as_a_call_is_a_call_or_a_problem(text: str) -> None:
    quoted = "'" + text.replace("'", "''").replace("\n", " ") + "'"
    assert problems_of(plan_text(f"{{id: a, call: {quoted}}}")) >= 0


PIECES = [
    "pool",
    "usdc",
    ".",
    "open",
    "(",
    ")",
    "[",
    "]",
    ",",
    "5",
    "-",
    "0x12",
    "now",
    "uint8",
    '"x"',
    "account",
    " ",
    ">=",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(["call", "if", "undo"]))
def test_any_heap_of_pieces_is_a_call_or_a_problem(text: str, key: str) -> None:
    other = "" if key == "call" else ", call: pool.close()"
    assert problems_of(plan_text(f"{{id: a, {key}: '{text}'{other}}}")) >= 0


def test_signatures_in_words_and_in_json_agree() -> None:
    words = parse_signature(
        "function f((address to, uint8[3] kinds)[] items, bytes) external view returns (uint256 x, bool)"
    )
    tuple_type = {
        "name": "items",
        "type": "tuple[]",
        "components": [{"name": "to", "type": "address"}, {"name": "kinds", "type": "uint8[3]"}],
    }
    json = parse_json(
        {
            "abi": [
                {
                    "type": "function",
                    "name": "f",
                    "inputs": [tuple_type, {"name": "", "type": "bytes"}],
                    "outputs": [{"name": "x", "type": "uint256"}, {"name": "", "type": "bool"}],
                    "stateMutability": "view",
                },
                {"type": "event", "name": "E", "inputs": []},
            ]
        }
    )
    assert json == (words,)
    assert words is not None
    assert parse_signature(words.text) == words
    assert words.signature == "f((address,uint8[3])[],bytes)"


@given(st.text(max_size=40))
def test_any_signature_is_read_or_refused(text: str) -> None:
    for full in (text, f"function f({text})"):
        with contextlib.suppress(AbiError):
            parse_signature(full)
