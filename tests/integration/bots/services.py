"""A Registry with one service and many instances of one operator, on a chain whose blocks come when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keeper.bots.checkup import Checkup
from keeper.bots.heartbeat import Heart
from keeper.bots.roster import Roster
from keeper.chain.store import Store
from keeper.chain.values import quantity, raw
from keeper.registry import Instance, RegistryClient, decode_event, namehash
from keeper.registry.abi import answer, call
from keeper.registry.events import Renewed
from keeper.wire.abi import interface
from keeper.wire.types import NOBODY, Address
from tests.integration.bots.world import World, signer

BLOCK_S = 4
TTL_S = 60
SERVICE = "price.acme"
SECRET = bytes(32)


class Services(World):
    """The operator is `signer(0)`; the service's owner is the chain's first account."""

    async def build(self, labels: Sequence[str], ttl_s: int = TTL_S) -> Services:
        self.owner = Address(raw((await self.rpc("eth_accounts"))[0]))
        receipt = await self.send(b"", interface("Registry").creation_code)
        self.registry = Address(raw(receipt["contractAddress"]))
        self.start = quantity(receipt["blockNumber"])
        arguments = ("acme", self.owner, SECRET)
        (commitment,) = answer("commitmentOf", await self._read("commitmentOf", *arguments))
        await self.send(self.registry, call("commit", commitment))
        await self.rpc("evm_increaseTime", 61)
        await self.send(self.registry, call("claim", *arguments), 10**17)
        await self.send(self.registry, call("create", namehash("acme"), "price", self.owner))
        await self.admit(labels, ttl_s)
        return self

    async def admit(self, labels: Sequence[str], ttl_s: int = TTL_S) -> None:
        """Admits and serves, each in one transaction."""
        node, me = namehash(SERVICE), signer(0).address
        admitted = [call("admit", node, label, me, 100, ttl_s) for label in labels]
        await self.send(self.registry, call("multicall", admitted))
        found = [one for one in await self.instances() if one.label in labels]
        served = [call("serve", one.id, NOBODY, bytes(12), f"http://{one.label}") for one in found]
        await self.send(self.registry, call("multicall", served), sender=me)

    async def block_later(self) -> None:
        """The next block, `BLOCK_S` after the last."""
        await self.rpc("evm_setNextBlockTimestamp", await self.time_s() + BLOCK_S)
        await self.rpc("evm_mine")
        self.clock_s += BLOCK_S

    async def instances(self) -> tuple[Instance, ...]:
        return await RegistryClient(await self.pool.pin(), self.registry).instances(SERVICE, live_only=False)

    async def lapsed(self) -> set[str]:
        """Who is not live in the head."""
        now_s = await self.time_s()
        return {one.label for one in await self.instances() if not one.live_at(now_s)}

    async def renewals(self) -> tuple[int, Counter[int]]:
        """How many heartbeats were mined, and how often each instance was renewed."""
        topic = interface("Registry").events["Renewed"].id
        logs = await self.pool.reads.logs(self.start, await self.block(), [self.registry], [topic])
        events = [decode_event(log.topics, log.data) for log in logs]
        return len(logs), Counter(id_ for event in events if isinstance(event, Renewed) for id_ in event.ids)

    def heart(self, store: Store, checks: dict[str, str] | None = None, **settings: Any) -> Heart:
        roster = Roster(Address(signer(0).address), settings.pop("services", ()), self.start)
        checkup = Checkup(checks or {}, mono_s=lambda: self.clock_s)
        clock = {"wall_s": lambda: self.clock_s, "mono_s": lambda: self.clock_s}
        return Heart(
            settings.pop("pool", self.pool),
            store,
            self.registry,
            signer(0),
            roster,
            checkup,
            worker="w/heartbeat",
            **clock | settings,
        )

    async def _read(self, function: str, *arguments: Any) -> bytes:
        return await self.pool.reads.call(self.registry, call(function, *arguments))


async def database(folder: Path) -> Store:
    return await Store.open(str(folder / "heartbeat.db"))
