"""The hashes of docs/wire.md, and the calldata tokens that a plan commits to, which depend on them and they on those.

A tree is OpenZeppelin's standard one with its leaves left in order: `tree[2n-2-i] = leaf(i)`,
`tree[i] = node(tree[2i+1], tree[2i+2])`, the root first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eth_utils.crypto import keccak

from keeper.wire.abi import encode_call, interface
from keeper.wire.codec import encode_header, encode_item, encode_step
from keeper.wire.types import Address, Header, PlanId, Step

MOST_TOKENS = 0xFFFFFF
UNDO_TURN = 128
"""Added to a step's index in the turn of its undo."""


def leaf(data: bytes) -> bytes:
    """Of a step, or a route. Hashed twice, so that no inner node passes for one."""
    return keccak(keccak(data))


def node(a: bytes, b: bytes) -> bytes:
    return keccak(min(a, b) + max(a, b))


def tree(leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """All nodes over these steps (their bytes, in index order), the root first. There must be at least one."""
    count = len(leaves)
    nodes = [b""] * (count - 1) + [leaf(data) for data in reversed(leaves)]
    for i in range(count - 2, -1, -1):
        nodes[i] = node(nodes[2 * i + 1], nodes[2 * i + 2])
    return tuple(nodes)


def root(leaves: Sequence[bytes]) -> bytes:
    return tree(leaves)[0]


def proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings from leaf `index` up to the root."""
    return _path(tree(leaves), index)


def root_of(data: bytes, siblings: Sequence[bytes]) -> bytes:
    """The root to which a leaf's bytes and its proof lead."""
    found = leaf(data)
    for sibling in siblings:
        found = node(found, sibling)
    return found


def plan_id(header: bytes, tree_root: bytes) -> PlanId:
    return PlanId(keccak(header + tree_root))


def route(to_chain: int, from_chain: int, scheduler: Address, verifier: Address, config: bytes) -> bytes:
    """A route's bytes: how `to_chain` learns from the Scheduler on `from_chain`. They are leaves of the routes root."""
    return to_chain.to_bytes(8, "big") + from_chain.to_bytes(8, "big") + scheduler + verifier + config


def turn(plan: PlanId, run: int, index: int, seats: int) -> int:
    """The seat whose turn it is; for an undo add `UNDO_TURN` to the index. There must be a seat."""
    return int.from_bytes(keccak(plan + run.to_bytes(4, "big") + index.to_bytes(1, "big")), "big") % seats


def account_address(scheduler: Address, owner: Address) -> Address:
    """The owner's Account under that Scheduler, whether it exists yet or not (CREATE2)."""
    return create2_address(scheduler, owner.rjust(32, b"\0"), keccak(interface("Account").creation_code))


DEPLOYER = Address(bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c"))
"""The CREATE2 deployer that all chains have at this address."""


def deployed_address(contract: str, salt: bytes = bytes(32)) -> Address:
    """Where this version of a contract is on every chain."""
    return create2_address(DEPLOYER, salt, keccak(interface(contract).creation_code))


def create2_address(deployer: Address, salt: bytes, code_hash: bytes) -> Address:
    """EIP-1014; `code_hash` is of the creation code."""
    return Address(keccak(b"\xff" + deployer + salt + code_hash)[12:])


# ---------------------------------------------------------------------- calldata tokens


def tokens(data: bytes) -> int:
    """EIP-7623's count of calldata: one for a zero byte, four for another."""
    return 4 * len(data) - 3 * data.count(0)


def seal_tokens(header: Header, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with `tokens` of their runs and undos set: at most the true count, and close below it.

    The count stands in the leaf, so changing it changes every hash around it, and with them the zero bytes that are
    counted. So a count only ever falls, until each is at most what the calldata of the plan so made has. What the steps
    say before plays no part: sealing twice changes nothing.
    """
    head = encode_header(header)
    sealed = [_with_tokens(step, MOST_TOKENS, MOST_TOKENS) for step in steps]
    while True:
        leaves = [encode_step(step) for step in sealed]
        nodes = tree(leaves)
        fallen = []
        for i, step in enumerate(sealed):
            item = encode_item(head, leaves[i], _path(nodes, i))
            run, undo = (tokens(encode_call(name, item, 0)) for name in ("run", "undo"))
            fallen.append(_with_tokens(step, min(step.tokens, run), min(step.undo.tokens, undo) if step.undo else 0))
        if fallen == sealed:
            return tuple(sealed)
        sealed = fallen


def _with_tokens(step: Step, run: int, undo: int) -> Step:
    return replace(step, tokens=run, undo=step.undo and replace(step.undo, tokens=undo))


def _path(nodes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    at = len(nodes) - 1 - index
    path = []
    while at:
        path.append(nodes[at + 1 if at % 2 else at - 1])
        at = (at - 1) // 2
    return tuple(path)
