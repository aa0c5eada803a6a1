"""What the words of a plan file mean: aliases, values, names. What the lock does not answer is noted as a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from eth_utils.address import is_checksum_address, to_canonical_address, to_checksum_address

from keeper.plans.abi import AbiError, Function, Interface, parse_signature
from keeper.plans.abisets import NAMES as ABI_SETS
from keeper.plans.abisets import abi_set
from keeper.plans.document import PlanFile
from keeper.plans.lock import Lock
from keeper.plans.names import check_name, looks_like_name
from keeper.plans.notation import Expr, parse_expr
from keeper.plans.problems import Flaw, Pos, nearest, shown
from keeper.plans.source import Scalar
from keeper.plans.values import COIN_UNITS
from keeper.wire.hashing import account_address
from keeper.wire.types import Address

ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, order=True, slots=True)
class Question:
    """Something only a chain, or for `abi` the disk, can tell. `key` is a name, a path or an address."""

    kind: Literal["name", "decimals", "abi", "schedule_by", "seed"]
    key: str
    pos: Pos


class Scope:
    """The words of one plan under one lock. Unanswered questions collect in `missing`, and placeholders stand in."""

    def __init__(self, plan: PlanFile, lock: Lock) -> None:
        self.plan = plan
        self.lock = lock
        self.owner = ZERO_ADDRESS
        self.missing: set[Question] = set()
        self._given = {"facts": (lock.facts, abi_set("facts")), "scheduler": (lock.scheduler, abi_set("scheduler"))}
        self._interfaces: dict[str, Interface] = {}

    @property
    def account(self) -> str:
        """The owner's Account."""
        pinned = self.lock.accounts.get(self.owner)
        if pinned is not None:
            return pinned
        scheduler, owner = (Address(bytes(to_canonical_address(a))) for a in (self.lock.scheduler, self.owner))
        return to_checksum_address(account_address(scheduler, owner))

    def questions(self) -> tuple[Question, ...]:
        """What is missing, each once, where it is first met."""
        found: dict[tuple[str, str], Question] = {}
        for question in sorted(self.missing, key=lambda q: q.pos):
            found.setdefault((question.kind, question.key), question)
        return tuple(found.values())

    def aliases(self) -> list[str]:
        return [*self.plan.contracts, *self._given]

    def is_alias(self, word: str) -> bool:
        return word in self.plan.contracts or word in self._given

    def alias_address(self, alias: str) -> str:
        if alias in self._given:
            return self._given[alias][0]
        return self.address(self.plan.contracts[alias].at)

    def value(self, word: str) -> Expr | None:
        """The expression of a named constant."""
        scalar = self.plan.values.get(word)
        return None if scalar is None else parse_expr(scalar)

    def address(self, scalar: Scalar) -> str:
        """An address as written, of an alias, or by name. Raises Flaw."""
        word = scalar.text.strip()
        return self.resolve(word, scalar.pos)

    def resolve(self, word: str, pos: Pos) -> str:
        if word.startswith("0x") and "." not in word:
            return literal_address(word, pos)
        if not looks_like_name(word):
            known = [*self.plan.values, *self.aliases()]
            raise Flaw(
                pos,
                f"{shown(word)} is no address and no name",
                nearest(word, known, "write 0x and 40 hex digits, or a name with a dot"),
            )
        check_name(word, pos)
        found = self.lock.names.get(word)
        if found is None:
            self.missing.add(Question("name", word, pos))
            return ZERO_ADDRESS
        return found

    def decimals(self, alias: str, pos: Pos) -> int:
        """Decimals of the token behind an alias. Raises Flaw if there is no such alias."""
        if not self.is_alias(alias):
            known = [*self.aliases(), *COIN_UNITS]
            raise Flaw(
                pos,
                f"the unit {shown(alias)} is not known",
                nearest(alias, known, "use ether, gwei, wei or a token's alias"),
            )
        address = self.alias_address(alias)
        found = self.lock.decimals.get(address)
        if found is None:
            if address != ZERO_ADDRESS:
                self.missing.add(Question("decimals", address, pos))
            return 18
        return found

    def interface(self, alias: str, pos: Pos) -> Interface | None:
        """The functions behind an alias; None while its file was not read. Raises Flaw."""
        if alias in self._given:
            return self._given[alias][1]
        contract = self.plan.contracts.get(alias)
        if contract is None:
            remedy = nearest(alias, self.aliases(), f"add it under `contracts:` as `{alias}: {{at: .., abi: ..}}`")
            raise Flaw(pos, f"no contract is called {shown(alias)}", remedy)
        if alias in self._interfaces:
            return self._interfaces[alias]
        abi = contract.abi
        if isinstance(abi, tuple):
            found = _signatures(abi)
        elif abi.text in ABI_SETS:
            found = abi_set(abi.text)
        else:
            lines = self.lock.abis.get(abi.text)
            if lines is None:
                self.missing.add(Question("abi", abi.text, abi.pos))
                return None
            found = _signatures(tuple(Scalar(line, abi.pos) for line in lines))
        self._interfaces[alias] = found
        return found


def _signatures(lines: tuple[Scalar, ...]) -> Interface:
    found: list[Function] = []
    for line in lines:
        try:
            function = parse_signature(line.text)
        except AbiError as error:
            raise Flaw(
                line.pos, f"in {shown(line.text)}: {error}", 'write it as in "function open(uint256 amount)"'
            ) from None
        if function is not None:
            found.append(function)
    return tuple(found)


def literal_address(text: str, pos: Pos) -> str:
    """A checksummed address from 0x and 40 hex digits. Raises Flaw."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise Flaw(pos, f"{shown(text, 50)} is no address", "write 0x and 40 hex digits")
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise Flaw(
            pos, f"the checksum of {text} is wrong", "a character was mistyped: copy the address again from its source"
        )
    return to_checksum_address(text)
