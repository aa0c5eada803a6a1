"""Why a call reverted, in words, and as far as known what the Account lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from keeper.plans.abi import Function, Interface, parse_signature
from keeper.plans.abisets import abi_set
from keeper.plans.contracts import answer

_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "a bad enum value",
    0x31: "pop of an empty array",
    0x32: "an index out of bounds",
    0x41: "too much memory",
}

_KNOWN = """
error Error(string reason)
error Panic(uint256 code)
error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)
error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)
error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)
error OwnableUnauthorizedAccount(address account)
error AccessManagedUnauthorized(address caller)
error AccessManagedRequiredDelay(address caller, uint32 delay)
error AccessManagerUnauthorizedAccount(address msgsender, uint64 roleId)
error AccessManagerUnauthorizedCall(address caller, address target, bytes4 selector)
error EnforcedPause()
error ReentrancyGuardReentrantCall()
error SafeERC20FailedOperation(address token)
error FailedCall()
error InsufficientBalance(uint256 balance, uint256 needed)
error AddressEmptyCode(address target)
error UUPSUnauthorizedCallContext()
"""

KNOWN_ERRORS: Interface = (
    *(function for line in _KNOWN.strip().splitlines() if (function := parse_signature(line)) is not None),
    *(function for name in ("account", "scheduler") for function in abi_set(name) if function.is_error),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A decoded revert: the error's name and arguments, and the same in words. `name` is empty if nothing is known."""

    name: str
    args: tuple[Any, ...]
    text: str


def reason(data: bytes, errors: Interface = ()) -> Reason:
    """What revert data says; `errors` are the interface's own."""
    if not data:
        return Reason("", (), "it reverted without a reason")
    for function in (*errors, *KNOWN_ERRORS):
        if function.is_error and data[:4] == function.selector:
            args = answer(function.types, data[4:])
            if args is not None:
                return Reason(function.name, args, _words(function, args))
    return Reason("", (), f"it reverted with 0x{data[:36].hex()}")


def _words(function: Function, args: tuple[Any, ...]) -> str:
    if function.name == "Error":
        return f"it reverted: {args[0]}"
    if function.name == "Panic":
        return f"it panicked: {_PANICS.get(args[0], hex(args[0]))}"
    said = ", ".join(
        f"{p.name or i} {_shown(arg)}" for i, (p, arg) in enumerate(zip(function.inputs, args, strict=True))
    )
    return f"it reverted with {function.name}({said})"


def _shown(value: Any) -> str:
    return f"0x{value[:32].hex()}" if isinstance(value, bytes) else str(value)


#: Strings that OpenZeppelin 4 and others revert with -> the typed error of today.
_STRINGS = (
    (re.compile(r"transfer amount exceeds balance|insufficient balance", re.IGNORECASE), "ERC20InsufficientBalance"),
    (re.compile(r"insufficient allowance|exceeds allowance", re.IGNORECASE), "ERC20InsufficientAllowance"),
    (re.compile(r"Ownable: caller is not the owner"), "OwnableUnauthorizedAccount"),
    (re.compile(r"AccessControl: account 0x\w+ is missing role (0x[0-9a-f]{64})"), "AccessControlUnauthorizedAccount"),
)


def kind(found: Reason) -> str:
    """The typed error's name, also where an older contract says it in a string."""
    if found.name != "Error":
        return found.name
    return next((name for pattern, name in _STRINGS if pattern.search(str(found.args[0]))), "")


def missing_role(found: Reason) -> bytes | None:
    """The role that AccessControl asks for."""
    if found.name == "AccessControlUnauthorizedAccount":
        return bytes(found.args[1])
    match = _STRINGS[3][0].search(str(found.args[0])) if found.name == "Error" else None
    return bytes.fromhex(match[1][2:]) if match else None
