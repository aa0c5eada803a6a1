"""What makes a function a command: its options, `--json`, the event loop, and the result it names."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any

import click

from keeper.cli.output import JSON_KEY, Result, emit

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Command(click.Command):
    """A command that knows the type of its result."""

    result: type[Result]


def command(name: str, result: type[Result], *options: Decorator) -> Callable[[Callable[..., Any]], Command]:
    """Makes a command of a plain or async function.

    Its docstring is the help. What it returns is printed, and its exit code is the program's; a function that returns
    None has called `emit` itself. `--json` is given to every command.
    """

    def decorate(function: Callable[..., Any]) -> Command:
        @functools.wraps(function)
        def call(*args: Any, as_json: bool, **kwargs: Any) -> None:
            context = click.get_current_context()
            context.meta[JSON_KEY] = as_json
            found = function(*args, **kwargs)
            if inspect.isawaitable(found):
                found = _run(found)
            if found is not None:
                emit(found)
                if found.exit_code:
                    context.exit(found.exit_code)

        wrapped: Callable[..., Any] = call
        for option in reversed((*options, _json_option(result))):
            wrapped = option(wrapped)
        made = click.command(name, cls=Command)(wrapped)
        made.result = result
        return made

    return decorate


def _json_option(result: type[Result]) -> Decorator:
    return click.option("--json", "as_json", is_flag=True, help=f"Print JSON of the schema {result.schema}.")


def _run(found: Any) -> Any:

    async def main() -> Any:
        return await found

    return asyncio.run(main())
