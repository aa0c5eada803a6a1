"""The README's session, block by block, against the wheel in a clean environment without the clone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import BINARIES, ROOT

_BLOCK = re.compile(r"^```(?P<kind>\S+)(?: (?P<what>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_RUN_S = 170
"""A minute of it is a name's commitment, which has to age."""
SETUP = ("clone", "install")
"""Blocks that the test stands in for: it installs the wheel that it has built."""


def blocks() -> list[tuple[str, str | None, str]]:
    """Language, what it is (a file's name, or who runs it), text."""
    return [(m["kind"], m["what"], m["text"]) for m in _BLOCK.finditer((ROOT / "README.md").read_text())]


def test_a_newcomer_finds_two_commands_and_what_there_is() -> None:
    first = next(text for kind, what, text in blocks() if what == "clone")
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]
    text = (ROOT / "README.md").read_text()
    missing = [link for link in re.findall(r"\]\((?!http)([^)]+)\)", text) if not (ROOT / link).exists()]
    assert not missing
    session = "".join(text for kind, what, text in blocks() if kind == "sh" and what is None)
    for command in (
        "deploy",
        "plan check",
        "plan simulate",
        "plan schedule",
        "keeper run",
        "keeper withdraw",
        "name claim",
    ):
        assert f"conductor {command}" in session


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(wheel, check=True, timeout=200)
    venv.create(folder / "venv", with_pip=True)
    install = [folder / "venv/bin/pip", "install", "-q", "-c", ROOT / "requirements.lock", next(folder.glob("*.whl"))]
    subprocess.run(install, check=True, timeout=400)
    return folder / "venv/bin"


@pytest.mark.timeout(700)
def test_the_session_runs_as_it_is_written(installed: Path, tmp_path: Path) -> None:
    script = ["set -em"]
    for kind, what, text in blocks():
        if kind == "yaml" and what is not None:
            (tmp_path / what).write_text(text)
        elif kind == "sh" and what not in SETUP:
            script.append(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    session = subprocess.Popen(
        ["/bin/bash", "-c", "\n".join(script).replace("8577", str(port))],
        cwd=tmp_path,
        env={"PATH": f"{installed}{os.pathsep}{BINARIES}{os.pathsep}/usr/bin:/bin", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = session.communicate(timeout=_RUN_S)
    finally:
        _end_all_of(session.pid)
    assert session.returncode == 0, f"{out}\n{err}"
    assert "status   completed" in out
    assert re.search(r"paid +\d+ gwei for 2 moves", out), out
    assert "amount" in out.splitlines()[-2]


def test_the_wheel_has_all_that_the_demo_needs(installed: Path, tmp_path: Path) -> None:
    code = (
        "import keeper.cli.demo.stage as stage, keeper.cli.demo.dao as dao, pathlib, sys\n"
        "print(pathlib.Path(stage.__file__).is_relative_to(sys.prefix))\n"
        "print(*sorted(path.name for path in stage.shipped_examples().iterdir()))\n"
        "print(len(dao.code_of('Dao')) > 10_000, 'ape' in sys.modules)\n"
        "import keeper.cli.demo.cast as cast\n"
        "print(*sorted(path.suffix for path in cast.HERE.glob('*.*')))\n"
    )
    said = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    plans = "branch.yaml recurring.yaml rollback.yaml treasury.yaml"
    assert said.stdout.splitlines() == ["True", plans, "True False", ".mjs .mjs .py .py .py .py"]


def _end_all_of(session: int) -> None:
    """Whatever the session left running."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
