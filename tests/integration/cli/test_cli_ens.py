"""Names in plan files by a real ENS: its registry and resolver from npm, behind a Universal Resolver."""

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
    [("dao.eth", "nobody.eth", "3:8"), ("coin.eth", "no.coin.eth", "7:24"), ("bob.eth", "bob.example", "8:15")],
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
