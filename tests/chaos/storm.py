"""A storm over an outbox: transactions in flight while blocks come and go, prices jump, mempools forget, somebody else uses
our key, work stops being wanted - and the process dies at a chosen await, again and again.

What has to hold at the end: every key that stayed wanted ran exactly once, every other at most once.
"""

from __future__ import annotations

import ast
import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from keeper.chain import outbox as outbox_module
from keeper.chain.endpoints import EndpointPool
from keeper.chain.entries import Entry, Outcome, State
from keeper.chain.fees import Fees
from keeper.chain.outbox import Move, Outbox, OutboxPolicy
from keeper.chain.rpc import EndpointFailed
from keeper.chain.signer import LocalSigner, Unsigned
from keeper.chain.store import Store

GWEI = 10**9
CAP_WEI = 200 * GWEI


class Killed(BaseException):
    """The process ends here."""


class World(Protocol):
    """A chain that the storm can shake. `target` logs its calldata's first word."""

    chain_id: int
    target: bytes

    def pool(self) -> EndpointPool: ...
    async def mine(self, count: int) -> None: ...
    async def reorg(self, depth: int) -> None: ...
    async def forget(self, tx_hash: bytes) -> None:
        """Drops a transaction from the mempool."""

    async def base_fee(self, wei: int) -> None:
        """Of the next block."""

    async def ran(self) -> Counter[int]:
        """How often each key ran, on the chain as it stands."""


def kill_points() -> list[str]:
    """Before and after every await in the outbox, by name."""
    tree = ast.parse(Path(outbox_module.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._step"]
    names = set()
    for call in calls:
        name = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else None
        names |= {name} if name else {f"tick.{move}" for move in Move if move is not Move.WAIT}
    queries = {"find", "live"}  # read only, for others
    return sorted(f"{when} {name}" for name in names - queries for when in ("before", "after"))


@dataclass
class Killer:
    """The checkpoint hook of one process: kills it at the armed point, and then each of its tasks wherever it gets to."""

    armed: str | None = None
    dead: bool = False
    killed: Counter[str] = field(default_factory=Counter)

    async def __call__(self, name: str) -> None:
        if name == self.armed:
            self.armed = None
            self.dead = True
            self.killed[name] += 1
        if self.dead:
            raise Killed(name)


@dataclass
class Storm:
    world: World
    open_store: Callable[[], Awaitable[Store]]
    seed: int
    in_flight: int = 12
    confirmations: int | None = 10

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.killer = Killer()
        self.signer = LocalSigner(bytes([self.seed + 1]) * 32)
        self.unwanted: set[int] = set()
        self.submitted: dict[int, Entry] = {}
        self.next_key = 1
        self.restarts = 0

    async def run(self, points: list[str]) -> None:
        """Kills at each point in turn, then lets the storm end and checks what is left."""
        await self._start()
        try:
            await self._kill_at(points)
            await self._calm()
        finally:
            await self.store.close()
            await self.pool.close()

    async def _kill_at(self, points: list[str]) -> None:
        for point in points:
            wanted = None if "final.block" in point else 2 if "revive" in point else 10
            if wanted != self.confirmations:
                self.confirmations = wanted
                await self._restart()
            self.killer.armed = point
            for _ in range(400):
                await self._shake(point)
                if self.killer.armed is None:
                    break
            assert self.killer.armed is None, f"the storm never came to {point}"

    async def _start(self) -> None:
        self.killer.dead = False
        self.store = await self.open_store()
        self.pool = self.world.pool()
        policy = OutboxPolicy(bump_after=2, resend_after=2, confirmations=self.confirmations, lease_s=1e9)
        self.outbox = Outbox(self.pool, self.store, [self.signer], worker="w", still_wanted=self._still_wanted,
                             policy=policy, checkpoint=self.killer)  # fmt: skip

    async def _restart(self) -> None:
        while True:
            await self.store.close()
            await self.pool.close()
            self.restarts += 1
            await self._start()
            try:
                await self.outbox.recover()
            except Killed:
                continue
            except EndpointFailed:  # a head that was just reorganised away; the next tick will do
                pass
            return

    async def _shake(self, point: str) -> None:
        """One moment of the storm; it leans towards what leads to `point`."""
        if ("fill" in point or "lost" in point or "final nonce" in point) and self.chance.random() < 0.4:
            await self._foreigner(lost="fill" not in point)
        if any(word in point for word in ("replace", "bump", "cancel", "want")) and self.chance.random() < 0.5:
            await self.world.base_fee(self.chance.choice([30, 60]) * GWEI)
        elif self.chance.random() < 0.1:
            await self.world.base_fee(self.chance.choice([1, 30]) * GWEI)
        live = [
            key
            for key, entry in self.submitted.items()
            if entry is not _NOTHING and key not in self.unwanted and not _is_final(entry)
        ]
        if live and self.chance.random() < (0.4 if "cancel" in point or "unwant" in point else 0.03):
            self.unwanted.add(self.chance.choice(live))
        if "tick.cancel" in point:  # work given up before anything waited behind it
            await self.world.base_fee(2 * CAP_WEI)
            for entry in (await self.outbox.live())[:1]:
                self.unwanted.add(int(entry.key)) if entry.key.isdigit() else None
                await self.outbox._entries.unwant(entry, "somebody else did it")
        if "recover" in point:
            await self._survive(self.outbox.recover)
        await self._survive(self._work)
        dice = self.chance.random()
        if dice < 0.12 or ("vanish" in point or "unmine" in point or "revive" in point) and dice < 0.5:
            await self.world.reorg(self.chance.randint(1, 8))
        elif dice < 0.2 and live:
            await self.world.forget(self.submitted[self.chance.choice(live)].hash)
        elif dice < 0.85:
            await self.world.mine(1)

    async def _survive(self, do: Callable[[], Awaitable[None]]) -> None:
        try:
            await do()
        except Killed:
            await self._restart()
        except EndpointFailed:
            return

    async def _work(self) -> None:
        """What a keeper does on a block: hand in what is due, some of it again, and tick - all at the same time."""
        waiting = [key for key, entry in self.submitted.items() if key not in self.unwanted and not _is_final(entry)]
        keys = list(range(self.next_key, self.next_key + min(3, self.in_flight - len(waiting))))
        self.next_key += len(keys)
        for key in keys:
            self.submitted.setdefault(key, _NOTHING)
        keys += self.chance.sample(waiting, min(2, len(waiting)))
        results = await asyncio.gather(*map(self._submit, keys), self.outbox.tick(), return_exceptions=True)
        for kind in (Killed, BaseException):
            for result in results:
                if isinstance(result, kind):
                    raise result
        live = {entry.key: entry for entry in await self.outbox.live() if entry.wanted}
        for key in waiting:
            if (entry := live.get(str(key)) or await self.outbox.find(str(key))) is not None:
                self.submitted[key] = entry

    async def _submit(self, key: int) -> None:
        data = key.to_bytes(32, "big")
        self.submitted[key] = await self.outbox.submit(
            str(key), self.signer.address, self.world.target, data, gas_limit=60_000, max_fee_wei=CAP_WEI
        )

    async def _still_wanted(self, entry: Entry) -> bool:
        return not entry.key.isdigit() or int(entry.key) not in self.unwanted

    async def _foreigner(self, *, lost: bool) -> None:
        """Somebody with our key takes a nonce: one of ours before it is mined, or the next, and forgets it."""
        nonce = await self.pool.reads.nonce(self.signer.address, "latest" if lost else "pending")
        if lost:
            for entry in await self.outbox.live():
                if entry.nonce == nonce:
                    for tx_hash, _ in (await self.outbox._entries.hashes([entry.id]))[entry.id]:
                        await self.world.forget(tx_hash)
        data, fees = (1 << 200).to_bytes(32, "big"), Fees(CAP_WEI, 2 * GWEI)
        work = Unsigned(self.world.chain_id, nonce, self.world.target, data, 0, 60_000, fees)
        signed = await self.signer.sign(work)
        await self.pool.send_raw(signed.raw)
        if lost:
            await self.world.mine(1)
        else:
            await self._survive(self._work)
            await self.world.forget(signed.hash)

    async def _calm(self) -> None:
        """No more faults: what is wanted has to get through."""
        self.confirmations = 10
        await self._restart()
        self.next_key += 1  # one more, so that a gap left by what was wrongly thought final comes to light
        await self._submit(self.next_key - 1)
        for _ in range(150):
            await self.world.base_fee(GWEI)
            open_keys = [key for key, entry in self.submitted.items() if not _is_final(entry)]
            if not open_keys:
                break
            for key in open_keys:
                if key not in self.unwanted:
                    await self._submit(key)
            await self.outbox.tick()
            await self.world.mine(2)
            for key in open_keys:
                entry = await self.outbox.find(str(key))
                self.submitted[key] = entry or self.submitted[key]
                if key in self.unwanted and (entry is None or not entry.wanted):
                    del self.submitted[key]
        ran = await self.world.ran()
        wanted = {key for key in range(1, self.next_key) if key not in self.unwanted}
        assert {key: ran[key] for key in wanted} == dict.fromkeys(wanted, 1)
        assert all(ran[key] <= 1 for key in self.unwanted)
        assert len(wanted) > 0


def _is_final(entry: Entry) -> bool:
    return entry.state is State.FINAL and entry.outcome is Outcome.DONE


_NOTHING = Entry(**dict.fromkeys(Entry.__dataclass_fields__))  # type: ignore[arg-type] # a key not yet submitted
