"""A Registry on anvil, filled by transactions as anybody would send them; the clock jumps ahead in between."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from eth_utils import keccak, to_checksum_address
from web3 import HTTPProvider, Web3

from keeper.wire.abi import interface
from keeper.wire.hashing import DEPLOYER, deployed_address
from tests.clients.names import BITCOIN, CONTENT, GREETING, OPTIMISM, PLACES, SCRIPT
from toolchain.abi import contract_type

DAY = 86_400
SECRET = bytes(31) + b"\x01"
ROOT_NODE = bytes(32)
PEOPLE = ("alice", "bob", "carol", "dave", "erin")


def node_of(name: str) -> bytes:
    """EIP-137's namehash of labels that are normal already."""
    node = ROOT_NODE
    for label in reversed(name.split(".")):
        node = keccak(node + keccak(text=label))
    return node


class World:
    """A chain with the Registry, the accounts that use it, and every address by the name that the tests call it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.w3 = Web3(HTTPProvider(url))
        self.accounts = self.w3.eth.accounts
        self.places = {name: to_checksum_address(place) for name, place in PLACES.items()}
        self.places |= dict(zip(PEOPLE, self.accounts[1:], strict=False))

    @cached_property
    def registry(self) -> Any:
        """Deployed when it is first asked for."""
        return self.protocol("Registry")

    def protocol(self, name: str) -> Any:
        """One of the protocol's contracts, at the address that it has everywhere."""
        where = to_checksum_address(deployed_address(name))
        if not self.w3.eth.get_code(where):
            data = bytes(32) + interface(name).creation_code
            self._mined(self.w3.eth.send_transaction({"from": self.accounts[0], "to": DEPLOYER, "data": data}))
        return self.w3.eth.contract(address=where, abi=contract_type(name)["abi"])

    def deploy(self, name: str, *args: Any) -> Any:
        """A contract from the build, deployed by the first account."""
        code = contract_type(name)
        return self.deploy_code(code["abi"], code["deploymentBytecode"]["bytecode"], *args)

    def deploy_code(self, abi: list[Any], code: str, *args: Any) -> Any:
        """Any contract, deployed likewise."""
        factory: Any = self.w3.eth.contract(abi=abi, bytecode=code)
        where = self._mined(factory.constructor(*args).transact({"from": self.accounts[0]}))["contractAddress"]
        return self.w3.eth.contract(address=where, abi=abi)

    def do(self, signature: str, *args: Any, by: str = "alice", value: int = 0) -> None:
        """One transaction to the Registry: the function's name, or its signature where there are two of that name."""
        by_name = self.registry.get_function_by_signature if "(" in signature else self.registry.get_function_by_name
        self.send(by_name(signature)(*args), by, value)

    def send(self, function: Any, by: str = "alice", value: int = 0) -> None:
        """A transaction that calls any contract's function."""
        self._mined(function.transact({"from": self.places[by], "value": value}))

    def call(self, to: bytes, data: bytes, value: int = 0, by: str = "alice") -> None:
        """A transaction of any bytes. Raises what a call of it would."""
        where = to_checksum_address(to)
        self._mined(self.w3.eth.send_transaction({"from": self.places[by], "to": where, "data": data, "value": value}))  # type: ignore[typeddict-item] # plain integers are wei

    def later(self, seconds: int) -> None:
        """The clock jumps ahead, and a block is mined so that calls see it."""
        for method, given in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
            self.w3.provider.make_request(method, given)  # type: ignore[arg-type] # anvil's own methods

    def claim(self, *labels: str, by: str = "alice") -> None:
        """Top-level names, a minute after committing to them."""
        owner, read = self.places[by], self.registry.functions
        for label in labels:
            self.do("commit", read.commitmentOf(label, owner, SECRET).call(), by=by)
        self.later(61)
        for label in labels:
            self.do("claim", label, owner, SECRET, by=by, value=read.deposit().call())

    def create(self, name: str, here: str = "", by: str = "alice") -> bytes:
        """A name below one of `by`, with an address here if one is given. Returns its node."""
        label, _, parent = name.partition(".")
        self.do("create", node_of(parent), label, self.places[by], by=by)
        if here:
            self.do("setAddr(bytes32,address)", node_of(name), self.places[here], by=by)
        return node_of(name)

    def release(self, node: bytes, release: int, build: int, target: str) -> None:
        """A version is proposed, and confirmed."""
        self.propose(node, release, build, target)
        self.do("confirm", node, release, build)

    def propose(self, node: bytes, release: int, build: int, target: str) -> None:
        place = self.places[target]
        self.do("propose", node, release, build, place, keccak(self.w3.eth.get_code(place)))

    def instance(self, node: bytes, label: str, ttl_s: int, target: str = "", zone: bytes = b"") -> int:
        """Admitted with a weight of 10 and served by bob; its first heartbeat is up to the test. Returns its id."""
        self.do("admit", node, label, self.places["bob"], 10, ttl_s)
        found, _ = self.registry.functions.instances(node, 0, 100, False).call()
        number: int = next(entry[0] for entry in found if entry[2] == label)
        where = self.places[target] if target else "0x" + "00" * 20
        self.do("serve", number, where, zone.ljust(12, b"\0"), f"https://{label}.example", by="bob")
        return number

    def beat(self, *numbers: int) -> None:
        """A heartbeat of bob's instances."""
        self.do("heartbeat", list(numbers), 2**256 - 1, by="bob")

    def named(self, value: str | None) -> str | None:
        """@alice is alice's address; everything else is itself."""
        return self.places[value[1:]] if value and value.startswith("@") else value

    def _mined(self, transaction: Any) -> Mapping[str, Any]:
        receipt = self.w3.eth.wait_for_transaction_receipt(transaction, timeout=20, poll_latency=0.01)
        assert receipt["status"] == 1
        return receipt


def filled(url: str) -> World:
    """What tests/clients/names.py asks about."""
    world = World(url)
    world.places["registry"] = world.registry.address
    for name in ("first", "second", "third"):
        world.places[name] = world.deploy("Facts").address
    _past(world)
    world.claim("team")
    _records(world)
    _service(world)
    _reverse(world)
    return world


def _past(world: World) -> None:
    """600 days in which `old` ends, and its grace; `grace` ends; `renewed` is renewed twice."""
    world.claim("old", "renewed")
    world.do("setAddr(bytes32,address)", node_of("old"), world.places["erin"])
    world.do("setAddr(bytes32,address)", node_of("renewed"), world.places["bob"])
    world.do("setText", world.create("sub.old", here="lost"), "url", "https://old.example")
    world.later(200 * DAY)
    world.claim("grace")
    world.do("setAddr(bytes32,address)", node_of("grace"), world.places["lost"])
    world.propose(node_of("grace"), 1, 1, "first")
    world.do("setName", "old", by="erin")
    for days in (150, 250):
        world.do("renew", node_of("renewed"))
        world.later(days * DAY)


def _records(world: World) -> None:
    node = node_of("team")
    world.do("setAddr(bytes32,address)", node, world.places["alice"])
    for coin, value in ((60, world.places["main"]), (OPTIMISM, world.places["optimism"]), (BITCOIN, SCRIPT)):
        world.do("setAddr(bytes32,uint256,bytes)", node, coin, value)
    world.do("setText", node, "url", "https://team.example")
    world.do("setText", node, "description", GREETING)
    world.do("setContenthash", node, CONTENT)
    world.create("sub.team", here="bob")
    world.create("deep.sub.team", here="deep")
    world.create("empty.team")
    for name in ("removed.team", "again.team"):
        world.create(name, here="lost")
    world.create("below.removed.team", here="lost")
    for name in ("removed.team", "again.team"):
        world.do("remove", node_of(name))
    world.create("again.team")


def _service(world: World) -> None:
    node = world.create("api.team", here="lost")
    world.do("setText", node, "url", "https://api.example")
    world.release(node, 1, 1, "second")
    world.release(node, 1, 2, "first")
    world.release(node, 2, 1, "second")
    world.propose(node, 3, 1, "third")
    world.propose(world.create("web.team"), 1, 1, "first")
    world.create("canary.web.team", here="own-canary")
    one = world.instance(node, "one", 30 * DAY, target="instance", zone=b"eu-1")
    far = world.instance(node, "far", 30 * DAY)
    lapsed = world.instance(node, "lapsed", 60, target="lost")
    gone = world.instance(node, "gone", 30 * DAY, target="lost")
    world.instance(node, "idle", 30 * DAY, target="lost")
    world.beat(one, far, lapsed, gone)
    world.do("setWeight", one, 7, by="bob")
    world.do("evict", gone)
    world.later(61)


def _reverse(world: World) -> None:
    """Erin's name ended long ago; carol never said one; dave says alice's."""
    for who, name in (("alice", "team"), ("bob", "sub.team"), ("dave", "team")):
        world.do("setName", name, by=who)
