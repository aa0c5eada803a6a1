"""examples/price.yaml on a real chain: each hour's step asks whichever instance is live then, and waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from web3.exceptions import ContractCustomError

from keeper.chain.reads import Reads
from keeper.chain.rpc import HttpTransport
from keeper.plans import Compiled, Deployment, RpcChain, check, pin, propose, read_plan, simulate
from keeper.plans.actions import OwnerCall
from keeper.wire.abi import encode_call
from keeper.wire.hashing import deployed_address
from keeper.wire.types import Status
from keeper.wire.word import decode_word
from tests.clients.world import DAY, World, node_of
from tests.conftest import ROOT

PLAN = ROOT / "examples/price.yaml"
HALF_HOUR = 1_800
SERVICE = node_of("prices.team")


class Hours:
    """Alice's plan and reader, and bob's two feeds, of which `south` beats for days and `north` for half an hour."""

    def __init__(self, url: str) -> None:
        self.world = world = World(url)
        self.scheduler = world.protocol("Scheduler")
        world.protocol("Facts")
        world.claim("team")
        world.create("prices.team")
        self.feeds = {name: world.deploy("PriceFeed", world.places["bob"]) for name in ("north", "south")}
        world.places |= {name: feed.address for name, feed in self.feeds.items()}
        self.ids = {
            "north": world.instance(SERVICE, "north", HALF_HOUR, target="north"),
            "south": world.instance(SERVICE, "south", DAY, target="south"),
        }
        self.reader = world.deploy("PriceReader", world.registry.address, SERVICE)

    def beats(self, name: str, cents: int) -> None:
        """The instance's operator sets its price, and says that it lives."""
        self.world.send(self.feeds[name].functions.set(cents), by="bob")
        self.world.beat(self.ids[name])

    def schedule(self) -> Compiled:
        """What the file's owner sends, the Account's creation first."""
        sets = {"holder": self.world.places["alice"], "reader_at": self.reader.address, "start": "now", "ticks": "3"}
        plan, calls = asyncio.run(_prepared(self.world.url, sets))
        for call in calls:
            self.world.call(call.target, call.data, call.value_wei)
        return plan

    def run(self, plan: Compiled) -> None:
        """By a keeper, who gets paid; raises where the call would fail."""
        self.world.call(plan.scheduler, encode_call("run", plan.item(0), 0), by="carol")

    def status(self, plan: Compiled) -> Status:
        word, _ = self.scheduler.functions.plan(plan.plan_id).call()
        return decode_word(word).status

    def read(self) -> tuple[int, int]:
        """The reader's price, and whose it is."""
        return self.reader.functions.cents().call(), self.reader.functions.source().call()


async def _prepared(url: str, sets: dict[str, str]) -> tuple[Compiled, tuple[OwnerCall, ...]]:
    transport = HttpTransport(url)
    try:
        chain = RpcChain(Reads(transport))
        deployment = Deployment(deployed_address("Scheduler"), deployed_address("Facts"))
        found = await pin(read_plan(PLAN, sets), chain, deployment)
        assert (await simulate(found.compiled, chain)).errors == ()
        assert (await check(found.compiled, chain)).errors == ()
        return found.compiled, propose(found.compiled, found.grants, create_account=True).calls
    finally:
        await transport.close()


@pytest.fixture
def hours(start_anvil: Callable[..., str]) -> Hours:
    return Hours(start_anvil())


def test_each_hour_asks_who_is_live_then(hours: Hours) -> None:
    hours.beats("north", 200_000)
    plan = hours.schedule()
    hours.run(plan)
    assert hours.read() == (200_000, hours.ids["north"])

    hours.world.later(2 * HALF_HOUR)
    with pytest.raises(ContractCustomError):
        hours.run(plan)
    hours.beats("south", 300_000)
    hours.run(plan)
    assert hours.read() == (300_000, hours.ids["south"])

    hours.world.later(2 * HALF_HOUR + 1)
    with pytest.raises(ContractCustomError):
        hours.run(plan)  # south lives, but its price is of more than an hour ago
    hours.beats("south", 310_000)
    assert hours.status(plan) is Status.ACTIVE
    hours.run(plan)
    assert (hours.read(), hours.status(plan)) == ((310_000, hours.ids["south"]), Status.COMPLETED)


def test_a_full_service_takes_no_more_gas_than_the_plan_gives(hours: Hours) -> None:
    """64 instances, the most that `pick` draws from, every one of them read."""
    world = hours.world
    hours.beats("south", 300_000)
    more = [world.instance(SERVICE, f"more-{i}", DAY, target="south") for i in range(62)]
    world.beat(*more)
    plan = hours.schedule()
    assert plan.steps[0].gas_limit == 400_000
    hours.run(plan)
    assert hours.read()[0] == 300_000
