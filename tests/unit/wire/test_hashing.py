"""Trees, ids and turns, against other implementations and known answers; and sealed tokens against counting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.wire.abi import encode_call, interface
from keeper.wire.codec import encode_header, encode_item, encode_step
from keeper.wire.hashing import (
    account_address,
    create2_address,
    leaf,
    node,
    plan_id,
    proof,
    root,
    root_of,
    route,
    seal_tokens,
    tokens,
    tree,
    turn,
)
from keeper.wire.types import Address, Call, ChainEntry, Header, PlanId, Step, Undo
from tests.unit.wire import draws

SCHEDULER, OWNER = Address(b"\x01" * 20), Address(b"\x02" * 20)

# SimpleMerkleTree.of(leaves, {sortLeaves: false}).root of npm's @openzeppelin/merkle-tree 1.0.8, where leaf i is
# keccak256(keccak256(i + 1 bytes, each i)).
OPENZEPPELIN = {
    1: "c741bfe7740ec80f9d6965a49bf8af6488a0fd9505c271ea546b61a4a50a7945",
    2: "35db4e5f25cdf82b76ebe864c861b82f84a2251136fc4ba2e62cd21d68f8cb5b",
    5: "96f7ea81dc73da0a2bfb68d1165e54d119db2001007a10dd304eb3dd088cc419",
    20: "c72a0a39634995d9b2d659066fcee6377a1a068b7e5ad660eaa78b18aa4cc075",
    32: "fbda29e9bee03cc0818c63a02dac40096286a4da2e2b6e3915395bb2aefdf979",
}


@pytest.mark.parametrize("size", OPENZEPPELIN)
def test_roots_are_openzeppelins(size: int) -> None:
    assert root([bytes([i]) * (i + 1) for i in range(size)]).hex() == OPENZEPPELIN[size]


@draws.quick
@given(st.lists(draws.data, min_size=1, max_size=32))
def test_every_leaf_is_proven_and_no_other(leaves: list[bytes]) -> None:
    for index, data in enumerate(leaves):
        siblings = proof(leaves, index)
        assert root_of(data, siblings) == root(leaves)
        assert root_of(data + b"!", siblings) != root(leaves)


@draws.quick
@given(st.lists(draws.data, min_size=2, max_size=32))
def test_the_tree_has_the_standard_shape(leaves: list[bytes]) -> None:
    nodes, count = tree(leaves), len(leaves)
    assert len(nodes) == 2 * count - 1
    assert [nodes[2 * count - 2 - i] for i in range(count)] == [leaf(data) for data in leaves]
    assert all(nodes[i] == node(nodes[2 * i + 1], nodes[2 * i + 2]) for i in range(count - 1))
    assert node(nodes[1], nodes[2]) == node(nodes[2], nodes[1])


def test_an_inner_node_is_no_leaf() -> None:
    leaves = [b"a", b"b", b"c"]
    nodes = tree(leaves)
    assert root_of(nodes[3] + nodes[4], (nodes[2],)) != root(leaves)
    assert root_of(keccak(nodes[3] + nodes[4]), (nodes[2],)) != root(leaves)


def test_a_plan_id_commits_to_header_and_root() -> None:
    assert plan_id(b"header", b"r" * 32) == keccak(b"header" + b"r" * 32)


def test_a_route_says_where_from_and_how() -> None:
    found = route(10, 1, SCHEDULER, OWNER, b"cfg")
    assert found == bytes(7) + b"\x0a" + bytes(7) + b"\x01" + SCHEDULER + OWNER + b"cfg"


# The examples of EIP-1014.
@pytest.mark.parametrize(
    ("deployer", "salt", "code", "address"),
    [
        ("00" * 20, "00" * 32, "00", "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"),
        ("deadbeef" + "00" * 16, "00" * 32, "00", "b928f69bb1d91cd65274e3c79d8986362984fda3"),
        ("00" * 16 + "deadbeef", "00" * 28 + "cafebabe", "deadbeef", "60f3f640a8508fc6a86d45df051962668e1e8ac7"),
        ("00" * 20, "00" * 32, "", "e33c0c7f7df4809055c3eba6c09cfe4baf1bd9e0"),
    ],
)  # fmt: skip
def test_create2_gives_the_addresses_of_its_eip(deployer: str, salt: str, code: str, address: str) -> None:
    found = create2_address(Address(bytes.fromhex(deployer)), bytes.fromhex(salt), keccak(bytes.fromhex(code)))
    assert found.hex() == address


def test_an_account_is_its_owners_at_its_scheduler() -> None:
    code_hash = keccak(interface("Account").creation_code)
    assert account_address(SCHEDULER, OWNER) == create2_address(SCHEDULER, bytes(12) + OWNER, code_hash)
    assert account_address(SCHEDULER, OWNER) != account_address(OWNER, OWNER)


def test_turns_are_spread_over_the_seats() -> None:
    plan = PlanId(b"p" * 32)
    found = [turn(plan, run, index, 5) for run in range(20) for index in range(20)]
    assert set(found) == set(range(5))
    assert turn(plan, 3, 7, 5) == int.from_bytes(keccak(plan + b"\0\0\0\3" + b"\7"), "big") % 5
    assert [turn(plan, 0, index + 128, 256) for index in range(4)] != [turn(plan, 0, index, 256) for index in range(4)]


# ---------------------------------------------------------------------- tokens


@draws.quick
@given(st.binary())
def test_tokens_count_a_zero_byte_once_and_others_four_times(data: bytes) -> None:
    assert tokens(data) == sum(4 if byte else 1 for byte in data)


def plan_of(seed: bytes, count: int) -> tuple[Header, tuple[Step, ...]]:
    def call(index: int) -> Call:
        return Call(OWNER, 0, keccak(seed + bytes([index])) + bytes(index))

    undo = Undo(50_000, 100, (call(99),))
    undone = 3 if seed else count + 1
    steps = tuple(Step(i, 0, 100, 90_000, (call(i),), undo=undo if i % undone == 1 else None) for i in range(count))
    undoable = sum(step.bit for step in steps if step.undo)
    chains = (ChainEntry(1, (1 << count) - 1, OWNER),)
    return Header(count, 0, 1_800_000_000, 1_800_000_000, 100, chains, undoable=undoable), steps


@settings(draws.quick, max_examples=15)
@given(st.binary(max_size=8), st.sampled_from([1, 2, 3, 8, 20, 32]))
def test_sealed_tokens_are_at_most_the_true_count_and_close_to_it(seed: bytes, count: int) -> None:
    header, steps = plan_of(seed, count)
    sealed = seal_tokens(header, steps)
    head, leaves = encode_header(header), [encode_step(step) for step in sealed]
    for index, step in enumerate(sealed):
        item = encode_item(head, leaves[index], proof(leaves, index))
        assert 0 <= tokens(encode_call("run", item, 0)) - step.tokens <= 24
        if step.undo:
            assert 0 <= tokens(encode_call("undo", item, 0)) - step.undo.tokens <= 24
    assert [replace(s, tokens=0, undo=s.undo and replace(s.undo, tokens=0)) for s in sealed] == list(steps)


def test_sealing_does_not_depend_on_what_was_sealed_before() -> None:
    header, steps = plan_of(b"again", 9)
    sealed = seal_tokens(header, steps)
    assert seal_tokens(header, sealed) == sealed
    assert seal_tokens(header, [replace(step, tokens=12) for step in steps]) == sealed
