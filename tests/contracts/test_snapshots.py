"""What the contracts cost and how they lie in storage is kept in the repository, and is of this build."""

from __future__ import annotations

import json

import pytest

from bench import snapshots
from bench.run import RESULTS

MEASURED = ("Scheduler", "Account", "Registry", "Resolver")
REMEDY = "the build has changed: run `make snapshots`, and read the diff"


@pytest.mark.parametrize("name", ["code", "storage"])
def test_the_snapshots_are_of_this_build(name: str) -> None:
    assert snapshots.kept()[name] == snapshots.taken()[name], REMEDY


def test_the_gas_figures_are_of_this_build() -> None:
    measured = json.loads(RESULTS.read_text())["builds"]
    code = snapshots.taken()["code"]
    assert {name: measured[name]["creation_hash"] for name in MEASURED} == {
        name: code[name]["creation_hash"] for name in MEASURED
    }, "run `make bench`, and read the diff of its results"


@pytest.mark.parametrize("name", ["Scheduler", "Registry", "Resolver"])
def test_contracts_leave_room_below_the_limit(name: str) -> None:
    assert snapshots.taken()["code"][name]["deployed_bytes"] <= 24_000
