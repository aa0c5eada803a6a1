"""The real Registry on an anvil of its own, as the suite's Writer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from eth_utils.crypto import keccak

from keeper.chain.endpoints import Chain, EndpointPool
from keeper.chain.health import Policy
from keeper.chain.rpc import HttpTransport
from keeper.chain.values import Json, hexed, quantity
from keeper.registry import Scaling, namehash, registry_address
from keeper.registry.abi import answer, call
from keeper.registry.values import plain_scaling, zone_bytes
from keeper.wire.abi import interface
from keeper.wire.hashing import DEPLOYER
from keeper.wire.types import NOBODY, Address
from tests.integration.chain.anvil import CHAIN_ID, AnvilWorld, anvil

ME, STRANGER = (
    Address(bytes.fromhex(text))
    for text in ("f39fd6e51aad88f6f4ce6ab8827279cfffb92266", "70997970c51812dc3a010c7d01b50e0d17dc79c8")
)  # anvil's first two, which it signs for
DEPOSIT_WEI = 10**17
SECRET = b"\x07" * 32
MOST_GAS = 16_000_000


class Counted(HttpTransport):
    """Counts what goes over the wire: a batch is one request, if the node takes it whole."""

    requests = 0

    async def _ask(self, body: Json, what: str, *, again: bool) -> Json:
        self.requests += 1
        return await super()._ask(body, what, again=again)


class OnAnvil:
    """See `registry_suite.Writer`."""

    def __init__(self, world: AnvilWorld) -> None:
        self.world = world
        self.transport = Counted(world.url)
        self.chain: Chain = EndpointPool(CHAIN_ID, [self.transport], policy=Policy(probe_every_s=0, back_off_s=0))
        self.me, self.stranger, self.registry = ME, STRANGER, registry_address()
        self.first_block = 1
        self._coded = 0

    @property
    def requests(self) -> int:
        return self.transport.requests

    async def deploy(self) -> None:
        await self.send(DEPLOYER, bytes(32) + interface("Registry").creation_code)

    async def send(self, to: Address, data: bytes, *, value_wei: int = 0, sender: Address = ME) -> Any:
        wanted = {"from": hexed(sender), "to": hexed(to), "data": hexed(data), "value": hex(value_wei)}
        tx_hash = await self.world.ask("eth_sendTransaction", [{**wanted, "gas": hex(MOST_GAS)}])
        await self.world.mine(1)
        receipt = await self.world.ask("eth_getTransactionReceipt", [tx_hash])
        assert receipt["status"] == "0x1", f"reverted: {hexed(data)}"
        return receipt

    async def do(self, function: str, *args: Any, value_wei: int = 0, sender: Address = ME) -> Any:
        return await self.send(self.registry, call(function, *args), value_wei=value_wei, sender=sender)

    async def ask(self, function: str, *args: Any) -> tuple[Any, ...]:
        return answer(function, await self.chain.reads.call(self.registry, call(function, *args)))

    async def claim(self, label: str) -> None:
        (commitment,) = await self.ask("commitmentOf", label, ME, SECRET)
        await self.do("commit", commitment)
        await self.world.ask("evm_increaseTime", [60])
        await self.do("claim", label, ME, SECRET, value_wei=DEPOSIT_WEI)

    async def create(self, parent: str, label: str, owner: Address | None = None) -> None:
        await self.do("create", namehash(parent), label, owner or ME)

    async def create_many(self, parent: str, labels: list[str], target: Address) -> None:
        for begin in range(0, len(labels), 40):
            calls = []
            for label in labels[begin : begin + 40]:
                calls.append(call("create", namehash(parent), label, ME))
                calls.append(call("setAddr(bytes32,address)", namehash(f"{label}.{parent}"), target))
            await self.do("multicall", calls)

    async def remove(self, name: str) -> None:
        await self.do("remove", namehash(name))

    async def set_addr(self, name: str, address: Address, coin: int | None = None) -> None:
        if coin is None:
            await self.do("setAddr(bytes32,address)", namehash(name), address)
        else:
            await self.do("setAddr(bytes32,uint256,bytes)", namehash(name), coin, address)

    async def set_text(self, name: str, key: str, value: str) -> None:
        await self.do("setText", namehash(name), key, value)

    async def set_contenthash(self, name: str, value: bytes) -> None:
        await self.do("setContenthash", namehash(name), value)

    async def set_name(self, name: str) -> None:
        await self.do("setName", name)

    async def offer(self, name: str, to: Address) -> None:
        await self.do("offer", namehash(name), to)

    async def approve(self, name: str, operator: Address, approved: bool) -> None:
        await self.do("approve", namehash(name), operator, approved)

    async def propose(self, name: str, release: int, build: int, digest: bytes) -> None:
        await self.do("propose", namehash(name), release, build, NOBODY, digest)

    async def propose_code(self, name: str, release: int, build: int) -> Address:
        self._coded += 1
        target, code = Address(self._coded.to_bytes(20, "little")), b"\x00\x01"
        await self.world.ask("anvil_setCode", [hexed(target), hexed(code)])
        await self.do("propose", namehash(name), release, build, target, keccak(code))
        return target

    async def confirm(self, name: str, release: int, build: int) -> None:
        await self.do("confirm", namehash(name), release, build)

    async def admit(self, name: str, label: str, weight: int, ttl_s: int) -> int:
        receipt = await self.do("admit", namehash(name), label, ME, weight, ttl_s)
        admitted = interface("Registry").events["Admitted"].id
        (log,) = [log for log in receipt["logs"] if log["topics"][0] == hexed(admitted)]
        return quantity(log["topics"][3])

    async def serve(self, number: int, target: Address, zone: str, endpoint: str) -> None:
        await self.do("serve", number, target, zone_bytes(zone), endpoint)

    async def heartbeat(self, *numbers: int) -> None:
        await self.do("heartbeat", list(numbers), 1 << 64)

    async def set_weight(self, number: int, weight: int) -> None:
        await self.do("setWeight", number, weight)

    async def evict(self, number: int) -> None:
        await self.do("evict", number)

    async def set_scaling(self, name: str, scaling: Scaling) -> None:
        await self.do("setScaling", namehash(name), plain_scaling(scaling))

    async def pass_time(self, seconds: int) -> None:
        await self.world.ask("evm_increaseTime", [seconds])
        await self.world.mine(1)

    async def reorg(self, depth: int) -> None:
        await self.world.reorg(depth)


@asynccontextmanager
async def on_anvil() -> AsyncIterator[OnAnvil]:
    async with anvil() as world:
        writer = OnAnvil(world)
        await writer.deploy()
        yield writer
        await writer.transport.close()
