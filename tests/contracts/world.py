"""The Scheduler on anvil with everybody around it, and a clock that moves only when a test moves it.

Every transaction is in a block of its own at `world.time` (seconds) or in block `world.block` (if a test set it), with
base fee
`world.base_fee`; `world.refusal` asks the same block whether a call would be refused, and with which typed error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import ape
from ape.api.accounts import TestAccountAPI
from ape.api.transactions import ReceiptAPI
from ape.contracts import ContractInstance
from ape_foundry import FoundryProvider
from eth_abi import decode
from eth_utils import function_abi_to_4byte_selector
from ethpm_types import ContractType

from keeper.wire import hashing
from keeper.wire.types import Call, Header, Status, Step, Value
from tests.contracts.plans import CHAIN, GWEI, Ask, Plan, call, entry
from toolchain.abi import contract_type

GAS = 8_000_000
ERRORS_OF = ("Scheduler", "Account", "Facts", "Registry", "Target", "Hostile", "TestReferee", "TestRoute", "Answers")


@dataclass(frozen=True)
class Refusal:
    """A typed error with its values in order."""

    name: str
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}{self.values}"


@dataclass(frozen=True)
class Word:
    """A plan word taken apart (docs/wire.md); independent of keeper.wire, which it checks."""

    values: tuple[Value, ...]
    status: Status
    cancelled: bool
    run: int
    move: int
    changed: int
    deposit_gwei: int

    @classmethod
    def of(cls, word: int, steps: int) -> Word:
        lo, mid, hi = (word >> shift & 0xFFFFFFFF for shift in (224, 192, 160))
        return cls(
            values=tuple(Value((lo >> i & 1) + 2 * (mid >> i & 1) + 4 * (hi >> i & 1)) for i in range(steps)),
            status=Status(word >> 152 & 7),
            cancelled=bool(word >> 155 & 1),
            run=word >> 128 & 0xFFFFFF,
            move=word >> 104 & 0xFFFFFF,
            changed=word >> 64 & 0xFFFFFFFFFF,
            deposit_gwei=word & 0xFFFFFFFFFFFFFFFF,
        )


@lru_cache
def _errors() -> dict[bytes, Mapping[str, Any]]:
    abis = (contract_type(name)["abi"] for name in ERRORS_OF)
    return {bytes(function_abi_to_4byte_selector(e)): e for abi in abis for e in abi if e["type"] == "error"}


def refusal_of(revert: bytes) -> Refusal:
    """The typed error in revert data; `Refusal("", (data,))` for anything else."""
    abi = _errors().get(revert[:4])
    if abi is None:
        return Refusal("", (revert,))
    return Refusal(abi["name"], tuple(decode([item["type"] for item in abi["inputs"]], revert[4:])))


class Refused(Exception):
    """A transaction that should have gone through did not."""


@dataclass
class World:
    chain: FoundryProvider
    accounts: list[TestAccountAPI]
    scheduler: ContractInstance
    target: ContractInstance
    answers: ContractInstance
    time: int
    block: int = 0
    base_fee: int = GWEI
    salts: int = 0
    made: dict[str, ContractInstance] = field(default_factory=dict)

    # ------------------------------------------------------------------ who

    @property
    def owner(self) -> TestAccountAPI:
        return self.accounts[0]

    @property
    def guardian(self) -> TestAccountAPI:
        return self.accounts[1]

    @property
    def keeper(self) -> TestAccountAPI:
        return self.accounts[2]

    @property
    def stranger(self) -> TestAccountAPI:
        return self.accounts[3]

    @property
    def account(self) -> ContractInstance:
        """The owner's Account."""
        return self.account_of(self.owner)

    def account_of(self, owner: Any) -> ContractInstance:
        where = self.scheduler.accountOf(owner)
        return ape.Contract(where, contract_type=_contract_type("Account"))

    def contract(self, name: str, file: str | None = None, *args: Any) -> ContractInstance:
        """A mock of this name, deployed once in this test."""
        key = f"{file or name}.{name}"
        if key not in self.made:
            self.made[key] = self.deploy(name, file, *args)
        return self.made[key]

    def deploy(self, name: str, file: str | None = None, *args: Any) -> ContractInstance:
        self._tick()
        container = ape.contracts.ContractContainer(_contract_type(name, file))
        return self.accounts[11].deploy(container, *args, gas=GAS)

    # ------------------------------------------------------------------ plans

    def ping(self, key: int) -> Call:
        """A call that counts under `key` at the target."""
        return call(self.target, "ping(uint256)", key)

    def note(self, tag: int, value: int = 0) -> Call:
        """A call that tells the target `tag`; see `notes`."""
        return call(self.target, "note(uint256)", tag, value=value)

    def fail(self, code: int = 0) -> Call:
        """A call that reverts."""
        return call(self.contract("Hostile"), "fail(uint256)", code)

    def plan(self, *steps: Step, finals: int = 0, **fields: Any) -> Plan:
        """A plan of the owner on this chain, starting now, to be scheduled at once."""
        self.salts += 1
        now = self.now(fields.get("seconds_clock", True))
        mask = (1 << len(steps)) - 1
        chain = {
            name: fields.pop(name) for name in ("guardian", "factory", "cap_wei", "poke_fee_gwei") if name in fields
        }
        owner = fields.pop("owner", self.owner)
        defaults = {
            "start": now,
            "schedule_by": now + 1_000_000,
            "length": 10_000,
            "chains": (entry(owner, mask, **chain),),
            "salt": self.salts.to_bytes(8, "big"),
        }
        header = Header(forward=len(steps) - finals, finals=finals, **{**defaults, **fields})
        return Plan.of(steps, header)

    def two_chain_plan(self, *steps: Step, here: int, route: bytes, finals: int = 0, **fields: Any) -> Plan:
        """A plan whose steps in `here` are on this chain, the others on chain 10, learnt of by `route` alone."""
        plan = self.plan(*steps, finals=finals, **fields)
        all_ = (1 << len(steps)) - 1
        chains = (entry(self.owner, here), entry(self.owner, all_ & ~here, chain_id=10))
        header = replace(plan.header, chains=chains, routes_root=hashing.root((route,)))
        return Plan.of(plan.steps, header, route)

    def scheduled(self, *steps: Step, deposit_wei: int = 10**18, **fields: Any) -> Plan:
        """`plan`, scheduled by its owner."""
        plan = self.plan(*steps, **fields)
        self.do(plan.schedule(), by=fields.get("owner", self.owner), value=deposit_wei)
        return plan

    def word(self, plan: Plan) -> Word:
        return Word.of(self.raw_word(plan), len(plan.steps))

    def raw_word(self, plan: Plan) -> int:
        return int(self.scheduler.plan(plan.id).word)

    def values(self, plan: Plan) -> str:
        """One letter a step: P D S F U X."""
        return "".join("PDSFUX"[value] for value in self.word(plan).values)

    def status(self, plan: Plan) -> Status:
        return self.word(plan).status

    def credit(self, who: Any) -> int:
        return int(self.scheduler.keeper(who).creditWei)

    # ------------------------------------------------------------------ time

    def now(self, seconds: bool = True) -> int:
        """The time of the next transaction on a clock."""
        if seconds:
            return self.time
        return self.block or self.chain.get_block("latest").number + 1

    def at(self, time: int) -> World:
        """The next transactions are in blocks of this time."""
        assert time >= self.time, f"time goes forward only: {self.time} -> {time}"
        self.time = time
        return self

    def at_block(self, number: int) -> World:
        """The next transaction is in this block."""
        head = self.chain.get_block("latest").number
        assert number > head, f"block {number} is over: {head}"
        self.block = number
        return self

    def _tick(self) -> None:
        missing = self.block - self.chain.get_block("latest").number - 1 if self.block else 0
        if missing > 0:
            self.chain.make_request("evm_setNextBlockTimestamp", [hex(self.time)])
            self.chain.make_request("anvil_mine", [hex(missing), "0x0"])
        self.chain.make_request("evm_setNextBlockTimestamp", [hex(self.time)])
        self.chain.make_request("anvil_setNextBlockBaseFeePerGas", [hex(self.base_fee)])

    # ------------------------------------------------------------------ deeds

    def calldata(self, ask: Ask) -> bytes:
        return bytes(getattr(self.scheduler, ask.name).encode_input(*ask.args))

    def do(self, ask: Ask, by: Any = None, value: int = 0, gas: int = GAS, expect: bool = True) -> ReceiptAPI:
        """Send it, in a block of its own. Raises Refused if it reverts, unless told not to expect it to succeed."""
        return self.send(self.scheduler.address, self.calldata(ask), by or self.keeper, value, gas, expect)

    def do_join(self, hot: TestAccountAPI, cold: Any = None) -> int:
        """Give `hot` the lowest free seat. Returns it."""
        receipt = self.do(Ask("join", (str(cold or hot),)), by=hot, value=10**18)
        return int(self.events(receipt, "SeatSet")[0]["seat"])

    def call(self, contract: ContractInstance, name: str, *args: Any, by: Any = None, value: int = 0) -> ReceiptAPI:
        """Call any contract's function likewise."""
        return self.send(
            contract.address, bytes(getattr(contract, name).encode_input(*args)), by or self.stranger, value
        )

    def send(
        self, to: str, data: bytes, by: TestAccountAPI, value: int = 0, gas: int = GAS, expect: bool = True
    ) -> ReceiptAPI:
        self._tick()
        transaction = self.chain.network.ecosystem.create_transaction(
            receiver=to, data=data, value=value, gas_limit=gas, max_fee=self.base_fee, max_priority_fee=0, type=2
        )
        transaction.raise_on_revert = False
        receipt = by.call(transaction)
        self.block = 0
        if expect and receipt.failed:
            raise Refused(str(self._refusal_at(to, data, by, value, receipt.block_number)))
        return receipt

    def refusal(self, ask: Ask, by: Any = None, value: int = 0, gas: int = GAS) -> Refusal | None:
        """The error that this call would meet now, None if it would go through. Nothing is sent."""
        by = by or self.keeper
        return self._probe(self.scheduler.address, self.calldata(ask), by, value, gas)

    def refuses(
        self, contract: ContractInstance, name: str, *args: Any, by: Any = None, value: int = 0
    ) -> Refusal | None:
        """The same of any contract's function."""
        return self.answers_to(contract.address, bytes(getattr(contract, name).encode_input(*args)), by, value)

    def answers_to(self, to: str, data: bytes, by: Any = None, value: int = 0) -> Refusal | None:
        """The same of any calldata."""
        return self._probe(to, data, by or self.stranger, value)

    def _probe(self, to: str, data: bytes, by: Any, value: int, gas: int = GAS) -> Refusal | None:
        overrides = {"time": hex(self.time), "number": hex(self.now(False)), "baseFee": hex(self.base_fee)}
        return self._eth_call(to, data, by, value, gas, "latest", {}, overrides)

    def _refusal_at(self, to: str, data: bytes, by: Any, value: int, block: int) -> Refusal | None:
        return self._eth_call(
            to, data, by, value, GAS, hex(block - 1), {}, {"time": hex(self.time), "number": hex(block)}
        )

    def _eth_call(self, to: str, data: bytes, by: Any, value: int, gas: int, *rest: Any) -> Refusal | None:
        transaction = {"from": by.address, "to": to, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(gas)}
        answer = self.chain.web3.provider.make_request("eth_call", [transaction, *rest])
        if "error" not in answer:
            return None
        revert = answer["error"].get("data") or "0x"
        return refusal_of(bytes.fromhex(revert.removeprefix("0x")))

    # ------------------------------------------------------------------ logs

    def events(self, receipt: ReceiptAPI, name: str) -> list[Mapping[str, Any]]:
        """The arguments of the Scheduler's events of this name, in order."""
        abi = next(e for e in self.scheduler.contract_type.events if e.name == name)
        found = self.chain.network.ecosystem.decode_logs(receipt.logs, abi)
        return [log.event_arguments for log in found if log.contract_address == self.scheduler.address]

    def notes(self) -> list[int]:
        """The tags that the target was told, in order."""
        return [note.tag for note in self.target.notes()]


def _contract_type(name: str, file: str | None = None) -> Any:
    return ContractType.model_validate(contract_type(name, file))


def values(text: Iterable[str]) -> tuple[Value, ...]:
    return tuple(Value("PDSFUX".index(letter)) for letter in text)


__all__ = ["CHAIN", "Refusal", "Refused", "Word", "World"]
