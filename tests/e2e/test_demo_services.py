"""`conductor demo services`, as a person runs it: it ends well and clean, and it sees an instance that lies."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from keeper.cli.demo import failover
from keeper.cli.demo.cast import PRICE
from keeper.cli.demo.scenes import services
from keeper.cli.demo.stage import open_stage
from tests.conftest import ROOT
from tests.e2e.test_demo import left_over

DEMO = (sys.executable, "-c", "from keeper.cli import main; main()", "demo", "services")
OK = re.compile(r"demo ok: clients=3 instances=3 failover_s=(?P<failover>\d+) seconds=(?P<seconds>\d+)")


@pytest.mark.timeout(240)
def test_clients_of_all_kinds_move_over_in_under_two_minutes() -> None:
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=200, check=False, cwd=ROOT)
    last = OK.fullmatch(done.stdout.splitlines()[-1])
    assert last, done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert 0 < int(last["failover"]) <= 61
    assert int(last["seconds"]) < 120
    assert left_over(done.stdout) == []


@pytest.mark.timeout(240)
async def test_one_instance_that_lies_turns_the_line_red(tmp_path: Path) -> None:
    """Instance c adds a wei to what gas costs."""
    folder, liar = tmp_path / "files", tmp_path / "price.py"
    folder.mkdir()
    honest = 'int(block["baseFeePerGas"], 16)'
    liar.write_text(PRICE.read_text().replace(honest, f'{honest} + (name == "c")'))
    said: list[str] = []
    async with open_stage(folder, said.append) as stage:
        story = await services.play(stage, liar)
    assert re.match(
        r"demo failed: web3\.py: c said that gas costs 20000000001 wei at block \d+: the chain says 20000000000; "
        r"clients=3 instances=3 ",
        failover.line(story),
    )
    assert all(" c said that gas costs " in one for one in failover.failures(story))
    assert left_over("\n".join(said)) == []
