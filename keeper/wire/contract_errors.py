"""What a revert of the contracts means: one of a closed list of errors, with its values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from keeper.wire.abi import Entry, interface
from keeper.wire.error_table import ROWS, Code
from keeper.wire.errors import ConductorError, NotNow, Refused


@dataclass(frozen=True, slots=True)
class ContractError:
    """An error of a contract with its values in the order of its declaration; of an unknown one, the bytes."""

    code: Code
    args: tuple[Any, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """The values by name."""
        return dict(zip(_names(self.code), self.args, strict=True))

    def __str__(self) -> str:
        values = ", ".join(f"{name}={_shown(value)}" for name, value in self.values.items())
        return f"{self.code}({values})"

    def as_error(self) -> ConductorError:
        """`NotNow` if the same may go through later, else `Refused`, with the remedy."""
        row = ROWS[self.code]
        kind = NotNow if row.later else Refused
        return kind(f"{row.what} [{self}]", field=self.code.value, value=self.values or None, remedy=row.remedy)


class Reverted(Exception):
    """The contract would refuse, with `error`."""

    def __init__(self, code: Code, *args: Any) -> None:
        self.error = ContractError(code, args)
        super().__init__(self.error)


def decode_revert(data: bytes) -> ContractError:
    """The error in revert data. What is no error of these contracts, or not whole, is `Code.UNKNOWN` with the bytes."""
    entry = _selectors().get(data[:4])
    if entry is not None:
        try:
            return ContractError(Code(entry.name), entry.decode(data))
        except ConductorError:
            pass  # a target may return anything, even our selectors
    return ContractError(Code.UNKNOWN, (data,))


BUILT_IN = (
    Entry("Error", ("reason",), ("string",), (False,), (), bytes.fromhex("08c379a0")),
    Entry("Panic", ("panic",), ("uint256",), (False,), (), bytes.fromhex("4e487b71")),
)
"""Solidity's own: a `require` with a text, and a failed check of the compiler's."""


def declared() -> tuple[Entry, ...]:
    """Every error that the contracts, or Solidity, can give."""
    contracts = ("Scheduler", "Account", "Facts", "Registry")
    return (*(entry for name in contracts for entry in interface(name).errors.values()), *BUILT_IN)


@cache
def _selectors() -> dict[bytes, Entry]:
    return {entry.id[:4]: entry for entry in declared()}


@cache
def _names(code: Code) -> tuple[str, ...]:
    return next((entry.names for entry in declared() if entry.name == code), ("data",))


def _shown(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
