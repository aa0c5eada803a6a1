"""`conductor plan check` and `conductor plan simulate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keeper import plans
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.options import PLAN_FILE, SETS
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, progress, table
from keeper.cli.planfile import open_plan
from keeper.plans import Compiled, Grant, Simulation
from keeper.plans.show_calls import coin_text
from keeper.wire.abi import encode_call


@dataclass(frozen=True)
class GrantingCall:
    """Who sends what to make up for a lack; `sender` is null if nobody is known who can."""

    sender: str | None
    to: str
    value_wei: str
    data: str


@dataclass(frozen=True)
class Lack:
    lack: str
    remedy: str
    call: GrantingCall


@dataclass(frozen=True)
class PinnedName:
    """A name of the plan file and its address in the lock. `service` is "reg" or "ens", `by` the contract that was
    asked; with `block` they are null in a lock of an earlier version."""

    name: str
    address: str
    service: str | None
    by: str | None
    block: int | None

    @property
    def source(self) -> str:
        """Who said so, for people."""
        called = {"reg": "the Registry", "ens": "ENS"}.get(self.service or "")
        return "" if called is None else f", by {called} ({self.by}) at block {self.block}"


def names_of(compiled: Compiled) -> tuple[PinnedName, ...]:
    """The names that the lock pins."""
    found = []
    for name, address in compiled.lock.names.items():
        source = compiled.lock.sources.get(name)
        said = (None, None, None) if source is None else (source.service, source.by, source.block)
        found.append(PinnedName(name, address, *said))
    return tuple(found)


@dataclass(frozen=True)
class PlanCheck(Result):
    """`ready`: it could be scheduled as things stand. `asked_chain`: an endpoint was there to ask."""

    schema = "conductor/plan-check/1"

    plan: str
    name: str
    chain_id: int
    owner: str
    account: str
    asked_chain: bool
    ready: bool
    deposit_wei: str
    first_run_worst_wei: str
    names: tuple[PinnedName, ...]
    lacks: tuple[Lack, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]

    def text(self) -> str:

        head = fields(
            [
                ("plan", f"{self.plan}  {self.name}"),
                ("account", f"{self.account} of {self.owner} on chain {self.chain_id}"),
                ("deposit", coin_text(int(self.deposit_wei))),
                ("first run", f"{coin_text(int(self.first_run_worst_wei))} at worst"),
                *(("name", f"{one.name} is {one.address}{one.source}") for one in self.names),
            ]
        )
        lacks = [f"lacks  {one.lack}\n       {one.remedy}" for one in self.lacks]
        rest = [f"error  {one}" for one in self.errors] + [f"note   {one}" for one in self.notes]
        return "\n".join([head, *lacks, *rest, "ready" if self.ready else "not ready"])

    @property
    def exit_code(self) -> int:
        return 2 if self.errors else 3 if self.lacks else 0


@command("check", PlanCheck, PLAN_FILE, SETS, settings_options())
async def check(file: str, sets: tuple[str, ...], settings: Settings) -> PlanCheck:
    """Compile a plan file, write its lock, and say what stands in its way.

    With an endpoint every path is tried on the chain's state, and each balance, allowance and role that the Account
    lacks is named with the call that grants it. Exit code 2: the plan has errors; 3: only something is lacking.
    """

    async with open_plan(file, sets, settings, alone=True) as (compiled, network):
        notes: list[str] = []
        lacks: list[Lack] = []
        if network is None:
            simulation = await plans.simulate(compiled)
            errors = list(simulation.errors)
            notes.append("no endpoint: balances, allowances and roles were not looked at")
        else:
            with progress("trying every path"):
                checked = await plans.check(compiled, network.chain)
                exists = await network.chain.has_code(compiled.account)
            simulation, errors = checked.simulation, list(checked.errors)
            notes += checked.notes
            lacks = [*([] if exists else [_no_account(compiled)]), *lacks_of(checked.lacks)]
        cost = plans.estimate(compiled, compiled.header.chains[0].cap_wei, simulation.measured)
        if (short := short_deposit(compiled, cost.worst_wei)) is not None:
            errors.append(short)
        return PlanCheck(
            plan=f"0x{compiled.plan_id.hex()}",
            name=compiled.plan.name,
            chain_id=compiled.lock.chain_id,
            owner=to_checksum_address(compiled.owner),
            account=to_checksum_address(compiled.account),
            asked_chain=network is not None,
            ready=not lacks and not errors,
            deposit_wei=str(compiled.deposit_wei),
            first_run_worst_wei=str(cost.worst_wei),
            names=names_of(compiled),
            lacks=tuple(lacks),
            errors=tuple(errors),
            notes=tuple(notes),
        )


def short_deposit(compiled: Compiled, worst_wei: int) -> str | None:
    """What to say of a deposit that may not last for the first run."""

    if compiled.deposit_wei >= worst_wei:
        return None
    given, missing = coin_text(compiled.deposit_wei), coin_text(worst_wei - compiled.deposit_wei)
    return f"the deposit of {given} is too small: the first run may cost {coin_text(worst_wei)}, {missing} more"


def lacks_of(grants: Iterable[Grant]) -> list[Lack]:

    found = []
    for grant in grants:
        sender = None if grant.by is None else to_checksum_address(grant.by)
        call = GrantingCall(sender, to_checksum_address(grant.target), str(grant.value_wei), f"0x{grant.data.hex()}")
        found.append(Lack(grant.lack, grant.remedy, call))
    return found


def _no_account(compiled: Compiled) -> Lack:

    owner = to_checksum_address(compiled.owner)
    call = GrantingCall(
        owner, to_checksum_address(compiled.scheduler), "0", f"0x{encode_call('createAccount', compiled.owner).hex()}"
    )
    return Lack(f"the Account of {owner} does not exist yet", f"createAccount({owner}) on {call.to}, by anyone", call)


# ---------------------------------------------------------------------- simulate


@dataclass(frozen=True)
class SimulatedAction:
    """`gas_used` and `reason` are null where no chain was asked; `reason` also where it succeeds."""

    step: str
    kind: str
    ok: bool | None
    gas_used: int | None
    reason: str | None


@dataclass(frozen=True)
class SimulatedPath:
    name: str
    status: str
    values: dict[str, str]
    actions: tuple[SimulatedAction, ...]


@dataclass(frozen=True)
class PlanSimulation(Result):
    schema = "conductor/plan-simulate/1"

    plan: str
    name: str
    asked_chain: bool
    paths: tuple[SimulatedPath, ...]
    lacks: tuple[Lack, ...]
    errors: tuple[str, ...]

    def text(self) -> str:
        rows = [(path.name, _shown_actions(path.actions) or "nothing runs", path.status) for path in self.paths]
        lacks = [f"assumed  {one.remedy}" for one in self.lacks]
        errors = [f"error  {one}" for one in self.errors]
        return "\n".join([table(("path", "runs", "ends"), rows), *lacks, *errors])

    @property
    def exit_code(self) -> int:
        return 2 if self.errors else 0


@command("simulate", PlanSimulation, PLAN_FILE, SETS, settings_options())
async def simulate(file: str, sets: tuple[str, ...], settings: Settings) -> PlanSimulation:
    """Run every path: all done, each step missed, each `if` both ways, cancelled before each step.

    With an endpoint the calls are tried on the chain's state, each lack granted first. A failing undo is an error.
    """

    async with open_plan(file, sets, settings, alone=True) as (compiled, network):
        with progress("trying every path"):
            simulation = await plans.simulate(compiled, None if network is None else network.chain)
        return PlanSimulation(
            plan=f"0x{compiled.plan_id.hex()}",
            name=compiled.plan.name,
            asked_chain=network is not None,
            paths=_paths(compiled.ids, simulation),
            lacks=tuple(lacks_of((*simulation.grants, *simulation.lacks))),
            errors=simulation.errors,
        )


def _paths(ids: Sequence[str], simulation: Simulation) -> tuple[SimulatedPath, ...]:
    found = []
    for one in simulation.walked:
        if one.supplied is None:
            actions = [SimulatedAction(ids[a.index], a.kind, None, None, None) for a in one.path.actions]
        else:
            actions = [
                SimulatedAction(
                    ids[t.action.index],
                    t.action.kind,
                    t.ok,
                    t.gas_used,
                    None if t.ok or t.reason is None else t.reason.text,
                )
                for t in one.supplied.tried
            ]
        values = {name: value.name.lower() for name, value in zip(ids, one.path.values, strict=True)}
        status = "never" if one.path.stuck else one.path.status.name.lower()
        found.append(SimulatedPath(one.path.name, status, values, tuple(actions)))
    return tuple(found)


def _shown_actions(actions: Sequence[SimulatedAction]) -> str:
    words = [("undo " if one.kind == "undo" else "") + one.step + ("!" if one.ok is False else "") for one in actions]
    return ", ".join(words)
