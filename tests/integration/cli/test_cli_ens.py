"""Names in plan files by the Registry, and by a real ENS: its contracts from npm, behind a Universal Resolver."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from ens.constants import UNIVERSAL_RESOLVER_ADDR  # type: ignore[import-untyped]  # ens ships no types
from ens.utils import raw_name_to_hash  # type: ignore[import-untyped]  # likewise
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.cli.deployment import address_of
from keeper.registry import namehash
from keeper.registry.abi import answer, call
from tests.integration.cli.conftest import OWNER, World

ROOT = Path(__file__).resolve().parents[3]
ENS = ROOT / "node_modules/@ensdomains"
BOB, EVE = (to_checksum_address(f"0x{n:040x}") for n in (0xB0B, 0xE7E))


class Names:
    """An ENS whose root the chain's first account owns."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.registry = self.deployed(_npm("ens/build/contracts/ENSRegistry.json"))
        argument = encode(["address"], [self.registry])
        self.resolver = self.deployed(_npm("resolver/build/contracts/PublicResolver.json") + argument)
        universal = self.deployed(_built("UniversalResolver") + argument)
        # Clients know the Universal Resolver by its one address.
        world.rpc("anvil_setCode", UNIVERSAL_RESOLVER_ADDR, world.rpc("eth_getCode", universal, "latest"))
        self.own("", "eth")

    def deployed(self, code: bytes) -> str:
        return to_checksum_address(self.send(None, code)["contractAddress"])

    def own(self, parent: str, label: str) -> None:
        subnode = [_node(parent), bytes(keccak(text=label)), OWNER]
        self.call(self.registry, "setSubnodeOwner(bytes32,bytes32,address)", *subnode)

    def point(self, label: str, at: str) -> None:
        """`<label>.eth` to an address, from now on."""
        node = _node(f"{label}.eth")
        self.own("eth", label)
        self.call(self.registry, "setResolver(bytes32,address)", node, self.resolver)
        self.call(self.resolver, "setAddr(bytes32,address)", node, at)

    def call(self, to: str, signature: str, *arguments: Any) -> None:
        types = signature[signature.index("(") + 1 : -1].split(",")
        self.send(to, bytes(keccak(text=signature)[:4]) + encode(types, arguments))

    def send(self, to: str | None, data: bytes) -> Any:
        asked = {"from": OWNER, "data": f"0x{data.hex()}", "gas": hex(12_000_000), **({"to": to} if to else {})}
        sent, ends_at = self.world.rpc("eth_sendTransaction", asked), time.monotonic() + 20
        while (receipt := self.world.rpc("eth_getTransactionReceipt", sent)) is None and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert receipt["status"] == "0x1"
        return receipt


def _node(name: str) -> bytes:
    return bytes(raw_name_to_hash(name)) if name else bytes(32)


def _npm(path: str) -> bytes:
    return bytes.fromhex(json.loads((ENS / path).read_text())["bytecode"][2:])


def _built(name: str, file: str | None = None) -> bytes:
    artifact = ROOT / f"build/forge/{file or name}.sol/{name}.json"
    return bytes.fromhex(json.loads(artifact.read_text())["bytecode"]["object"][2:])


@pytest.fixture(scope="module")
def names(world: World) -> Names:
    world.owner.json("deploy")
    found = Names(world)
    found.point("dao", OWNER)
    found.point("coin", found.deployed(_built("Coin", "Tokens")))
    found.point("bob", BOB)
    return found


class Registered:
    """The Registry that `conductor deploy` put there; `acme` is the owner's."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.address = to_checksum_address(address_of("Registry"))
        owner, secret = bytes.fromhex(OWNER[2:]), bytes(32)
        asked = {"to": self.address, "data": f"0x{call('commitmentOf', 'acme', owner, secret).hex()}"}
        said = bytes.fromhex(names.world.rpc("eth_call", asked, "latest")[2:])
        self.do("commit", answer("commitmentOf", said)[0])
        names.world.later(60)
        self.do("claim", "acme", owner, secret, value_wei=10**17)

    def do(self, function: str, *args: Any, value_wei: int = 0) -> None:
        asked = {"from": OWNER, "to": self.address, "data": f"0x{call(function, *args).hex()}", "gas": hex(2_000_000)}
        sent = self.names.world.rpc("eth_sendTransaction", {**asked, "value": hex(value_wei)})
        ends_at = time.monotonic() + 20
        while (receipt := self.names.world.rpc("eth_getTransactionReceipt", sent)) is None:
            assert time.monotonic() < ends_at
            time.sleep(0.01)
        assert receipt["status"] == "0x1"

    def point(self, name: str, at: str) -> None:
        self.do("setAddr(bytes32,address)", namehash(name), bytes.fromhex(at[2:]))


@pytest.fixture(scope="module")
def registered(names: Names) -> Registered:
    found = Registered(names)
    found.do("create", namehash("acme"), "bob", bytes.fromhex(OWNER[2:]))
    found.point("bob.acme", BOB)
    return found


def plan_of(world: World) -> Path:
    """A plan whose owner, target and value are names."""
    path = world.home / "named.yaml"
    path.write_text("""conductor: 1
name: named
owner: dao.eth
at: +1d
within: 1h
pay: {deposit: 0.1 ether, premium: 0.0001 ether, max_gas_price: 40 gwei}
contracts: {coin: {at: coin.eth, abi: erc20}}
values: {bob: bob.eth}
steps:
  - {id: allow, call: "coin.approve(bob, 5 coin)"}
""")
    path.with_suffix(".lock.json").unlink(missing_ok=True)
    return path


def test_names_are_pinned_and_checked_again(world: World, names: Names) -> None:
    plan, owner = plan_of(world), world.owner
    made = owner.json("plan", "propose", str(plan), "--with-grants", "-o", "named")
    lock = json.loads(plan.with_suffix(".lock.json").read_text())
    assert lock["names"].keys() == {"dao.eth", "coin.eth", "bob.eth"}
    assert (lock["names"]["dao.eth"], lock["names"]["bob.eth"]) == (OWNER, BOB)
    coin = lock["names"]["coin.eth"]
    assert lock["decimals"] == {coin: 18}
    governor = made["files"]["governor.json"]
    said = owner.json("plan", "verify", str(plan), "--proposal", governor)
    assert (said["exact"], said["notes"]) == (True, [])
    alone = world.nobody.json("plan", "verify", str(plan), "--proposal", governor, env={"ETH_RPC_URL": None})
    assert (alone["exact"], len(alone["notes"])) == (True, 3)

    names.point("bob", EVE)
    changed = f"bob.eth was {BOB} when the plan was compiled, and is {EVE} now"
    again = owner.json("plan", "verify", str(plan), "--proposal", governor, code=2)
    assert again["findings"] == [changed]
    assert all(one["part"] for one in again["calls"])
    assert owner.json("plan", "check", str(plan), code=2)["errors"] == [changed]
    assert owner.json("plan", "sign", str(plan))["plan"] == made["plan"], "the lock keeps what was pinned"
    names.call(names.registry, "setResolver(bytes32,address)", _node("bob.eth"), "0x" + "00" * 20)
    gone = owner.json("plan", "verify", str(plan), "--plan", made["plan"], code=2)
    assert gone["findings"] == [f"bob.eth was {BOB} when the plan was compiled, and is nothing now"]
    names.point("bob", BOB)
    assert owner.json("plan", "verify", str(plan), "--plan", made["plan"])["exact"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("dao.eth", "nobody.eth", "3:8"), ("coin.eth", "no.coin.eth", "7:24"), ("bob.eth", "ens:bob.example", "8:15")],
)
def test_a_name_without_an_address_is_one_line(world: World, names: Names, old: str, new: str, line: str) -> None:
    assert names.registry
    plan = plan_of(world)
    plan.write_text(plan.read_text().replace(old, new))
    said = world.owner.run("plan", "check", str(plan))
    assert (said.code, said.out) == (2, "")
    assert said.error == (
        f"{plan}:{line}: the name `{new}` has no address on this chain; mend the name, or write the address"
    )
    assert not plan.with_suffix(".lock.json").exists()


def test_a_chain_without_ens_has_no_names(world: World, names: Names) -> None:
    code = world.rpc("eth_getCode", UNIVERSAL_RESOLVER_ADDR, "latest")
    world.rpc("anvil_setCode", UNIVERSAL_RESOLVER_ADDR, "0x")
    try:
        said = world.owner.run("plan", "check", str(plan_of(world)))
    finally:
        world.rpc("anvil_setCode", UNIVERSAL_RESOLVER_ADDR, code)
    assert said.code == 2
    assert [line.split(": ", 1)[1].split(" has")[0] for line in said.error.splitlines()] == [
        f"the name `{name}`" for name in ("dao.eth", "coin.eth", "bob.eth")
    ]
    assert names.resolver


def test_names_of_the_registry_are_pinned_shown_and_checked_again(
    world: World, names: Names, registered: Registered
) -> None:
    plan, owner = plan_of(world), world.owner
    plan.write_text(plan.read_text().replace("bob.eth", "reg:bob.acme"))
    made = owner.json("plan", "propose", str(plan), "--with-grants", "-o", "registered")
    lock = json.loads(plan.with_suffix(".lock.json").read_text())
    assert lock["names"]["reg:bob.acme"] == BOB
    source = lock["sources"]["reg:bob.acme"]
    assert (source["service"], source["by"]) == ("reg", registered.address)
    assert lock["sources"]["dao.eth"]["service"] == "ens"
    checked = owner.json("plan", "check", str(plan), code=3)
    assert {"name": "reg:bob.acme", "address": BOB, **source} in checked["names"]
    said = f"reg:bob.acme is {BOB}, by the Registry ({registered.address}) at block {source['block']}"
    assert said in owner.run("plan", "check", str(plan)).out
    governor = made["files"]["governor.json"]
    assert owner.json("plan", "verify", str(plan), "--proposal", governor)["exact"]
    alone = world.nobody.json("plan", "verify", str(plan), "--proposal", governor, env={"ETH_RPC_URL": None})
    told = f"reg:bob.acme is {BOB}, says the lock, by the Registry ({registered.address}) at block {source['block']}"
    assert told in alone["notes"]

    registered.point("bob.acme", EVE)
    changed = f"reg:bob.acme was {BOB} when the plan was compiled, and is {EVE} now"
    assert owner.json("plan", "verify", str(plan), "--proposal", governor, code=2)["findings"] == [changed]
    registered.do("remove", namehash("bob.acme"))
    gone = f"reg:bob.acme was {BOB} when the plan was compiled, and is nothing now"
    assert owner.json("plan", "verify", str(plan), "--plan", made["plan"], code=2)["findings"] == [gone]


def test_what_both_could_answer_has_to_say_which(world: World, names: Names, registered: Registered) -> None:
    plan = plan_of(world)
    plan.write_text(plan.read_text().replace("bob.eth", "bob.acme"))
    said = world.owner.run("plan", "check", str(plan))
    assert (said.code, said.out) == (2, "")
    remedy = "write `reg:bob.acme` or `ens:bob.acme`"
    assert said.error == f"{plan}:8:15: both the Registry and ENS could answer `bob.acme`; {remedy}"
