"""docs/cli.md and the JSON schemas of every command's output, both from the commands themselves.

`python -m keeper.cli.reference` writes them; `--check` writes nothing and names each file that differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import TypeAdapter

from keeper.cli.command import Command
from keeper.cli.errors import SCHEMA as ERROR_SCHEMA
from keeper.cli.output import Result
from keeper.cli.root import root

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE / "schemas"
DOC = HERE.parents[1] / "docs/cli.md"

HEAD = """# The command line

Written by `python -m keeper.cli.reference` from the commands themselves: change those, not this file.

Exit codes: 0 done, 2 bad input, 3 not now, 4 refused by the chain, 1 otherwise. An error is one line on standard error;
with `--json` it is JSON of the schema `conductor/error/1`. Every command takes `--json` and then prints JSON of the
schema named below, which the package ships in `keeper/cli/schemas`. Amounts in wei are decimal text.

Settings: flags over environment over `./conductor.toml` over `~/.config/conductor/config.toml`; `conductor config show`
says where each value came from. Endpoints are `CONDUCTOR_RPC_<CHAINID>`, a list separated by commas, else
`ETH_RPC_URL`. `CONDUCTOR_<NAME>` is any other setting. The secrets `CONDUCTOR_PASSWORD` and `CONDUCTOR_PRIVATE_KEY` may
also come from the file that `CONDUCTOR_<NAME>_FILE` names; no secret is ever a flag.
"""


def commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command with its words."""
    context = click.Context(root, info_name="conductor")
    yield from _below(root, context, ())


def schema_of(result: type[Result]) -> dict[str, object]:
    """The JSON schema of a result."""
    found = TypeAdapter(result).json_schema(mode="serialization")
    properties = {"schema": {"const": result.schema}, **found.pop("properties", {})}
    required = ["schema", *found.pop("required", ())]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": result.schema}
    return {**head, **found, "properties": properties, "required": required, "additionalProperties": False}


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    found = {DOC: document(), SCHEMAS / "error.json": _json(_error_schema())}
    for _, command in commands():
        found[SCHEMAS / f"{command.result.schema.split('/')[1]}.json"] = _json(schema_of(command.result))
    return found


def document() -> str:
    """docs/cli.md."""
    parts = [HEAD]
    for words, command in commands():
        context = click.Context(command, info_name=" ".join(("conductor", *words)))
        pieces = [piece.removesuffix("...") for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
        parts.append(f"## {' '.join((context.command_path, *pieces))}")
        parts.append(_paragraphs(command.help or ""))
        records = [row for one in command.get_params(context) if (row := one.get_help_record(context)) is not None]
        rows = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in records if not name.endswith("--help")]
        parts.append("\n".join(["| option | |", "|---|---|", *rows]))
        parts.append(
            f"Schema: [`{command.result.schema}`](../keeper/cli/schemas/{command.result.schema.split('/')[1]}.json)\n"
        )
    return "\n\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the files, or check them. Returns the exit code."""
    wanted = files()
    extra = sorted(set(SCHEMAS.glob("*.json")) - wanted.keys())
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in [*stale, *extra]:
            sys.stderr.write(f"{path} is stale: run `python -m keeper.cli.reference`\n")
        return 1 if stale or extra else 0
    SCHEMAS.mkdir(exist_ok=True)
    for path in extra:
        path.unlink()
    for path in stale:
        path.write_text(wanted[path])
    return 0


def _below(
    group: click.Group, context: click.Context, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Command]]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _below(found, context, (*words, name))
        elif isinstance(found, Command):
            yield (*words, name), found
        else:
            raise TypeError(f"{' '.join((*words, name))} was not made with keeper.cli.command.command")


def _error_schema() -> dict[str, object]:
    text = {"type": ["string", "null"]}
    place = {
        "line": {"type": "integer"},
        "column": {"type": "integer"},
        "message": {"type": "string"},
        "remedy": {"type": "string"},
    }
    problem = {"type": "object", "properties": place, "required": list(place), "additionalProperties": False}
    properties = {
        "schema": {"const": ERROR_SCHEMA},
        "exit_code": {"enum": [1, 2, 3, 4]},
        "error": {"type": "string", "description": "The error's class in keeper.wire.errors, or below it."},
        "message": {"type": "string"},
        "field": text,
        "value": text,
        "remedy": text,
        "problems": {"type": "array", "items": problem, "description": "Of a plan file only."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ERROR_SCHEMA,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name != "problems"],
        "additionalProperties": False,
    }


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
