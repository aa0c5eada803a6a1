"""Plan files for tests, and what compiles them without an endpoint."""

from __future__ import annotations

from dataclasses import replace

from keeper.plans.compile import Compiled, compile_plan
from keeper.plans.draft import draft
from keeper.plans.load import load_plan
from keeper.plans.lock import Lock
from tests.unit.plans.judge import LOCK

HEAD = """conductor: 1
name: sample
owner: "0x00000000000000000000000000000000000000aa"
contracts:
  usdc: {at: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", abi: erc20}
  pool:
    at: "0x00000000000000000000000000000000000000b1"
    abi:
      - function open(uint256 amount) payable
      - function close()
      - function feed() view returns (int256 answer, uint256 updatedAt, (address who, uint8 kind) tail)
      - function many((address to, uint8[] kinds)[] items, string note, bytes data)
      - function pair(uint8 a)
      - function pair(uint16 a)
      - function pair(address a)
      - function fix(bytes4 id, bool on, int64 by, address[2] both)
"""
TIMES = """at: 2027-02-01 15:00 UTC
within: 7d
pay: {deposit: 0.2 ether, premium: 0.001..0.01 ether over 10m, max_gas_price: 40 gwei}
"""


def plan_text(*steps: str, finals: tuple[str, ...] = (), head: str = HEAD, times: str = TIMES, extra: str = "") -> str:
    lines = [f"  - {step}\n" for step in steps]
    ends = ["finally:\n", *(f"  - {step}\n" for step in finals)] if finals else []
    return head + times + extra + "steps:\n" + "".join([*lines, *ends])


def measured(text: str, lock: Lock = LOCK, gas: int = 50_000) -> Lock:
    """The lock with `gas` for everything whose gas the text leaves open."""
    found = draft(load_plan(text, "plan.yaml", lock.values), lock)
    return replace(lock, gas={question.key: (question.digest, gas) for question in found.gas})


def compiled(text: str, lock: Lock = LOCK) -> Compiled:
    return compile_plan(load_plan(text, "plan.yaml", lock.values), measured(text, lock))
