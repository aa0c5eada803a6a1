"""The command tree against its schemas and its reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
ROOT = Path(__file__).resolve().parents[3]


def test_the_tree_is_the_one_that_was_promised() -> None:
    plan = "check graph estimate simulate propose verify schedule sign show status why watch publish deposit reclaim"
    keeper = "init check join leave run status why earnings withdraw"
    wanted = {("demo",), ("deploy",), ("new",), ("config", "show"), ("completion",)}
    wanted |= {("plan", name) for name in [*plan.split(), "cancel"]} | {("keeper", name) for name in keeper.split()}
    wanted |= {("account", name) for name in ("show", "call", "allow", "revoke")} | {("resolve",)}
    names = "claim renew transfer accept lock approve revoke remove withdraw set show"
    wanted |= {("name", name) for name in names.split()}
    service = "create release propose confirm admit serve instances heartbeat drain evict scale measure watch"
    wanted |= {("service", name) for name in service.split()}
    assert set(ALL) == wanted


def test_every_function_that_changes_the_registry_has_a_command() -> None:
    """By the calls in the commands' own code; heartbeats are the bot's, `multicall` holds several of the others."""
    abi = json.loads((ROOT / "keeper/wire/abi/Registry.json").read_text())["abi"]
    functions = [one for one in abi if one["type"] == "function" and one["stateMutability"] not in ("view", "pure")]
    code = [*(ROOT / "keeper/cli").glob("*.py"), ROOT / "keeper/bots/heartbeat.py"]
    called = {name for path in code for name in re.findall(r'call\("(\w+)', path.read_text())}
    assert len(functions) > 25
    assert {one["name"] for one in functions} - called == set()


def mentions() -> Iterator[tuple[str, str]]:
    """Every `conductor ...` in prose, code and remedies, with the file that it is in."""
    texts = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("keeper/**/*.py"), ROOT / "js/README.md"]
    for path in texts:
        for words in re.findall(r"`conductor ([^`]+)`", path.read_text()):
            yield str(path.relative_to(ROOT)), " ".join(words.split())


def test_every_command_that_is_mentioned_exists() -> None:
    wrong = []
    for path, words in mentions():
        group: click.Command | None = root
        for word in words.split():
            if isinstance(group, click.Group):
                group = group.get_command(click.Context(group), word) or (group if word.startswith("-") else None)
            if group is None:
                wrong.append((path, words))
                break
        options = {opt for one in (group.params if group else ()) for opt in [*one.opts, *one.secondary_opts]}
        wrong += [(path, words) for one in re.findall(r"(?<!\S)--[a-z-]+", words) if group and one not in options]
    assert len(list(mentions())) > 100
    assert wrong == []


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
