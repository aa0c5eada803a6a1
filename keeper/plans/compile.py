"""From a plan file and its lock to the plan: header, steps, root, id. Pure: same file and lock, same plan, anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from eth_utils.address import to_checksum_address

from keeper.plans.document import PlanFile, StepLine
from keeper.plans.draft import Draft, GasQuestion, draft
from keeper.plans.lock import Lock
from keeper.plans.problems import PlanErrors, Pos, Problem, Problems, printable
from keeper.plans.scope import Question
from keeper.plans.timing import Timing
from keeper.wire import hashing
from keeper.wire.codec import encode_body, encode_header, encode_item, encode_packed, encode_step
from keeper.wire.errors import BadInput
from keeper.wire.types import Address, Header, PlanId, Step


@dataclass(frozen=True)
class Compiled:
    """A plan, whole. `ids` are the steps' names by index."""

    plan: PlanFile
    lock: Lock
    header: Header
    steps: tuple[Step, ...]
    timing: Timing
    owner: Address
    account: Address

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(step.id for step in self.plan.steps)

    @property
    def lines(self) -> tuple[StepLine, ...]:
        return self.plan.steps

    @property
    def scheduler(self) -> Address:
        return Address(bytes.fromhex(self.lock.scheduler[2:]))

    @property
    def facts(self) -> Address:
        return Address(bytes.fromhex(self.lock.facts[2:]))

    @property
    def deposit_wei(self) -> int:
        return self.plan.pay.deposit_wei

    @cached_property
    def header_bytes(self) -> bytes:
        return encode_header(self.header)

    @cached_property
    def step_bytes(self) -> tuple[bytes, ...]:
        return tuple(encode_step(step) for step in self.steps)

    @cached_property
    def root(self) -> bytes:
        return hashing.root(self.step_bytes)

    @cached_property
    def plan_id(self) -> PlanId:
        return hashing.plan_id(self.header_bytes, self.root)

    @property
    def body(self) -> bytes:
        """What is published when the plan is scheduled: nothing of a hidden plan."""
        return b"" if self.plan.hidden else self.full_body

    @cached_property
    def full_body(self) -> bytes:
        return encode_body(self.step_bytes)

    @property
    def packed(self) -> bytes:
        """What `schedule` takes: header, root, and the body unless the plan is hidden."""
        return encode_packed(self.header_bytes, self.root, self.body)

    @property
    def plan_bytes(self) -> bytes:
        """What `cancel`, `void`, `reclaim` and `expire` take: header and root."""
        return encode_packed(self.header_bytes, self.root, b"")

    def item(self, index: int) -> bytes:
        """What `run`, `undo` and `settle` take: header, step, proof."""
        return encode_item(self.header_bytes, self.step_bytes[index], self.proof(index))

    def proof(self, index: int) -> tuple[bytes, ...]:
        return hashing.proof(self.step_bytes, index)


def compile_plan(plan: PlanFile, lock: Lock) -> Compiled:
    """The plan of this file under this lock. Raises PlanErrors for what is wrong in the file, or not in the lock."""
    found = draft(plan, lock)
    problems = [_unanswered(question) for question in found.questions] or [_unmeasured(gas) for gas in found.gas]
    if problems:
        raise PlanErrors(plan.path, problems)
    return assemble(plan, lock, found)


def assemble(plan: PlanFile, lock: Lock, found: Draft) -> Compiled:
    """Seal a draft, as it is. Raises PlanErrors for numbers that do not fit the wire."""
    problems = Problems(plan.path)
    try:
        steps = hashing.seal_tokens(found.header, found.steps)
        compiled = Compiled(plan, lock, found.header, steps, found.timing, found.owner, found.account)
        identity = f"0x{compiled.plan_id.hex()}"
    except BadInput as error:
        problems.add(Pos(1, 1), printable(error.message), printable(error.remedy or "make it smaller"))
        problems.stop_if_any()
        raise
    accounts: dict[str, str] = {to_checksum_address(found.owner): to_checksum_address(found.account)}
    return replace(compiled, lock=replace(lock, plan_id=identity, values=dict(plan.sets), accounts=accounts))


_QUESTIONS = {
    "name": "the name `{}` is not in the lock",
    "decimals": "the decimals of {} are not in the lock",
    "abi": "the interface `{}` is not in the lock",
    "schedule_by": "`schedule_by` counts from now, and is not in the lock",
    "seed": "the seed of the hidden steps is not in the lock",
}


def _unanswered(question: Question) -> Problem:
    message = _QUESTIONS[question.kind].format(question.key)
    return Problem(
        question.pos, printable(message), "compile once with an endpoint of the chain, which writes the lock"
    )


def _unmeasured(gas: GasQuestion) -> Problem:
    remedy = "compile with an endpoint, which measures it"
    own_key = ", or write `gas:`" if gas.kind in ("step", "undo") else ""
    return Problem(gas.pos, f"the gas of `{gas.key}` is not in the lock", remedy + own_key)
