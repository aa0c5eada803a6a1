"""`conductor plan propose` and `conductor plan sign`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import click
from eth_utils.address import to_checksum_address

from keeper import plans
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import Network, require_signer
from keeper.cli.options import PLAN_FILE, SETS, parse_sets
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, progress
from keeper.cli.plan_check import short_deposit
from keeper.cli.planfile import compile_offline, open_plan, read_source
from keeper.plans import Compiled, Grant
from keeper.wire.errors import BadInput
from keeper.wire.signing import schedule_digest, schedule_typed_data


@dataclass(frozen=True)
class ProposedCall:
    to: str
    value_wei: str
    data: str
    what: str


@dataclass(frozen=True)
class PlanProposal(Result):
    """`files` by name; `others` must be done by somebody else before."""

    schema = "conductor/plan-propose/1"

    plan: str
    name: str
    governor_proposal_id: str
    files: dict[str, str]
    calls: tuple[ProposedCall, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        calls = [f"{i}. {one.what}" for i, one in enumerate(self.calls, 1)]
        others = [f"first, by others: {one}" for one in self.others]
        notes = [f"note: {one}" for one in self.notes]
        return "\n".join(
            [f"plan {self.plan}  {self.name}", *others, *calls, *notes, *(f"wrote {p}" for p in self.files.values())]
        )


@command(
    "propose",
    PlanProposal,
    PLAN_FILE,
    SETS,
    click.option(
        "--with-grants", is_flag=True, help="Put Account creation, funding and role grants before the schedule call."
    ),
    click.option(
        "--output",
        "-o",
        type=click.Path(file_okay=False),
        help="Folder for the files; default: FILE without its ending, .proposal.",
    ),
    click.option("--timelock-delay", type=click.IntRange(min=0), metavar="SECONDS", help="Delay for timelock.json."),
    click.option("--allow-short-deposit", is_flag=True, help="Accept a deposit below the first run's worst case."),
    settings_options(),
)
async def propose(
    file: str,
    sets: tuple[str, ...],
    with_grants: bool,
    output: str | None,
    timelock_delay: int | None,
    allow_short_deposit: bool,
    settings: Settings,
) -> PlanProposal:
    """Write what a DAO pastes: safe.json, governor.json, timelock.json, and description.md for voters."""

    async with open_plan(file, sets, settings, alone=not with_grants) as (compiled, network):
        grants: tuple[Grant, ...] = ()
        create = False
        notes: list[str] = []
        require_deposit(compiled, allow_short=allow_short_deposit)
        if network is not None:
            if with_grants:
                grants, create = await needed(compiled, network)
            elif not await network.chain.has_code(compiled.account):
                notes.append("the Account does not exist yet; --with-grants creates it")
        made = plans.propose(
            compiled,
            grants,
            create_account=create,
            created_at_ms=int(time.time() * 1000),
            timelock_delay_s=timelock_delay,
        )
        folder = Path(output) if output else Path(file).with_suffix(".proposal")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.files.items():
            (folder / name).write_text(text)
        return PlanProposal(
            plan=f"0x{compiled.plan_id.hex()}",
            name=compiled.plan.name,
            governor_proposal_id=json.loads(made.governor_json)["proposalId"],
            files={name: str(folder / name) for name in made.files},
            calls=tuple(ProposedCall(c.to, str(c.value_wei), f"0x{c.data.hex()}", c.what) for c in made.calls),
            others=tuple(f"{grant.lack}: {grant.remedy}" for grant in made.others),
            notes=tuple(notes),
        )


async def needed(compiled: Compiled, network: Network) -> tuple[tuple[Grant, ...], bool]:
    """What must be granted before the plan can run, and whether its Account must be created. Errors: BadInput."""

    with progress("trying every path"):
        simulation = await plans.simulate(compiled, network.chain)
        exists = await network.chain.has_code(compiled.account)
    if simulation.errors:
        remedy = f"see `conductor plan simulate {compiled.plan.path}`"
        raise BadInput(
            f"the plan would fail: {simulation.errors[0]}", field="plan", value=compiled.plan.path, remedy=remedy
        )
    return (*simulation.grants, *simulation.lacks), not exists


def require_deposit(compiled: Compiled, *, allow_short: bool) -> None:
    """Errors: BadInput for a deposit below the first run's worst case; it says how much is missing."""

    cost = plans.estimate(compiled, compiled.header.chains[0].cap_wei)
    said = None if allow_short else short_deposit(compiled, cost.worst_wei)
    if said is not None:
        remedy = "raise `pay: deposit`, or give --allow-short-deposit"
        raise BadInput(said, field="deposit", value=str(compiled.deposit_wei), remedy=remedy)


# ---------------------------------------------------------------------- sign


@dataclass(frozen=True)
class PlanSignature(Result):
    """`signature` is null if only the typed data was asked for."""

    schema = "conductor/plan-sign/1"

    plan: str
    scheduler: str
    owner: str
    digest: str
    signature: str | None
    typed_data: str

    def text(self) -> str:
        if self.signature is None:
            return self.typed_data
        rows = [("plan", self.plan), ("owner", self.owner), ("signature", self.signature)]
        return fields(rows)


@command(
    "sign",
    PlanSignature,
    PLAN_FILE,
    SETS,
    click.option(
        "--typed-data", is_flag=True, help="Print the EIP-712 typed data for a wallet or a Safe instead of signing."
    ),
    settings_options(key=True),
)
async def sign(file: str, sets: tuple[str, ...], typed_data: bool, settings: Settings) -> PlanSignature:
    """Sign a plan as its owner, so that anyone may schedule it with `plan schedule --signature`.

    One signature serves all the plan's chains. No chain is asked if there is a lock, or the text leaves nothing open.
    """

    compiled = await compile_offline(read_source(file, parse_sets(sets)), settings)
    signature = None
    digest = schedule_digest(compiled.scheduler, compiled.plan_id)
    if not typed_data:
        signer = await require_signer(settings)
        if signer.address != compiled.owner:
            owner, key = to_checksum_address(compiled.owner), to_checksum_address(signer.address)
            message = f"the plan's owner is {owner}, the key is {key}"
            remedy = "sign with the owner's key; a contract signs the --typed-data"
            raise BadInput(message, field="account", remedy=remedy)
        signature = f"0x{(await signer.sign_digest(digest)).hex()}"
    return PlanSignature(
        plan=f"0x{compiled.plan_id.hex()}",
        scheduler=to_checksum_address(compiled.scheduler),
        owner=to_checksum_address(compiled.owner),
        digest=f"0x{digest.hex()}",
        signature=signature,
        typed_data=json.dumps(schedule_typed_data(compiled.scheduler, compiled.plan_id)),
    )
