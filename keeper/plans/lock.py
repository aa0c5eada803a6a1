"""The lock file: every answer that a plan took from outside its text. Same file and lock: same plan, anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from eth_utils.address import is_checksum_address

from keeper.plans.names import CALLED, SERVICES, Service
from keeper.wire.errors import BadInput

SCHEMA = "conductor-lock/1"


@dataclass(frozen=True, slots=True)
class NameSource:
    """Who said what a name's address is: the Registry (`by` is its address) or ENS (`by` is what was asked of it)."""

    service: Service
    by: str
    block: int

    @property
    def text(self) -> str:
        return f"by {CALLED[self.service]} ({self.by}) at block {self.block}"


@dataclass(frozen=True)
class Lock:
    """What was asked and answered. Addresses are checksummed.

    `accounts` owner -> Account; `names` name -> address; `sources` name -> who said so; `abis` path -> signatures;
    `decimals` token -> decimals;
    `gas` what -> (digest of what was measured, gas); `schedule_by` in the plan's clock, where it counts from the moment
    of compiling; `seed` salts hidden leaves and is a secret until they ran.
    """

    chain_id: int
    scheduler: str
    facts: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, NameSource] = field(default_factory=dict)
    abis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    gas: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    schedule_by: int | None = None
    seed: str | None = None
    plan_id: str | None = None

    def as_json(self) -> str:
        """The file's text: sorted, so that equal locks are equal files."""
        content = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        content["sources"] = {name: asdict(source) for name, source in self.sources.items()}
        return json.dumps({"schema": SCHEMA, **content}, indent=2, sort_keys=True) + "\n"


def lock_path(plan_path: str | Path) -> Path:
    """`treasury.yaml` -> `treasury.lock.json`, beside it."""
    return Path(plan_path).with_suffix(".lock.json")


def read_lock(path: str | Path) -> Lock | None:
    """The lock at `path`, or None if there is none. Raises BadInput if it is not a lock."""
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}", field="lock", value=path, remedy="check the path") from None
    return parse_lock(text, str(path))


def parse_lock(text: str, path: str) -> Lock:
    """Raises BadInput if the text is not a lock."""

    def wrong(what: str) -> BadInput:
        return BadInput(
            f"{path} is not a lock file: {what}", field="lock", value=path, remedy="delete it and compile again"
        )

    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong(str(error)) from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise wrong(f"its schema is not {SCHEMA}")
    known = {entry.name for entry in fields(Lock)}
    unknown = set(content) - known - {"schema"}
    if unknown:
        raise wrong(f"unknown entry {min(unknown)}")
    try:
        return _typed({name: content[name] for name in known if name in content})
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise wrong(f"{error}") from None


def _typed(content: dict[str, Any]) -> Lock:
    return Lock(
        chain_id=_int(content["chain_id"]),
        scheduler=_address(content["scheduler"]),
        facts=_address(content["facts"]),
        accounts={_address(k): _address(v) for k, v in content.get("accounts", {}).items()},
        values={_text(k): _text(v) for k, v in content.get("values", {}).items()},
        names={_text(k): _address(v) for k, v in content.get("names", {}).items()},
        sources={_text(k): _source(v) for k, v in content.get("sources", {}).items()},
        abis={_text(k): tuple(_text(s) for s in v) for k, v in content.get("abis", {}).items()},
        decimals={_address(k): _int(v) for k, v in content.get("decimals", {}).items()},
        gas={_text(k): (_text(digest), _int(gas)) for k, (digest, gas) in content.get("gas", {}).items()},
        schedule_by=None if content.get("schedule_by") is None else _int(content["schedule_by"]),
        seed=None if content.get("seed") is None else _hex(content["seed"]),
        plan_id=None if content.get("plan_id") is None else _hex(content["plan_id"]),
    )


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise ValueError(f"{value!r} is no count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_checksum_address(value):
        raise ValueError(f"{value!r} is no checksummed address")
    return value


def _source(value: Mapping[str, object]) -> NameSource:
    service = next((one for one in SERVICES if one == value["service"]), None)
    if service is None:
        raise ValueError(f"{value['service']!r} answers no names")
    return NameSource(service, _address(value["by"]), _int(value["block"]))


def _hex(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("0x") or len(bytes.fromhex(value[2:])) != 32:
        raise ValueError(f"{value!r} is not 32 bytes of hex")
    return value
