"""`conductor demo`, as a person runs it: it ends well, it ends clean, and it sees a call that went wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from keeper.cli.demo import report
from keeper.cli.demo.scenes import plans
from keeper.cli.demo.stage import open_stage
from tests.conftest import ROOT

DEMO = (sys.executable, "-c", "from keeper.cli import main; main()", "demo")
OK = re.compile(
    r"demo ok: calls=5/5 late_blocks=0 ticks=3 undone=2 killed=1 "
    r"keepers_paid_wei=(?P<paid>\d+) seconds=(?P<seconds>\d+)"
)
_CHAIN = re.compile(r"http://127\.0\.0\.1:(\d+)")


@pytest.mark.timeout(240)
def test_the_last_line_says_that_all_went_as_planned_in_under_two_minutes() -> None:
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=200, check=False)
    last = OK.fullmatch(done.stdout.splitlines()[-1])
    assert last, done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines() if re.match(r"\d+ +\d+ ", line)]
    assert abs(sum(float(row[-1]) for row in rows) - int(last["paid"]) / 10**18) < 0.00002
    assert len({row[-2] for row in rows if "treasury" in row}) >= 2
    assert 0 < int(last["seconds"]) < 120
    assert left_over(done.stdout) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("number", "when"),
    [(signal.SIGTERM, "have seats"), (signal.SIGINT, "three keepers wait")],
    ids=["early", "keepers run"],
)
def test_whoever_stops_it_finds_nothing_left_running(number: signal.Signals, when: str) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while when not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (1, "stopped")
    assert left_over(said) == []


@pytest.mark.timeout(240)
async def test_one_call_that_goes_wrong_turns_the_line_red(tmp_path: Path) -> None:
    examples, folder = tmp_path / "examples", tmp_path / "files"
    shutil.copytree(ROOT / "examples", examples)
    folder.mkdir()
    treasury = examples / "treasury.yaml"
    treasury.write_text(
        treasury.read_text().replace("token.transfer(bob, 800 token)", "token.transfer(bob, 799 token)")
    )
    said: list[str] = []
    async with open_stage(folder, said.append, examples) as stage:
        story = await plans.play(stage)
    assert report.line(story).startswith(
        "demo failed: bob's tokens: 0 became 799000000000000000000, not 800000000000000000000; calls=4/5 late_blocks=0"
    )
    assert len(report.failures(story)) == 1
    assert left_over("\n".join(said)) == []


def left_over(said: str) -> list[str]:
    """What still runs on the demo's chain: processes that name its port, and whoever answers there."""
    found = _CHAIN.search(said)
    assert found, said
    port = found[1]
    with socket.socket() as probe:
        answers = probe.connect_ex(("127.0.0.1", int(port))) == 0
    names = ["somebody answers"] if answers else []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if int(process.name) != os.getpid() and (f"--port\0{port}\0".encode() in text or f":{port}\0".encode() in text):
            names.append(process.name)
    return names
