"""A chain of one's own with a Scheduler on it: what the bots' tests plan, look at, and shake."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from eth_account import Account
from sqlalchemy import select

from keeper.bots.executor import Executor
from keeper.bots.index import earned_key
from keeper.chain.endpoints import EndpointPool
from keeper.chain.entries import _COLUMNS, Entry, _entry
from keeper.chain.follower import Source
from keeper.chain.health import Policy
from keeper.chain.rpc import HttpTransport
from keeper.chain.signer import LocalSigner
from keeper.chain.tables import outbox
from keeper.chain.values import hexed, quantity, raw
from keeper.wire import hashing
from keeper.wire.abi import decode_result, encode_call, interface
from keeper.wire.codec import encode_body, encode_header, encode_packed, encode_step
from keeper.wire.events import Moved, decode_event, topic
from keeper.wire.types import Address, Call, ChainEntry, Header, PlanId, Status, Step, Value
from keeper.wire.word import PlanWord, decode_word

GWEI = 10**9
ETHER = 10**18
CHAIN = 31_337
MNEMONIC = "test test test test test test test test test test test junk"

TARGET = Address(bytes(18) + b"\xaa\xaa")
"""Logs its calldata; once its first slot is set it reverts instead."""
_TARGET_CODE = "0x5f54600d57365f5f37365fa0005b5f5ffd"


@cache
def private_key(number: int) -> str:
    """One of anvil's rich accounts, from the end, so that the first stay the world's own."""
    Account.enable_unaudited_hdwallet_features()
    return "0x" + bytes(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{9 - number}").key).hex()


@cache
def signer(number: int) -> LocalSigner:
    return LocalSigner(bytes.fromhex(private_key(number)[2:]))


class World:
    """Anvil, where blocks come only when asked for, or by themselves."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool = self.new_pool()
        self.scheduler = Address(b"")
        self.owner = Address(b"")
        self._salts = itertools.count(1)
        self.clock_s = 0.0
        """Our own time where blocks come when asked for: a second for each."""
        self.plans: dict[PlanId, tuple[Header, tuple[Step, ...]]] = {}

    def new_pool(self, *transports: Any) -> EndpointPool:
        policy = Policy(probe_every_s=0.0, back_off_s=0.05, back_off_max_s=0.2, banished_s=1.0)
        return EndpointPool(CHAIN, transports or [HttpTransport(self.url, timeout_s=10)], policy=policy)

    async def deploy(self) -> World:
        accounts = await self.rpc("eth_accounts")
        self.owner = Address(raw(accounts[0]))
        receipt = await self.send(b"", interface("Scheduler").creation_code)
        self.scheduler = Address(raw(receipt["contractAddress"]))
        self.source = Source(quantity(receipt["blockNumber"]), (self.scheduler,))
        await self.rpc("anvil_setCode", hexed(TARGET), _TARGET_CODE)
        await self.send(self.scheduler, encode_call("createAccount", self.owner))
        return self

    async def rpc(self, method: str, *params: Any) -> Any:
        return await self.pool.request(method, list(params))

    async def send(self, to: bytes, data: bytes, value_wei: int = 0, sender: bytes | None = None) -> Any:
        """Mined at once, and it has to go well."""
        call = {
            "from": hexed(sender or self.owner),
            "data": hexed(data),
            "value": hex(value_wei),
            "gas": hex(12_000_000),
        }
        sent = await self.rpc("eth_sendTransaction", call | ({"to": hexed(to)} if to else {}))
        receipt = await self.rpc("eth_getTransactionReceipt", sent)
        if receipt is None:
            await self.mine()
            receipt = await self.rpc("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", receipt
        return receipt

    async def mine(self, count: int = 1) -> None:
        for _ in range(count):
            await self.rpc("evm_mine")
            self.clock_s += 1.0

    async def block(self) -> int:
        return quantity(await self.rpc("eth_blockNumber"))

    async def time_s(self) -> int:
        return quantity((await self.rpc("eth_getBlockByNumber", "latest", False))["timestamp"])

    # ------------------------------------------------------------------ plans

    def plan(self, steps: Sequence[Step], *, start: int, **fields: Any) -> tuple[Header, tuple[Step, ...]]:
        """A plan of this world's owner, sealed; blocks clock and no finally steps unless said otherwise."""
        finals = fields.pop("finals", 0)
        mask = (1 << len(steps)) - 1
        entry = ChainEntry(CHAIN, mask, self.owner, cap_wei=fields.pop("cap_wei", 100 * GWEI), poke_fee_gwei=200_000)
        header = Header(
            forward=len(steps) - finals,
            finals=finals,
            start=start,
            length=max(step.closes for step in steps),
            schedule_by=2**40 - 1,
            chains=(entry,),
            salt=next(self._salts).to_bytes(8, "big"),
            undoable=sum(step.bit for step in steps if step.undo),
            **{"seconds_clock": False, "stop_on_abort": True} | fields,
        )
        return header, hashing.seal_tokens(header, steps)

    async def schedule_all(self, plans: Sequence[tuple[Header, tuple[Step, ...]]]) -> list[PlanId]:
        """As many as fit into one block."""
        ids = []
        for plan in plans:
            plan_id, packed = self._packed(plan, publish=True)
            call = {
                "from": hexed(self.owner),
                "to": hexed(self.scheduler),
                "value": hex(ETHER // 10),
                "gas": hex(250_000),
            }
            await self.rpc("eth_sendTransaction", call | {"data": hexed(encode_call("schedule", packed))})
            ids.append(plan_id)
        await self.mine()
        assert (await self.word(ids[-1])).status is not Status.NOT_SCHEDULED
        return ids

    async def schedule(
        self, plan: tuple[Header, tuple[Step, ...]], *, deposit_wei: int = ETHER // 10, publish: bool = True
    ) -> PlanId:
        plan_id, packed = self._packed(plan, publish=publish)
        await self.send(self.scheduler, encode_call("schedule", packed), deposit_wei)
        return plan_id

    def _packed(self, plan: tuple[Header, tuple[Step, ...]], *, publish: bool) -> tuple[PlanId, bytes]:
        header, steps = plan
        leaves = [encode_step(step) for step in steps]
        head, root = encode_header(header), hashing.root(leaves)
        plan_id = hashing.plan_id(head, root)
        self.plans[plan_id] = plan
        return plan_id, encode_packed(head, root, encode_body(leaves) if publish else b"")

    async def word(self, plan: PlanId) -> PlanWord:
        answer = await self.pool.reads.call(self.scheduler, encode_call("plan", plan))
        return decode_word(decode_result("plan", answer)[0])

    async def moves(self) -> list[tuple[Moved, int]]:
        """Every move on the chain as it stands, with its block."""
        logs = await self.pool.reads.logs(0, await self.block(), [self.scheduler], [topic("Moved")])
        return [
            (event, log.block_number) for log in logs if isinstance(event := decode_event(log.topics, log.data), Moved)
        ]

    async def ran(self) -> Counter[bytes]:
        """How often the target was called with which calldata."""
        logs = await self.pool.reads.logs(0, await self.block(), [TARGET])
        return Counter(log.data for log in logs)

    async def sent_by(self, bot: Executor) -> list[Entry]:
        """Every transaction the keeper's outbox has, in order."""
        async with bot._queue._store.read() as tx:
            rows = (await tx.execute(select(*_COLUMNS).order_by(outbox.c.id))).mappings()
            return [_entry(row) for row in rows if row["signer"] == bot._signer]

    async def earned(self, bot: Executor, hot: bytes) -> Any:
        """What the keeper's index says of a key: moves, gwei."""
        return await bot._queue.fact(earned_key(hot))

    async def lateness(self) -> list[int]:
        """Of each step that is Done: the block it ran in less the first it could have (single runs, blocks clock)."""
        late = []
        before: dict[PlanId, PlanWord] = {}
        for move, block in await self.moves():
            header, steps = self.plans[move.plan]
            word, old = decode_word(move.word), before.get(move.plan, PlanWord())
            late += [
                block - (header.start + step.opens)
                for step in steps
                if word.value(step.index) is Value.DONE and old.value(step.index) is Value.PENDING
            ]
            before[move.plan] = word
        return late


def call(number: int) -> Call:
    return Call(TARGET, 0, number.to_bytes(4, "big"))


def step(index: int = 0, *, number: int = 1, opens: int = 0, closes: int = 1_000, **fields: Any) -> Step:
    """One call of the target, marked with `number`, for a premium of 0.0005 to 0.001."""
    defaults = {"gas_limit": 60_000, "fee_min_gwei": 500_000, "fee_max_gwei": 1_000_000, "ramp": 10}
    calls = fields.pop("calls", (call(number),))
    return Step(index=index, opens=opens, closes=closes, calls=calls, **defaults | fields)
