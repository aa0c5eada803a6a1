"""A storm over an outbox: transactions in flight while blocks come and go, prices jump, mempools forget, somebody else
uses our key, work stops being wanted - and the process dies at a chosen await, again and again.

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

from sqlalchemy import select

from keeper.chain import outbox as outbox_module
from keeper.chain import settlement
from keeper.chain.endpoints import EndpointPool
from keeper.chain.entries import Entry, Outcome, State
from keeper.chain.fees import Fees
from keeper.chain.moves import Move, OutboxPolicy
from keeper.chain.outbox import Outbox
from keeper.chain.rpc import EndpointFailed
from keeper.chain.signer import LocalSigner, Unsigned
from keeper.chain.store import Store
from keeper.chain.tables import outbox, signers

GWEI = 10**9
CAP_WEI = 200 * GWEI
DEAR_WEI = 90 * GWEI
"""A base fee that outbids what was signed in quiet times, and can still be met below the cap."""
KEPT_S = 40
"""Final rows leave after so many moments: long enough for a key to be seen done, short enough to happen."""
FOREIGN = 1 << 200
"""The key of what somebody else with our private key runs."""


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
    trees = [ast.parse(Path(str(module.__file__)).read_text()) for module in (outbox_module, settlement)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._step"]
    names = set()
    for call in calls:
        name = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else None
        names |= {name} if name else {f"tick.{move}" for move in Move if move is not Move.WAIT}
    queries = {"find", "live"}  # read only, for others
    return sorted(f"{when} {name}" for name in names - queries for when in ("before", "after"))


@dataclass
class Killer:
    """The checkpoint hook of one process: kills it at the armed point, and each of its tasks at its next."""

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
    in_flight: int = 8
    confirmations: int | None = 10

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.killer = Killer()
        self.signer = LocalSigner(bytes([self.seed + 1]) * 32)
        self.unwanted: set[int] = set()
        self.submitted: dict[int, Entry] = {}
        self.next_key = 1
        self.restarts = 0
        self.moments = 0

    async def run(self, points: list[str]) -> None:
        """Kills at each point in turn, then lets the storm end and checks what is left."""
        await self.world.mine(20)  # something to reorganise
        self.store, self.pool = await self.open_store(), self.world.pool()
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
        policy = OutboxPolicy(
            bump_after=2, resend_after=2, confirmations=self.confirmations, lease_s=1e9, keep_s=KEPT_S
        )
        self.outbox = Outbox(self.pool, self.store, [self.signer], worker="w", still_wanted=self._still_wanted,
                             policy=policy, checkpoint=self.killer, wall_s=lambda: self.moments)  # fmt: skip

    async def _restart(self) -> None:
        while True:
            self.restarts += 1
            if self.restarts % 20 == 0:  # else the database and the network outlive the process, as they do
                await self.store.close()
                await self.pool.close()
                self.store, self.pool = await self.open_store(), self.world.pool()
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
        self.moments += 1
        await self.world.base_fee(self.chance.choice([1, 1, 1, 30]) * GWEI)
        provoke = next((do for word, do in self._provocations() if word in point), None)
        if provoke is not None:
            await self._survive(provoke)
        elif (live := self._live()) and self.chance.random() < 0.05:
            self.unwanted.add(self.chance.choice(live))
        await self._survive(self._work)
        dice = self.chance.random()
        if dice < (0.5 if "vanish" in point or "unmine" in point else 0.12):
            await self.world.reorg(self.chance.randint(1, 8))
        elif dice < 0.2 and (live := self._live()):
            await self.world.forget(self.submitted[self.chance.choice(live)].hash)
        elif dice < 0.85:
            await self.world.mine(1)

    def _provocations(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What leads to a kill point, by a word of its name; the first that fits."""
        return [
            ("revive", self._undo_what_was_final),
            ("fill", self._leave_a_gap),
            ("lost", self._take_a_nonce),
            ("final nonce", self._take_a_nonce),
            ("tick.cancel", self._give_up_the_first),
            ("unwant", lambda: self._get_stuck(unwanted=True)),
            ("replace", self._get_stuck),
            ("bump", self._get_stuck),
            ("wanted", self._get_stuck),
            ("submit", lambda: self._hand_in(1)),
            ("add.", lambda: self._hand_in(1)),
            ("finalize", lambda: self.world.mine(5)),
            ("recover", self.outbox.recover),
        ]

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
        keys = self._new_keys(min(3, self.in_flight - len(waiting)))
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

    def _live(self) -> list[int]:
        known = ((key, entry) for key, entry in self.submitted.items() if entry is not _NOTHING)
        return [key for key, entry in known if key not in self.unwanted and not _is_final(entry)]

    def _new_keys(self, count: int) -> list[int]:
        keys = list(range(self.next_key, self.next_key + count))
        self.next_key += len(keys)
        self.submitted |= dict.fromkeys(keys, _NOTHING)
        return keys

    async def _hand_in(self, count: int) -> None:
        for key in self._new_keys(count):
            await self._submit(key)

    async def _get_stuck(self, *, unwanted: bool = False) -> None:
        await self._hand_in(1)
        await self.world.base_fee(DEAR_WEI)
        await self.world.mine(2)
        if unwanted:
            self.unwanted |= {int(entry.key) for entry in await self.outbox.live() if entry.pending and entry.wanted}

    async def _give_up_the_first(self) -> None:
        """Before anything waits behind it; then something does."""
        await self.world.base_fee(DEAR_WEI)
        await self._hand_in(1)
        first = next(entry for entry in await self.outbox.live() if entry.pending)
        if first.key.isdigit():
            self.unwanted.add(int(first.key))
        await self.outbox._entries.unwant(first, "somebody else did it")
        await self._hand_in(1)

    async def _leave_a_gap(self) -> None:
        """Somebody with our key sends the next nonce; when we have gone on behind it the mempool forgets it."""
        for _ in range(2):
            await self.world.mine(1)
            await self.outbox.tick()
        nonce = await self.pool.reads.nonce(self.signer.address, "pending")
        tx_hash = await self._foreign(nonce)
        try:
            await self._hand_in(1)
        finally:
            await self.world.forget(tx_hash)

    async def _undo_what_was_final(self) -> None:
        """A reorganisation deeper than what was taken for final, and then work behind the hole that it left."""
        await self._hand_in(1)
        for count in (1, 3):
            await self.world.mine(count)
            await self.outbox.tick()
        await self.world.reorg(7)
        await self._hand_in(1)

    async def _take_a_nonce(self) -> None:
        """Somebody with our key sends a nonce of ours, is mined first, and that becomes final."""
        await self._hand_in(1)
        nonce = await self.pool.reads.nonce(self.signer.address)
        for entry in await self.outbox.live():
            if entry.nonce == nonce:
                for tx_hash, _ in (await self.outbox._entries.hashes([entry.id]))[entry.id]:
                    await self.world.forget(tx_hash)
        await self._foreign(nonce)
        await self.world.mine(1 + (self.confirmations or 0))

    async def _foreign(self, nonce: int) -> bytes:
        data, fees = FOREIGN.to_bytes(32, "big"), Fees(CAP_WEI, 2 * GWEI)
        work = Unsigned(self.world.chain_id, nonce, self.world.target, data, 0, 60_000, fees)
        signed = await self.signer.sign(work)
        await self.pool.send_raw(signed.raw)
        return signed.hash

    async def _calm(self) -> None:
        """No more faults: what is wanted has to get through."""
        self.confirmations = 10
        await self._restart()
        self.next_key += 1  # one more, so that a gap left by what was wrongly thought final comes to light
        await self._submit(self.next_key - 1)
        wanted = set(range(1, self.next_key)) - self.unwanted
        for _ in range(150):
            await self.world.base_fee(GWEI)
            left = wanted - await self._done()
            if not left:
                break
            for key in left:
                await self._submit(key)
            await self.outbox.tick()
            await self.world.mine(2)
        ran = await self.world.ran()
        assert {key: (ran[key], self.submitted.get(key)) for key in wanted if ran[key] != 1} == {}
        assert {key: ran[key] for key in self.unwanted if ran[key] > 1} == {}
        assert len(wanted) > len(self.unwanted)
        async with self.store.read() as tx:
            assert (await tx.execute(select(signers.c.removed))).scalar_one() > 0

    async def _done(self) -> set[int]:
        """The keys that are done and final by the database, whatever was thought before, or were when they left it."""
        async with self.store.read() as tx:
            rows = (await tx.execute(select(outbox.c.key, outbox.c.state, outbox.c.outcome))).all()
        kept = {key for key, _, _ in rows}
        final = {key for key, state, outcome in rows if (state, outcome) == (State.FINAL, Outcome.DONE)}
        left = {key for key, entry in self.submitted.items() if _is_final(entry) and str(key) not in kept}
        return left | {int(key) for key in final if key.isdigit()}


def _is_final(entry: Entry) -> bool:
    return entry.state is State.FINAL and entry.outcome is Outcome.DONE


_NOTHING = Entry(**dict.fromkeys(Entry.__dataclass_fields__))  # type: ignore[arg-type] # a key not yet submitted
