"""How much gas a contract's call takes before refunds: in a simulation, a meter stands before the contract's own code.

A node tells a transaction's gas after refunds, which may be a fifth less than what it needed. So while a message is
tried, the sending contract's code is replaced. Called by `METER_CALLER` with (target, gas limit, data) it makes the
call and answers (success, gas, returned); called by anyone else it does what the contract does, through a copy.
"""

from __future__ import annotations

from eth_utils.crypto import keccak

from keeper.wire.types import Address

METER_CALLER = Address(bytes(keccak(text="conductor.meter.caller"))[12:])

_ENTER = "33 73 {caller} 14 60 {meter} 57"  # if the caller is ours, go to the meter
_DELEGATE = (
    "36 5f 5f 37"  # copy calldata
    " 5f 5f 36 5f 73 {shadow} 5a f4"  # delegatecall the copy
    " 3d 5f 5f 3e 60 {ok} 57 3d 5f fd"  # copy what it returned; revert with it
    " 5b 3d 5f f3"  # or return it
)
_METER = (
    "5b 5f 35 31 50"  # touch the target, so that it is warm as for the Scheduler
    " 60 40 36 03 80 60 40 5f 37"  # copy the data behind the two words
    " 5a 90 5f 5f 91 5f 5f 5f 35 60 20 35 f1"  # gas before; call(limit, target, 0, data)
    " 90 5a 90 03 60 20 52 5f 52"  # gas taken and success to memory
    " 3d 5f 60 40 3e 60 40 3d 01 5f f3"  # what was returned behind them
)


def metered(contract: Address, code: bytes) -> dict[str, dict[str, str]]:
    """State overrides that put the meter before a contract with this code."""
    shadow = bytes(keccak(b"conductor.meter.shadow" + contract))[12:]
    enter = _bytes(_ENTER, caller=METER_CALLER.hex(), meter="00")
    delegate = _bytes(_DELEGATE, shadow=shadow.hex(), ok="00")
    meter_at = len(enter) + len(delegate)
    ok_at = meter_at - 4
    whole = _bytes(_ENTER, caller=METER_CALLER.hex(), meter=f"{meter_at:02x}")
    whole += _bytes(_DELEGATE, shadow=shadow.hex(), ok=f"{ok_at:02x}") + _bytes(_METER)
    return {
        f"0x{contract.hex()}": {"code": f"0x{whole.hex()}"},
        f"0x{shadow.hex()}": {"code": f"0x{code.hex()}"},
    }


def _bytes(text: str, **holes: str) -> bytes:
    return bytes.fromhex(text.format(**holes).replace(" ", ""))
