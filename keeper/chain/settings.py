"""Settings, and where each came from.

Flags go over the environment, it over ./conductor.toml, that over ~/.config/conductor/config.toml.

`CONDUCTOR_RPC_<CHAINID>` holds the URLs of one chain, separated by commas; in TOML it is a list for each chain id under
[rpc]. `ETH_RPC_URL` holds those of any chain without. `CONDUCTOR_<NAME>` is any other setting, and of a secret also
`CONDUCTOR_<NAME>_FILE`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from keeper.chain.keystores import secret
from keeper.wire.errors import BadInput

_PREFIX = "CONDUCTOR_"
_RPC = "CONDUCTOR_RPC_"


class Settings(BaseSettings):
    """All settings. Prices in gwei, times in seconds."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    rpc: dict[int, tuple[str, ...]] = Field(default_factory=dict)
    eth_rpc_url: tuple[str, ...] = ()
    chain: int | None = None
    """The chain to work on; None: the one there are endpoints for."""
    scheduler: str | None = None
    """Address of the Scheduler; None: the chain's deployment."""
    registry: str | None = None
    """Address of the Registry whose names plans use; None: the chain's deployment."""
    start_block: int | None = Field(default=None, ge=0)
    """From which block on events are read; None: the deployment's."""
    account: str | None = None
    """Keystore: a name, kind:name, address or path."""
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    database: str = "keeper.db"
    """A path, or a postgresql:// URL."""
    keep_days: float = Field(default=30, ge=1)
    """How long a transaction stays in the database after it became final; what it cost stays for ever."""
    worker: str | None = None
    """Name of this process among those that share a database; None: host and key."""
    poll_s: float = Field(default=1.0, gt=0)
    """How often to look for a new block."""
    min_profit_gwei: int = 0
    """What a transaction has to earn at least; negative for an owner who runs the own plans at a loss."""
    max_fee_gwei: float = Field(default=500, gt=0)
    """No bid per gas is higher."""
    tip_gwei: float | None = Field(default=None, ge=0)
    """Tip per gas; None: the market's."""
    batch: int = Field(default=20, ge=1, le=64)
    """How many steps at most go into one transaction."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where to serve metrics; None: nowhere."""
    log_level: str = "info"
    log_json: bool = False

    @field_validator("rpc", mode="before")
    @classmethod
    def _rpc_lists(cls, value: Any) -> Any:
        return {chain: _urls(urls) for chain, urls in value.items()} if isinstance(value, Mapping) else value

    @field_validator("eth_rpc_url", mode="before")
    @classmethod
    def _eth_rpc_list(cls, value: Any) -> Any:
        return _urls(value)

    @field_validator("password", "private_key", "database", mode="after")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value is not None and not (value.get_secret_value() if isinstance(value, SecretStr) else value):
            raise ValueError("must not be empty")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: its layers come in as one source, already in order."""
        return (init_settings,)

    def urls(self, chain_id: int) -> tuple[str, ...]:
        """The endpoints of a chain. Errors: BadInput if there are none."""
        urls = self.rpc.get(chain_id) or self.eth_rpc_url
        if not urls:
            remedy = f"set {_RPC}{chain_id} to a list of URLs, or ETH_RPC_URL"
            raise BadInput(f"no endpoint for chain {chain_id}", field="rpc", value=chain_id, remedy=remedy)
        return urls


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and their origins."""

    settings: Settings
    origins: Mapping[str, str]
    """Of each setting, `rpc.<chain>` apart: "flag", "environment <NAME>", a file's path, or "default"."""

    def shown(self) -> dict[str, tuple[str, str]]:
        """Each setting's value, safe to print, and its origin: no secrets, and of URLs the host only."""
        shown: dict[str, tuple[str, str]] = {}
        for name in Settings.model_fields:
            value = getattr(self.settings, name)
            if name == "rpc":
                for chain, urls in value.items():
                    shown[f"rpc.{chain}"] = (_hosts(urls), self.origins[f"rpc.{chain}"])
            else:
                shown[name] = (_said(name, value), self.origins[name])
        return shown


@dataclass(frozen=True, slots=True)
class _Layer:
    """One place settings come from: values by name, rpc as `rpc.<chain>`, each with its origin."""

    values: Mapping[str, tuple[Any, str]]


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    home: Path | None = None,
) -> Loaded:
    """Reads all layers. `flags`: what was given on the command line, None for what was not.

    Errors: BadInput, naming the setting and where it came from.
    """
    environment = os.environ if environment is None else environment
    home = home or Path.home()
    user = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "conductor" / "config.toml"
    layers = (
        _from_flags(flags or {}),
        _from_environment(environment),
        _from_toml((folder or Path.cwd()) / "conductor.toml"),
        _from_toml(user),
    )
    origins = dict.fromkeys((name for name in Settings.model_fields if name != "rpc"), "default")
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        for name, (value, origin) in layer.values.items():
            merged[name] = value
            origins[name] = origin
    rpc: Any = {name.removeprefix("rpc."): merged.pop(name) for name in [*merged] if name.startswith("rpc.")}
    try:
        settings = Settings(**merged, rpc=rpc)
    except ValidationError as error:
        raise _bad(error, origins) from None
    return Loaded(settings, origins)


def _from_flags(flags: Mapping[str, Any]) -> _Layer:
    given = {name: (value, "flag") for name, value in flags.items() if value is not None and name != "rpc"}
    for chain, urls in (flags.get("rpc") or {}).items():
        given[f"rpc.{chain}"] = (urls, "flag")
    return _Layer(given)


def _from_environment(environment: Mapping[str, str]) -> _Layer:
    found: dict[str, tuple[Any, str]] = {}
    for key, value in environment.items():
        if key.startswith(_RPC):
            found[f"rpc.{key.removeprefix(_RPC)}"] = (value, f"environment {key}")
    if "ETH_RPC_URL" in environment:
        found["eth_rpc_url"] = (environment["ETH_RPC_URL"], "environment ETH_RPC_URL")
    for name, info in Settings.model_fields.items():
        if name in ("rpc", "eth_rpc_url"):
            continue
        key = _PREFIX + name.upper()
        given = secret(key, environment) if _is_secret(info) else environment.get(key)
        if given is not None:
            found[name] = (given, f"environment {key}" if key in environment else f"environment {key}_FILE")
    return _Layer(found)


def _from_toml(path: Path) -> _Layer:
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return _Layer({})
    except (OSError, ValueError) as error:
        remedy = "check the file, or remove it"
        raise BadInput(f"{path} cannot be read: {error}", field="config", value=str(path), remedy=remedy) from None
    found: dict[str, tuple[Any, str]] = {}
    for name, value in content.items():
        if name == "rpc" and isinstance(value, dict):
            found |= {f"rpc.{chain}": (urls, str(path)) for chain, urls in value.items()}
        elif name in ("password", "private_key"):
            remedy = f"use {_PREFIX}{name.upper()}_FILE"
            raise BadInput(f"{path}: {name} does not belong into a config file", field=name, remedy=remedy)
        else:
            found[name] = (value, str(path))
    return _Layer(found)


def _bad(error: ValidationError, origins: Mapping[str, str]) -> BadInput:
    """The first problem, in one line; a secret's value is not repeated."""
    problem = error.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0])
    if name == "rpc" and len(problem["loc"]) > 1:
        name = f"rpc.{problem['loc'][1]}"
    where = origins.get(name, "rpc")
    if problem["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields))
        return BadInput(f"{where}: there is no setting {name!r}", field=name, remedy=f"known settings: {known}")
    said = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return BadInput(f"{where}: {name} {said}", field=name, remedy=f"mend {name} in {where}")


def _is_secret(info: FieldInfo) -> bool:
    return info.annotation == SecretStr | None


def _said(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if name == "eth_rpc_url":
        return _hosts(value)
    if name == "database" and "@" in value:
        return str(value.split("://")[0]) + "://(hidden)@" + str(value.rsplit("@", 1)[1])
    return "" if value is None else str(value)


def _hosts(urls: tuple[str, ...]) -> str:
    return ", ".join(urlsplit(url).hostname or "(hidden)" for url in urls)


def _urls(value: Any) -> Any:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip()) if isinstance(parts, list | tuple) else value
