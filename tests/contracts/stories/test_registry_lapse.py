"""What lapses answers nothing from the second in which it does, by every view that the Registry has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from eth_abi import decode
from eth_utils import keccak

from tests.contracts.names import (
    GRACE_S,
    HERE,
    NOBODY,
    ROOT,
    SECRET,
    Names,
    calldata,
    dns,
    low,
    node_of,
    reverse_of,
)
from tests.contracts.world import Refused
from toolchain.abi import contract_type

PAY, BELOW = "pay.acme", ("canary.pay.acme", "v1.pay.acme", "one.pay.acme")
KEPT = ("acme", PAY)
ID = b"\1\2\3\4"
DAY_S = 86_400
Questions = Mapping[str, Callable[[], Any]]

OF_NO_NAME = {
    "revision": "counts every change",
    "commitmentOf": "a hash of what it is given",
    "deposit": "a constant",
    "creditOf": "deposits that came back",
    "freeAt": "when a name can be claimed, which it tells of names that lapsed",
    "ttl": "always 0",
    "isApprovedForAll": "always false",
    "supportsInterface": "of the contract itself",
}
"""Views that do not say whether a name lives, and what they say."""


def filled(names: Names) -> int:
    """`pay.acme` and `acme` have all that a name can have; one instance. Returns its id."""
    world = names.world
    target, digest = world.target.address, keccak(world.chain.get_code(world.target.address))
    for dotted in KEPT:
        node = node_of(dotted)
        names.do("propose", node, 1, 0, target, digest)
        names.do("confirm", node, 1, 0)
        names.do("propose", node, 2, 0, target, digest)
        names.do("setAddr", node, world.owner.address)
        for coin in (0, 60, 0x80000000 | 10):
            names.do("setAddr", node, coin, bytes(range(1, 21)))
        names.do("setText", node, "url", f"https://{dotted}")
        names.do("setContenthash", node, b"\xe3\1")
        names.do("setABI", node, 1, b"[]")
        names.do("setInterface", node, ID, world.keeper.address)
        names.do("setScaling", node, (3, 1, 9, 60, 0, 100, world.keeper.address))
        names.do("approve", node, world.keeper.address, True)
        names.serving(dotted, "two", world.keeper, target, ttl_s=30 * DAY_S)
    names.do("offer", node_of(PAY), world.keeper.address)
    names.do("setName", PAY)
    return names.serving(PAY, "one", world.keeper, target, ttl_s=30 * DAY_S)


def of_an_instance(names: Names, dotted: str) -> Questions:
    """Questions about a name that need not be kept."""
    node, encoded = node_of(dotted), dns(dotted)
    several = [calldata("addr", node), calldata("addr", node, HERE), calldata("text", node, "url")]

    def parts(answers: Sequence[bytes]) -> list[Any]:
        return [decode([kind], one)[0] for kind, one in zip(("address", "bytes", "string"), answers, strict=True)]

    return {
        "resolve addr": lambda: names.resolve(dotted),
        "resolve addr here": lambda: names.resolve(dotted, "addr", HERE),
        "resolve text": lambda: names.resolve(dotted, "text", "url"),
        "resolve multicall": lambda: parts(
            decode(["bytes[]"], names.ask("resolve", encoded, calldata("multicall", several))[0])[0]
        ),
        "resolveWithGateways": lambda: decode(
            ["address"], names.ask("resolveWithGateways", encoded, several[0], [])[0]
        )[0],
        **({"multicall": lambda: parts(names.ask("multicall", several))} if dotted in KEPT else {}),
        "findResolver": lambda: names.ask("findResolver", encoded)[0],
        "requireResolver": lambda: names.ask("requireResolver", encoded),
    }


def of_a_name(names: Names, dotted: str) -> Questions:
    """Questions about one that is kept, beside those."""
    node, people = node_of(dotted), names.world
    one_word = ("owner", "resolver", "recordExists", "addr", "contenthash", "nameOf", "scalingOf")
    return {
        **of_an_instance(names, dotted),
        **{name: lambda name=name: names.ask(name, node) for name in one_word},
        **{f"addr {coin}": lambda coin=coin: names.ask("addr", node, coin) for coin in (0, 60, 0x80000000 | 10, HERE)},
        "text": lambda: names.ask("text", node, "url"),
        "ABI": lambda: names.ask("ABI", node, 1),
        "interfaceImplementer": lambda: names.ask("interfaceImplementer", node, ID),
        "isOperator owner": lambda: names.ask("isOperator", node, people.owner.address),
        "isOperator operator": lambda: names.ask("isOperator", node, people.keeper.address),
        "versions current": lambda: names.ask("versions", node)[0],
        "versions proposed": lambda: names.ask("versions", node)[1],
        "versionOf": lambda: names.ask("versionOf", node, 1),
        "instances": lambda: names.ask("instances", node, 0, 9, False)[0],
        "instances live": lambda: names.ask("instances", node, 0, 9, True)[0],
        "pick": lambda: names.ask("pick", node, 7),
    }


def of_all(names: Names, instance: int) -> Questions:
    """Every question that says whether something of `acme` lives."""
    world, owner = names.world, bytes.fromhex(names.world.owner.address[2:])
    found = {f"{name} {dotted}": ask for dotted in KEPT for name, ask in of_a_name(names, dotted).items()}
    found |= {f"{name} {dotted}": ask for dotted in BELOW for name, ask in of_an_instance(names, dotted).items()}
    return {
        **found,
        "children acme": lambda: names.ask("children", node_of("acme"), 0, 9)[0],
        "children root": lambda: names.ask("children", ROOT, 0, 9)[0],
        "instance": lambda: names.ask("instance", instance)[7],
        "name": lambda: names.ask("name", node_of(reverse_of(world.owner))),
        "reverse": lambda: names.ask("reverse", owner, 60),
        "reverse here": lambda: names.ask("reverse", owner, HERE),
        "reverseWithGateways": lambda: names.ask("reverseWithGateways", owner, 60, []),
        "resolve name": lambda: names.resolve(reverse_of(world.owner), "name"),
    }


def says(ask: Callable[[], Any]) -> bool:
    """Whether the answer is anything: not a refusal that clients know, nor made of nothing but zeros."""
    try:
        return _is_something(ask())
    except Refused as why:
        if not str(why).startswith(("ResolverNotFound", "ReverseAddressMismatch", "Registry_NoInstance")):
            raise
        return False


def _is_something(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_something, value))
    return any(value) if isinstance(value, bytes) else bool(value) and value != NOBODY


def answering(questions: Questions) -> set[str]:
    return {name for name, ask in questions.items() if says(ask)}


def test_every_view_is_asked(names: Names) -> None:
    asked = {name.split(" ")[0] for name in of_all(names, 1)}
    views = {
        one["name"]
        for one in contract_type("Registry")["abi"]
        if one["type"] == "function" and one["stateMutability"] in ("view", "pure")
    }
    assert asked - {"multicall"} == views - OF_NO_NAME.keys()
    assert OF_NO_NAME.keys() <= views


def test_a_name_answers_nothing_from_the_second_of_its_end(names: Names) -> None:
    """Nor does anything below it, in its grace and after it; renewed in its grace it is all there again."""
    world = names.world
    one = filled(names)
    end = names.name_of("acme")["expires"]
    ids = [number for number in range(1, one + 1) if names.ask("instance", number)[3] == low(world.keeper)]
    world.at(end - DAY_S)
    names.do("heartbeat", ids, world.time, by=world.keeper)
    questions = of_all(names, one)
    world.at(end - 1)
    assert questions.keys() - answering(questions) == set()
    for late in (0, 1, GRACE_S - 1):
        world.at(end + late)
        assert answering(questions) == set()
    names.do("renew", node_of("acme"))
    names.do("heartbeat", ids, world.time, by=world.keeper)
    assert questions.keys() - answering(questions) == set()


@pytest.mark.parametrize("how", ["expired", "removed", "parent removed"])
def test_a_name_that_comes_again_answers_nothing_of_before(names: Names, how: str) -> None:
    """Claimed or created anew it has an owner and a resolver, and nothing else."""
    world = names.world
    questions = of_all(names, filled(names))
    if how == "expired":
        world.at(names.name_of("acme")["expires"] + GRACE_S)
    else:
        names.do("remove", node_of("acme" if how == "parent removed" else PAY))
    if how != "removed":
        names.commit("acme", world.keeper)
        args = ("acme", world.keeper.address, SECRET)
        names.do("claim", *args, by=world.keeper, value=names.ask("deposit"))
    by = world.owner if how == "removed" else world.keeper
    names.create(PAY, owner=by, by=by)
    live = {"owner", "resolver", "recordExists", "nameOf", "findResolver", "requireResolver"}
    empty = {name for name in questions if name.endswith(PAY) and not name.endswith(BELOW)}
    found = {name.removesuffix(f" {PAY}") for name in answering(questions) & empty}
    own = {"isOperator owner"} if by == world.owner else {"isOperator operator"}
    assert found == live | own
    assert {name for name in answering(questions) if name.endswith(BELOW)} == set()
    assert not {"instance", "name", "reverse", "reverse here", "reverseWithGateways"} & answering(questions)


def test_an_instance_answers_nothing_from_the_second_of_its_end(names: Names) -> None:
    """Its service and that one's other instance live on."""
    world = names.world
    one = filled(names)
    names.do("admit", node_of(PAY), "one", world.keeper.address, 10, 60)
    names.do("heartbeat", [one], world.time, by=world.keeper)
    questions = {**of_an_instance(names, "one.pay.acme")}
    questions |= {
        "instances live": lambda: [i for i in names.ask("instances", node_of(PAY), 0, 9, True)[0] if i[0] == one],
        "pick": lambda: [seed for seed in range(64) if picked(names, seed) == one],
    }
    end = names.ask("instance", one)[7]
    assert end == world.time + 60
    world.at(end - 1)
    assert questions.keys() - answering(questions) == set()
    for late in (0, 1, DAY_S):
        world.at(end + late)
        assert answering(questions) == set()
    assert names.resolve(PAY) == low(world.owner)

    assert picked(names, 1) == one - 1


def picked(names: Names, seed: int) -> int:
    """The instance of a seed, which is spread first as a caller would."""
    return int(names.ask("pick", node_of(PAY), int.from_bytes(keccak(seed.to_bytes(32, "big")), "big"))[0])
