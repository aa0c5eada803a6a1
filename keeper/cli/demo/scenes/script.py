"""The four plans of scene `plans`: files of examples/ with this chain's names and times put in by `--set`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.cli.demo.dao import CAP, PARTNER, TOKEN, Dao
from keeper.cli.demo.report import BRANCH, ROLLBACK, SALARY, TREASURY
from keeper.cli.demo.stage import Stage
from keeper.plans import Compiled, compile_plan, pin, read_plan
from keeper.wire.hashing import turn
from keeper.wire.types import Address

NAMES = ("alice", "bob", "carol", "steward", "team", "creditor", "partner", "watcher")
PEOPLE = {name: Address(bytes(keccak(text=f"conductor demo: {name}")[12:])) for name in NAMES}
_FEE = "0.0005..0.005 ether over 10 blocks"
_CHOICES = 64
"""So many blocks are looked through for one in which every keeper has a turn."""


@dataclass(frozen=True, slots=True)
class Script:
    """`start` is block X; `sets` is what treasury.yaml was given."""

    start: int
    sets: Mapping[str, str]
    plans: Mapping[str, Compiled]

    @property
    def treasury(self) -> Compiled:
        return self.plans[TREASURY]

    @property
    def councils(self) -> tuple[Compiled, ...]:
        return tuple(plan for name, plan in self.plans.items() if name != TREASURY)

    def name_of(self, plan_id: bytes) -> str:
        return next(name for name, plan in self.plans.items() if plan.plan_id == plan_id)


async def write_script(stage: Stage, dao: Dao, council: Address, first: int, keepers: int) -> Script:
    """X is the first block from `first` on in which every keeper has a turn. Errors: PlanErrors."""
    for path in stage.examples.glob("*.yaml"):
        shutil.copy(path, stage.folder / path.name)
    sets = _treasury(dao, first)
    treasury = await _pinned(stage, TREASURY, sets)
    for start in range(first, first + _CHOICES):
        sets = _treasury(dao, start)
        treasury = compile_plan(read_plan(treasury.plan.path, sets), treasury.lock)
        if len({turn(treasury.plan_id, 0, index, keepers) for index in range(len(treasury.steps))}) == keepers:
            break
    made = {TREASURY: treasury}
    for name, given in _council(dao, council, treasury.header.start).items():
        made[name] = await _pinned(stage, name, given)
    return Script(treasury.header.start, sets, made)


async def _pinned(stage: Stage, name: str, sets: dict[str, str]) -> Compiled:
    plan = read_plan(str(stage.folder / f"{name}.yaml"), sets)
    return (await pin(plan, stage.plans, stage.protocol)).compiled


def _treasury(dao: Dao, start: int) -> dict[str, str]:
    return {
        "timelock": to_checksum_address(dao.timelock),
        "token_at": to_checksum_address(dao.token),
        "vault_at": to_checksum_address(dao.vault),
        "manager_at": to_checksum_address(dao.manager),
        "vesting_at": to_checksum_address(dao.vesting),
        **_named("alice", "bob", "carol", "steward"),
        "start": f"block {start}",
    }


def _council(dao: Dao, council: Address, start: int) -> dict[str, dict[str, str]]:
    """The council's plans, a few blocks after X, so that all of them are under way at the same time."""
    owner = to_checksum_address(council)
    token = {"token_at": to_checksum_address(dao.token), "fee": _FEE}
    vault = {"holder": owner, "vault_at": to_checksum_address(dao.vault), **_named("watcher"), "window": "60 blocks"}
    return {
        SALARY: {
            **token,
            **_named("team"),
            "payer": owner,
            "start": f"block {start + 4}",
            "rhythm": "9 blocks",
            "window": "8 blocks",
        },
        BRANCH: {**token, **vault, **_named("creditor"), "start": f"block {start + 6}"},
        ROLLBACK: {
            **token,
            **vault,
            **_named("partner"),
            "manager_at": to_checksum_address(dao.manager),
            "payer_role": str(PARTNER),
            "old_cap": f"{CAP // TOKEN} token",
            "start": f"block {start + 8}",
            "patience": "14 blocks",
        },
    }


def _named(*names: str) -> dict[str, str]:
    return {name: to_checksum_address(PEOPLE[name]) for name in names}
