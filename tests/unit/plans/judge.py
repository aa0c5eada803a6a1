"""What a plan file comes to without an endpoint: its problems, or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keeper.plans.draft import draft
from keeper.plans.load import read_plan
from keeper.plans.lock import Lock
from keeper.plans.pin import check_times
from keeper.plans.port import Now
from keeper.plans.problems import PlanErrors

NOW = Now(23_000_000, 1_796_000_000)  # 2026-11-30
LOCK = Lock(
    chain_id=1,
    scheduler="0x000000000000000000000000000000000000005c",
    facts="0x00000000000000000000000000000000000000fa",
    names={"dao.example": "0x00000000000000000000000000000000000000AA"},
    decimals={"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48": 6},
)


def judged(path: Path) -> str:
    """The message with the file's bare name, or an empty string."""
    try:
        plan = replace(read_plan(path), path=path.name)
        check_times(plan, draft(plan, LOCK), NOW)
    except PlanErrors as errors:
        return str(PlanErrors(path.name, errors.problems)) + "\n"
    return ""
