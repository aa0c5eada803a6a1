"""Unmodified ENS clients, pointed at the Registry, all answer alike; where they do not, docs/registry.md says why."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.clients.names import HERE, QUESTIONS
from tests.clients.world import World, filled
from tests.conftest import ROOT

FOLDER = Path(__file__).parent
READY = (*(f"build/clients/{pins.stem}/.ready" for pins in FOLDER.glob("web3-*.txt")), "tests/clients/node_modules/.ready")
_WEB3 = {f"web3.py {v}": [f"build/clients/web3-{v}/bin/python", "ask_web3.py"] for v in ("7.15", "7.16", "8.0")}
CLIENTS: Mapping[str, list[str]] = {
    **_WEB3,
    "ethers registry": ["node", "ask_ethers.mjs"],
    "ethers universal": ["node", "ask_ethers.mjs"],
    "viem": ["node", "ask_viem.mjs"],
}


@dataclass(frozen=True)
class Difference:
    """A row of the table in docs/registry.md: these clients say something else to these questions."""

    clients: str
    questions: tuple[str, ...]
    says: str
    why: str

    def covers(self, client: str, question: str) -> bool:
        return fnmatchcase(client, self.clients) and any(_fits(question, one) for one in self.questions)


def _fits(question: str, pattern: str) -> bool:
    """Whether a pattern means the question: `*` is anything, every other character itself."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), question, re.DOTALL) is not None
