"""The steps of a plan as far as file and lock say; what is still missing is listed as questions and gas to measure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from keeper.plans.bind import BoundCall, BoundCondition, BoundRead, bind_call, bind_condition
from keeper.plans.document import CallLine, PlanFile, StepLine, UndoLine
from keeper.plans.lock import Lock
from keeper.plans.order import Place, mask, order
from keeper.plans.problems import Flaw, Pos, Problems
from keeper.plans.scope import ZERO_ADDRESS, Question, Scope
from keeper.plans.timing import Timing, ramp_of, schedule_by, timing
from keeper.wire.codec import encode_calls
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY, Address, Call, ChainEntry, Condition, Header, Join, Op, Read, Step, Undo

MAX_READS = 4
MAX_CALLS_BYTES = (1 << 23) - 1


@dataclass(frozen=True, slots=True)
class GasQuestion:
    """Gas to measure. `key` names it in the lock; `digest` is of what is measured, so that old answers expire."""

    key: str
    kind: str
    digest: str
    index: int
    item: int
    pos: Pos


@dataclass(frozen=True)
class Draft:
    """A plan whose unanswered parts hold zeros. `questions` must be answered before `gas` can be measured."""

    header: Header
    steps: tuple[Step, ...]
    owner: Address
    account: Address
    timing: Timing
    questions: tuple[Question, ...]
    gas: tuple[GasQuestion, ...]


def draft(plan: PlanFile, lock: Lock) -> Draft:
    """Raises PlanErrors with everything that is wrong in the file."""
    problems = Problems(plan.path)
    if plan.chain_id is not None and plan.chain_id != lock.chain_id:
        message = f"the plan is for chain {plan.chain_id}, this is chain {lock.chain_id}"
        problems.add(plan.chain_pos, message, "use an endpoint of the plan's chain, or mend `chain`")
    places = order(plan.steps, problems)
    problems.stop_if_any()
    clock = timing(plan, places, lock.chain_id, problems)
    scope = Scope(plan, lock)
    owner = guardian = ZERO_ADDRESS
    with problems.here():
        owner = scope.address(plan.owner)
        if owner == ZERO_ADDRESS and not scope.missing:
            raise Flaw(plan.owner.pos, "the owner is nobody", "write the address that schedules the plan")
    with problems.here():
        guardian = scope.address(plan.guardian) if plan.guardian else ZERO_ADDRESS
    scope.owner = owner
    for alias, contract in plan.contracts.items():
        with problems.here():
            scope.interface(alias, contract.pos)
        with problems.here():
            scope.alias_address(alias)
    account = scope.account
    builder = _Builder(plan, lock, scope, clock, problems)
    steps = tuple(builder.step(line, place) for line, place in zip(plan.steps, places, strict=True))
    head = builder.header(_bytes(owner), _bytes(guardian))
    problems.stop_if_any()
    return Draft(
        header=head,
        steps=steps,
        owner=_bytes(owner),
        account=_bytes(account),
        timing=clock,
        questions=scope.questions(),
        gas=tuple(builder.gas),
    )


def _bytes(address: str) -> Address:
    return Address(bytes(to_canonical_address(address)))


class _Builder:
    def __init__(self, plan: PlanFile, lock: Lock, scope: Scope, clock: Timing, problems: Problems) -> None:
        self.plan, self.lock, self.scope, self.timing, self.problems = plan, lock, scope, clock, problems
        self.gas: list[GasQuestion] = []

    def header(self, owner: Address, guardian: Address) -> Header:
        plan = self.plan
        latest = schedule_by(plan, self.timing.clock)
        if latest is None and self.lock.schedule_by is None:
            where = plan.schedule_by or plan.at
            self.scope.missing.add(Question("schedule_by", self.timing.clock, where.pos))
        count = len(plan.steps)
        finals = sum(step.final for step in plan.steps)
        entry = ChainEntry(
            chain_id=self.lock.chain_id,
            mask=(1 << count) - 1,
            owner=owner,
            guardian=guardian,
            cap_wei=plan.pay.price_cap_wei,
            poke_fee_gwei=plan.pay.premium.low_gwei,
            factory=NOBODY,
        )
        repeats = plan.every if plan.runs > 1 else None
        return Header(
            forward=count - finals,
            finals=finals,
            start=plan.at.n,
            schedule_by=latest if latest is not None else self.lock.schedule_by or 0,
            length=self.timing.length,
            chains=(entry,),
            undoable=mask(tuple(i for i, step in enumerate(plan.steps) if step.undo is not None)),
            optional=mask(tuple(i for i, step in enumerate(plan.steps) if step.skip_on_miss)),
            stamped=self.timing.stamped,
            interval=repeats.n if repeats else 0,
            runs=plan.runs,
            salt=plan.salt,
            seconds_clock=self.timing.clock == "seconds",
            relative_start=plan.at.kind == "relative",
            monthly=repeats is not None and repeats.unit == "months",
            stop_on_abort=plan.stop_on_abort,
        )

    def step(self, line: StepLine, place: Place) -> Step:
        window = self.timing.windows[place.index]
        premium = line.premium or self.plan.pay.premium
        bound = self.calls(line.calls)
        ramp = 0
        with self.problems.here():
            ramp = ramp_of(line, self.plan)
        step = Step(
            index=place.index,
            opens=window.opens,
            closes=window.closes,
            calls=_wire_calls(bound),
            needs=place.needs_mask,
            join=Join(place.join),
            since=mask(window.since),
            skip_if_false=line.guard == "if",
            conditions=self.conditions(line, place.index),
            reads=self.reads(line, place.index, bound),
            fee_min_gwei=premium.low_gwei,
            fee_max_gwei=premium.high_gwei,
            ramp=ramp,
            salt=self.salt(place.index),
        )
        step = replace(step, gas_limit=line.gas_limit or self.step_gas(line, step))
        if line.undo is not None:
            step = replace(step, undo=self.undo(line, line.undo, place, step))
        with self.problems.here():
            _check_size(line, step)
        return step

    def salt(self, index: int) -> bytes:
        """A hidden leaf's salt, from the lock's secret seed."""
        if not self.plan.hidden:
            return b""
        if self.lock.seed is None:
            self.scope.missing.add(Question("seed", "", self.plan.owner.pos))
            return bytes(32)
        return bytes(keccak(bytes.fromhex(self.lock.seed[2:]) + bytes([index])))

    def calls(self, lines: tuple[CallLine, ...]) -> list[BoundCall]:
        found = []
        for line in lines:
            with self.problems.here():
                call = bind_call(line, self.scope)
                if call is not None:
                    found.append(call)
        return found

    def conditions(self, line: StepLine, index: int) -> tuple[Condition, ...]:
        found: list[BoundCondition] = []
        for comparison in line.conditions:
            with self.problems.here():
                condition = bind_condition(comparison, self.scope)
                if condition is not None:
                    found.append(condition)
        return tuple(
            Condition(
                target=_bytes(one.target),
                gas_limit=self.static_gas(line.id, "condition", index, item, one),
                op=Op(one.op & 7),
                word=one.word,
                constant=int.from_bytes(one.constant, "big"),
                data=one.data,
                signed=bool(one.op & 8),
            )
            for item, one in enumerate(found)
        )

    def reads(self, line: StepLine, index: int, calls: list[BoundCall]) -> tuple[Read, ...]:
        found: list[tuple[BoundRead, int, bool]] = []
        offset = 0
        for call in calls:
            if call.value_read is not None:
                found.append((call.value_read, offset + 20, True))
            found += [(read, offset + 34 + at, False) for at, read in call.holes]
            offset += 34 + len(call.data)
        return tuple(
            Read(
                target=_bytes(read.target),
                gas_limit=self.static_gas(line.id, "read", index, item, read),
                word=read.word,
                into=into,
                data=read.data,
                into_value=into_value,
            )
            for item, (read, into, into_value) in enumerate(found)
        )

    def undo(self, line: StepLine, back: UndoLine, place: Place, step: Step) -> Undo:
        bound = self.calls(back.calls)
        for call in bound:
            if call.holes or call.value_read:
                self.problems.add(call.pos, "a read in an undo", "an undo sends constants only; write them out")
        calls = _wire_calls(bound)
        premium = back.premium or line.premium or self.plan.pay.premium
        key, digest = (
            f"{line.id}.undo",
            _digest(bytes(to_canonical_address(self.scope.account)), encode_calls_or_nothing(calls)),
        )
        return Undo(
            gas_limit=back.gas_limit or self.pinned(key, "undo", digest, step.index, 0, back.pos),
            window=self.timing.undo_windows[place.index],
            calls=calls,
            fee_min_gwei=premium.low_gwei,
            fee_max_gwei=premium.high_gwei,
            dependents=place.dependents,
        )

    def step_gas(self, line: StepLine, step: Step) -> int:
        reads = b"".join(read.target + bytes([read.word]) + read.data for read in step.reads)
        account = bytes(to_canonical_address(self.scope.account))
        digest = _digest(account, encode_calls_or_nothing(step.calls), reads)
        return self.pinned(line.id, "step", digest, step.index, 0, line.pos)

    def static_gas(self, name: str, kind: str, index: int, item: int, call: BoundCondition | BoundRead) -> int:
        digest = static_digest(_bytes(call.target), call.data)
        return self.pinned(f"{name}.{kind}.{item}", kind, digest, index, item, call.pos)

    def pinned(self, key: str, kind: str, digest: str, index: int, item: int, pos: Pos) -> int:
        found = self.lock.gas.get(key)
        if found is not None and found[0] == digest:
            return found[1]
        self.gas.append(GasQuestion(key, kind, digest, index, item, pos))
        return 0


def _wire_calls(calls: list[BoundCall]) -> tuple[Call, ...]:
    return tuple(Call(_bytes(call.target), call.value_wei, call.data) for call in calls)


def encode_calls_or_nothing(calls: tuple[Call, ...]) -> bytes:
    """The calls section; empty where it is too large to encode, which `_check_size` reports."""
    try:
        return encode_calls(calls)
    except BadInput:
        return b""


def _check_size(line: StepLine, step: Step) -> None:
    if len(step.reads) > MAX_READS:
        message = f"step `{line.id}` reads {len(step.reads)} values at run"
        raise Flaw(line.pos, message, f"a step reads at most {MAX_READS}: split it, or call a contract that reads them")
    if len(step.conditions) > 255:
        raise Flaw(line.pos, f"step `{line.id}` has {len(step.conditions)} comparisons", "a step has at most 255")
    for calls in (step.calls, step.undo.calls if step.undo else ()):
        total = sum(34 + len(call.data) for call in calls)
        if any(len(call.data) >= 1 << 16 for call in calls) or total > MAX_CALLS_BYTES:
            raise Flaw(line.pos, f"the calls of step `{line.id}` are too large", "a call holds up to 65,535 bytes")


def static_digest(target: Address, data: bytes) -> str:
    """Of a condition or a read, whose gas the lock holds."""
    return _digest(target, data)


def _digest(*parts: bytes) -> str:
    return "0x" + bytes(keccak(b"".join(bytes(keccak(part)) for part in parts)))[:8].hex()
