"""`conductor` in this process: what it prints and its exit code, with a home and an environment of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner
from pydantic import TypeAdapter

from keeper.cli.reference import commands
from keeper.cli.root import root

RESULTS = {words: command.result for words, command in commands()}


@dataclass(frozen=True)
class Said:
    """What a command came to. `error` is standard error in one piece, without its last line break."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands; `spoken` are those whose JSON was printed and fitted its schema."""

    def __init__(self, home: str, **environment: str) -> None:
        self.environment = {"HOME": home, "XDG_CONFIG_HOME": f"{home}/.config", **environment}
        self.spoken: set[tuple[str, ...]] = set()

    def run(self, *arguments: str, stdin: str | None = None, env: Mapping[str, str | None] | None = None) -> Said:
        given = {**self.environment, **(env or {})}
        done = CliRunner(mix_stderr=False).invoke(root, list(arguments), input=stdin, env=given, prog_name="conductor")
        return Said(done.exit_code, done.stdout, done.stderr.rstrip("\n"))

    def json(self, *arguments: str, code: int = 0, env: Mapping[str, str | None] | None = None) -> Any:
        """The JSON a command prints, held to its schema; of several lines the last."""
        said = self.run(*arguments, "--json", env=env)
        assert said.code == code, said
        found: Any = None
        words = next(arguments[:n] for n in (2, 1) if arguments[:n] in RESULTS)
        for text in said.out.splitlines():
            found = json.loads(text)
            assert found["schema"] == RESULTS[words].schema
            rest = {name: value for name, value in found.items() if name != "schema"}
            TypeAdapter(RESULTS[words]).validate_json(json.dumps(rest), strict=True)
            assert rest.keys() == TypeAdapter(RESULTS[words]).json_schema()["properties"].keys()
        if found is not None:
            self.spoken.add(words)
        return found

    def refused(self, code: int, *arguments: str, env: Mapping[str, str | None] | None = None) -> str:
        """The one line a command is refused with; with --json the same error comes as JSON."""
        said = self.run(*arguments, env=env)
        assert (said.code, said.out) == (code, ""), said
        assert "\n" not in said.error
        assert "Traceback" not in said.error
        also = self.run(*arguments, "--json", env=env)
        error = json.loads(also.error)
        assert (also.code, error["schema"], error["exit_code"]) == (code, "conductor/error/1", code)
        assert error["message"]
        return said.error
