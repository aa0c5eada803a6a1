"""Names: claimed, created, handed over, removed; by whom, until when, and what comes back."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.contracts.names import DEPOSIT_WEI, GRACE_S, NOBODY, ROOT, SECRET, YEAR_S, Names, calldata, low, node_of
from tests.contracts.plans import DAY_S
from tests.contracts.world import Refusal


def not_allowed(dotted: str, who: object) -> Refusal:
    return Refusal("Registry_NotAllowed", (node_of(dotted), low(who)))


def test_a_name_is_committed_to_then_claimed(names: Names) -> None:
    """From 60 seconds to a day after the commitment, with the deposit, for the one who was committed to."""
    world, owner = names.world, names.world.keeper
    commitment = names.ask("commitmentOf", "gold", owner.address, SECRET)
    arguments = ("claim", "gold", owner.address, SECRET)
    none = Refusal("Registry_NoCommitment", (commitment, 0, 0))
    assert names.refusal(*arguments, value=DEPOSIT_WEI) == none
    names.do("commit", commitment)
    at = world.time
    early = Refusal("Registry_NoCommitment", (commitment, at + 60, at + DAY_S))
    world.at(at + 59)
    assert names.refusal(*arguments, value=DEPOSIT_WEI) == early
    world.at(at + 60)
    assert names.refusal(*arguments, value=1) == Refusal("Registry_BadDeposit", (DEPOSIT_WEI, 1))
    receipt = names.do(*arguments, by=world.stranger, value=DEPOSIT_WEI)
    (event,) = names.events(receipt)
    assert event.name == "NameSet"
    assert event.values == {
        "revision": names.ask("revision"),
        "node": node_of("gold"),
        "parent": ROOT,
        "label": "gold",
        "owner": low(owner),
        "expires": world.time + YEAR_S,
        "generation": 1,
    }
    assert names.name_of("gold")["owner"] == low(owner)
    assert names.refusal(*arguments, value=DEPOSIT_WEI) == none


def test_a_name_lives_a_year_and_has_a_grace(names: Names) -> None:
    """In its grace it answers nothing and is renewed; after it, it is free, and the deposit comes back."""
    world = names.world
    ends = names.name_of("acme")["expires"]
    names.do("setAddr", node_of("pay.acme"), world.target.address)
    world.at(ends - 1)
    assert names.resolve("pay.acme") == low(world.target.address)
    world.at(ends)
    assert names.resolve("pay.acme") is None
    assert names.name_of("acme")["owner"] == names.name_of("pay.acme")["owner"] == NOBODY
    assert names.ask("freeAt", "acme") == ends + GRACE_S
    taken = Refusal("Registry_Taken", (node_of("acme"), ends + GRACE_S))
    names.commit("acme", world.keeper)
    claim = ("claim", "acme", world.keeper.address, SECRET)
    assert names.refusal(*claim, value=DEPOSIT_WEI) == taken
    assert names.refusal("renew", node_of("acme"), by=world.keeper) == not_allowed("acme", world.keeper)
    names.do("renew", node_of("acme"))
    assert names.resolve("pay.acme") == low(world.target.address)
    world.at(names.name_of("acme")["expires"] + GRACE_S)
    assert names.refusal("renew", node_of("acme")) == Refusal("Registry_NoName", (node_of("acme"),))
    names.claim("acme", world.keeper)
    assert names.name_of("acme")["owner"] == low(world.keeper)
    assert names.ask("creditOf", world.owner.address) == DEPOSIT_WEI


def test_a_name_claimed_anew_brings_nothing_back(names: Names) -> None:
    """Nor does a name below it that is created anew."""
    world, pay = names.world, node_of("pay.acme")
    names.do("setText", pay, "url", "https://pay")
    names.do("approve", pay, world.keeper.address, True)
    names.serving("pay.acme", "one", world.keeper)
    names.do("remove", node_of("acme"))
    names.claim("acme", world.stranger)
    assert names.ask("children", node_of("acme"), 0, 9) == ((), 0)
    assert names.name_of("pay.acme")["owner"] == NOBODY
    names.create("pay.acme", by=world.stranger)
    assert names.resolve("pay.acme", "text", "url") == ""
    assert names.resolve("one.pay.acme") is None
    assert names.ask("isOperator", pay, world.keeper.address) is False
    assert names.name_of("pay.acme")["generation"] == 2


def test_deposits_come_back(names: Names) -> None:
    """To the owner when the name ends, by whoever's hand; also of a name that expired and that nobody wants."""
    world = names.world
    names.do("offer", node_of("acme"), world.keeper.address)
    names.do("accept", node_of("acme"), names.name_of("acme")["revision"], by=world.keeper)
    world.at(world.time + 3 * YEAR_S)
    names.do("remove", node_of("acme"), by=world.keeper)
    assert names.ask("creditOf", world.keeper.address) == DEPOSIT_WEI
    to = "0x" + "5b" * 20
    receipt = names.do("withdraw", to, by=world.keeper)
    assert world.chain.get_balance(to) == DEPOSIT_WEI
    assert names.events(receipt)[0].name == "Withdrawn"
    assert names.refusal("withdraw", to, by=world.keeper) == Refusal("Registry_NothingDue")


def test_names_below_are_created_by_who_has_the_name(names: Names) -> None:
    """The owner, and operators; nobody at the root; a live one is not created twice."""
    world, acme = names.world, node_of("acme")
    assert names.refusal("create", acme, "x", NOBODY) == Refusal("Registry_BadValue", (b"owner".ljust(32, b"\0"), 0))
    assert names.refusal("create", ROOT, "x", NOBODY) == Refusal("Registry_NoName", (ROOT,))
    assert names.refusal("create", acme, "pay", NOBODY) == Refusal("Registry_Taken", (node_of("pay.acme"), 0))
    assert names.refusal("create", acme, "x", NOBODY, by=world.keeper) == not_allowed("acme", world.keeper)
    names.do("approve", acme, world.keeper.address, True)
    names.create("x.acme", by=world.keeper)
    names.do("approve", acme, world.keeper.address, False)
    assert names.refusal("create", acme, "y", NOBODY, by=world.keeper) == not_allowed("acme", world.keeper)


def test_a_name_is_handed_over_in_two_steps(names: Names) -> None:
    """Who accepts says what it saw; operators are gone then."""
    world, acme = names.world, node_of("acme")
    names.do("approve", acme, world.stranger.address, True)
    names.do("offer", acme, world.keeper.address)
    seen = names.name_of("acme")["revision"]
    assert names.name_of("acme")["offeredTo"] == low(world.keeper)
    not_offered = Refusal("Registry_NotOffered", (acme, low(world.stranger)))
    assert names.refusal("accept", acme, seen, by=world.stranger) == not_offered
    names.do("setText", acme, "k", "v", by=world.stranger)
    changed = Refusal("Registry_Changed", (acme, seen, seen + 1))
    assert names.refusal("accept", acme, seen, by=world.keeper) == changed
    names.do("accept", acme, seen + 1, by=world.keeper)
    found = names.name_of("acme")
    assert (found["owner"], found["offeredTo"]) == (low(world.keeper), NOBODY)
    assert names.ask("isOperator", acme, world.stranger.address) is False
    assert names.ask("isOperator", acme, world.owner.address) is False


def test_a_parent_removes_until_it_locks_itself_out(names: Names) -> None:
    world = names.world
    names.create("free.acme", owner=world.keeper)
    names.create("bound.acme", owner=world.keeper)
    assert names.refusal("remove", node_of("free.acme"), by=world.stranger) == not_allowed("free.acme", world.stranger)
    names.do("remove", node_of("free.acme"))
    assert names.name_of("free.acme")["owner"] == NOBODY
    assert names.refusal("lock", node_of("bound.acme"), by=world.keeper) == not_allowed("bound.acme", world.keeper)
    names.do("lock", node_of("bound.acme"))
    assert names.name_of("bound.acme")["locked"] is True
    assert names.name_of("acme")["revision"] == names.name_of("bound.acme")["revision"] == names.ask("revision")
    assert names.events(names.do("lock", node_of("bound.acme"))) == []
    locked = Refusal("Registry_LockedOut", (node_of("bound.acme"),))
    assert names.refusal("remove", node_of("bound.acme")) == locked
    names.do("remove", node_of("bound.acme"), by=world.keeper)


@pytest.mark.parametrize("label", ["", "A", "-a", "a-", "xn--a", "a.b", "a b", "é", "a" * 64])
def test_a_label_is_plain(names: Names, label: str) -> None:
    bad = Refusal("Registry_BadLabel", (label,))
    assert names.refusal("create", node_of("acme"), label, NOBODY) == bad
    assert names.refusal("freeAt", label) == bad


def test_some_names_are_not_given_away(names: Names) -> None:
    for label in ("eth", "reverse", "addr"):
        assert names.refusal("freeAt", label) == Refusal("Registry_Reserved", (label,))
        names.create(f"{label}.acme")


def test_names_are_paged(names: Names) -> None:
    """A page costs what it shows. What expired is not on it, but counts."""
    acme = node_of("acme")
    nodes = [node_of("pay.acme"), *(names.create(f"n{i}.acme") for i in range(5))]
    assert names.ask("children", acme, 0, 100) == (tuple(nodes), 6)
    assert names.ask("children", acme, 2, 2) == (tuple(nodes[2:4]), 6)
    assert names.ask("children", acme, 6, 2) == ((), 6)
    assert names.ask("children", acme, 0, 2**256 - 1)[1] == 6
    names.do("remove", nodes[1])
    # The last takes its place.
    assert names.ask("children", acme, 0, 100) == ((nodes[0], nodes[5], *nodes[2:5]), 5)
    assert names.ask("children", ROOT, 0, 9) == ((acme,), 1)
    names.world.at(names.world.time + YEAR_S)
    assert names.ask("children", ROOT, 0, 9) == ((), 1)
    assert names.ask("children", acme, 0, 9) == ((), 0)


def test_a_multicall_is_all_or_nothing(names: Names) -> None:
    """Each call's own error comes back; each change has its own revision."""
    world, acme = names.world, node_of("acme")
    calls = [calldata("create", acme, "shop", world.owner.address), calldata("setText", node_of("shop.acme"), "a", "b")]
    before = names.ask("revision")
    receipt = names.do("multicall", calls)
    assert [event.values["revision"] for event in names.events(receipt)] == [before + 1, before + 2]
    assert names.resolve("shop.acme", "text", "a") == "b"
    again = [calldata("setText", acme, "a", "b"), calls[0]]
    assert names.refusal("multicall", again) == Refusal("Registry_Taken", (node_of("shop.acme"), 0))
    assert names.refusal("multicall", calls[1:], by=world.stranger) == not_allowed("shop.acme", world.stranger)


def test_ens_events_come_beside_ours(names: Names) -> None:
    """For ENS's own tools: NewOwner and NewResolver when a name comes to be, Transfer when it changes hands or ends."""
    receipt = names.do("create", node_of("acme"), "x", names.world.owner.address)
    topics = ["0x" + log["topics"][0].hex().removeprefix("0x") for log in receipt.logs]
    signatures = ("NewOwner(bytes32,bytes32,address)", "NewResolver(bytes32,address)")
    assert topics[1:] == ["0x" + keccak(text=text).hex() for text in signatures]
    receipt = names.do("remove", node_of("x.acme"))
    assert receipt.logs[1]["topics"][0].hex().removeprefix("0x") == keccak(text="Transfer(bytes32,address)").hex()
