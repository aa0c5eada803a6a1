"""Facts: what a condition may want to know of the chain itself."""

from __future__ import annotations

from eth_utils import keccak

from tests.contracts.plans import data
from tests.contracts.world import Refusal, World


def test_block_time_balance_and_code(world: World) -> None:
    facts = world.contract("Facts")
    latest = world.chain.get_block("latest")
    assert facts.blockNumber() == latest.number
    assert facts.timestamp() == latest.timestamp
    nobody = "0x" + "91" * 20
    assert facts.call_view_method("balance", nobody) == 0
    assert facts.codeHash(nobody) == bytes(32)
    world.send(nobody, b"", world.stranger, value=7)
    assert facts.call_view_method("balance", nobody) == 7
    assert facts.codeHash(nobody) == keccak(b"")
    assert facts.codeHash(world.target) == keccak(world.chain.get_code(world.target.address))


def test_age_is_the_time_since_what_the_target_answers(world: World) -> None:
    """In seconds; 0 for what lies ahead; the word is the target's own."""
    facts = world.contract("Facts")
    words = data("words()")
    world.call(world.answers, "set", 2, world.time - 90)
    now = world.chain.get_block("latest").timestamp
    assert facts.age(world.answers, words, 2) == now - (world.time - 90)
    assert facts.age(world.answers, words, 1) == now
    world.call(world.answers, "set", 0, now + 10**6)
    assert facts.age(world.answers, words, 0) == 0
    world.call(world.answers, "set", 0, 2**256 - 1)
    assert facts.age(world.answers, words, 0) == 0


def test_what_cannot_be_read_reverts(world: World) -> None:
    """G5: never an age of nothing."""
    facts, words = world.contract("Facts"), data("words()")
    target = world.answers.address.lower()
    for word in (4, 5, 2**256 - 1):
        refused = world.refuses(facts, "age", world.answers.address, words, word)
        assert refused == Refusal("Facts_Unreadable", (target, word))
    world.call(world.answers, "setShut", True)
    assert world.refuses(facts, "age", world.answers.address, words, 0) == Refusal("Facts_Unreadable", (target, 0))
    nobody = "0x" + "91" * 20
    assert world.refuses(facts, "age", nobody, words, 0) == Refusal("Facts_Unreadable", (nobody, 0))
