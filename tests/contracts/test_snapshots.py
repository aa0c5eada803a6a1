"""What the contracts cost and how they lie in storage is kept in the repository, and is of this build."""

from __future__ import annotations

import json

import pytest

from bench import snapshots
from bench.run import RESULTS

REMEDY = "the build has changed: run `make snapshots`, and read the diff"


@pytest.mark.parametrize("name", ["code", "storage"])
def test_the_snapshots_are_of_this_build(name: str) -> None:
    assert snapshots.kept()[name] == snapshots.taken()[name], REMEDY


def test_the_gas_figures_are_of_this_build() -> None:
    measured = json.loads(RESULTS.read_text())["builds"]
    code = snapshots.taken()["code"]
    assert {name: measured[name]["creation_hash"] for name in ("Scheduler", "Account")} == {
        name: code[name]["creation_hash"] for name in ("Scheduler", "Account")
    }, "run `make bench`, and read the diff of its results"


def test_the_scheduler_leaves_room_below_the_limit() -> None:
    assert snapshots.taken()["code"]["Scheduler"]["deployed_bytes"] <= 24_000
