"""Options that several commands share. Flags go over the environment, that over ./conductor.toml and the user's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import click
from pydantic import SecretStr

from keeper.chain.settings import Loaded, Settings, load
from keeper.cli.command import Decorator
from keeper.plans.keys import CHAINS
from keeper.plans.problems import Flaw, Pos
from keeper.plans.source import Scalar
from keeper.plans.values import amount
from keeper.wire.errors import BadInput

PLAN_FILE = click.argument("file", type=click.Path(dir_okay=False))
PLAN = click.argument("plan")
"""A plan's id, or its file, whose lock then tells the id."""

SETS = click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="Replace a value of the plan file.")


def settings(*, key: bool = False, database: bool = False, chain: bool = True) -> Decorator:
    """--chain, --rpc, --scheduler, with `key` --account, with `database` --database; the function gets `settings`.

    `chain` is False for a command whose own --chain means something else.
    """
    options = [
        click.option("--chain", metavar="ID", help="Chain to work on: its id, or its name."),
        click.option("--rpc", multiple=True, metavar="URL", help="Endpoint; may be given several times."),
        click.option("--scheduler", metavar="ADDRESS", help="Another Scheduler than this version's."),
    ]
    if key:
        said = "Keystore: a name, kind:name, address or path (conductor, ape, foundry)."
        options.append(click.option("--account", metavar="NAME", help=said))
    if database:
        options.append(click.option("--database", metavar="URL", help="The keeper's: a path, or postgresql://.."))
    names = ["chain", "rpc", "scheduler", *(["account"] if key else []), *(["database"] if database else [])]
    if not chain:
        del options[0], names[0]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            found = load_settings({name: kwargs.pop(name) for name in names}).settings
            return function(*args, settings=_with_password(found) if key else found, **kwargs)

        wrapped: Callable[..., Any] = call
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def load_settings(flags: Mapping[str, Any]) -> Loaded:
    """All layers. `flags`: `rpc`, URLs of whatever chain is worked on, and settings by name. Errors: BadInput."""
    rpc = flags.get("rpc") or ()
    given = {name: value for name, value in flags.items() if name not in ("rpc", "chain")}
    given |= {
        "chain": None if flags.get("chain") is None else parse_chain(flags["chain"]),
        "eth_rpc_url": list(rpc) or None,
    }
    found = load(given)
    over: dict[str, Any] = {"rpc": {}} if rpc else {}
    if flags.get("account") is not None:
        over["private_key"] = None  # a flag goes over the environment's key
    return Loaded(found.settings.model_copy(update=over), found.origins)


def parse_sets(sets: tuple[str, ...], option: str = "set") -> dict[str, str]:
    """`NAME=VALUE` each. Errors: BadInput."""
    found = {}
    for text in sets:
        name, equals, value = text.partition("=")
        if not equals or not name:
            said = f"--{option} {text} has no value"
            raise BadInput(said, field=option, value=text, remedy=f"write --{option} name=value")
        found[name] = value
    return found


def parse_coin(text: str, field: str) -> int:
    """An amount of coin as plan files write it, in wei. Errors: BadInput."""
    try:
        return amount(Scalar(text, Pos(1, 1)), coin=True).wei()
    except Flaw as flaw:
        raise BadInput(flaw.problem.message, field=field, value=text, remedy=flaw.problem.remedy) from None


def parse_chain(text: str) -> int:
    """A chain's id, or its name. Errors: BadInput."""
    if text.isdigit():
        return int(text)
    if text not in CHAINS:
        remedy = f"write a chain id, or one of {', '.join(CHAINS)}"
        raise BadInput(f"there is no chain {text!r}", field="chain", value=text, remedy=remedy)
    return CHAINS[text]


def _with_password(settings: Settings) -> Settings:
    """Asks for a password that no other place gave, if there is somebody to ask."""
    stdin = click.get_text_stream("stdin")
    if (
        settings.account is None
        or settings.password is not None
        or settings.private_key is not None
        or not stdin.isatty()
    ):
        return settings

    said = click.prompt(f"Password of {settings.account}", hide_input=True, err=True)
    return settings.model_copy(update={"password": SecretStr(said)})
