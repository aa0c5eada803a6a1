"""The benchmark's table cannot show what was not measured, nor hide a missed goal."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from rich.console import Console

from bench import table
from bench.ens_peer import Service
from bench.figures import LIMIT, OURS, Figures, NotMeasured
from bench.registry import node
from bench.rows import ROWS, Row, at_most
from bench.run import Part, run


def figures(**of: float) -> Figures:
    taken = Figures()
    for who, gas in of.items():
        taken.put("case", {"ours": OURS, "limit": LIMIT}.get(who, who), gas)
    return taken


def test_a_row_counts_over_the_limit() -> None:
    row = Row("what", "case", ("peer",), (at_most(10),), over=True)
    assert row.measured(figures(ours=110, limit=100, peer=130)) == {
        "what": "what",
        "ours": 10,
        "peers": {"peer": 30},
        "limit": 0,
        "goals": [{"goal": "<= 10", "met": True}],
    }


def test_a_missed_goal_is_said() -> None:
    row = Row("what", "case", goals=(at_most(109),))
    assert row.measured(figures(ours=110, limit=100))["goals"] == [{"goal": "<= 109", "met": False}]


@pytest.mark.parametrize("missing", ["ours", "limit", "peer"])
def test_a_figure_that_was_not_measured_is_an_error(missing: str) -> None:
    taken = {"ours": 110.0, "limit": 100.0, "peer": 130.0}
    del taken[missing]
    with pytest.raises(NotMeasured, match="case"):
        Row("what", "case", ("peer",)).measured(figures(**taken))


def test_nothing_is_measured_twice() -> None:
    taken = figures(ours=1)
    with pytest.raises(ValueError, match="twice"):
        taken.put("case", OURS, 2)


def test_rows_have_names_of_their_own() -> None:
    names = [row.what for row in ROWS]
    assert len(names) == len(set(names)) > 10


def test_ens_is_shown_beside_the_registry() -> None:
    rows = [
        {"what": "register", "gas": 254_507, "ens": 248_063, "goal": "<= 248,063", "met": False},
        {"what": "resolve", "gas": 39_184, "ens_published": 41_000},
    ]
    console = Console(file=io.StringIO(), width=120)
    table.show({**NOTHING, "registry": rows}, console)
    assert isinstance(console.file, io.StringIO)
    lines = [line.split() for line in console.file.getvalue().replace("│", " ").splitlines()]
    assert ["register", "254,507", "248,063", "<=", "248,063", "missed"] in lines
    assert ["resolve", "39,184", "41,000"] in lines


def test_the_same_name_is_registered_in_ens() -> None:
    service = Service(node("acme"), "pay", to_checksum_address("0x" + 40 * "1"), ())
    assert service.node == node("pay.acme")


# ---------------------------------------------------------------------- all parts in one run

NOTHING: dict[str, Any] = {"rows": [], "reimbursement": [], "registry": [], "published": [], "builds": {}, "notes": []}

WORK = {
    "what": "work",
    "by_open_plans": {"1000": {"statements": 5, "requests": 9, "cpu_ms": 1.5}},
    "goal": "the same",
    "met": True,
}
LATE = {"what": "late", "late_blocks": {"0": 99, "2": 1}, "goal": "none late", "met": False}


def part(file: str, found: dict[str, Any], show: Callable[..., None], *, takes_s: float = 0.0) -> Part:
    async def measured() -> dict[str, Any]:
        await asyncio.sleep(takes_s)
        return found

    return Part(file, measured, show, limit_s=0.2)


def printed(parts: list[Part], folder: Path) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=120)
    done = run(parts, folder, console)
    assert isinstance(console.file, io.StringIO)
    return done, console.file.getvalue()


def test_every_part_is_written_shown_and_counted(tmp_path: Path) -> None:
    parts = [part("work.json", WORK, table.show_work), part("late.json", LATE, table.show_latency)]
    done, text = printed(parts, tmp_path)
    assert done
    assert json.loads((tmp_path / "work.json").read_text()) == WORK
    assert json.loads((tmp_path / "late.json").read_text()) == LATE
    assert "goal: the same met" in text
    assert "goal: none late missed" in text
    assert text.endswith("1 of 2 goals met\n")


def test_a_part_that_takes_too_long_is_said_and_leaves_no_old_results(tmp_path: Path) -> None:
    (tmp_path / "work.json").write_text("{}")
    parts = [part("work.json", WORK, table.show_work, takes_s=9), part("late.json", LATE, table.show_latency)]
    done, text = printed(parts, tmp_path)
    assert not done
    assert text.startswith("work.json was not measured: it took longer than 0.2 s\n")
    assert text.endswith("0 of 1 goals met\n")
    assert [path.name for path in tmp_path.iterdir()] == ["late.json"]
