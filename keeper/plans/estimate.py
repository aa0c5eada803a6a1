"""What a plan costs its deposit: each step as expected and at worst, and what all runs need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.plans.compile import Compiled
from keeper.plans.paths import Path, plan_paths
from keeper.wire.types import Step, Undo

BASE_GAS = 21_000
#: Gas of a run beside its calls, conditions and reads, for a keeper that worked before: measured on the contract, and
#: held to what is really paid by tests/integration/plans.
FRAME_GAS = 20_850
PROOF_NODE_GAS = 110
FIRST_WRITE_GAS = 22_100
LATER_WRITE_GAS = 5_000
COLD_READ_GAS = 2_100
RECUR_GAS = 2_000
#: The contract's own bounds of a frame, and of what stamps add to it, for the worst case.
WORST_FRAME_GAS = 52_900
WORST_STAMPS_GAS = 34_000


@dataclass(frozen=True, slots=True)
class StepCost:
    """In wei; `gas` is what is expected to be paid back. Of an undo, `is_undo`."""

    id: str
    is_undo: bool
    gas: int
    expected_wei: int
    worst_wei: int


@dataclass(frozen=True)
class Estimate:
    """`expected_wei` of a good run; `worst_wei` of the dearest; `deposit_wei` pays all runs at their worst."""

    base_fee_wei: int
    steps: tuple[StepCost, ...]
    expected_wei: int
    worst_wei: int
    runs: int
    deposit_wei: int
    given_wei: int

    @property
    def missing_wei(self) -> int:
        """What the plan's deposit lacks for all runs at their worst."""
        return max(0, self.deposit_wei - self.given_wei)


def estimate(compiled: Compiled, base_fee_wei: int, measured: Mapping[str, int] | None = None) -> Estimate:
    """Costs at a base fee. `measured` is gas by `id`, `id.undo`, `id.read.0`, `id.condition.0`; else limits count."""
    entry = compiled.header.chains[0]
    price = min(base_fee_wei, entry.cap_wei)
    runs, undos = {}, {}
    for step, name in zip(compiled.steps, compiled.ids, strict=True):
        runs[step.index] = _step_cost(compiled, step, name, price, measured or {})
        if step.undo is not None:
            undos[step.index] = _undo_cost(compiled, step, step.undo, name, price, measured or {})
    paths = plan_paths(compiled.header, compiled.steps, compiled.ids)
    expected = sum(runs[action.index].expected_wei for action in paths[0].actions)
    worst = max(_worst(compiled, path, runs, undos) for path in paths)
    return Estimate(
        base_fee_wei=base_fee_wei,
        steps=tuple(cost for index in runs for cost in (runs[index], undos.get(index)) if cost is not None),
        expected_wei=expected,
        worst_wei=worst,
        runs=compiled.header.runs,
        deposit_wei=worst * compiled.header.runs,
        given_wei=compiled.deposit_wei,
    )


def _worst(compiled: Compiled, path: Path, runs: Mapping[int, StepCost], undos: Mapping[int, StepCost]) -> int:
    """What a path may cost: its calls, and a poke for each step that is settled without being run."""
    entry = compiled.header.chains[0]
    ran = {action.index for action in path.actions if action.kind == "run"}
    calls = sum((runs if action.kind == "run" else undos)[action.index].worst_wei for action in path.actions)
    poked = [step for step in compiled.steps if step.index not in ran]
    pokes = sum(
        _worst_gas(compiled, step.tokens, sum(c.gas_limit for c in step.conditions)) * entry.cap_wei
        + entry.poke_fee_gwei * 10**9
        for step in poked
    )
    return calls + pokes


def _step_cost(compiled: Compiled, step: Step, name: str, price: int, measured: Mapping[str, int]) -> StepCost:
    static = {f"{name}.condition.{i}": c.gas_limit for i, c in enumerate(step.conditions)}
    static |= {f"{name}.read.{i}": r.gas_limit for i, r in enumerate(step.reads)}
    looked = sum(measured.get(key, limit) for key, limit in static.items())
    frame = looked + measured.get(name, step.gas_limit) + _frame(compiled, step)
    gas = paid_gas(frame, step.tokens)
    worst = _worst_gas(compiled, step.tokens, step.gas_limit + sum(static.values()))
    premium, highest = step.fee_min_gwei * 10**9, max(step.fee_min_gwei, step.fee_max_gwei) * 10**9
    cap = compiled.header.chains[0].cap_wei
    return StepCost(name, False, gas, gas * price + premium, worst * cap + highest)


def _undo_cost(
    compiled: Compiled, step: Step, undo: Undo, name: str, price: int, measured: Mapping[str, int]
) -> StepCost:
    frame = measured.get(f"{name}.undo", undo.gas_limit) + _frame(compiled, step, is_undo=True)
    gas = paid_gas(frame, undo.tokens)
    worst = _worst_gas(compiled, undo.tokens, undo.gas_limit)
    cap = compiled.header.chains[0].cap_wei
    highest = max(undo.fee_min_gwei, undo.fee_max_gwei) * 10**9
    return StepCost(name, True, gas, gas * price + undo.fee_min_gwei * 10**9, worst * cap + highest)


def _worst_gas(compiled: Compiled, tokens: int, calls: int) -> int:
    """As `quote` counts it: by a keeper's first move, with its first stamp."""
    stamps = WORST_STAMPS_GAS if compiled.header.stamped else 0
    return paid_gas(WORST_FRAME_GAS + stamps + calls, tokens)


def paid_gas(frame: int, tokens: int) -> int:
    """Gas that is paid back for a transaction of its own: at least 10 for each token of calldata (EIP-7623)."""
    return BASE_GAS + max(frame + 4 * tokens, 10 * tokens)


def _frame(compiled: Compiled, step: Step, *, is_undo: bool = False) -> int:
    """Gas of the Scheduler's own work around the calls: the proof, the stamps word, the next run's event."""
    header = compiled.header
    gas = FRAME_GAS + PROOF_NODE_GAS * len(compiled.proof(step.index))
    if header.stamped & step.bit and not is_undo:
        first = not header.relative_start and not header.stamped & (step.bit - 1)
        gas += FIRST_WRITE_GAS if first else LATER_WRITE_GAS
    elif (step.since or header.relative_start) and not is_undo and step.index < header.forward:
        gas += COLD_READ_GAS
    last = step.index == header.forward + header.finals - 1
    return gas + (RECUR_GAS if last and header.runs > 1 else 0)
