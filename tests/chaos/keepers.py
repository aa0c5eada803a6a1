"""A keeper that dies and comes back, on a chain where plans keep coming due."""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keeper.bots import executor as executor_module
from keeper.bots.executor import Executor, ExecutorPolicy
from keeper.chain.endpoints import EndpointPool
from keeper.chain.moves import OutboxPolicy
from keeper.chain.store import Store
from keeper.wire.errors import ConductorError
from keeper.wire.types import PlanId, Status
from tests.chaos.storm import Killed, Killer
from tests.integration.bots.world import World, signer, step

CONFIRMATIONS = 10
"""Deeper than any reorganisation of these tests."""
KEPT_S = 30.0
"""Final transactions leave the database so long afterwards: well within a test."""
AHEAD = 3
"""A plan comes due so many blocks after it was scheduled."""


def kill_points() -> list[str]:
    """After every await of the executor, by name. Before the next one nothing happens that outlives a process."""
    tree = ast.parse(Path(executor_module.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._step"]
    names = {str(ast.literal_eval(call.args[0])) for call in calls}
    return sorted(f"after executor {name}" for name in names)


@dataclass
class Play:
    """One keeper, one world, and whoever pulls the plug."""

    world: World
    database: Path | str
    seed: int
    pool: Callable[[], EndpointPool] | None = None
    plans: list[PlanId] = field(default_factory=list)
    killer: Killer = field(default_factory=Killer)
    seen: Counter[str] = field(default_factory=Counter)
    restarts: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    async def checkpoint(self, name: str) -> None:
        self.seen[name] += 1
        await self.killer(name)

    async def open(self) -> None:
        """A new process: nothing is left of the old one but its database."""
        self.killer.dead = False
        self.store = await Store.open(str(self.database))
        self.chain = self.pool() if self.pool else self.world.new_pool()
        self.keeper = Executor(
            self.chain,
            self.store,
            self.world.source,
            signer(0),
            worker="w",
            policy=ExecutorPolicy(outbox=OutboxPolicy(confirmations=CONFIRMATIONS, keep_s=KEPT_S)),
            checkpoint=self.checkpoint,
            wall_s=lambda: self.world.clock_s,
            mono_s=lambda: self.world.clock_s,
        )
        self.started = False

    async def close(self) -> None:
        await self.store.close()
        await self.chain.close()

    async def look(self) -> None:
        """One look at the chain; if it kills the keeper, another takes its place."""
        try:
            if not self.started:
                await self.keeper.start()
                self.started = True
            await self.keeper.tick()
        except Killed:
            self.restarts += 1
            await self.close()
            await self.open()
        except ConductorError:
            pass  # an endpoint's trouble; the next look will do

    async def schedule(self, count: int, each_block: int = 1) -> None:
        """Plans of one step that come due soon, so many in each block."""
        start = await self.world.block() + AHEAD
        numbers = range(len(self.plans), len(self.plans) + count)
        plans = [
            self.world.plan([step(number=number)], start=start + at // each_block) for at, number in enumerate(numbers)
        ]
        self.plans += await self.world.schedule_all(plans)

    async def waiting(self, newest: int | None = None) -> list[PlanId]:
        """The plans, or the newest of them, that are still to run."""
        chosen = self.plans[-newest:] if newest else self.plans
        return [plan for plan in chosen if (await self.world.word(plan)).status is not Status.COMPLETED]

    async def calm(self, blocks: int = 400) -> None:
        """Without kills until every plan is done."""
        self.killer.armed = None
        for _ in range(blocks):
            await self.look()
            await self.world.mine()
            if not await self.waiting(20) and not await self.waiting():
                return
        raise AssertionError(f"{len(await self.waiting())} plans never ran")

    async def require_once(self) -> None:
        """Every step ran, and none of them twice."""
        wanted = {number.to_bytes(4, "big"): 1 for number in range(len(self.plans))}
        assert await self.world.ran() == wanted
