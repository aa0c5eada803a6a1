"""Takes every figure of the table, one transaction after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eth_utils.address import to_canonical_address, to_checksum_address
from web3.contract import AsyncContract

from bench.artifacts import data_of, deploy, load
from bench.chain import Chain
from bench.figures import LIMIT, OURS, Figures
from bench.ours import Conductor, step
from bench.peers import NO_SALT, Chainlink, OpenZeppelin, Peer, Sent, Solady
from keeper.wire.types import Address, Call

KEYS_IN_USE = 40
LEAN = "multicall that returns nothing"
COUNTS = (1, 5, 20)


class Calls:
    """The target and its calls, the same for all: each adds one to a slot of its own that is already in use."""

    def __init__(self, target: AsyncContract) -> None:
        self.contract = target
        self.target = Address(to_canonical_address(target.address))
        self._fresh = 1_000_000

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> Calls:
        calls = cls(await deploy(chain, load(out, "Target")))
        for call in calls.some(KEYS_IN_USE):
            await chain.send(chain.accounts[0], to_checksum_address(call.target), call.data)
        return calls

    def ping(self, key: int, more: bytes | None = None) -> Call:
        """One call; with `more`, the same with longer calldata."""
        if more is None:
            return Call(self.target, 0, data_of(self.contract, "ping", key))
        return Call(self.target, 0, data_of(self.contract, "pingWith", key, more))

    def some(self, count: int) -> list[Call]:
        return [self.ping(key) for key in range(count)]

    def fresh_key(self) -> int:
        """A key whose slot was never written."""
        self._fresh += 1
        return self._fresh


class Multicall3:
    """The multicall that everybody has deployed: the limit for many calls."""

    def __init__(self, contract: AsyncContract) -> None:
        self.contract = contract

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> Multicall3:
        return cls(await deploy(chain, load(out, "Multicall3")))

    def of_calls(self, calls: Sequence[Call]) -> Sent:
        rows = [(to_checksum_address(c.target), False, c.value_wei, c.data) for c in calls]
        return self.contract.address, data_of(self.contract, "aggregate3Value", rows)

    def of_transactions(self, sent: Sequence[Sent]) -> Sent:
        rows = [(to, False, data) for to, data in sent]
        return self.contract.address, data_of(self.contract, "aggregate3", rows)


async def limits(chain: Chain, out: Path, calls: Calls, multicall: Multicall3, figures: Figures) -> None:
    """What it takes without any of us: the bare call, the bare multicall, one fresh slot, bare code."""
    keeper = chain.accounts[2]
    (one,) = calls.some(1)
    bare = await chain.gas(keeper, to_checksum_address(one.target), one.data)
    fresh = calls.ping(calls.fresh_key())
    slot = await chain.gas(keeper, to_checksum_address(fresh.target), fresh.data)
    for count in COUNTS:
        many = await chain.gas(keeper, *multicall.of_calls(calls.some(count)))
        figures.put(f"batch of {count}", LIMIT, many / count)
        figures.put(f"run {count}", LIMIT, bare if count == 1 else many)
    for case in ("run 1, no seats", "run 1, first-ever keeper", *(f"step {k} of 20" for k in COUNTS)):
        figures.put(case, LIMIT, bare)
    for case in ("schedule 1", "schedule 5"):
        figures.put(case, LIMIT, slot)
    for case in ("schedule + run five calls", "schedule + run five calls, no salt"):
        figures.put(case, LIMIT, slot + figures.get("run 5", LIMIT))
    lean = await deploy(chain, load(out, "Multicall"))
    for count in (5, 20):
        rows = [(to_checksum_address(c.target), c.value_wei, c.data) for c in calls.some(count)]
        figures.put(f"run {count}", LEAN, await chain.gas(keeper, lean.address, data_of(lean, "multicall", rows)))


async def peer(chain: Chain, who: Peer, calls: Calls, multicall: Multicall3, figures: Figures) -> None:
    """Everything a peer is asked for."""
    boss, keeper = chain.accounts[0], chain.accounts[2]
    salt = bytes.fromhex("a5c3e1d29b47").rjust(8, b"\7").ljust(32, b"\0")

    async def both(batch: Sequence[Call], salt: bytes) -> tuple[int, int]:
        scheduled = await chain.gas(boss, *await who.schedule(batch, salt))
        chain.wait_until(chain.time + 120)
        return scheduled, await chain.gas(keeper, *await who.execute(batch, salt))

    for count in (n for n in COUNTS if n <= who.most_calls):
        scheduled, ran = await both(calls.some(count), salt)
        figures.put(f"schedule {count}", who.name, scheduled)
        figures.put(f"run {count}", who.name, ran)
        if count == 5:
            figures.put("schedule + run five calls", who.name, scheduled + ran)
            figures.put("schedule + run five calls, no salt", who.name, sum(await both(calls.some(5), NO_SALT)))
    for count in COUNTS:
        salts = [bytes([count, k + 1]) + salt[2:] for k in range(count)]
        singles = [([call], one) for call, one in zip(calls.some(count), salts, strict=True)]
        for single in singles:
            await chain.send(boss, *await who.schedule(*single))
        chain.wait_until(chain.time + 120)
        sent = [await who.execute(*single) for single in singles]
        figures.put(f"batch of {count}", who.name, await chain.gas(keeper, *multicall.of_transactions(sent)) / count)


async def ours(chain: Chain, conductor: Conductor, calls: Calls, figures: Figures) -> None:
    """Everything our Scheduler is asked for."""

    async def ran(batch: Sequence[Call]) -> tuple[int, int]:
        plan = conductor.plan([step(batch)])
        scheduled = await conductor.schedule(plan, publish=len(batch) > 1)
        chain.wait_until(plan.start)
        return scheduled, (await conductor.send(conductor.move("run", plan)))["gasUsed"]

    # The keeper's first pay, and that of another, before anyone has a seat.
    for case in ("run 1, first-ever keeper", "run 1, no seats"):
        _, used = await ran(calls.some(1))
        figures.put(case, OURS, used)
    await conductor.take_seat()

    for count in COUNTS:
        scheduled, used = await ran(calls.some(count))
        figures.put(f"schedule {count}", OURS, scheduled)
        figures.put(f"run {count}", OURS, used)
        if count == 5:
            for case in ("schedule + run five calls", "schedule + run five calls, no salt"):
                figures.put(case, OURS, scheduled + used)

    plan = conductor.plan([step([call], index) for index, call in enumerate(calls.some(20))])
    await conductor.schedule(plan)
    chain.wait_until(plan.start)
    for index in range(20):
        used = (await conductor.send(conductor.move("run", plan, index)))["gasUsed"]
        if index + 1 in COUNTS:
            figures.put(f"step {index + 1} of 20", OURS, used)

    for count in COUNTS:
        start = chain.time + 3_600
        plans = [conductor.plan([step([call])], start=start) for call in calls.some(count)]
        for each in plans:
            await conductor.schedule(each)
        chain.wait_until(start)
        receipt = await conductor.send_many([conductor.move("run", each) for each in plans])
        figures.put(f"batch of {count}", OURS, receipt["gasUsed"] / count)

    newcomer = chain.fresh_account()
    figures.put("account", OURS, await conductor.create_account(newcomer))
    code = await chain.w3.eth.get_code(await conductor.contract.functions.accountOf(newcomer).call())
    figures.put("account", LIMIT, await chain.gas(newcomer, None, _creation_of(bytes(code))))


def _creation_of(code: bytes) -> bytes:
    """Creation code that does nothing but leave `code`: PUSH2 DUP1 PUSH1 PUSH0 CODECOPY PUSH0 RETURN."""
    return b"\x61" + len(code).to_bytes(2, "big") + b"\x80\x60\x0a\x5f\x39\x5f\xf3" + code


async def everything(chain: Chain, out: Path) -> tuple[Figures, Conductor, list[Peer], Calls]:
    """All figures of the table, and who gave them."""
    figures = Figures()
    calls = await Calls.deployed(chain, out)
    multicall = await Multicall3.deployed(chain, out)
    await limits(chain, out, calls, multicall, figures)
    peers: list[Peer] = [await kind.deployed(chain, out) for kind in (OpenZeppelin, Solady, Chainlink)]
    for one in peers:
        await peer(chain, one, calls, multicall, figures)
    conductor = await Conductor.deployed(chain, out)
    await ours(chain, conductor, calls, figures)
    return figures, conductor, peers, calls
