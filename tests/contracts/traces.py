"""Histories of plans as `keeper.wire.machine` plays them, for tests/fuzz/Traces.t.sol to replay on the contract.

A trace is a plan and a list of actions, allowed and refused ones, each with what the machine says of it: the plan word
and
stamps, bit for bit, or the error with its values. Everything is drawn from one seed. The base fee is 0 there, so a
payment is its
premium, and the deposit in the word is exact too.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from keeper.wire import codec, hashing, machine
from keeper.wire.abi import interface
from keeper.wire.contract_errors import ContractError, Reverted
from keeper.wire.error_table import Code
from keeper.wire.rules import UNSCHEDULED, Plan, State, expires_at, run_start, undo_window_of, voidable_at, window_of
from keeper.wire.turns import Caller, premium_gwei
from keeper.wire.types import Address, Call, ChainEntry, Claim, Condition, Header, Join, Op, Status, Step, Undo, Value
from keeper.wire.word import PlanWord, decode_word, encode_word

WORLD = Address((0xC0DE).to_bytes(20, "big"))
OWNER = Address((0x0817E8).to_bytes(20, "big"))
STRANGER = Caller(Address((0x57A63E8).to_bytes(20, "big")))
HERE, THERE = 31337, 10
START = 1_900_000_000
ROUTE = hashing.route(HERE, THERE, OWNER, WORLD, b"")
DULL = {Code.SETTLED, Code.WRONG_CHAIN, Code.NOT_REFEREE, Code.WRONG_STATUS, Code.MALFORMED}
"""Refusals that come of themselves; the others want the right moment, and are drawn for their own sake."""
LIVE = {Status.ACTIVE, Status.ABORTING, Status.FINISHING}
FILES = 4


class Kind(IntEnum):
    """As in Traces.t.sol."""

    SCHEDULE = 0
    RUN = 1
    UNDO = 2
    SETTLE = 3
    EXPIRE = 4
    CANCEL = 5
    VOID = 6
    REPORT = 7
    LEARN = 8
    DEPOSIT = 9
    MOOD = 10


@dataclass(frozen=True)
class Action:
    kind: Kind
    index: int = 0
    arg: int = 0


@dataclass
class Mood:
    """What the world answers: a bit for each step; see TraceWorld."""

    false: int = 0
    unreadable: int = 0
    calls_fail: int = 0
    undos_fail: int = 0
    holds: bool = False

    def packed(self) -> int:
        bits = self.false | self.unreadable << 32 | self.calls_fail << 64 | self.undos_fail << 96
        return bits | self.holds << 128

    def words(self, step: Step) -> list[int | None]:
        """What the step's conditions read now. Condition c of step i asks bit i + 16c."""
        bits = [step.index + 16 * c for c in range(len(step.conditions))]
        return [None if self.unreadable >> bit & 1 else 1 - (self.false >> bit & 1) for bit in bits]


# ---------------------------------------------------------------------- plans


def _act(name: str, index: int) -> tuple[Call, ...]:
    return (Call(WORLD, 0, keccak(text=f"{name}(uint256)")[:4] + index.to_bytes(32, "big")),)


def _conditions(index: int, count: int) -> tuple[Condition, ...]:
    data = keccak(text="truth(uint256)")[:4]
    return tuple(
        Condition(WORLD, 50_000, Op.EQ, 0, 1, data + (index + 16 * c).to_bytes(32, "big")) for c in range(count)
    )


@dataclass(frozen=True)
class Shape:
    """What the rules see of a step."""

    needs: int = 0
    join: Join = Join.ALL_DONE
    optional: bool = False
    undoable: bool = False
    conditions: int = 0
    skip_if_false: bool = False
    claims: bool = False
    away: bool = False
    """It is another chain's."""
    since: int = 0


def plan_of(shapes: Sequence[Shape], rng: random.Random, salt: int, finals: int = 0, **header: Any) -> Plan:
    """A plan of these shapes; windows, fees and holds are drawn. `stamped` follows from `since`."""
    forward = len(shapes) - finals
    steps = []
    for i, shape in enumerate(shapes):
        opens = rng.choice([0, 0, 3, 10])
        dependents = _dependents(shapes[:forward], i)
        undo = Undo(100_000, rng.choice([5, 20]), _act("unact", i), rng.randrange(9), rng.randrange(20), dependents)
        steps.append(
            Step(
                index=i, opens=opens, closes=opens + rng.choice([2, 15, 30]),
                gas_limit=0 if shape.claims else 100_000, calls=() if shape.claims else _act("act", i),
                needs=shape.needs, join=shape.join, since=shape.since, skip_if_false=shape.skip_if_false,
                conditions=_conditions(i, shape.conditions),
                claim=Claim(WORLD, rng.choice([0, 12]), b"spec") if shape.claims else None,
                undo=undo if shape.undoable and i < forward else None,
                fee_min_gwei=rng.randrange(50), fee_max_gwei=rng.randrange(100), ramp=rng.choice([0, 7]),
            )
        )  # fmt: skip
    away = sum(1 << i for i, shape in enumerate(shapes) if shape.away)
    here = (1 << len(shapes)) - 1 & ~away
    cap, fee = 10**12, rng.randrange(30)
    chains = [ChainEntry(HERE, here, OWNER, cap_wei=cap, poke_fee_gwei=fee)]
    if away:
        chains.insert(rng.randrange(2), ChainEntry(THERE, away, OWNER, cap_wei=cap, poke_fee_gwei=fee))
    fields: dict[str, Any] = {
        "forward": forward, "finals": finals, "start": START, "schedule_by": START + 40, "length": 60,
        "chains": tuple(chains), "routes_root": hashing.root([ROUTE]) if away else b"",
        "undoable": sum(step.bit for step in steps if step.undo),
        "optional": sum(step.bit for step, shape in zip(steps, shapes, strict=True) if shape.optional),
        "stamped": _union(shape.since for shape in shapes), "salt": salt.to_bytes(8, "big"),
    }  # fmt: skip
    return Plan.of(Header(**{**fields, **header}), tuple(steps), HERE)


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _dependents(shapes: Sequence[Shape], of: int) -> int:
    found = 0
    for i, shape in enumerate(shapes):
        if shape.needs & (found | 1 << of):
            found |= 1 << i
    return found


def three_step_shapes() -> Iterator[tuple[Shape, Shape, Shape]]:
    """Every 3-step plan of one chain: needs x join x optional x undoable x condition that skips."""
    bools = (False, True)

    def options(index: int) -> list[Shape]:
        needs = [(0, Join.ALL_DONE)]
        needs += [(mask, join) for mask in range(1, 1 << index) for join in Join]
        return [
            Shape(mask, join, optional, undoable, int(condition), condition)
            for (mask, join), optional, undoable, condition in itertools.product(needs, bools, bools, bools)
        ]

    yield from itertools.product(options(0), options(1), options(2))


def random_plan(rng: random.Random, salt: int) -> Plan:
    """Up to nine steps with everything: finally steps, stamps, claims, waiting conditions, other chains, recurrence,
    both clocks."""
    forward, finals = rng.randint(2, 6), rng.choice([0, 0, 1, 2, 3])
    several = rng.random() < 0.4
    shapes: list[Shape] = []
    for i in range(forward + finals):
        needs = sum(1 << j for j in range(i) if rng.random() < 0.4)
        since = needs if needs and i < forward and rng.random() < 0.3 else 0
        shapes.append(
            Shape(
                needs, rng.choice(list(Join)), rng.random() < 0.4, rng.random() < 0.5,
                rng.choice([0, 0, 0, 1, 2]), rng.random() < 0.5, rng.random() < 0.2,
                several and rng.random() < 0.5, since,
            )
        )  # fmt: skip
    if several and len({shape.away for shape in shapes}) == 1:
        shapes[0], shapes[1] = replace(shapes[0], away=True), replace(shapes[1], away=False)
    header: dict[str, Any] = {"stop_on_abort": rng.random() < 0.5}
    if not several:
        header["seconds_clock"] = rng.random() < 0.7
        if rng.random() < 0.3:
            header |= {"relative_start": True, "start": rng.choice([0, 5, 20])}
        if rng.random() < 0.5:
            monthly = header["seconds_clock"] and rng.random() < 0.3
            header |= {"runs": rng.randint(2, 5), "interval": rng.choice([1, 2]) if monthly else rng.choice([25, 70])}
            header["monthly"] = monthly
    elif not any(shape.away for shape in shapes):
        several = False
    return plan_of(shapes, rng, salt, finals, **header)


# ---------------------------------------------------------------------- histories


@dataclass
class History:
    """One plan's way through the machine, written down as it goes."""

    plan: Plan
    rng: random.Random
    tally: Counter[str]
    state: State = UNSCHEDULED
    now: int = START - 5
    mood: Mood = field(default_factory=Mood)
    out: bytearray = field(default_factory=bytearray)
    count: int = 0

    def play(self, actions: int) -> bytes:
        """The trace's bytes after so many actions; of a plan that is over a few more, to be refused."""
        while self.count < actions:
            self._one()
            if self.state.word.is_final:
                actions = min(actions, self.count + 3)
        header = codec.encode_header(self.plan.header)
        leaves = [codec.encode_step(step) for step in self.plan.steps]
        line = bytearray(_sized(header, 2) + hashing.root(leaves) + bytes([len(leaves)]))
        for i in range(len(leaves)):
            line += _sized(codec.encode_item(header, leaves[i], hashing.proof(leaves, i))[len(header) :], 2)
        line += _sized(ROUTE if len(self.plan.header.chains) > 1 else b"", 2)
        return bytes(line + self.count.to_bytes(2, "big") + self.out)

    def _one(self) -> None:
        rng = self.rng
        if rng.random() < 0.35:
            self._stir()
        if rng.random() < (0.35 if self.state.word.status in LIVE else 0.1) and (times := self._interesting()):
            self.now = (max if rng.random() < 0.1 else min)(rng.choice(times) for _ in range(3))
        actions = {action: self._try(action)[1] for action in self._possible()}
        allowed = [action for action, error in actions.items() if error is None]
        work = [action for action in allowed if action.kind in {Kind.RUN, Kind.UNDO, Kind.REPORT}]
        near = [action for action, error in actions.items() if error and error.code not in DULL]
        choices = [work, work, work, allowed, allowed, near, list(actions)]
        self._record(rng.choice(rng.choice([some for some in choices if some])))

    def _stir(self) -> None:
        """Let the world change its mind about one or all steps."""
        rng, bits = self.rng, [i + 16 * c for i in range(len(self.plan.steps)) for c in range(2)]
        self.mood = Mood(
            *(sum(1 << bit for bit in bits if rng.random() < p) for p in (0.25, 0.15, 0.1, 0.15)), rng.random() < 0.5
        )
        self.out += _action(Kind.MOOD, 0, False, self.now, self.mood.packed())
        self.count += 1

    def _interesting(self) -> list[int]:
        """Edges that lie ahead: of windows, undos, expiry, voiding, the run's start."""
        plan, state = self.plan, self.state
        edges = {plan.header.schedule_by + 1, run_start(plan.header, state), voidable_at(plan)}
        if state.word.status in LIVE:
            edges.add(expires_at(plan, state))
        for step in plan.steps:
            for window in (window_of, undo_window_of):
                try:
                    found = window(plan, state, step)
                except Reverted:
                    continue
                edges |= {found.opens, found.closes}
                if step.claim:
                    edges.add(found.closes + step.claim.hold)
        near = {edge - before for edge in edges for before in (0, 1)}
        return sorted(time for time in near if self.now <= time < 2**40)

    def _in_doubt(self) -> bool:
        """Nothing is left to do here, and the other chain has not told."""
        word, plan = self.state.word, self.plan
        return word.status is Status.ACTIVE and not plan.own & plan.header.forward_mask & ~word.settled

    def _possible(self) -> Iterator[Action]:
        rng, plan = self.rng, self.plan
        if self.state.word.status is Status.NOT_SCHEDULED and rng.random() < 0.8:
            yield Action(Kind.SCHEDULE, arg=rng.choice([0, 40, 10_000]))
            return
        for i, step in enumerate(plan.steps):
            yield Action(Kind.RUN, i)
            yield Action(Kind.SETTLE, i)
            if step.undo:
                yield Action(Kind.UNDO, i)
            if step.claim or rng.random() < 0.05:
                yield Action(Kind.REPORT, i, rng.choice([1, 1, 3, rng.randrange(6)]))
        if rng.random() < 0.3 or self._in_doubt():
            yield Action(Kind.EXPIRE)
        if rng.random() < 0.08:
            yield Action(Kind.CANCEL)
        if rng.random() < 0.1:
            yield Action(Kind.VOID, arg=rng.randrange(2))
        if rng.random() < 0.1:
            yield Action(Kind.SCHEDULE, arg=3)
        if rng.random() < 0.1:
            yield Action(Kind.DEPOSIT, arg=rng.choice([1, 500]))
        if len(plan.header.chains) > 1:
            yield Action(Kind.LEARN, arg=encode_word(self._foreign()))

    def _foreign(self) -> PlanWord:
        """What the other chain might say: its own steps anything, mostly a little more than is known here."""
        rng, known = self.rng, self.state.word
        values = list(known.values[: len(self.plan.steps)])
        for i, value in enumerate(values):
            if rng.random() < 0.3:
                ahead = {
                    Value.PENDING: [Value.DONE, Value.DONE, Value.SKIPPED, Value.FAILED],
                    Value.DONE: [Value.UNDONE],
                }
                values[i] = rng.choice(
                    [*ahead.get(value, [value]), rng.choice(list(Value)) if rng.random() < 0.2 else value]
                )
        status = rng.choice([Status.ACTIVE] * 5 + list(Status))
        return PlanWord(status=status, move=7, changed=self.now - 3).with_values(values)

    def _record(self, action: Action) -> None:
        state, error = self._try(action)
        by_owner = action.kind in {Kind.SCHEDULE, Kind.CANCEL} or (action.kind is Kind.VOID and action.arg == 1)
        self.out += _action(action.kind, action.index, by_owner, self.now, action.arg)
        self.count += 1
        if state is not None:
            assert error is None
            self.tally[action.kind.name] += 1
            self.tally[f"to {state.word.status.name}"] += 1
            self.state = state
            self.out += b"\1" + encode_word(state.word).to_bytes(32, "big") + state.stamps.to_bytes(32, "big")
        else:
            assert error is not None
            self.tally[f"{action.kind.name} {error.code}"] += 1
            self.out += b"\0" + _sized(revert_data(error), 2)

    def _try(self, action: Action) -> tuple[State | None, ContractError | None]:
        try:
            return self._transition(action), None
        except Reverted as reverted:
            return None, reverted.error

    def _transition(self, action: Action) -> State:  # noqa: PLR0912 - one branch for each kind
        """The machine's answer, with payment, and with the calls that fail in today's world."""
        plan, state, now, i = self.plan, self.state, self.now, action.index
        step = plan.steps[i]
        words = self.mood.words(step)
        match action.kind:
            case Kind.SCHEDULE:
                return machine.schedule(plan, state, now, action.arg).state
            case Kind.CANCEL:
                return machine.cancel(plan, state, now).state
            case Kind.VOID:
                return machine.void(plan, state, now, by_owner=action.arg == 1).state
            case Kind.DEPOSIT:
                if state.word.status not in LIVE:
                    raise Reverted(Code.WRONG_STATUS, plan.id, state.word.status)
                word = replace(state.word, deposit_gwei=state.word.deposit_gwei + action.arg)
                return State(word.moved(), state.stamps)
            case Kind.EXPIRE:
                return _paid(machine.expire(plan, state, now).state, plan.entry.poke_fee_gwei)
            case Kind.LEARN:
                foreign = decode_word(action.arg)
                return _paid(machine.learn(plan, state, foreign, now).state, plan.entry.poke_fee_gwei)
            case Kind.SETTLE:
                change = machine.settle(plan, state, i, now, words, held=self.mood.holds)
                return _paid(change.state, plan.entry.poke_fee_gwei)
            case Kind.REPORT:
                change = machine.report(plan, state, i, now, Value(action.arg), WORLD, words)
                return _paid(change.state, _premium(step, now - window_of(plan, state, step).opens))
            case Kind.RUN:
                change = machine.run(plan, state, i, now, words, STRANGER)
                if self.mood.calls_fail >> i & 1:
                    raise Reverted(Code.CALLS_FAILED, i, CALL_FAILED)
                return _paid(change.state, _premium(step, now - window_of(plan, state, step).opens))
            case _:
                change = machine.undo(plan, state, i, now, STRANGER)
                if self.mood.undos_fail >> i & 1:
                    raise Reverted(Code.CALLS_FAILED, i, CALL_FAILED)
                undo = step.undo
                assert undo
                elapsed = now - state.word.changed
                return _paid(change.state, premium_gwei(undo.fee_min_gwei, undo.fee_max_gwei, step.ramp, elapsed))


CALL_FAILED = keccak(text="Account_CallFailed(uint256,bytes)")[:4] + encode(
    ["uint256", "bytes"], [0, keccak(text="TraceWorld_No()")[:4]]
)


def _premium(step: Step, elapsed: int) -> int:
    return premium_gwei(step.fee_min_gwei, step.fee_max_gwei, step.ramp, elapsed)


def _paid(state: State, premium: int) -> State:
    deposit = state.word.deposit_gwei
    return replace(state, word=replace(state.word, deposit_gwei=deposit - min(premium, deposit)))


def revert_data(error: ContractError) -> bytes:
    entry = interface("Scheduler").errors[error.code]
    return entry.id[:4] + encode(list(entry.types), list(error.args))


def _sized(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _action(kind: Kind, index: int, by_owner: bool, time: int, arg: int) -> bytes:
    return bytes([kind, index, by_owner]) + time.to_bytes(5, "big") + arg.to_bytes(32, "big")


# ---------------------------------------------------------------------- files


def write(folder: Path, seed: int, every: int, larger: int) -> Counter[str]:
    """Every `every`-th 3-step plan, beginning with one the seed chooses, and `larger` random ones; what they visited
    is counted."""
    rng = random.Random(seed)
    tally: Counter[str] = Counter()
    folder.mkdir(parents=True, exist_ok=True)
    files = [(folder / f"{part}.hex").open("w") for part in range(FILES)]
    shapes = itertools.islice(three_step_shapes(), seed % every, None, every)
    plans = (plan_of(three, rng, salt) for salt, three in enumerate(shapes))
    larger_plans = (random_plan(rng, 1_000_000 + salt) for salt in range(larger))
    for number, plan in enumerate(itertools.chain(plans, larger_plans)):
        trace = History(plan, rng, tally).play(12 if len(plan.steps) == 3 else 24)
        files[number % FILES].write(f"0x{trace.hex()}\n")
        tally["traces"] += 1
    for file in files:
        file.close()
    return tally
