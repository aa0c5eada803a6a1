"""Every await of the outbox, killed once in a storm, on a chain in memory. On anvil: tests/chaos."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from keeper.chain.endpoints import EndpointPool
from keeper.chain.health import Policy
from keeper.chain.memory import MemoryTransport, SimChain
from keeper.chain.store import Store
from tests.chaos.storm import Storm, kill_points


class InMemory:
    def __init__(self) -> None:
        self._chain = SimChain()
        self._chain.mine(20)
        self.chain_id = self._chain.chain_id
        self.target = b"\x0e" * 20

    def pool(self) -> EndpointPool:
        return EndpointPool(self.chain_id, [MemoryTransport(self._chain)], policy=Policy(probe_every_s=0))

    async def mine(self, count: int) -> None:
        self._chain.mine(count)

    async def reorg(self, depth: int) -> None:
        self._chain.reorg(depth, keep=False)

    async def forget(self, tx_hash: bytes) -> None:
        pool = self._chain.mempool
        self._chain.mempool = {place: tx for place, tx in pool.items() if tx.hash != tx_hash}

    async def base_fee(self, wei: int) -> None:
        self._chain.base_fee_wei = wei

    async def ran(self) -> Counter[int]:
        return Counter(int.from_bytes(tx.data, "big") for tx, status in self._chain.mined() if tx.to == self.target)


async def test_killed_at_every_await_everything_runs_exactly_once(tmp_path: Path) -> None:
    async def open_store() -> Store:
        return await Store.open(str(tmp_path / "keeper.db"))

    points = kill_points()
    random.Random(1).shuffle(points)
    storm = Storm(InMemory(), open_store, seed=1)
    await storm.run(points)
    assert storm.killer.killed == Counter(points)
    assert storm.restarts > len(points)
    assert storm.next_key > 50
