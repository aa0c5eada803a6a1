"""Steps tried on a chain in order, each on what the ones before left, just as the Scheduler would make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from keeper.plans.contracts import calldata
from keeper.plans.port import Chain, Message, Outcome
from keeper.plans.reasons import Reason, reason
from keeper.wire.codec import decode_calls, encode_calls
from keeper.wire.errors import BadInput
from keeper.wire.types import Address, Call, Condition, Read, Step


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a run does: a step, or its undo."""

    index: int
    kind: Literal["run", "undo"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What an action came to. `gas_used` is the Account's; call number `failed_at` reverted, if it is known which.

    Gas of reads and conditions is None where they could not be read.
    """

    action: Action
    ok: bool
    gas_used: int
    reason: Reason | None
    failed_at: int | None
    calls: tuple[Call, ...]
    reads_gas: tuple[int | None, ...] = ()
    conditions_gas: tuple[int | None, ...] = ()
    conditions_hold: tuple[bool | None, ...] = ()

    @property
    def failed_call(self) -> Call | None:
        return None if self.failed_at is None else self.calls[self.failed_at]


@dataclass(frozen=True, slots=True)
class Stage:
    """Whose calls are tried. Addresses are of this chain."""

    scheduler: Address
    facts: Address
    owner: Address
    account: Address


async def opening(chain: Chain, stage: Stage) -> list[Message]:
    """What must have happened before any step: the Account exists. Raises BadInput without a Scheduler."""
    if not await chain.has_code(stage.scheduler):
        raise BadInput(
            f"there is no Scheduler at 0x{stage.scheduler.hex()} on this chain",
            field="scheduler",
            value=f"0x{stage.scheduler.hex()}",
            remedy="deploy it with `conductor deploy`, or use an endpoint of the right chain",
        )
    if await chain.has_code(stage.account):
        return []
    return [Message(stage.owner, stage.scheduler, calldata("scheduler", "createAccount", stage.owner))]


async def rehearse(
    chain: Chain, stage: Stage, steps: Sequence[Step], actions: Sequence[Action], before: Sequence[Message]
) -> tuple[Tried, ...]:
    """Try `actions` in order on top of the messages `before`."""
    messages = list(before)
    places: list[int] = []
    looked: list[_Looked] = []
    for action in actions:
        step = steps[action.index]
        seen = await _look(chain, stage, step, action, messages)
        looked.append(seen)
        places.append(len(messages))
        messages.append(perform(stage, seen.calls))
    outcomes = await chain.simulate(messages) if messages else []
    return tuple(
        _tried(action, seen, outcomes[place]) for action, seen, place in zip(actions, looked, places, strict=True)
    )


def perform(stage: Stage, calls: Sequence[Call], gas_limit: int | None = None) -> Message:
    """The Scheduler's own call to the Account."""
    data = calldata("account", "perform", encode_calls(calls))
    return Message(stage.scheduler, stage.account, data, gas_limit=gas_limit, metered=True)


@dataclass(frozen=True, slots=True)
class _Looked:
    calls: tuple[Call, ...]
    read: Reason | None = None
    reads_gas: tuple[int | None, ...] = ()
    conditions_gas: tuple[int | None, ...] = ()
    conditions_hold: tuple[bool | None, ...] = ()


async def _look(chain: Chain, stage: Stage, step: Step, action: Action, messages: list[Message]) -> _Looked:
    """Conditions and reads of a step as they stand there; the calls with what was read put in."""
    if action.kind == "undo":
        return _Looked(step.undo.calls if step.undo else ())
    static: list[Condition | Read] = [*step.conditions, *step.reads]
    if not static:
        return _Looked(step.calls)
    tries = [Message(stage.scheduler, one.target, one.data, metered=True) for one in static]
    outcomes = (await chain.simulate([*messages, *tries]))[len(messages) :]
    conditions, reads = outcomes[: len(step.conditions)], outcomes[len(step.conditions) :]
    words = [_word(outcome, one.word) for outcome, one in zip(reads, step.reads, strict=True)]
    failed = next((outcome for outcome, word in zip(reads, words, strict=True) if word is None), None)
    return _Looked(
        calls=step.calls if failed else filled(step.calls, step.reads, [word or bytes(32) for word in words]),
        read=reason(failed.returned) if failed else None,
        reads_gas=tuple(o.gas_used if w is not None else None for o, w in zip(reads, words, strict=True)),
        conditions_gas=tuple(
            o.gas_used if _word(o, c.word) is not None else None
            for o, c in zip(conditions, step.conditions, strict=True)
        ),
        conditions_hold=tuple(holds(c, o) for o, c in zip(conditions, step.conditions, strict=True)),
    )


def _word(outcome: Outcome, index: int) -> bytes | None:
    word = outcome.returned[32 * index : 32 * index + 32]
    return word if outcome.ok and len(word) == 32 else None


def holds(condition: Condition, outcome: Outcome) -> bool | None:
    """Whether the condition is true of what was returned; None if that is unreadable."""
    word = _word(outcome, condition.word)
    if word is None:
        return None
    left = int.from_bytes(word, "big", signed=condition.signed)
    right = int.from_bytes(condition.constant.to_bytes(32, "big"), "big", signed=condition.signed)
    return (left == right, left != right, left < right, left <= right, left > right, left >= right)[condition.op]


def filled(calls: Sequence[Call], reads: Sequence[Read], words: Sequence[bytes]) -> tuple[Call, ...]:
    """The calls with words read put where the reads say."""
    section = bytearray(encode_calls(calls))
    for read, word in zip(reads, words, strict=True):
        if read.into_value:
            section[read.into : read.into + 12] = word[20:]
        else:
            section[read.into : read.into + 32] = word
    return decode_calls(bytes(section))


def _tried(action: Action, seen: _Looked, outcome: Outcome) -> Tried:
    ok, why, failed_at = outcome.ok and seen.read is None, seen.read, None
    if not outcome.ok and why is None:
        why, failed_at = blame(seen.calls, outcome.returned)
    return Tried(
        action=action,
        ok=ok,
        gas_used=outcome.gas_used,
        reason=why,
        failed_at=failed_at,
        calls=seen.calls,
        reads_gas=seen.reads_gas,
        conditions_gas=seen.conditions_gas,
        conditions_hold=seen.conditions_hold,
    )


def blame(calls: Sequence[Call], returned: bytes) -> tuple[Reason, int | None]:
    """Which of the calls an Account's revert means, and why it failed."""
    outer = reason(returned)
    if outer.name != "Account_CallFailed" or outer.args[0] >= len(calls):
        return outer, None
    return reason(bytes(outer.args[1])), outer.args[0]
