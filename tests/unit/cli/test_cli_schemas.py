"""The command tree against its schemas and its reference."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from keeper.cli.command import Command
from keeper.cli.errors import SCHEMA, as_conductor_error, details
from keeper.cli.lazy import LazyGroup
from keeper.cli.reference import SCHEMAS, commands, files, main, schema_of
from keeper.cli.root import root
from keeper.wire.errors import BadInput

ALL = dict(commands())


def test_the_tree_is_the_one_that_was_promised() -> None:
    plan = "check graph estimate simulate propose verify schedule sign show status why watch publish deposit reclaim"
    keeper = "init check join leave run status why earnings withdraw"
    wanted = {("demo",), ("deploy",), ("new",), ("config", "show"), ("completion",)}
    wanted |= {("plan", name) for name in [*plan.split(), "cancel"]} | {("keeper", name) for name in keeper.split()}
    wanted |= {("account", name) for name in ("show", "call", "allow", "revoke")} | {("resolve",)}
    wanted |= {("name", name) for name in ("claim", "renew", "transfer", "accept", "lock", "set", "show")}
    service = "create release propose confirm admit serve instances heartbeat drain scale watch"
    wanted |= {("service", name) for name in service.split()}
    assert set(ALL) == wanted


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_command_has_json_a_schema_and_help(words: tuple[str, ...]) -> None:
    command = ALL[words]
    option = next(one for one in command.params if one.name == "as_json")
    assert option.opts == ["--json"]
    name, version = command.result.schema.removeprefix("conductor/").split("/")
    assert version.isdigit()
    shipped = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert shipped == json.loads(json.dumps(schema_of(command.result)))
    assert shipped["properties"]["schema"] == {"const": command.result.schema}
    assert set(shipped["required"]) == set(shipped["properties"])
    assert command.help
    described = [one for one in command.params if isinstance(one, click.Option)]
    assert all(one.help for one in described)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_no_secret_is_an_option(words: tuple[str, ...]) -> None:
    assert not {"password", "private_key", "key"} & {one.name for one in ALL[words].params}


def test_only_commands_that_do_the_same_share_a_schema() -> None:
    by_schema: dict[str, set[type]] = {}
    for command in ALL.values():
        by_schema.setdefault(command.result.schema, set()).add(command.result)
    assert {schema: len(results) for schema, results in by_schema.items() if len(results) > 1} == {}


def test_names_in_the_tables_are_the_commands_own() -> None:
    def walk(group: click.Group) -> None:
        for name in group.list_commands(click.Context(group)):
            found = group.get_command(click.Context(group), name)
            assert found is not None
            assert found.name == name
            if isinstance(found, click.Group):
                walk(found)
            if isinstance(group, LazyGroup):
                assert group.table[name].help

    walk(root)


def test_reference_and_schemas_are_fresh() -> None:
    assert [str(path) for path, text in files().items() if not path.exists() or path.read_text() != text] == []
    assert main(["--check"]) == 0


def test_a_stale_reference_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("keeper.cli.reference.DOC", tmp_path / "cli.md")
    assert main(["--check"]) == 1
    assert "cli.md is stale" in capsys.readouterr().err


def test_errors_fit_their_schema() -> None:
    shipped = json.loads((SCHEMAS / "error.json").read_text())
    error = details(as_conductor_error(BadInput("a", field="b", value=3, remedy="c")))
    assert error["schema"] == SCHEMA == shipped["$id"]
    assert set(error) == set(shipped["required"])


def test_a_command_made_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root, "table", {"odd": type(root.table["new"])("odd", lambda: click.Command("odd"))})
    with pytest.raises(TypeError, match="odd was not made"):
        list(commands())
    assert isinstance(ALL["new",], Command)
