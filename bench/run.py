"""`make bench`: every figure in one run, on one chain, with the same target and the same calls.

Writes `gas.json` and `latency.json` in `bench/results` and prints the tables. A missed goal is said, not hidden, and
does not fail the run; a figure that could not be taken does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from eth_utils.crypto import keccak  # noqa: E402 # behind the path, as the next ones
from rich.console import Console  # noqa: E402

from bench import latency, measure, registry, reimbursement, table  # noqa: E402
from bench.artifacts import Build  # noqa: E402
from bench.chain import HARDFORK, started  # noqa: E402
from bench.peers import PUBLISHED  # noqa: E402
from bench.rows import ROWS  # noqa: E402

BUILD = ROOT / "build" / "forge"
RESULTS = ROOT / "bench" / "results" / "gas.json"
LATENCY = RESULTS.with_name("latency.json")
NOTES = [
    "Gas is gasUsed in the receipts of real transactions; each block holds one, and none pays a tip.",
    "All contracts, the peers' too, are of one build; without via_ir each peer's schedule and run together cost more.",
    "Limit: a plain account's bare call, or Multicall3 for several; of a schedule, a call that writes a fresh slot.",
    "An Account's limit is the same code, created by a plain account.",
    "The keeper has a seat and it is its turn. Peers have a salt where they know one, as our plans do; nobody is paid.",
]


async def results() -> dict[str, Any]:
    """Measure everything, as JSON."""
    async with started() as chain:
        figures, conductor, peers, calls = await measure.everything(chain, BUILD)
        repaid = await reimbursement.measured(chain, conductor, calls)
    async with started() as chain:
        names, named_builds = await registry.measured(chain, BUILD)
    lean = {count: round(figures.get(f"run {count}", measure.LEAN)) for count in (5, 20)}
    lean_note = f"A multicall that hands nothing back takes {lean[5]:,} for five calls and {lean[20]:,} for twenty."
    return {
        "chain": f"anvil, {HARDFORK}",
        "builds": {
            **{name: _build(build) for name, build in (conductor.builds | named_builds).items()},
            **{peer.name: _build(peer.build) for peer in peers},
        },
        "rows": [row.measured(figures) for row in ROWS],
        "reimbursement": repaid,
        "registry": names,
        "published": PUBLISHED,
        "notes": [*NOTES, lean_note],
    }


def _build(build: Build) -> dict[str, Any]:
    code = bytes.fromhex(build.bytecode.removeprefix("0x")) if not build.links else b""
    return {
        "deployed_bytes": build.deployed_bytes,
        "settings": build.settings,
        **({"creation_hash": "0x" + keccak(code).hex()} if code else {}),
    }


def main() -> None:
    """Run, write, print."""
    found = asyncio.run(results())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    console = Console(width=None if sys.stdout.isatty() else 200)
    table.show(found, console)
    late = asyncio.run(latency.measured())
    LATENCY.write_text(json.dumps(late, indent=2) + "\n")
    table.show_latency(late, console)


if __name__ == "__main__":
    main()
