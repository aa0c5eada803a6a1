"""The Registry in memory as the suite's Writer: it logs the events that the contract would."""

from __future__ import annotations

from typing import Any

from keeper.chain.endpoints import Chain, EndpointPool
from keeper.chain.health import Policy
from keeper.chain.memory_chain import SimChain
from keeper.registry import Scaling, coin_type, namehash
from keeper.registry import events as ev
from keeper.registry.abi import selector
from keeper.registry.memory import MemoryRegistry
from keeper.registry.names import ROOT, below
from keeper.registry.state import State
from keeper.wire.types import Address
from tests.unit.registry.registry_suite import YEAR_S

ME, STRANGER = Address(b"\xaa" * 20), Address(b"\xbb" * 20)


class Twin:
    """See `registry_suite.Writer`."""

    def __init__(self) -> None:
        self.node = MemoryRegistry(SimChain())
        self.chain: Chain = EndpointPool(1337, [self.node], policy=Policy(probe_every_s=0))
        self.me, self.stranger, self.registry = ME, STRANGER, self.node.registry
        self.first_block = 0

    @property
    def requests(self) -> int:
        return self.node.requests

    @property
    def state(self) -> State:
        return self.node.state(self.node.chain.head)

    def tell(self, kind: type[ev.Event], *args: Any) -> None:
        self.node.tell(kind(self.state.revision + 1, *args))

    def generation(self, node: bytes) -> int:
        return self.state.nodes[node].generation + 1 if node in self.state.nodes else 1

    async def claim(self, label: str) -> None:
        self.tell(ev.Committed, bytes(32))
        self.node.chain.mine(5)
        expires_s = self.node.chain.head.time_s + self.node.chain.block_time_s + YEAR_S
        node = namehash(label)
        self.tell(ev.NameSet, node, ROOT, label, ME, expires_s, self.generation(node))

    async def create(self, parent: str, label: str, owner: Address | None = None) -> None:
        node = below(namehash(parent), label)
        self.tell(ev.NameSet, node, namehash(parent), label, owner or ME, 0, self.generation(node))

    async def create_many(self, parent: str, labels: list[str], target: Address) -> None:
        for label in labels:
            await self.create(parent, label)
            await self.set_addr(f"{label}.{parent}", target)

    async def remove(self, name: str) -> None:
        self.tell(ev.NameRemoved, namehash(name))

    async def set_addr(self, name: str, address: Address, coin: int | None = None) -> None:
        key = (coin or coin_type(1337)).to_bytes(32, "big")
        self.record(name, "addr(bytes32,uint256)", key, address)

    async def set_text(self, name: str, key: str, value: str) -> None:
        self.record(name, "text", key.encode(), value.encode())

    async def set_contenthash(self, name: str, value: bytes) -> None:
        self.record(name, "contenthash", b"", value)

    def record(self, name: str, function: str, key: bytes, value: bytes) -> None:
        self.tell(ev.RecordSet, namehash(name), selector(function), key, value)

    async def set_name(self, name: str) -> None:
        self.tell(ev.ReverseSet, ME, name)

    async def offer(self, name: str, to: Address) -> None:
        self.tell(ev.Offered, namehash(name), to)

    async def approve(self, name: str, operator: Address, approved: bool) -> None:
        self.tell(ev.Approved, namehash(name), operator, approved)

    async def propose(self, name: str, release: int, build: int, digest: bytes) -> None:
        self.tell(ev.Proposed, namehash(name), release, build, None, digest)

    async def propose_code(self, name: str, release: int, build: int) -> Address:
        target = Address(b"\xcc" * 20)
        self.tell(ev.Proposed, namehash(name), release, build, target, b"\x05" * 32)
        return target

    async def confirm(self, name: str, release: int, build: int) -> None:
        proposed = self.state.versions(namehash(name), self.node.chain.head.time_s).proposed
        self.tell(ev.Confirmed, namehash(name), release, build)
        if proposed is not None and proposed.target is not None:
            await self.set_addr(name, proposed.target)

    async def admit(self, name: str, label: str, weight: int, ttl_s: int) -> int:
        number = max(self.state.kept, default=0) + 1
        self.tell(ev.Admitted, namehash(name), number, label, ME, weight, ttl_s)
        return number

    async def serve(self, number: int, target: Address, zone: str, endpoint: str) -> None:
        self.tell(ev.Serving, number, target, zone, endpoint)

    async def heartbeat(self, *numbers: int) -> None:
        self.tell(ev.Renewed, numbers)

    async def set_weight(self, number: int, weight: int) -> None:
        self.tell(ev.Weighed, number, weight)

    async def evict(self, number: int) -> None:
        self.tell(ev.Evicted, number)

    async def set_scaling(self, name: str, scaling: Scaling) -> None:
        now = self.node.chain.head.time_s + self.node.chain.block_time_s
        rule = scaling.wanted, scaling.least, scaling.most, scaling.cooldown_s, now, scaling.target, scaling.meter
        self.tell(ev.Scaled, namehash(name), Scaling(*rule))

    async def pass_time(self, seconds: int) -> None:
        self.node.chain.mine(-(-seconds // self.node.chain.block_time_s))

    async def reorg(self, depth: int) -> None:
        self.node.chain.reorg(depth)
