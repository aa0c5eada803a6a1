"""Unmodified ENS clients, pointed at the Registry, all answer alike; where they do not, docs/registry.md says why."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.clients.names import ASKED, HERE, QUESTIONS
from tests.clients.world import World, filled
from tests.conftest import ROOT

FOLDER = Path(__file__).parent
DOC = ROOT / "docs/registry.md"
CLIENTS: Mapping[str, tuple[str, ...]] = {
    "web3.py 7.15": ("build/clients/web3-7.15/bin/python", "ask_web3.py"),
    "web3.py 7.16": ("build/clients/web3-7.16/bin/python", "ask_web3.py"),
    "web3.py 8.0": ("build/clients/web3-8.0/bin/python", "ask_web3.py"),
    "ethers registry": ("node", "ask_ethers.mjs"),
    "ethers universal": ("node", "ask_ethers.mjs"),
    "viem": ("node", "ask_viem.mjs"),
}
Answers = Mapping[str, Mapping[str, dict[str, Any]]]
"""By client and question: {"is": value} or {"throws": error}."""


@dataclass(frozen=True)
class Difference:
    """A row of the table in docs/registry.md: these clients say something else to these questions."""

    clients: str
    questions: tuple[str, ...]
    says: str
    why: str

    def covers(self, client: str, question: str) -> bool:
        return fnmatchcase(client, self.clients) and any(fnmatchcase(question, one) for one in self.questions)

    def answer(self, world: World, expected: Any) -> dict[str, Any]:
        """What the row says that the client answers."""
        if self.says.startswith("throws "):
            return {"throws": self.says.removeprefix("throws ")}
        if self.says == "in lower case":
            return {"is": expected.lower()}
        if self.says in {"null", '""'}:
            return {"is": json.loads(self.says)}
        return {"is": world.named(self.says)}


def listed() -> list[Difference]:
    """The table's rows: clients | questions | says | why, of which the first three are code."""
    section = DOC.read_text("utf-8").partition("## Where clients differ")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [
        Difference(clients.strip("`"), tuple(re.findall("`([^`]+)`", questions)), says.strip("`"), why)
        for clients, questions, says, why in rows
    ]


@pytest.fixture(scope="module")
def world(clients: None, start_anvil: Callable[..., str]) -> World:
    return filled(start_anvil("--chain-id", str(HERE)))


@pytest.fixture(scope="module")
def answers(world: World) -> Answers:
    """Every client's answers, each client a process of its own, all at once."""
    questions = [{**asdict(one), "of": world.named(one.of)} for one in QUESTIONS.values()]
    asked = [{key: value for key, value in one.items() if key != "answer"} for one in questions]
    running = {}
    for client, (program, script) in CLIENTS.items():
        path = str(ROOT / program) if "/" in program else program
        running[client] = subprocess.Popen(
            [path, str(FOLDER / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        job = {"url": world.url, "chainId": HERE, "registry": world.registry.address, "questions": asked}
        stdin = running[client].stdin
        assert stdin is not None
        stdin.write(json.dumps({**job, "universal": client.endswith("universal")}))
        stdin.close()
        running[client].stdin = None
    said = {}
    for client, process in running.items():
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, f"{client}: {err}"
        said[client] = dict(zip(QUESTIONS, json.loads(out), strict=True))
    return said


def test_every_pinned_client_is_asked() -> None:
    pinned = {f"web3.py {pins.stem.removeprefix('web3-')}" for pins in FOLDER.glob("web3-*.txt")}
    assert pinned == {client for client in CLIENTS if client.startswith("web3")}


def test_the_names_are_many_and_of_every_kind() -> None:
    """Accounts, which are asked by their address, are no names."""
    names = {one.of for one in QUESTIONS.values() if one.ask != "reverse"}
    assert len(names) >= 40
    kinds = {
        "address": [one for one in ASKED["named"] if one.ask == "address" and one.answer],
        "for each chain": [one for one in ASKED["chain"] if one.coin not in (60, 0x8000_0000 | HERE) and one.answer],
        "text": [one for one in ASKED["record"] if one.ask == "text" and one.answer],
        "contenthash": [one for one in ASKED["record"] if one.ask == "contenthash" and one.answer],
        "wildcard": [one for one in (*ASKED["wildcard"], *ASKED["service"], *ASKED["instance"]) if one.answer],
        "reverse": [one for one in ASKED["account"] if one.answer],
        "forged reverse": [one for one in ASKED["account"] if not one.answer],
        "missing": [one for one in (*ASKED["missing"], *ASKED["below"]) if not one.answer],
        "expired": [one for one in ASKED["over"] if not one.answer],
        "lapsed": [one for one in ASKED["below"] if one.of.startswith("lapsed.") and not one.answer],
        "malformed": [one for one in ASKED["abnormal"] if not one.answer],
    }
    assert [kind for kind, asked in kinds.items() if not asked] == []
    wrong = [one for topic in ("missing", "below", "over", "root", "abnormal") for one in ASKED[topic] if one.answer]
    assert wrong == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_answers_as_all_do_or_as_the_table_says(client: str, world: World, answers: Answers) -> None:
    table = listed()
    wrong = {}
    for question, one in QUESTIONS.items():
        expected = world.named(one.answer)
        rows = [row for row in table if row.covers(client, question)]
        assert len(rows) < 2, f"{client}, {question}: two rows of the table"
        wanted = rows[0].answer(world, expected) if rows else {"is": expected}
        if answers[client][question] != wanted:
            wrong[question] = (answers[client][question], wanted)
    assert not wrong


def test_no_row_of_the_table_is_idle(world: World) -> None:
    idle = []
    for row in listed():
        for pattern in row.questions:
            for client in (one for one in CLIENTS if fnmatchcase(one, row.clients)):
                met = [one for question, one in QUESTIONS.items() if fnmatchcase(question, pattern)]
                same = [
                    one for one in met if row.answer(world, world.named(one.answer)) == {"is": world.named(one.answer)}
                ]
                if not met or same:
                    idle.append((client, pattern, [str(one) for one in same]))
        assert any(fnmatchcase(client, row.clients) for client in CLIENTS), row
        assert row.why
    assert not idle
