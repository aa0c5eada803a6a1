"""`conductor plan graph` and `conductor plan estimate`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from keeper import plans
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.options import PLAN_FILE, SETS
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, progress, rounded, table
from keeper.cli.planfile import open_plan


@dataclass(frozen=True)
class PlanGraph(Result):
    schema = "conductor/plan-graph/1"

    plan: str
    name: str
    format: str
    graph: str

    def text(self) -> str:
        return self.graph


@command(
    "graph",
    PlanGraph,
    PLAN_FILE,
    SETS,
    click.option("--format", "shape", type=click.Choice(["lanes", "mermaid", "dot"]), default="lanes",
                 show_default=True, help="Text, a Mermaid flowchart, or Graphviz."),
    settings_options(),
)  # fmt: skip
async def graph(file: str, sets: tuple[str, ...], shape: str, settings: Settings) -> PlanGraph:
    """Draw which step comes after which, and its window."""

    async with open_plan(file, sets, settings, alone=True) as (compiled, _):
        draw = {"lanes": plans.lanes, "mermaid": plans.mermaid, "dot": plans.dot}[shape]
        return PlanGraph(f"0x{compiled.plan_id.hex()}", compiled.plan.name, shape, draw(compiled))


@dataclass(frozen=True)
class CostOfStep:
    step: str
    undo: bool
    gas: int
    expected_wei: str
    worst_wei: str


@dataclass(frozen=True)
class PlanEstimate(Result):
    """`expected_wei`, `worst_wei`: of one run; `all_runs_worst_wei`: what pays every run at its worst."""

    schema = "conductor/plan-estimate/1"

    plan: str
    name: str
    base_fee_wei: str
    measured: bool
    steps: tuple[CostOfStep, ...]
    expected_wei: str
    worst_wei: str
    runs: int
    all_runs_worst_wei: str
    deposit_wei: str
    missing_wei: str

    def text(self) -> str:

        def coin(wei: str) -> str:
            return rounded(int(wei))

        rows = [
            (f"undo {one.step}" if one.undo else one.step, str(one.gas), coin(one.expected_wei), coin(one.worst_wei))
            for one in self.steps
        ]
        sums = [
            ("base fee", coin(self.base_fee_wei)),
            ("a run", f"{coin(self.expected_wei)} expected, {coin(self.worst_wei)} at worst"),
            ("all runs", f"{self.runs} x worst = {coin(self.all_runs_worst_wei)}"),
            (
                "deposit",
                coin(self.deposit_wei) + (f", {coin(self.missing_wei)} short" if int(self.missing_wei) else ""),
            ),
        ]
        if not self.measured:
            sums.append(("gas", "by the plan's limits: there is no endpoint to measure on"))
        return table(("step", "gas", "expected", "at worst"), rows) + "\n\n" + fields(sums)


@command(
    "estimate",
    PlanEstimate,
    PLAN_FILE,
    SETS,
    click.option(
        "--base-fee",
        type=click.FloatRange(min=0),
        metavar="GWEI",
        help="Base fee to reckon with; default: the chain's.",
    ),
    settings_options(),
)
async def estimate(file: str, sets: tuple[str, ...], base_fee: float | None, settings: Settings) -> PlanEstimate:
    """Say what each step and the whole plan cost the deposit.

    Without an endpoint the base fee is the plan's `max_gas_price`.
    """

    async with open_plan(file, sets, settings, alone=True) as (compiled, network):
        measured: dict[str, int] = {}
        price_wei = compiled.header.chains[0].cap_wei
        if network is not None:
            with progress("measuring gas"):
                measured = (await plans.simulate(compiled, network.chain)).measured
            price_wei = (await network.pool.head()).base_fee_wei
        if base_fee is not None:
            price_wei = int(base_fee * 10**9)
        cost = plans.estimate(compiled, price_wei, measured)
        return PlanEstimate(
            plan=f"0x{compiled.plan_id.hex()}",
            name=compiled.plan.name,
            base_fee_wei=str(cost.base_fee_wei),
            measured=network is not None,
            steps=tuple(
                CostOfStep(one.id, one.is_undo, one.gas, str(one.expected_wei), str(one.worst_wei))
                for one in cost.steps
            ),
            expected_wei=str(cost.expected_wei),
            worst_wei=str(cost.worst_wei),
            runs=cost.runs,
            all_runs_worst_wei=str(cost.deposit_wei),
            deposit_wei=str(cost.given_wei),
            missing_wei=str(cost.missing_wei),
        )
