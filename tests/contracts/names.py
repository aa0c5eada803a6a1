"""The Registry in a world: names with dots, calls by name, answers at the world's time, events in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ape.api.accounts import TestAccountAPI
from ape.api.transactions import ReceiptAPI
from eth_abi import decode, encode
from eth_utils import keccak

from tests.contracts.world import GAS, Refusal, Refused, World, refusal_of
from toolchain.abi import contract_type

DEPOSIT_WEI = 10**17
YEAR_S = 365 * 86_400
GRACE_S = 90 * 86_400
NOBODY = "0x" + "00" * 20
ROOT = bytes(32)
HERE = 0x80000000 | 31_337
SECRET = b"secret".ljust(32, b"\0")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """One of the Registry's own events, and the time of its block."""

    name: str
    values: Mapping[str, Any]
    time: int


def node_of(dotted: str) -> bytes:
    """EIP-137."""
    node = ROOT
    for label in reversed(dotted.split(".")) if dotted else ():
        node = keccak(node + keccak(text=label))
    return node


def dns(dotted: str) -> bytes:
    """DNS's encoding."""
    return b"".join(bytes([len(label)]) + label.encode() for label in dotted.split(".")) + b"\0"


def reverse_of(account: Any) -> str:
    """The reverse name of an account."""
    return f"{str(account).removeprefix('0x').lower()}.addr.reverse"


def low(account: Any) -> str:
    """An address as eth_abi writes it."""
    return str(account).lower()


@dataclass
class Names:
    """The Registry, in a world."""

    world: World
    address: str

    # ------------------------------------------------------------------ deeds

    def do(
        self, function: str, *args: Any, by: Any = None, value: int = 0, expect: bool = True, gas: int = GAS
    ) -> ReceiptAPI:
        """Send it; the world's owner unless told who. Raises Refused."""
        return self.world.send(self.address, calldata(function, *args), by or self.world.owner, value, gas, expect)

    def refusal(self, function: str, *args: Any, by: Any = None, value: int = 0) -> Refusal | None:
        """The error that this call would meet now."""
        return self.world.answers_to(self.address, calldata(function, *args), by or self.world.owner, value)

    def commit(self, label: str, owner: Any, secret: bytes = SECRET) -> None:
        """Commit to a claim, and wait until it is old enough."""
        self.do("commit", self.ask("commitmentOf", label, str(owner), secret))
        self.world.at(self.world.time + 60)

    def claim(self, label: str, owner: TestAccountAPI | None = None) -> bytes:
        """Commit, wait, claim. Returns the node."""
        owner = owner or self.world.owner
        self.commit(label, owner)
        self.do("claim", label, owner.address, SECRET, by=owner, value=DEPOSIT_WEI)
        return node_of(label)

    def create(self, dotted: str, owner: Any = None, by: Any = None) -> bytes:
        """Create a name below one that exists. Returns the node."""
        label, parent = dotted.split(".", 1)
        self.do("create", node_of(parent), label, str(owner or self.world.owner), by=by)
        return node_of(dotted)

    def admit(self, dotted: str, label: str, operator: Any, weight: int = 10, ttl_s: int = 60) -> int:
        """Admit an instance. Returns its id."""
        receipt = self.do("admit", node_of(dotted), label, str(operator), weight, ttl_s)
        return int(self.events(receipt)[0].values["id"])

    def serving(self, dotted: str, label: str, operator: Any, target: str = NOBODY, **terms: int) -> int:
        """Admit an instance that serves and is alive."""
        instance = self.admit(dotted, label, operator, **terms)
        self.do("serve", instance, target, b"eu-west", f"https://{label}", by=operator)
        self.do("heartbeat", [instance], self.world.time, by=operator)
        return instance

    # ------------------------------------------------------------------ answers

    def ask(self, function: str, *args: Any) -> Any:
        """What a view says at the world's time: one value, or a tuple. Raises Refused."""
        outputs = [type_of(item) for item in entry(function, len(args))["outputs"]]
        values = decode(outputs, self._call(calldata(function, *args)))
        return values[0] if len(values) == 1 else values

    def name_of(self, dotted: str) -> dict[str, Any]:
        """`nameOf`, by field."""
        outputs = entry("nameOf", 1)["outputs"]
        keys = [item["name"].rstrip("_") for item in outputs]
        return dict(zip(keys, self.ask("nameOf", node_of(dotted)), strict=True))

    def resolve(self, dotted: str, function: str = "addr", *args: Any) -> Any:
        """What the Universal Resolver says of a name; None if it finds none. Raises Refused for another error."""
        outputs = [type_of(item) for item in entry(function, 1 + len(args))["outputs"]]
        try:
            answer, _ = self.ask("resolve", dns(dotted), calldata(function, node_of(dotted), *args))
        except Refused as why:
            if str(why).startswith("ResolverNotFound"):
                return None
            raise
        values = decode(outputs, answer)
        return values[0] if len(values) == 1 else values

    def _call(self, data: bytes) -> bytes:
        transaction = {"to": self.address, "data": "0x" + data.hex(), "gas": hex(30_000_000)}
        overrides = {"time": hex(self.world.time), "number": hex(self.world.now(False))}
        answer = self.world.chain.web3.provider.make_request("eth_call", [transaction, "latest", {}, overrides])
        if "error" in answer:
            raise Refused(str(refusal_of(bytes.fromhex((answer["error"].get("data") or "0x")[2:]))))
        return bytes.fromhex(answer["result"][2:])

    # ------------------------------------------------------------------ events

    def events(self, *receipts: ReceiptAPI) -> list[Event]:
        """The Registry's own events in order; ENS's, which carry no revision, aside."""
        return [event for receipt in receipts for event in self._events(receipt)]

    def _events(self, receipt: ReceiptAPI) -> Iterator[Event]:
        for log in receipt.logs:
            topics = [bytes.fromhex(topic.hex().removeprefix("0x")) for topic in log["topics"]]
            abi = own_events().get(topics[0])
            if abi is None:
                continue
            data = bytes.fromhex(log["data"].hex().removeprefix("0x"))
            rest = iter(decode([type_of(item) for item in abi["inputs"] if not item["indexed"]], data))
            kept = iter(topics[1:])
            values = {
                item["name"]: decode([type_of(item)], next(kept))[0] if item["indexed"] else next(rest)
                for item in abi["inputs"]
            }
            yield Event(abi["name"], values, self.world.chain.get_block(receipt.block_number).timestamp)


@cache
def _abi() -> Sequence[Item]:
    return tuple(contract_type("Registry")["abi"])


@cache
def entry(function: str, count: int) -> Item:
    """The function of this name with so many arguments."""
    (found,) = [
        item
        for item in _abi()
        if item["type"] == "function" and item["name"] == function and len(item["inputs"]) == count
    ]
    return found


@cache
def own_events() -> Mapping[bytes, Item]:
    """Events that carry a revision, by topic."""
    events = [item for item in _abi() if item["type"] == "event" and item["inputs"][0]["name"] == "revision"]
    return {keccak(text=f"{item['name']}({','.join(type_of(i) for i in item['inputs'])})"): item for item in events}


def type_of(item: Item) -> str:
    """A type as signatures write it."""
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(part) for part in item['components'])}){kind.removeprefix('tuple')}"


def calldata(function: str, *args: Any) -> bytes:
    """A call of the Registry."""
    types = [type_of(item) for item in entry(function, len(args))["inputs"]]
    return keccak(text=f"{function}({','.join(types)})")[:4] + encode(types, args)
