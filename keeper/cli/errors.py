"""Every error as one clear line, or as JSON, and the exit code that goes with it. Never a traceback."""

from __future__ import annotations

import json
from typing import Any

import click

from keeper.wire.errors import BadInput, ConductorError

SCHEMA = "conductor/error/1"


def as_conductor_error(error: BaseException) -> ConductorError:
    """What happened, in the tree of keeper.wire.errors."""
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return BadInput(error.format_message())
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return ConductorError("stopped")
    if isinstance(error, ConductorError):
        return _of_the_chain(error)
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return BadInput(message, field="file", value=error.filename, remedy="check the path and its permissions")
    if type(error).__module__.startswith("sqlalchemy."):
        said = str(getattr(error, "orig", None) or error)
        return ConductorError(f"the database fails: {said}", field="database", remedy="check --database")
    return ConductorError(
        f"nobody foresaw this: {type(error).__name__}: {error}", remedy="please report it with the command you gave"
    )


def line(error: ConductorError) -> str:
    """One line on standard error; of a plan file one for each problem."""
    text = str(error)
    return text if getattr(error, "problems", None) else " ".join(text.split())


def as_json(error: ConductorError) -> str:
    return json.dumps({"schema": SCHEMA, "exit_code": error.exit_code, **error.as_dict()})


def _usage(error: click.UsageError) -> ConductorError:
    command = error.ctx.command_path if error.ctx is not None else "conductor"
    message = error.format_message().removesuffix(".")
    field, remedy = None, f"see `{command} --help`"
    if isinstance(error, click.NoSuchOption):
        field = error.option_name
        message = f"there is no option {error.option_name}"
        if error.possibilities:
            remedy = f"did you mean {' or '.join(sorted(error.possibilities))}?"
    elif isinstance(error, click.BadParameter) and error.param is not None:
        field = error.param.name
    return BadInput(f"{command}: {message[:1].lower()}{message[1:]}", field=field, remedy=remedy)


def _of_the_chain(error: ConductorError) -> ConductorError:
    """A revert that reached us as an endpoint's answer is the contract's own refusal."""
    from keeper.chain.rpc import EndpointFailed, Trouble  # noqa: PLC0415 - web3 takes a second, and --help none
    from keeper.wire.contract_errors import decode_revert  # noqa: PLC0415 - the same

    if isinstance(error, EndpointFailed):
        if error.trouble is Trouble.REVERTED:
            return decode_revert(error.revert_data).as_error()
        remedy = "try again, or give another endpoint with --rpc"
        return ConductorError(error.message, field=error.field, value=error.value, remedy=error.remedy or remedy)
    return error


def details(error: ConductorError) -> dict[str, Any]:
    """The error as the schema conductor/error/1 has it."""
    return json.loads(as_json(error))  # type: ignore[no-any-return]  # a JSON object
