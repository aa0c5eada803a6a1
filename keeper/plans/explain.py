"""What each call of a proposal is for, in plain words, told from the plan file and its lock alone.

A call is part of the plan if it schedules it, or is one that `plan propose --with-grants` may put before and that the
plan's own calls ask for: to the owner's Account, on contracts the file names, for no more than the calls name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.address import to_canonical_address, to_checksum_address

from keeper.plans.abi import Type
from keeper.plans.abisets import NAMES, abi_set
from keeper.plans.actions import schedule_call
from keeper.plans.compile import Compiled
from keeper.plans.contracts import answer, arguments, calldata
from keeper.plans.render import source_of
from keeper.plans.show_calls import coin_text, decimal_text
from keeper.plans.unwrap import Deed
from keeper.wire.codec import decode_calls
from keeper.wire.errors import BadInput
from keeper.wire.types import Address, Call

_ADMIN = bytes(32)


@dataclass(frozen=True, slots=True)
class Explained:
    """A call and what it does. `doubt` says why it is no part of the plan, and is empty if it is.

    `kind` is what it does, its amount aside."""

    deed: Deed
    what: str
    doubt: str = ""
    kind: tuple[object, ...] = ()

    @property
    def part(self) -> bool:
        return not self.doubt


def explain(compiled: Compiled, deeds: Sequence[Deed]) -> tuple[Explained, ...]:
    """Each call, in order; what is done a second time is no part of the plan."""
    teller = _Teller(compiled)
    found: list[Explained] = []
    seen: set[tuple[object, ...]] = set()
    for deed in deeds:
        one = teller.tell(deed)
        if one.part and one.kind in seen:
            one = replace(one, doubt="it does so a second time")
        seen.add(one.kind)
        found.append(one)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Made:
    """A call that the plan makes. With `read` its data, with `read_value` its coin, is known only when it runs."""

    call: Call
    read: bool
    read_value: bool


def _made(compiled: Compiled) -> Iterator[_Made]:
    for step in compiled.steps:
        offset = 0
        for call in step.calls:
            inside = range(offset + 34, offset + 34 + len(call.data))
            read = any(not one.into_value and one.into in inside for one in step.reads)
            yield _Made(call, read, any(one.into_value and one.into == offset + 20 for one in step.reads))
            offset = inside.stop
        yield from (_Made(call, read=False, read_value=False) for call in (step.undo.calls if step.undo else ()))


class _Teller:
    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.account, self.owner = compiled.account, compiled.owner
        source = source_of(compiled)
        self.words = source.words()
        self.aliases = dict(source.aliases or {})
        self.made = tuple(_made(compiled))
        self.targets = {one.call.target for one in self.made}
        tokens = {Address(bytes(to_canonical_address(token))) for token in compiled.lock.decimals}
        self.known = (self.targets | set(self.aliases) | tokens) - {Address(bytes(20))}

    # ------------------------------------------------------------------ one call

    def tell(self, deed: Deed) -> Explained:
        for look in (self.scheduling, self.coin, self.tokens, self.allowance, self.own_allowance, self.rights):
            found = look(deed)
            if found is not None:
                return found
        return Explained(deed, self.call_words(deed), "nothing in the file asks for it")

    def scheduling(self, deed: Deed) -> Explained | None:
        wanted, deposit = schedule_call(self.compiled), coin_text(deed.value_wei)
        if deed.target != wanted.target:
            return None
        if deed.data == wanted.data:
            doubt = "" if deed.value_wei == wanted.value_wei else f"the file says {coin_text(wanted.value_wei)}"
            return Explained(deed, f"schedules this plan with a deposit of {deposit}", doubt, ("schedule",))
        if arguments("scheduler", "schedule", deed.data):
            return Explained(deed, f"schedules another plan with a deposit of {deposit}", "it is not this file's")
        made = _exact(deed, "scheduler", "createAccount")
        if made is None:
            return None
        mine = made[0] == to_checksum_address(self.owner).lower()
        who = f"the owner's Account {_shown(self.account)}" if mine else f"the Account of {_checksum(made[0])}"
        return Explained(deed, f"creates {who}", "" if mine else "that is not the plan's owner", ("account",))

    def coin(self, deed: Deed) -> Explained | None:
        """Coin that the plan's calls send on."""
        if deed.target != self.account or deed.data or not deed.value_wei:
            return None
        read = any(one.read_value for one in self.made)
        most = sum(one.call.value_wei for one in self.made) * self.compiled.header.runs
        what = f"sends {coin_text(deed.value_wei)} to the owner's Account {_shown(self.account)}"
        return Explained(deed, what, _beyond(deed.value_wei, None if read else most, coin_text), ("coin",))

    def tokens(self, deed: Deed) -> Explained | None:
        """Tokens that the plan's calls move on."""
        found = _exact(deed, "erc20", "transfer")
        if found is None or _raw(found[0]) != self.account:
            return None
        token, units = deed.target, found[1]
        what = f"sends {self.units(token, units)} to the owner's Account {_shown(self.account)}"
        doubt = self.unknown(token) or self.beyond(token, units, self.most(self.made))
        return Explained(deed, what, doubt, ("tokens", token))

    def allowance(self, deed: Deed) -> Explained | None:
        """The Account may take tokens of the owner's, which one of the plan's calls does."""
        found = _exact(deed, "erc20", "approve")
        if found is None or _raw(found[0]) != self.account:
            return None
        token, units = deed.target, found[1]
        what = f"lets the owner's Account take {self.units(token, units)} from the owner"
        takes = [one for one in self.made if one.call.target == token and self.takes_from_owner(one.call)]
        doubt = self.beyond(token, units, self.most(takes)) if takes else "no call of the plan takes them"
        return Explained(deed, what, doubt, ("allowance", token))

    def own_allowance(self, deed: Deed) -> Explained | None:
        """A contract that the plan calls may take tokens of the Account's."""
        inner = self.one_call(deed)
        found = _exact(Deed(inner.target, inner.value_wei, inner.data), "erc20", "approve") if inner else None
        if inner is None or found is None:
            return None
        token, spender, units = inner.target, _raw(found[0]), found[1]
        what = f"lets {self.name(spender)} take {self.units(token, units)} from the owner's Account"
        calls = [one for one in self.made if one.call.target == spender]
        doubt = "" if calls else "the plan does not call it"
        doubt = doubt or self.unknown(token) or self.beyond(token, units, self.most(calls))
        return Explained(deed, what, doubt, ("own allowance", token, spender))

    def one_call(self, deed: Deed) -> Call | None:
        """The call that the owner makes through the Account, if it is one."""
        outer = _exact(deed, "account", "perform") if deed.target == self.account else None
        try:
            calls = decode_calls(bytes(outer[0])) if outer else ()
        except BadInput:
            return None
        return calls[0] if len(calls) == 1 else None

    def rights(self, deed: Deed) -> Explained | None:
        """Roles and ownership, of contracts that the plan calls; of an AccessManager that the file names."""
        if found := _exact(deed, "access_control", "grantRole"):
            role, holder, places = bytes(found[0]), _raw(found[1]), self.targets
            said = "the role that gives every role" if role == _ADMIN else f"role 0x{role.hex()}"
            kind: tuple[object, ...] = ("role", deed.target, role)
        elif found := _exact(deed, "access_manager", "grantRole"):
            holder, places = _raw(found[1]), self.known
            said = f"role {found[0]}" + (f" with a delay of {found[2]} s" if found[2] else "")
            kind = ("role", deed.target, found[0])
        elif found := _exact(deed, "ownable", "transferOwnership"):
            holder, places, said, kind = _raw(found[0]), self.targets, "the ownership", ("ownership", deed.target)
        else:
            return None
        mine = holder == self.account
        who = f"the owner's Account {_shown(holder)}" if mine else _shown(holder)
        doubt = "" if mine else "that is not the owner's Account"
        if mine and deed.target not in places:
            doubt = "the plan does not call it" if places is self.targets else self.unknown(deed.target)
        return Explained(deed, f"gives {who} {said} of {self.name(deed.target)}", doubt, kind)

    # ------------------------------------------------------------------ what the file knows

    def unknown(self, token: Address) -> str:
        return "" if token in self.known else "the file does not name that contract"

    def takes_from_owner(self, call: Call) -> bool:
        found = arguments("erc20", "transferFrom", call.data)
        return found is not None and _raw(found[0]) == self.owner

    def most(self, made: Sequence[_Made]) -> int | None:
        """All numbers that these calls name, for all runs; None if one is read when the step runs."""
        if any(one.read for one in made):
            return None
        return sum(self.numbers(one.call) for one in made) * self.compiled.header.runs

    def numbers(self, call: Call) -> int:
        function = self.words.function(call.target, call.data[:4])
        values = answer(function.types, call.data[4:]) if function else None
        if function is None or values is None:
            return 0
        return sum(_numbers(p.type, value) for p, value in zip(function.inputs, values, strict=True))

    def beyond(self, token: Address, units: int, most: int | None) -> str:
        return _beyond(units, most, lambda amount: self.units(token, amount))

    # ------------------------------------------------------------------ words

    def name(self, address: Address) -> str:
        alias = self.aliases.get(address)
        return _shown(address) if alias is None else f"{alias} ({_shown(address)})"

    def units(self, token: Address, units: int) -> str:
        places = self.compiled.lock.decimals.get(to_checksum_address(token))
        if places is None:
            return f"{units} units of the token {self.name(token)}"
        return f"{decimal_text(units, places)} {self.name(token)}"

    def call_words(self, deed: Deed) -> str:
        target, coin = self.name(deed.target), coin_text(deed.value_wei)
        if not deed.data:
            return f"sends {coin} to {target}"
        wrapped = arguments("safe", "execTransaction", deed.data)
        if wrapped is not None and wrapped[3]:
            return f"has the Safe {target} run the code of {_checksum(wrapped[0])} as its own"
        if wrapped is not None and wrapped[6]:
            return f"has the Safe {target} pay whoever sends its transaction"
        known = (f for name in NAMES for f in abi_set(name) if f.selector == deed.data[:4] and not f.is_error)
        function = next(known, None)
        what = f"0x{deed.data[:4].hex()}" if function is None else function.signature
        return f"calls {target} ({what}) with {coin}"


def _beyond(amount: int, most: int | None, text: Any) -> str:
    if most is None or amount <= most:
        return ""
    return f"the plan's calls name no more than {text(most)}" if most else "no call of the plan needs any"


def _numbers(kind: Type, value: Any) -> int:
    """The unsigned numbers in a value."""
    if kind.kind == "uint":
        return int(value)
    inner = [kind.inner] * len(value) if kind.inner is not None else [field.type for field in kind.fields]
    return sum(_numbers(one, item) for one, item in zip(inner, value, strict=True)) if inner else 0


def _exact(deed: Deed, interface: str, fn: str) -> tuple[Any, ...] | None:
    """The arguments, if this is that function's calldata to the byte, and no coin goes along."""
    found = arguments(interface, fn, deed.data)
    if found is None or deed.value_wei or calldata(interface, fn, *found) != deed.data:
        return None
    return found


def _raw(text: str) -> Address:
    return Address(bytes(to_canonical_address(text)))


def _shown(address: Address) -> str:
    return to_checksum_address(address)


def _checksum(text: str) -> str:
    return to_checksum_address(text)
