"""`make bench`: every figure in one run. Gas on one chain with the same target and calls; keepers' work; lateness.

Writes `gas.json`, `keeper_work.json` and `latency.json` in `bench/results` and prints the tables. A missed goal is
said, not hidden, and does not fail the run; a figure that could not be taken does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from eth_utils.crypto import keccak  # noqa: E402 # behind the path, as the next ones
from rich.console import Console  # noqa: E402

from bench import keeper_work, latency, measure, registry, reimbursement, table  # noqa: E402
from bench.artifacts import Build  # noqa: E402
from bench.chain import HARDFORK, started  # noqa: E402
from bench.peers import PUBLISHED  # noqa: E402
from bench.rows import ROWS  # noqa: E402

BUILD = ROOT / "build" / "forge"
RESULTS = ROOT / "bench" / "results" / "gas.json"
NOTES = [
    "Gas is gasUsed in the receipts of real transactions; each block holds one, and none pays a tip.",
    "All contracts, the peers' too, are of one build; without via_ir each peer's schedule and run together cost more.",
    "But ENS's: registry 0.6.2 and resolver 0.3.1, the last on npm, as compiled there, without the optimizer.",
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


@dataclass(frozen=True)
class Part:
    """Something that is measured on its own, and the file it is written to."""

    file: str
    measured: Callable[[], Coroutine[Any, Any, dict[str, Any]]]
    show: Callable[[dict[str, Any], Console], None]
    limit_s: float
    """Taken for longer, it counts as not measured."""


PARTS = (
    Part("gas.json", results, table.show, 600),
    Part("keeper_work.json", keeper_work.measured, table.show_work, 300),
    Part("latency.json", latency.measured, table.show_latency, 300),
)


def run(parts: Sequence[Part], folder: Path, console: Console) -> bool:
    """Measure, write and show each part; False if one took too long, whose old results are then removed."""
    goals: list[bool] = []
    done = True
    folder.mkdir(exist_ok=True)
    for part in parts:
        path = folder / part.file
        try:
            found = asyncio.run(asyncio.wait_for(part.measured(), part.limit_s))
        except TimeoutError:
            path.unlink(missing_ok=True)
            console.print(f"[red]{part.file} was not measured: it took longer than {part.limit_s:g} s[/]")
            done = False
            continue
        path.write_text(json.dumps(found, indent=2) + "\n")
        part.show(found, console)
        console.print()
        goals += table.goals(found)
    console.print(f"[bold]{sum(goals)} of {len(goals)} goals met[/]")
    return done


def main() -> None:
    """Everything. Exit code 1: something was not measured."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    if not run(PARTS, RESULTS.parent, console):
        sys.exit(1)


if __name__ == "__main__":
    main()
