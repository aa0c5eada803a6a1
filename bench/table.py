"""The results, as a person reads them."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.reimbursement import ALONE, BATCHED

ENS_COLUMNS = {"ens": "ENS from npm", "ens_published": "ENS, published"}


def show(results: dict[str, Any], console: Console) -> None:
    """Print builds, rows, reimbursement and what others published."""
    console.print(_gas(results))
    console.print(_reimbursement(results["reimbursement"]))
    console.print(_registry(results["registry"]))
    console.print(_published(results["published"]))
    for name, build in results["builds"].items():
        console.print(f"{name}: {build['deployed_bytes']:,} bytes; {build['settings']}")
    for note in results["notes"]:
        console.print(note)


def show_work(result: dict[str, Any], console: Console) -> None:
    """Print the keeper's work per block."""
    console.print(f"[italic]Keeper's work[/]: {result['what']}")
    found = Table()
    for name in ("open plans", "statements", "requests", "CPU ms"):
        found.add_column(name, justify="right")
    for count, row in result["by_open_plans"].items():
        found.add_row(f"{int(count):,}", f"{row['statements']:g}", f"{row['requests']:g}", f"{row['cpu_ms']:.1f}")
    console.print(found)
    console.print(f"goal: {result['goal']} {_verdict(result['met'])}")


def show_latency(result: dict[str, Any], console: Console) -> None:
    """Print how late steps ran."""
    console.print(f"[italic]Latency[/]: {result['what']}")
    found = Table()
    for name in ("blocks late", "steps"):
        found.add_column(name, justify="right")
    for blocks, steps in result["late_blocks"].items():
        found.add_row(blocks, f"{steps:,}")
    console.print(found)
    console.print(f"goal: {result['goal']} {_verdict(result['met'])}")


def goals(results: dict[str, Any]) -> list[bool]:
    """Whether each goal in a result is met."""
    if "rows" not in results:
        return [results["met"]]
    met = [row["met"] for row in [*results["reimbursement"], *results["registry"]] if "met" in row]
    return met + [goal["met"] for row in results["rows"] for goal in row["goals"]]


def _verdict(met: bool) -> str:
    return "[green]met[/]" if met else "[red]missed[/]"


def _gas(results: dict[str, Any]) -> Table:
    names = list(dict.fromkeys(peer for row in results["rows"] for peer in row["peers"]))
    table = Table(title="Gas", title_justify="left")
    table.add_column("what")
    for name in ("Conductor", *names, "limit"):
        table.add_column(name, justify="right")
    table.add_column("goal")
    for row in results["rows"]:
        peers = [f"{row['peers'][name]:,}" if name in row["peers"] else "" for name in names]
        goals = "\n".join(f"{goal['goal']} {_verdict(goal['met'])}" for goal in row["goals"])
        table.add_row(row["what"], f"{row['ours']:,}", *peers, f"{row['limit']:,}", goals)
    return table


def _reimbursement(rows: list[dict[str, Any]]) -> Table:
    """Lowest and highest ratio of each kind of move, over prices and keepers, and the gas that was not repaid."""
    table = Table(title="Repaid / spent, premium aside; gas not repaid", title_justify="left")
    for name in (
        "move",
        "alone",
        "gas",
        f"goal {ALONE[0]} to {ALONE[1]}",
        "in a batch",
        "gas",
        f"{BATCHED[0]} to {BATCHED[1]}",
    ):
        table.add_column(name)
    for what in dict.fromkeys(row["what"] for row in rows):
        cells = []
        for alone in (True, False):
            same = [row for row in rows if row["what"] == what and (row["batch"] == 0) == alone]
            ratios = [row["ratio"] for row in same]
            gas = [row["gas_not_repaid"] for row in same]
            cells += [f"{min(ratios):.4f} to {max(ratios):.4f}", f"{min(gas):,} to {max(gas):,}"]
            cells.append(_verdict(all(row["met"] for row in same)))
        table.add_row(what, *cells)
    return table


def _registry(rows: list[dict[str, Any]]) -> Table:
    table = Table("what", title="Registry", title_justify="left")
    for name in ("gas", *ENS_COLUMNS.values()):
        table.add_column(name, justify="right")
    table.add_column("goal")
    for row in rows:
        goal = f"{row['goal']} {_verdict(row['met'])}" if "goal" in row else ""
        beside = [f"{row[key]:,}" if key in row else "" for key in ENS_COLUMNS]
        table.add_row(row["what"], f"{row['gas']:,}", *beside, goal)
    return table


def _published(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Published elsewhere, not measured here: not to be had from npm", title_justify="left")
    for name in ("who", "what"):
        table.add_column(name)
    table.add_column("gas", justify="right")
    for row in rows:
        table.add_row(row["who"], row["what"], f"{row['gas']:,}")
    return table
