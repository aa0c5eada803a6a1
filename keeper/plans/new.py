"""The beginning of a plan file: an empty form, or a Safe's batch turned into steps."""

from __future__ import annotations

import json
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.abi import AbiError, parse_json
from keeper.plans.show_calls import Words, call_lines, coin_text, quoted
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY, Address, Call

_FORM = """# docs/plans.md explains every key; `conductor plan check {file}` says what is missing.
conductor: 1
name: {name}
owner: {owner}{chain}
{contracts}at: +1d                         # or 2027-02-01 15:00 UTC, or block 23_500_000
within: 1d                      # how long each step's window is open
pay:
  deposit: 0.1 ether
  premium: 0.0005..0.005 ether over 10m
  max_gas_price: 50 gwei
steps:
{steps}"""
_CONTRACTS = """contracts:
  token: {at: "0x0000000000000000000000000000000000000001", abi: erc20}
"""
_STEPS = """  - id: first
    call: "token.transfer(account, 1)"
"""


def new_plan(name: str, file: str = "plan.yaml") -> str:
    """A form to fill in."""
    owner = '"0x0000000000000000000000000000000000000001"   # or a name, as in dao.eth'
    return _FORM.format(file=file, name=quoted(name), owner=owner, chain="", contracts=_CONTRACTS, steps=_STEPS)


def plan_from_safe(text: str, name: str, file: str = "plan.yaml") -> str:
    """A plan whose steps are the transactions of a Safe's batch, in order, owned by that Safe. Raises BadInput."""
    try:
        batch = json.loads(text)
        calls = [_call(transaction) for transaction in batch["transactions"]]
        owner = to_checksum_address(batch["meta"]["createdFromSafeAddress"])
        chain = f"\nchain: {int(batch['chainId'])}"
    except (ValueError, KeyError, TypeError, AttributeError, AbiError, RecursionError) as error:
        raise BadInput(
            f"this is no Transaction Builder batch: {error}",
            field="from",
            remedy="export it from the Safe's Transaction Builder",
        ) from None
    if not calls:
        raise BadInput("the batch has no transactions", field="from", remedy="add one, and export it again")
    words = Words(account=NOBODY, given={})
    steps = []
    for number, (call, value) in enumerate(call_lines(calls, (), words), 1):
        steps.append(f"  - id: step{number}\n    call: {quoted(call)}\n")
        if value is not None:
            steps.append(f"    value: {value}\n")
    contracts = ["contracts:\n"]
    for target, alias in words.aliases.items():
        abi = ", ".join(quoted(f.text) for f in words.used.get(target, {}).values())
        contracts.append(f'  {alias}: {{at: "{to_checksum_address(target)}", abi: [{abi}]}}\n')
    total = sum(call.value_wei for call in calls)
    note = f"  # its Account needs {coin_text(total)}" if total else ""
    return _FORM.format(
        file=file,
        name=quoted(name),
        owner=f'"{owner}"{note}',
        chain=chain,
        contracts="".join(contracts),
        steps="".join(steps),
    )


def _call(transaction: dict[str, Any]) -> Call:
    target = Address(bytes(to_canonical_address(transaction["to"])))
    data = transaction.get("data")
    if data is None and transaction.get("contractMethod"):
        payload = _encoded(transaction["contractMethod"], transaction.get("contractInputsValues") or {})
    else:
        payload = bytes.fromhex((data or "0x")[2:])
    return Call(target, int(transaction["value"]), payload)


def _encoded(method: dict[str, Any], values: dict[str, Any]) -> bytes:
    """Calldata of a transaction that the batch gives by method and values."""
    function = parse_json([{"type": "function", **method}])[0]
    args = [_value(values[param.name], param.type.kind) for param in function.inputs]
    return bytes(keccak(text=function.signature)[:4]) + encode(function.types, args)


def _value(value: Any, kind: str) -> Any:
    """The builder writes every value as text."""
    if kind in ("array", "tuple") and isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list):
        return [_value(item, "uint" if str(item).isdigit() else "") for item in value]
    if kind in ("uint", "int"):
        return int(value)
    if kind == "bool":
        return value in (True, "true")
    if kind in ("bytes", "bytesN"):
        return bytes.fromhex(value[2:])
    return value
