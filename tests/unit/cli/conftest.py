"""A shell in an empty folder, with nothing of the machine's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in os.environ:
        if name.startswith("CONDUCTOR_") or name == "ETH_RPC_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Shell(str(tmp_path))
