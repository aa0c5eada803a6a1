"""S1 to S7, X1 to X4, state by state: the contract does what the executable model says, bit for bit, refusals included.

`traces.py` draws histories from a seed and lets `keeper.wire.machine` play them; tests/fuzz/Traces.t.sol replays them
on the
contract. A tenth of all 3-step plans and 1,500 larger ones in `make test`; with CONDUCTOR_FULL=1 all of them and
20,000.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from keeper.wire.types import Status
from tests.contracts import traces
from toolchain.abi import ROOT

FOLDER = ROOT / "build/traces"
FULL = os.environ.get("CONDUCTOR_FULL") == "1"
UNBOUNDED = ("--gas-limit", str(2**63 - 1))
REFUSED = {
    "CANCEL": "NothingPending",
    "EXPIRE": "NotExpired NothingPending",
    "LEARN": "NoNews WrongStatus",
    "REPORT": "ConditionFalse Malformed NeedsFailed NeedsPending NotReferee Settled TooEarly WindowClosed WrongStatus",
    "RUN": "CallsFailed ConditionFalse NeedsFailed NeedsPending NotReferee Settled TooEarly Unreadable WindowClosed "
    "WrongChain WrongStatus",
    "SCHEDULE": "ScheduleByPassed WrongStatus",
    "SETTLE": "DependentsStand Held NeedsPending NotLapsed Settled Unreadable WrongStatus",
    "UNDO": "CallsFailed DependentsStand Settled WindowClosed WrongStatus",
    "VOID": "NotExpired WrongStatus",
}
"""What the histories must have been refused for, at least once each."""


def replay(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "node_modules/.bin/forge", "test", "--match-path", "tests/fuzz/Traces.t.sol", "-vv", *UNBOUNDED],
        cwd=ROOT,
        env={**os.environ, "TRACES": str(folder.relative_to(ROOT))},
        capture_output=True,
        text=True,
        check=False,
    )


def logged(output: str, what: str) -> int:
    return sum(int(count) for count in re.findall(rf"^\s*{what} (\d+)$", output, re.MULTILINE))


def deeds(tally: Counter[str]) -> int:
    return sum(count for what, count in tally.items() if what.split()[0] in traces.Kind.__members__)


@pytest.mark.timeout(3_600)
def test_the_contract_is_the_machine() -> None:
    """Every action's word, stamps or error; and the histories visited every transition, status and refusal."""
    tally = traces.write(FOLDER, seed=20_260_802, every=1 if FULL else 10, larger=20_000 if FULL else 1_500)
    done = replay(FOLDER)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert logged(done.stdout, "traces") == tally["traces"] > 4_000
    assert logged(done.stdout, "actions") == deeds(tally)
    missing = [kind.name for kind in traces.Kind if kind is not traces.Kind.MOOD and not tally[kind.name]]
    missing += [status.name for status in Status if status and not tally[f"to {status.name}"]]
    refused = [f"{kind} Scheduler_{error}" for kind, errors in REFUSED.items() for error in errors.split()]
    missing += [what for what in refused if not tally[what]]
    assert missing == []


@pytest.mark.timeout(600)
def test_a_wrong_trace_is_found() -> None:
    """One flipped bit of a deposit in one expected word is enough to fail; so the test above can fail."""
    folder = FOLDER / "wrong"
    traces.write(folder, seed=7, every=20_000, larger=8)
    file = folder / "2.hex"
    text = file.read_text()
    started = f"{Status.ACTIVE:02x}{0:06x}{1:06x}{traces.START - 5:010x}"  # status, run, move, changed: just scheduled
    at = text.index(started) + len(started) + 15  # the last digit of the deposit
    file.write_text(text[:at] + f"{int(text[at], 16) ^ 1:x}" + text[at + 1 :])
    done = replay(folder)
    assert done.returncode != 0
    assert "Trace_Line" in done.stdout
    assert "[PASS] test_traces_0()" in done.stdout
