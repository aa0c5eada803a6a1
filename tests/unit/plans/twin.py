"""A chain in memory for plans: a few contracts written in Python, with the errors that OpenZeppelin's have."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.abi import Function, parse_signature
from keeper.plans.names import Answered, Service
from keeper.plans.port import Message, Now, Outcome
from keeper.wire.codec import decode_calls
from keeper.wire.hashing import account_address
from keeper.wire.types import NOBODY, Address

NOW = Now(1_000, 1_800_000_000)


def address(number: int) -> Address:
    return Address(number.to_bytes(20, "big"))


def text(of: Address) -> str:
    return to_checksum_address(of)


class Revert(Exception):
    def __init__(self, data: bytes = b"") -> None:
        super().__init__(data.hex())
        self.data = data


def error(signature: str, *args: Any) -> Revert:
    function = parse_signature(f"error {signature}")
    assert function is not None
    return Revert(function.selector + encode(function.types, args))


@dataclass
class World:
    """All state: code by address, coin by address."""

    code: dict[Address, Contract] = field(default_factory=dict)
    coin: dict[Address, int] = field(default_factory=dict)
    now: Now = NOW

    def call(self, sender: Address, target: Address, value_wei: int, data: bytes) -> bytes:
        if self.coin.get(sender, 0) < value_wei:
            raise Revert
        self.coin[sender] = self.coin.get(sender, 0) - value_wei
        self.coin[target] = self.coin.get(target, 0) + value_wei
        contract = self.code.get(target)
        return b"" if contract is None else contract.answer(self, sender, data)


@dataclass
class Contract:
    """`functions` are signatures in words by the method that answers them."""

    at: Address
    functions: dict[str, str] = field(default_factory=dict, init=False)

    def table(self) -> dict[bytes, tuple[Function, Callable[..., Any]]]:
        found = {}
        for name in dir(type(self)):
            method = getattr(self, name)
            signature = getattr(method, "signature", None)
            if signature:
                function = parse_signature(signature)
                assert function is not None
                found[function.selector] = (function, method)
        return found

    def answer(self, world: World, sender: Address, data: bytes) -> bytes:
        if not data:
            return b""
        entry = self.table().get(data[:4])
        if entry is None:
            raise Revert
        function, method = entry
        result = method(world, sender, *decode(function.types, data[4:]))
        types = [p.type.canonical for p in function.outputs]
        return encode(types, result if len(types) > 1 else [result]) if types else b""


def external(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.signature = f"function {signature}"  # type: ignore[attr-defined]
        return method

    return mark


def raw(address_text: str) -> Address:
    return Address(bytes.fromhex(address_text[2:]))


@dataclass
class Token(Contract):
    units: int = 18
    balances: dict[Address, int] = field(default_factory=dict)
    allowed: dict[tuple[Address, Address], int] = field(default_factory=dict)

    @external("decimals() view returns (uint8)")
    def decimals(self, world: World, sender: Address) -> int:
        return self.units

    @external("balanceOf(address owner) view returns (uint256)")
    def balance_of(self, world: World, sender: Address, owner: str) -> int:
        return self.balances.get(raw(owner), 0)

    @external("allowance(address owner, address spender) view returns (uint256)")
    def allowance(self, world: World, sender: Address, owner: str, spender: str) -> int:
        return self.allowed.get((raw(owner), raw(spender)), 0)

    @external("approve(address spender, uint256 amount) returns (bool)")
    def approve(self, world: World, sender: Address, spender: str, amount: int) -> bool:
        self.allowed[sender, raw(spender)] = amount
        return True

    @external("transfer(address to, uint256 amount) returns (bool)")
    def transfer(self, world: World, sender: Address, to: str, amount: int) -> bool:
        self.move(sender, raw(to), amount)
        return True

    @external("transferFrom(address from, address to, uint256 amount) returns (bool)")
    def transfer_from(self, world: World, sender: Address, holder: str, to: str, amount: int) -> bool:
        may = self.allowed.get((raw(holder), sender), 0)
        if may < amount:
            raise error("ERC20InsufficientAllowance(address,uint256,uint256)", text(sender), may, amount)
        self.move(raw(holder), raw(to), amount)
        self.allowed[raw(holder), sender] = may - amount
        return True

    def move(self, holder: Address, to: Address, amount: int) -> None:
        has = self.balances.get(holder, 0)
        if has < amount:
            raise error("ERC20InsufficientBalance(address,uint256,uint256)", text(holder), has, amount)
        self.balances[holder] = has - amount
        self.balances[to] = self.balances.get(to, 0) + amount


@dataclass
class Puller(Contract):
    """Takes what it is told to from who calls it."""

    token: Address = NOBODY

    @external("set(uint256 value) payable")
    def set(self, world: World, sender: Address, value: int) -> None:
        function = parse_signature("function transferFrom(address from, address to, uint256 amount) returns (bool)")
        assert function is not None
        world.call(
            self.at, self.token, 0, function.selector + encode(function.types, [text(sender), text(self.at), value])
        )


@dataclass
class Owned(Contract):
    """A parameter that only the owner may change, or who an AccessManager lets."""

    holder: Address = NOBODY
    manager: Address | None = None
    value: int = 0
    at_s: int = 0

    def check(self, world: World, sender: Address, selector: bytes) -> None:
        if self.manager is None:
            if sender != self.holder:
                raise error("OwnableUnauthorizedAccount(address)", text(sender))
            return
        manager = world.code[self.manager]
        assert isinstance(manager, Manager)
        if sender not in manager.members.get(manager.roles.get((self.at, selector), 0), set()):
            raise error("AccessManagedUnauthorized(address)", text(sender))

    @external("owner() view returns (address)")
    def owner(self, world: World, sender: Address) -> str:
        if self.manager is not None:
            raise Revert
        return text(self.holder)

    @external("authority() view returns (address)")
    def authority(self, world: World, sender: Address) -> str:
        if self.manager is None:
            raise Revert
        return text(self.manager)

    @external("transferOwnership(address newOwner)")
    def transfer_ownership(self, world: World, sender: Address, to: str) -> None:
        self.check(world, sender, b"")
        self.holder = raw(to)

    @external("set(uint256 value) payable")
    def set(self, world: World, sender: Address, value: int) -> None:
        self.check(world, sender, keccak(text="set(uint256)")[:4])
        if value == 666:
            raise error("Error(string)", "the value is evil")
        self.value = value

    @external("get() view returns (uint256 value, int256 minus, uint256 updatedAt)")
    def get(self, world: World, sender: Address) -> tuple[int, int, int]:
        return self.value, -self.value, self.at_s


@dataclass
class Manager(Contract):
    """An AccessManager: members by role, roles by target and selector."""

    members: dict[int, set[Address]] = field(default_factory=dict)
    roles: dict[tuple[Address, bytes], int] = field(default_factory=dict)

    @external("getTargetFunctionRole(address target, bytes4 selector) view returns (uint64)")
    def role(self, world: World, sender: Address, target: str, selector: bytes) -> int:
        return self.roles.get((raw(target), selector), 0)

    @external("grantRole(uint64 roleId, address account, uint32 executionDelay)")
    def grant(self, world: World, sender: Address, role: int, account: str, delay: int) -> None:
        if sender not in self.members.get(0, set()):
            raise error("AccessManagerUnauthorizedAccount(address,uint64)", text(sender), 0)
        self.members.setdefault(role, set()).add(raw(account))


@dataclass
class Roles(Contract):
    """AccessControl with one guarded function."""

    members: dict[bytes, set[Address]] = field(default_factory=dict)
    role: bytes = keccak(text="MINTER_ROLE")

    @external("getRoleAdmin(bytes32 role) view returns (bytes32)")
    def admin(self, world: World, sender: Address, role: bytes) -> bytes:
        return bytes(32)

    @external("hasRole(bytes32 role, address account) view returns (bool)")
    def has(self, world: World, sender: Address, role: bytes, account: str) -> bool:
        return raw(account) in self.members.get(role, set())

    @external("grantRole(bytes32 role, address account)")
    def grant(self, world: World, sender: Address, role: bytes, account: str) -> None:
        if sender not in self.members.get(bytes(32), set()):
            raise error("AccessControlUnauthorizedAccount(address,bytes32)", text(sender), bytes(32))
        self.members.setdefault(role, set()).add(raw(account))

    @external("mint(uint256 amount)")
    def mint(self, world: World, sender: Address, amount: int) -> None:
        if sender not in self.members.get(self.role, set()):
            raise error("AccessControlUnauthorizedAccount(address,bytes32)", text(sender), self.role)


@dataclass
class Facts(Contract):
    @external("balance(address owner) view returns (uint256)")
    def balance(self, world: World, sender: Address, owner: str) -> int:
        return world.coin.get(raw(owner), 0)

    @external("timestamp() view returns (uint256)")
    def timestamp(self, world: World, sender: Address) -> int:
        return world.now.timestamp

    @external("age(address target, bytes data, uint256 word) view returns (uint256)")
    def age(self, world: World, sender: Address, target: str, data: bytes, word: int) -> int:
        found = world.call(sender, raw(target), 0, data)[32 * word : 32 * word + 32]
        return max(0, world.now.timestamp - int.from_bytes(found, "big"))


@dataclass
class Account(Contract):
    holder: Address = NOBODY
    executor: Address = NOBODY

    @external("perform(bytes calls) payable returns (bytes4)")
    def perform(self, world: World, sender: Address, calls: bytes) -> bytes:
        if sender not in (self.holder, self.executor):
            raise error("Account_NotAllowed(address)", text(sender))
        for index, call in enumerate(decode_calls(calls)):
            try:
                world.call(self.at, call.target, call.value_wei, call.data)
            except Revert as revert:
                raise error("Account_CallFailed(uint256,bytes)", index, revert.data[:256]) from None
        return keccak(text="perform(bytes)")[:4]


@dataclass
class Scheduler(Contract):
    @external("accountOf(address owner) view returns (address)")
    def account_of(self, world: World, sender: Address, owner: str) -> str:
        return text(account_address(self.at, raw(owner)))

    @external("createAccount(address owner) returns (address)")
    def create(self, world: World, sender: Address, owner: str) -> str:
        at = account_address(self.at, raw(owner))
        world.code.setdefault(at, Account(at, holder=raw(owner), executor=self.at))
        return text(at)


SCHEDULER, FACTS = address(0x5C), address(0xFA)
ENS, REGISTRY = address(0xE5), address(0x4E)
CALL_GAS = 20_000


class MemoryChain:
    """See `keeper.plans.port.Chain`. Gas is 20,000 a message and 16 for each byte of its data."""

    def __init__(
        self,
        *contracts: Contract,
        number: int = 1,
        names: dict[str, Address] | None = None,
        registered: dict[str, Address] | None = None,
    ) -> None:
        standing = [Scheduler(SCHEDULER), Facts(FACTS), *contracts]
        self.world = World({contract.at: contract for contract in standing})
        self.number = number
        self.names = names or {}
        """ENS's; a chain without any has no ENS, unless it has no Registry either."""
        self.registered = registered
        """The Registry's; None: there is no Registry."""
        self.asked: list[str] = []

    async def chain_id(self) -> int:
        return self.number

    async def now(self) -> Now:
        return self.world.now

    async def name_services(self) -> frozenset[Service]:
        there: dict[Service, bool] = {
            "ens": bool(self.names) or self.registered is None,
            "reg": self.registered is not None,
        }
        return frozenset(service for service, is_there in there.items() if is_there)

    async def resolve(self, service: Service, name: str) -> Answered | None:
        self.asked.append(f"{service}:{name}")
        found = (self.names if service == "ens" else self.registered or {}).get(name)
        by = ENS if service == "ens" else REGISTRY
        return None if found is None else Answered(found, service, by, self.world.now.block)

    async def balance(self, of: Address) -> int:
        return self.world.coin.get(of, 0)

    async def has_code(self, of: Address) -> bool:
        return of in self.world.code

    async def simulate(self, messages: Sequence[Message]) -> list[Outcome]:
        world = copy.deepcopy(self.world)
        outcomes = []
        for message in messages:
            before = copy.deepcopy(world)
            gas = CALL_GAS + 16 * len(message.data)
            try:
                returned = world.call(message.sender, message.target, message.value_wei, message.data)
                outcomes.append(Outcome(True, gas, returned))
            except Revert as revert:
                world = before
                outcomes.append(Outcome(False, gas, revert.data))
        return outcomes
