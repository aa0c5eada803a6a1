"""The Scheduler, and plans for it as the keeper package builds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak
from web3.contract import AsyncContract
from web3.types import TxReceipt

from bench.artifacts import Build, data_of, deploy, load
from bench.chain import GWEI, Chain, Reverted
from keeper.wire.codec import encode_body, encode_header, encode_item, encode_packed, encode_step
from keeper.wire.hashing import plan_id, proof, root, seal_tokens
from keeper.wire.types import Address, Call, ChainEntry, Header, Join, Step

HOUR = 3_600
DAY = 24 * HOUR
DEPOSIT_WEI = GWEI * 500_000_000
CAP_WEI = 500 * GWEI
CHAIN_ID = 31_337
EPOCH_S = HOUR


@dataclass(frozen=True)
class Plan:
    """A plan's bytes, ready to be sent."""

    header: bytes
    steps: tuple[bytes, ...]
    root: bytes
    proofs: tuple[tuple[bytes, ...], ...]
    start: int

    @property
    def id(self) -> bytes:
        return plan_id(self.header, self.root)


class Conductor:
    """A Scheduler with one owner, who has an Account, and one keeper, who has the only seat: every turn is its own."""

    def __init__(self, chain: Chain, contract: AsyncContract, builds: dict[str, Build]) -> None:
        self.chain = chain
        self.contract = contract
        self.address: ChecksumAddress = contract.address
        self.builds = builds
        self.owner = chain.accounts[1]
        self.keeper = chain.accounts[2]
        self.moved = keccak(text="Moved(bytes32,address,uint256)")
        self._salts = 0

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> Conductor:
        builds = {name: load(out, name) for name in ("Scheduler", "Account")}
        conductor = cls(chain, await deploy(chain, builds["Scheduler"]), builds)
        await conductor.create_account(conductor.owner)
        return conductor

    async def create_account(self, owner: ChecksumAddress) -> int:
        return await self.chain.gas(owner, self.address, data_of(self.contract, "createAccount", owner))

    async def take_seat(self) -> None:
        """From the next epoch but one on, the keeper has the only seat."""
        bond = 10**18
        await self.chain.send(self.keeper, self.address, data_of(self.contract, "join", self.owner), bond)
        self.chain.wait_until(self.chain.time + 2 * EPOCH_S)

    def plan(
        self,
        steps: Sequence[Step],
        *,
        start: int | None = None,
        undoable: int = 0,
        stamped: int = 0,
        runs: int = 1,
        interval: int = 0,
        seconds_clock: bool = True,
    ) -> Plan:
        """A plan of these forward steps on this chain, starting in an hour unless `start` says when."""
        self._salts += 1
        start = self.chain.time + HOUR if start is None else start
        entry = ChainEntry(
            chain_id=CHAIN_ID,
            mask=(1 << len(steps)) - 1,
            owner=Address(to_canonical_address(self.owner)),
            cap_wei=CAP_WEI,
        )
        header = Header(
            forward=len(steps),
            finals=0,
            start=start,
            schedule_by=start + DAY,
            length=DAY,
            chains=(entry,),
            salt=bytes.fromhex(f"a5c3{self._salts:04x}e1d29b47"),
            undoable=undoable,
            stamped=stamped,
            runs=runs,
            interval=interval,
            seconds_clock=seconds_clock,
        )
        encoded = tuple(encode_step(one) for one in seal_tokens(header, steps))
        proofs = tuple(proof(encoded, index) for index in range(len(encoded)))
        return Plan(encode_header(header), encoded, root(encoded), proofs, start)

    async def schedule(self, plan: Plan, *, publish: bool = False) -> int:
        """By the owner, with a deposit. What it took."""
        body = encode_body(plan.steps) if publish else b""
        data = data_of(self.contract, "schedule", encode_packed(plan.header, plan.root, body))
        return await self.chain.gas(self.owner, self.address, data, DEPOSIT_WEI)

    def move(self, function: str, plan: Plan, index: int = 0) -> bytes:
        """Calldata of `run`, `undo` or `settle` of a step."""
        item = encode_item(plan.header, plan.steps[index], plan.proofs[index])
        return data_of(self.contract, function, item, *(() if function == "settle" else (0,)))

    async def send(self, data: bytes, keeper: ChecksumAddress | None = None) -> TxReceipt:
        """A keeper's transaction."""
        return await self.chain.send(keeper or self.keeper, self.address, data)

    async def send_many(self, items: Sequence[bytes], keeper: ChecksumAddress | None = None) -> TxReceipt:
        """The same, many in one. Raises Reverted if one of them is not done."""
        data = data_of(self.contract, "runMany", list(items))
        receipt = await self.send(data, keeper)
        moves = {log["topics"][1] for log in receipt["logs"] if log["topics"][0] == self.moved}
        if len(moves) != len(items):
            raise Reverted(f"{len(moves)} of {len(items)} items of a batch were done")
        return receipt

    async def credit_wei(self, keeper: ChecksumAddress | None = None) -> int:
        """What a keeper has earned so far."""
        credit: int = (await self.contract.functions.keeper(keeper or self.keeper).call())[0]
        return credit


def step(calls: Sequence[Call], index: int = 0, *, fee: bool = True, gas_per_call: int = 40_000) -> Step:
    """A step that makes these calls, after the step before it, with a window of a day."""
    one = Step(
        index=index,
        opens=0,
        closes=DAY,
        gas_limit=20_000 + gas_per_call * len(calls),
        calls=tuple(calls),
        needs=1 << index >> 1,
        join=Join.SETTLED,
    )
    return replace(one, fee_min_gwei=1_000_000, fee_max_gwei=10_000_000, ramp=600) if fee else one
