"""Child processes: none outlives the demo, whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keeper.cli.demo.programs import Programs
from keeper.wire.errors import ConductorError

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


async def test_all_end_even_who_does_not_listen(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keeper.cli.demo.programs._PATIENCE_S", 0.2)
    deaf = await programs.start("deaf", [sys.executable, "-c", DEAF])
    polite = await programs.start("polite", ["sleep", "60"])
    while "up" not in (programs.logs / "deaf.log").read_text():
        assert deaf.returncode is None
    await programs.close()
    assert (deaf.returncode, polite.returncode) == (-9, -15)


async def test_a_killed_one_says_so_and_a_left_one_stays(programs: Programs) -> None:
    await programs.start("victim", ["sleep", "60"])
    kept = await programs.start("kept", ["sleep", "60"])
    assert await programs.kill("victim") == -9
    assert programs.leave("kept") == kept.pid
    await programs.close()
    assert kept.returncode is None
    kept.kill()
    await kept.wait()


async def test_who_ends_too_early_is_noticed(programs: Programs) -> None:
    early = await programs.start("early", ["false"])
    await early.wait()
    with pytest.raises(ConductorError, match=r"early ended with 1: see .*early\.log"):
        programs.require_alive()


async def test_a_failed_command_says_what_it_said(programs: Programs) -> None:
    with pytest.raises(ConductorError, match=r"`conductor keeper jion` ended with 2: .*there is no command 'jion'"):
        await programs.conductor("keeper", "jion", environment={})


def test_a_left_one_outlives_us(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from keeper.cli.demo.programs import Programs\n"
        "async def main():\n"
        "    programs = Programs(pathlib.Path(sys.argv[1]))\n"
        "    await programs.start('kept', ['sleep', '60'])\n"
        "    await programs.start('not', ['sleep', '60'])\n"
        "    print(programs.leave('kept'))\n"
        "    await programs.close()\n"
        "asyncio.run(main())\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True, timeout=30
    )
    os.kill(int(said.stdout), signal.SIGKILL)  # fails if there is none
    assert said.stderr == ""
