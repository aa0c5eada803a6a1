"""Services: versions that only grow, instances under leases, counts that follow a rule."""

from __future__ import annotations

from collections import Counter

import pytest
from eth_utils import keccak

from tests.contracts.names import HERE, NOBODY, YEAR_S, Names, calldata, low, node_of
from tests.contracts.plans import DAY_S
from tests.contracts.world import Refusal, Refused

ONE = b"1" * 32
TWO = b"2" * 32
PAY = "pay.acme"


def whole(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


# ---------------------------------------------------------------------- versions


def test_a_version_is_proposed_then_confirmed(names: Names) -> None:
    """`canary.` is the proposed one, `vN.` the last build of a release; the confirmed one's target is the address."""
    world, pay = names.world, node_of(PAY)
    target = world.target.address
    digest = keccak(world.chain.get_code(target))
    assert names.resolve("canary.pay.acme") is None
    names.do("setText", pay, "about", "pays")
    names.do("propose", pay, 1, 0, target, digest)
    assert names.resolve("canary.pay.acme") == low(target)
    assert names.resolve("canary.pay.acme", "text", "about") == "pays"
    assert names.resolve(PAY) == NOBODY
    assert names.resolve("v1.pay.acme") is None
    receipt = names.do("confirm", pay, 1, 0)
    assert [event.name for event in names.events(receipt)] == ["Confirmed", "RecordSet"]
    assert names.resolve(PAY) == names.resolve("v1.pay.acme") == names.ask("addr", pay) == low(target)
    assert names.resolve("v1.pay.acme", "addr", HERE) == bytes.fromhex(target[2:])
    assert names.resolve("v1.pay.acme", "addr", 60) == b""
    assert names.resolve("canary.pay.acme") is None
    current = (1, 0, low(target), digest)
    assert names.ask("versions", pay) == (current, (0, 0, NOBODY, bytes(32)), 1 << 32)
    names.do("propose", pay, 1, 1, NOBODY, TWO)
    names.do("confirm", pay, 1, 1)
    assert names.ask("versionOf", pay, 1) == (1, 1, NOBODY, TWO)
    # Elsewhere: the address here is not touched.
    assert names.resolve(PAY) == low(target)


def test_versions_only_grow(names: Names) -> None:
    """Also over a proposal that was taken back, and over the name's end."""
    pay = node_of(PAY)
    names.do("propose", pay, 2, 3, NOBODY, ONE)
    names.do("retract", pay)
    old = Refusal("Registry_OldVersion", (pay, 2, 3))
    for release, build in ((2, 3), (2, 2), (1, 9)):
        assert names.refusal("propose", pay, release, build, NOBODY, TWO) == old
    names.do("remove", pay)
    names.create(PAY)
    assert names.refusal("propose", pay, 2, 3, NOBODY, TWO) == old
    names.do("propose", pay, 2, 4, NOBODY, TWO)
    assert names.refusal("propose", pay, 0, 9, NOBODY, TWO) == Refusal("Registry_BadValue", (whole("release"), 0))


def test_what_is_confirmed_is_named(names: Names) -> None:
    pay = node_of(PAY)
    assert names.refusal("confirm", pay, 1, 0) == Refusal("Registry_NotProposed", (pay, 0, 0))
    names.do("propose", pay, 1, 0, NOBODY, ONE)
    names.do("propose", pay, 1, 1, NOBODY, TWO)
    assert names.refusal("confirm", pay, 1, 0) == Refusal("Registry_NotProposed", (pay, 1, 1))


def test_a_target_has_the_code(names: Names) -> None:
    """When proposed and when confirmed; not an account without code, nor one that points to code (EIP-7702)."""
    world, pay = names.world, node_of(PAY)
    target, code = world.target.address, world.chain.get_code(world.target.address)
    digest = keccak(code)
    refused = Refusal("Registry_OtherCode", (low(target), digest, ONE))
    assert names.refusal("propose", pay, 1, 0, target, ONE) == refused
    empty = keccak(b"")
    nobody = Refusal("Registry_OtherCode", (low(world.keeper), empty, empty))
    assert names.refusal("propose", pay, 1, 0, world.keeper.address, empty) == nobody
    pointer = b"\xef\x01\x00" + bytes.fromhex(target[2:])
    world.chain.make_request("anvil_setCode", [world.stranger.address, "0x" + pointer.hex()])
    turned = Refusal("Registry_OtherCode", (low(world.stranger), keccak(pointer), keccak(pointer)))
    assert names.refusal("propose", pay, 1, 0, world.stranger.address, keccak(pointer)) == turned
    names.do("propose", pay, 1, 0, target, digest)
    world.chain.make_request("anvil_setCode", [target, "0x6001"])
    refused = Refusal("Registry_OtherCode", (low(target), keccak(b"\x60\x01"), digest))
    assert names.refusal("confirm", pay, 1, 0) == refused
    world.chain.make_request("anvil_setCode", [target, "0x" + bytes(code).hex()])
    names.do("confirm", pay, 1, 0)


# ---------------------------------------------------------------------- instances


def test_an_instance_lives_from_heartbeat_to_heartbeat(names: Names) -> None:
    """Admitted by the service, serving by its operator's word, live for its time from each heartbeat."""
    world, operator = names.world, names.world.keeper
    one = names.admit(PAY, "one", operator, ttl_s=60)
    nothing = Refusal("Registry_NothingRenewed")
    assert names.refusal("heartbeat", [one], world.time, by=operator) == nothing
    names.do("serve", one, world.target.address, b"eu-west", "https://one", by=operator)
    assert names.resolve("one.pay.acme") is None
    names.do("heartbeat", [one], world.time, by=operator)
    born = world.time
    assert names.resolve("one.pay.acme") == low(world.target.address)
    assert names.resolve("one.pay.acme", "text", "url") == "https://one"
    assert names.resolve("one.pay.acme", "text", "zone") == "eu-west"
    assert names.resolve("one.pay.acme", "text", "weight") == "10"
    assert names.resolve("one.pay.acme", "text", "about") == ""
    assert names.ask("pick", node_of(PAY), 5)[0] == one
    assert world.at(born + 59) and names.ask("instances", node_of(PAY), 0, 9, True)[1] == 1
    world.at(born + 60)
    assert names.resolve("one.pay.acme") is None
    assert names.ask("instances", node_of(PAY), 0, 9, True) == ((), 1)
    with pytest.raises(Refused, match="Registry_NoInstance"):
        names.ask("pick", node_of(PAY), 5)
    names.do("heartbeat", [one], world.time, by=operator)
    assert names.ask("instance", one)[7] == born + 120
    world.at(names.name_of("acme")["expires"])
    assert names.ask("instance", one)[7] == 0


def test_a_heartbeat_that_was_held_back_keeps_nobody_alive(names: Names) -> None:
    world, operator = names.world, names.world.keeper
    one = names.serving(PAY, "one", operator)
    at = world.time
    world.at(at + 31)
    late = Refusal("Registry_TooLate", (at + 30, at + 31))
    assert names.refusal("heartbeat", [one], at + 30, by=operator) == late


def test_many_are_renewed_in_one_and_the_dead_passed_over(names: Names) -> None:
    world, operator = names.world, names.world.keeper
    one = names.serving(PAY, "one", operator)
    two = names.serving(PAY, "two", operator)
    other = names.serving(PAY, "other", world.stranger)
    names.do("evict", two)
    world.at(world.time + 40)
    receipt = names.do("heartbeat", [two, other, one, 999], world.time, by=operator)
    (event,) = names.events(receipt)
    assert event.values["ids"] == (one,)
    assert names.ask("instance", one)[7] == world.time + 60
    assert names.ask("instance", other)[7] == world.time + 20


def test_the_operator_lowers_its_weight(names: Names) -> None:
    """By what the service granted; clients are sent by weight."""
    world, operator = names.world, names.world.keeper
    one = names.serving(PAY, "one", operator, weight=30)
    two = names.serving(PAY, "two", operator, weight=30)
    assert names.refusal("setWeight", one, 31, by=operator) == Refusal("Registry_BadValue", (whole("weight"), 31))
    names.do("setWeight", one, 10, by=operator)
    picks = Counter(names.ask("pick", node_of(PAY), seed)[0] for seed in range(40))
    assert picks == {one: 10, two: 30}
    refused = Refusal("Registry_NotAllowed", (node_of(PAY), low(world.owner)))
    assert names.refusal("setWeight", one, 5) == refused
    names.do("setWeight", two, 0, by=operator)
    assert {names.ask("pick", node_of(PAY), seed)[0] for seed in range(40)} == {one}


def test_admitted_again_with_another_operator_it_starts_anew(names: Names) -> None:
    world = names.world
    one = names.serving(PAY, "one", world.keeper, target=world.target.address)
    assert names.admit(PAY, "one", world.keeper, weight=3) == one
    assert names.resolve("one.pay.acme") is None
    names.do("heartbeat", [one], world.time, by=world.keeper)
    assert names.resolve("one.pay.acme") == low(world.target.address)
    assert names.admit(PAY, "one", world.stranger) == one
    assert names.ask("instance", one)[8] == NOBODY
    refused = Refusal("Registry_NotAllowed", (node_of(PAY), low(world.keeper)))
    assert names.refusal("serve", one, NOBODY, b"", "", by=world.keeper) == refused


def test_service_and_operator_evict(names: Names) -> None:
    world, pay = names.world, node_of(PAY)
    one, two, three = (names.serving(PAY, label, world.keeper) for label in ("one", "two", "three"))
    refused = Refusal("Registry_NotAllowed", (pay, low(world.stranger)))
    assert names.refusal("evict", one, by=world.stranger) == refused
    names.do("evict", one, by=world.keeper)
    names.do("evict", two)
    assert [found[0] for found in names.ask("instances", pay, 0, 9, False)[0]] == [three]
    assert names.resolve("one.pay.acme") is None
    assert names.refusal("evict", one) == Refusal("Registry_NoInstance", (one,))
    assert names.serving(PAY, "one", world.keeper) == three + 1


def test_a_name_wins_over_an_instance(names: Names) -> None:
    world = names.world
    names.serving(PAY, "one", world.keeper, target=world.target.address)
    names.create("one.pay.acme")
    assert names.resolve("one.pay.acme") == NOBODY
    assert names.refusal("admit", node_of(PAY), "canary", world.keeper.address, 1, 60) == Refusal(
        "Registry_Reserved", ("canary",)
    )


# ---------------------------------------------------------------------- scaling


def test_the_count_follows_the_metric(names: Names) -> None:
    """ceil(wanted * metric / target) within the bounds, by the rule's meter, at most once a cool-down."""
    world, pay, meter = names.world, node_of(PAY), names.world.keeper
    names.do("setScaling", pay, (4, 2, 10, 300, 0, 70, meter.address))
    set_at = world.time
    cooling = Refusal("Registry_CoolingDown", (pay, set_at + 300))
    assert world.at(set_at + 299) and names.refusal("measure", pay, 100, by=meter) == cooling
    world.at(set_at + 300)
    refused = Refusal("Registry_NotAllowed", (pay, low(world.owner)))
    assert names.refusal("measure", pay, 100) == refused
    names.do("measure", pay, 100, by=meter)
    assert names.ask("scalingOf", pay) == (6, 2, 10, 300, set_at + 300, 70, low(meter))
    world.at(set_at + 600)
    before = names.ask("revision")
    assert names.events(names.do("measure", pay, 70, by=meter)) == []
    assert names.ask("revision") == before
    names.do("measure", pay, 2**255, by=meter)
    assert names.ask("scalingOf", pay)[0] == 10
    world.at(set_at + DAY_S)
    names.do("measure", pay, 0, by=meter)
    assert names.ask("scalingOf", pay)[0] == 2


def test_the_owner_scales_within_the_bounds(names: Names) -> None:
    """A cool-down does not hold the owner; its change starts one."""
    world, pay, meter = names.world, node_of(PAY), names.world.keeper
    names.do("setScaling", pay, (4, 2, 10, 300, 0, 70, meter.address))
    assert names.refusal("scale", pay, 11) == Refusal("Registry_BadValue", (whole("wanted"), 11))
    names.do("scale", pay, 9)
    assert names.refusal("measure", pay, 0, by=meter) == Refusal("Registry_CoolingDown", (pay, world.time + 300))
    assert names.ask("scalingOf", pay)[0] == 9
    bad = (1, 2, 10, 300, 0, 70, meter.address)
    assert names.refusal("setScaling", pay, bad) == Refusal("Registry_BadValue", (whole("wanted"), 1))


def test_one_transaction_makes_a_service(names: Names) -> None:
    """Name, address and texts by one multicall, whose node everybody can compute beforehand."""
    world, shop = names.world, node_of("shop.acme")
    calls = [
        calldata("create", node_of("acme"), "shop", world.owner.address),
        calldata("setAddr", shop, world.target.address),
        calldata("setText", shop, "url", "https://shop"),
        calldata("propose", shop, 1, 0, NOBODY, ONE),
        calldata("confirm", shop, 1, 0),
    ]
    names.do("multicall", calls)
    assert names.resolve("shop.acme") == low(world.target.address)
    assert names.resolve("v1.shop.acme", "text", "url") == "https://shop"
    world.at(world.time + 2 * YEAR_S)
    assert names.resolve("v1.shop.acme", "text", "url") is None
