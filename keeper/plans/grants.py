"""What the Account lacks for a call that failed, and the call that grants it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from eth_utils.address import to_checksum_address

from keeper.plans.contracts import answer, arguments, calldata
from keeper.plans.port import Chain, Message
from keeper.plans.reasons import Reason, kind, missing_role
from keeper.plans.rehearse import Stage, Tried
from keeper.wire.codec import encode_calls
from keeper.wire.types import Address, Call

_ADMIN_ROLE = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """Something lacking, and the call by `by` that grants it.

    `by` is None if nobody known can; the call is then only a hint. `amount` is in the token's units or wei, and `of`
    gives the same grant of another amount.
    """

    lack: str
    remedy: str
    by: Address | None
    target: Address
    data: bytes = b""
    value_wei: int = 0
    amount: int = 0
    of: Callable[[int], Grant] | None = field(default=None, compare=False, repr=False)

    @property
    def message(self) -> Message | None:
        return None if self.by is None else Message(self.by, self.target, self.data, self.value_wei)

    def plus(self, other: Grant) -> Grant | None:
        """Both together, if they are the same but for the amount."""
        if self.of is None or other.of is None or self.of(1) != other.of(1):
            return None
        return self.of(self.amount + other.amount)


def widest(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Grants of several paths without repetition: of those that differ in the amount alone, the largest."""
    found: dict[Grant, Grant] = {}
    for grant in grants:
        key = grant.of(1) if grant.of is not None else grant
        if key not in found or found[key].amount < grant.amount:
            found[key] = grant
    return tuple(found.values())


async def find_grant(
    chain: Chain, stage: Stage, tried: Tried, before: Sequence[Message], tokens: Sequence[Address]
) -> Grant | None:
    """What would have let the failed action pass; None if its reason is nothing that can be granted.

    `before` are the messages on which it failed; `tokens` are contracts, any of which may be the token in question.
    """
    look = _Look(chain, stage, before, tokens)
    call, why = tried.failed_call, tried.reason
    if call is None or why is None:
        return None
    name = kind(why)
    if name == "ERC20InsufficientBalance":
        return await look.token_balance(call, why)
    if name == "ERC20InsufficientAllowance":
        return await look.allowance(call, why)
    if name == "AccessControlUnauthorizedAccount":
        return await look.role(call, why)
    if name == "OwnableUnauthorizedAccount":
        return await look.ownership(call)
    if name == "AccessManagedUnauthorized":
        return await look.managed(call)
    if name in ("AccessManagerUnauthorizedAccount", "AccessManagerUnauthorizedCall"):
        return look.manager_role(call.target, why.args[1] if name.endswith("Account") else _ADMIN_ROLE)
    if call.value_wei:
        return await look.coin(tried)
    return None


class _Look:
    def __init__(self, chain: Chain, stage: Stage, before: Sequence[Message], tokens: Sequence[Address]) -> None:
        self.chain, self.stage, self.before, self.tokens = chain, stage, before, tokens

    async def view(self, target: Address, interface: str, fn: str, *args: object) -> bytes | None:
        message = Message(self.stage.account, target, calldata(interface, fn, *args))
        outcome = (await self.chain.simulate([*self.before, message]))[-1]
        return outcome.returned if outcome.ok and len(outcome.returned) >= 32 else None

    async def number(self, target: Address, interface: str, fn: str, *args: object) -> int | None:
        word = await self.view(target, interface, fn, *args)
        return None if word is None else int.from_bytes(word[:32], "big")

    async def address(self, target: Address, interface: str, fn: str, *args: object) -> Address | None:
        word = await self.view(target, interface, fn, *args)
        found = answer(["address"], word) if word is not None else None
        return Address(bytes.fromhex(found[0][2:])) if found else None

    async def candidates(self, call: Call) -> list[Address]:
        """Tokens that the failed call may have been about, the likeliest first."""
        asset = await self.address(call.target, "erc4626", "asset")
        found = [call.target, *([asset] if asset else []), *self.tokens]
        return list(dict.fromkeys(found))

    async def token_balance(self, call: Call, why: Reason) -> Grant | None:
        account, owner = self.stage.account, self.stage.owner
        moved = arguments("erc20", "transfer", call.data)
        pulled = arguments("erc20", "transferFrom", call.data)
        if why.name == "ERC20InsufficientBalance":
            holder, balance, needed = Address(bytes.fromhex(why.args[0][2:])), why.args[1], why.args[2]
        elif moved or pulled:
            holder = account if moved else Address(bytes.fromhex((pulled or ())[0][2:]))
            found = await self.number(call.target, "erc20", "balanceOf", holder)
            balance, needed = found or 0, (moved[1] if moved else (pulled or ())[2])
        else:
            return None
        token = await self.token_with("balanceOf", (holder,), balance, call)
        if token is None or holder not in (account, owner):
            return None
        held = await self.number(token, "erc20", "balanceOf", owner) or 0
        return _tokens(self.stage, token, holder, held)(needed - balance)

    async def token_with(self, fn: str, args: tuple[object, ...], value: int, call: Call) -> Address | None:
        for token in await self.candidates(call):
            if await self.number(token, "erc20", fn, *args) == value:
                return token
        return None

    async def allowance(self, call: Call, why: Reason) -> Grant | None:
        account = self.stage.account
        pulled = arguments("erc20", "transferFrom", call.data)
        if pulled:
            holder, spender, token = Address(bytes.fromhex(pulled[0][2:])), account, call.target
            now = await self.number(token, "erc20", "allowance", holder, spender) or 0
            missing = pulled[2] - now
        elif why.name == "ERC20InsufficientAllowance":
            holder, spender, now = account, Address(bytes.fromhex(why.args[0][2:])), why.args[1]
            found = await self.token_with("allowance", (account, spender), now, call)
            if found is None:
                return None
            token, missing = found, why.args[2] - now
        else:
            return None
        return _allowances(self.stage, token, holder, spender)(missing)

    async def role(self, call: Call, why: Reason) -> Grant | None:
        role = missing_role(why)
        if role is None:
            return None
        admin = await self.view(call.target, "access_control", "getRoleAdmin", role) or bytes(32)
        is_admin = await self.number(call.target, "access_control", "hasRole", admin[:32], self.stage.owner)
        data = calldata("access_control", "grantRole", role, self.stage.account)
        return Grant(
            f"the Account lacks role 0x{role.hex()} on {_shown(call.target)}",
            f"grantRole(0x{role.hex()}, {_shown(self.stage.account)}) on {_shown(call.target)} by its admin",
            self.stage.owner if is_admin else None,
            call.target,
            data,
        )

    async def ownership(self, call: Call) -> Grant | None:
        holder = await self.address(call.target, "ownable", "owner")
        data = calldata("ownable", "transferOwnership", self.stage.account)
        return Grant(
            f"the Account does not own {_shown(call.target)}",
            f"transferOwnership({_shown(self.stage.account)}) on {_shown(call.target)} by its owner",
            holder,
            call.target,
            data,
        )

    async def managed(self, call: Call) -> Grant | None:
        """The target asks an AccessManager which role may call the function."""
        manager = await self.address(call.target, "access_managed", "authority")
        if manager is None:
            return None
        role = await self.number(manager, "access_manager", "getTargetFunctionRole", call.target, call.data[:4])
        return self.manager_role(manager, role or _ADMIN_ROLE)

    def manager_role(self, manager: Address, role: int) -> Grant:
        data = calldata("access_manager", "grantRole", role, self.stage.account, 0)
        return Grant(
            f"the Account lacks role {role} in the AccessManager {_shown(manager)}",
            f"grantRole({role}, {_shown(self.stage.account)}, 0) on {_shown(manager)} by the role's admin",
            self.stage.owner,
            manager,
            data,
        )

    async def coin(self, tried: Tried) -> Grant | None:
        """The Account's coin runs out."""
        has = await self.number(self.stage.facts, "facts", "balance", self.stage.account)
        if has is None:
            has = await self.chain.balance(self.stage.account)
        sent = sum(call.value_wei for call in tried.calls[tried.failed_at or 0 :])
        return _coins(self.stage)(sent - has) if sent > has else None


def _coins(stage: Stage) -> Callable[[int], Grant]:
    def of(wei: int) -> Grant:
        remedy = f"send {wei} wei to {_shown(stage.account)}"
        return Grant(f"the Account lacks {wei} wei", remedy, stage.owner, stage.account, b"", wei, wei, of)

    return of


def _tokens(stage: Stage, token: Address, holder: Address, owner_holds: int) -> Callable[[int], Grant]:
    def of(units: int) -> Grant:
        who = "the owner" if holder == stage.owner else "the Account"
        lack = f"{who} lacks {units} units of the token {_shown(token)}"
        remedy = f"transfer({_shown(holder)}, {units}) on {_shown(token)}"
        can = holder != stage.owner and owner_holds >= units
        data = calldata("erc20", "transfer", holder, units)
        return Grant(lack, remedy, stage.owner if can else None, token, data, 0, units, of)

    return of


def _allowances(stage: Stage, token: Address, holder: Address, spender: Address) -> Callable[[int], Grant]:
    def of(units: int) -> Grant:
        lack = f"{_shown(spender)} may not take {units} more units of the token {_shown(token)} from {_shown(holder)}"
        remedy = f"approve({_shown(spender)}, {units}) on {_shown(token)} by {_shown(holder)}"
        data = calldata("erc20", "approve", spender, units)
        if holder == stage.account:  # the owner acts through the Account
            through = calldata("account", "perform", encode_calls([Call(token, 0, data)]))
            return Grant(lack, remedy, stage.owner, stage.account, through, 0, units, of)
        return Grant(lack, remedy, holder, token, data, 0, units, of)

    return of


def _shown(address: Address) -> str:
    return to_checksum_address(address)
