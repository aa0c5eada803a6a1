"""What a whole executor does in a block in which ten plans come due, by how many plans are open besides.

Ten plans are scheduled in each block, ten come due, ten are tried out, sent, mined and taken in. Database statements
and requests to the node are counted, so they are exact; CPU time is this machine's.

    python -m bench.keeper_work
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from sqlalchemy import event, insert

from keeper.bots.calls import works_of
from keeper.bots.executor import Executor
from keeper.bots.keeper import log_to
from keeper.chain.endpoints import EndpointPool
from keeper.chain.follower import Source
from keeper.chain.health import Policy
from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimChain, SimLog, Tx
from keeper.chain.settings import Settings
from keeper.chain.signer import LocalSigner
from keeper.chain.store import Store
from keeper.chain.tables import jobs, plans
from keeper.chain.values import Json
from keeper.wire import hashing
from keeper.wire.abi import interface
from keeper.wire.codec import encode_body, encode_header, encode_packed, encode_step
from keeper.wire.events import topic
from keeper.wire.types import Address, Call, ChainEntry, Header, Status, Step
from keeper.wire.word import PlanWord, encode_word

OPEN_PLANS = (1_000, 10_000, 100_000)
DUE = 10
BLOCKS = 20
WARM = 5
SCHEDULER, OWNER = Address(b"\x05" * 20), Address(b"\x0a" * 20)
GWEI = 10**9
FAR = 2**39


async def measured() -> dict[str, Any]:
    """For each number of open plans the median statements, requests and CPU milliseconds of a block, as JSON."""
    log_to(Settings(log_level="error"))
    rows = {count: await _blocks(count) for count in OPEN_PLANS}
    counts = {(row["statements"], row["requests"]) for row in rows.values()}
    return {
        "what": f"an executor's work in a block with {DUE} plans due, by the plans that are open besides",
        "by_open_plans": {str(count): row for count, row in rows.items()},
        "goal": "the same statements and requests whatever is open",
        "met": len(counts) == 1,
    }


@dataclass
class Play:
    """A chain on which the Scheduler always says yes."""

    chain: SimChain = field(default_factory=SimChain)
    salt: int = 0

    def __post_init__(self) -> None:
        self.chain.execute = self._execute
        self.chain.answer = self._answer

    def schedule(self, count: int, due: int) -> list[SimLog]:
        """The events of as many new plans, due at that block."""
        return [self._scheduled(due) for _ in range(count)]

    def _scheduled(self, due: int) -> SimLog:
        self.salt += 1
        entry = ChainEntry(self.chain.chain_id, 1, OWNER, cap_wei=100 * GWEI)
        salt = self.salt.to_bytes(8, "big")
        header = Header(forward=1, finals=0, start=due, schedule_by=FAR, length=1_000, chains=(entry,), salt=salt,
                        seconds_clock=False)  # fmt: skip
        step = Step(index=0, opens=0, closes=1_000, gas_limit=50_000, calls=(Call(OWNER, 0, b"ping"),),
                    fee_min_gwei=10**6, fee_max_gwei=10**6)  # fmt: skip
        head, leaf = encode_header(header), encode_step(step)
        root = hashing.root([leaf])
        word = encode_word(PlanWord(status=Status.ACTIVE, move=1, changed=1, deposit_gwei=10**9))
        data = encode(["uint256", "bytes"], [word, encode_packed(head, root, encode_body([leaf]))])
        return SimLog(SCHEDULER, (topic("Scheduled"), hashing.plan_id(head, root)), data)

    def _execute(self, tx: Tx) -> tuple[int, tuple[SimLog, ...]]:
        word = encode_word(PlanWord(lo=1, status=Status.COMPLETED, move=2, changed=2, deposit_gwei=10**8))
        done = [SimLog(SCHEDULER, (topic("Moved"), work.plan, tx.sender.rjust(32, b"\0")), encode(["uint256"], [word]))
                for work in works_of(tx.data)]  # fmt: skip
        return 1, tuple(done)

    def _answer(self, _to: bytes, data: bytes) -> bytes:
        many = interface("Scheduler").functions["runMany"]
        items = many.decode(data)[0] if data[:4] == many.id[:4] else [b""]
        return int.to_bytes((1 << len(items)) - 1, 32, "big")


class Node(MemoryTransport):
    """An endpoint that takes block overrides."""

    def _eth_call(self, wanted: dict[str, str], block: Json, _overrides: Json = None, _block: Json = None) -> str:
        return super()._eth_call(wanted, block)


async def _blocks(count: int) -> dict[str, float]:
    play = Play()
    node = Node(play.chain)
    pool = EndpointPool(play.chain.chain_id, [node], policy=Policy(probe_every_s=0))
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(str(Path(folder) / "keeper.db"))
        statements = [0]
        event.listen(store._engine.sync_engine, "before_cursor_execute", lambda *_: _count(statements))  # noqa: SLF001
        try:
            await _fill(store, play.chain.chain_id, count)
            signer = LocalSigner(b"\x01" * 32)
            executor = Executor(pool, store, Source(1, (SCHEDULER,)), signer, worker="bench")
            play.chain.mine(20)
            await executor.start()
            rows = [await _block(play, executor, node, statements) for _ in range(BLOCKS)][WARM:]
        finally:
            await store.close()
            await pool.close()
    names = ("statements", "requests", "cpu_ms")
    return {name: round(statistics.median(row[at] for row in rows), 1) for at, name in enumerate(names)}


def _count(statements: list[int]) -> None:
    statements[0] += 1


async def _block(play: Play, executor: Executor, node: Node, statements: list[int]) -> tuple[float, ...]:
    """Ten plans that were scheduled two blocks ago come due in the next one."""
    head = play.chain.mine(logs=play.schedule(DUE, play.chain.head.number + 3)).number
    before = statements[0], node.requests, time.process_time()
    await executor.tick()
    await executor.next_look_s()
    after = statements[0], node.requests, time.process_time()
    sent = sum(len(works_of(tx.data)) for tx in play.chain.mempool.values())
    if head > 21 + WARM and sent != DUE:
        raise RuntimeError(f"{sent} of {DUE} due plans were sent for")
    return after[0] - before[0], after[1] - before[1], 1_000 * (after[2] - before[2])


async def _fill(store: Store, chain_id: int, count: int) -> None:
    """As many plans that are open, and due much later."""
    ids = [b"\xee" + number.to_bytes(31, "big") for number in range(count)]
    plan = {
        "chain_id": chain_id,
        "owner": OWNER,
        "root": bytes(32),
        "header": b"",
        "body": b"",
        "word": bytes(32),
        "block": 1,
    }
    due = {"chain_id": chain_id, "run": 0, "index": 0, "due_at": FAR, "clock": "seconds", "state": "open"}
    for first in range(0, count, 5_000):
        chunk = ids[first : first + 5_000]
        async with store.write() as tx:
            await tx.execute(insert(plans), [plan | {"id": one} for one in chunk])
            await tx.execute(insert(jobs), [
                due | {"plan": one, "id": f"{one.hex()}:0:0:{action}", "action": action}
                for one in chunk for action in ("run", "settle", "expire")
            ])  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured()), indent=2))  # noqa: T201 - this is its output
