"""A plan in words, for people who vote on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from eth_utils.address import to_checksum_address

from keeper.plans.actions import OwnerCall
from keeper.plans.compile import Compiled
from keeper.plans.grants import Grant
from keeper.plans.render import source_of, step_lines
from keeper.plans.show_calls import coin_text, seconds_text
from keeper.plans.values import Clock

_WHY = {0: "once {} is done", 1: "once any of {} is done", 2: "if {} is not done", 3: "after {}"}
_WHY_MANY = {**_WHY, 0: "once all of {} are done", 2: "if none of {} is done"}


def describe(compiled: Compiled, calls: Sequence[OwnerCall], others: Sequence[Grant] = ()) -> str:
    """Markdown: what the proposal does, what the plan will do and when, what it costs, and how to check it."""
    plan, header = compiled.plan, compiled.header
    lines = [f"# {plan.name}", ""]
    if plan.about:
        lines += [plan.about.strip(), ""]
    account, owner = to_checksum_address(compiled.account), to_checksum_address(compiled.owner)
    ends = ", and ends the plan" if header.stop_on_abort or header.runs == 1 else "; the next run comes all the same"
    lines += [
        f"This schedules plan `0x{compiled.plan_id.hex()}` on chain {compiled.lock.chain_id}.",
        f"Its calls are made by the Account `{account}` of `{owner}`.",
        "",
        "## When",
        "",
        f"- starts {moment(header.start, compiled.timing.clock, relative=header.relative_start)}",
        *_repeats(compiled),
        f"- can be scheduled until {moment(header.schedule_by, compiled.timing.clock)}",
        f"- a run that fails is undone, last step first{ends}",
        "",
        "## What",
        "",
    ]
    source = source_of(compiled)
    for index, line in enumerate(plan.steps):
        lines += _step(compiled, index, line.note, step_lines(compiled.steps[index], source))
    lines += [
        "",
        "## Cost",
        "",
        f"- deposit: {coin_text(compiled.deposit_wei)}; gas and premiums are paid from it, the rest comes back",
        f"- a base fee above {coin_text(plan.pay.price_cap_wei)} is not paid back",
        "",
        "## What this proposal does",
        "",
        *(f"{i}. {call.what}: `{call.to}`, {coin_text(call.value_wei)}" for i, call in enumerate(calls, 1)),
    ]
    if others:
        lines += ["", "To be done by others before:", "", *(f"- {grant.lack}: {grant.remedy}" for grant in others)]
    command = f"conductor plan verify {plan.path.rsplit('/', 1)[-1]}"
    lines += ["", f"Anyone with the plan file and its lock can check this with `{command}`.", ""]
    return "\n".join(lines)


def _repeats(compiled: Compiled) -> list[str]:
    header = compiled.header
    if header.runs == 1:
        return []
    every = f"{header.interval} months" if header.monthly else span(header.interval, compiled.timing.clock)
    return [f"- repeats every {every}, {header.runs} runs in all"]


def _step(compiled: Compiled, index: int, note: str | None, calls: Sequence[str]) -> list[str]:
    step, ids = compiled.steps[index], compiled.ids
    clock = compiled.timing.clock
    names = ", ".join(f"`{ids[i]}`" for i in range(index) if step.needs >> i & 1)
    why = _WHY if step.needs.bit_count() == 1 else _WHY_MANY
    when = why[step.join].format(names) if step.needs else "at once"
    final = compiled.plan.steps[index].final
    base = "the end of the run" if final else "that" if step.since else "the start"
    window = f"within {span(step.closes, clock)} of {base}"
    if step.opens:
        window = f"between {span(step.opens, clock)} and {span(step.closes, clock)} after {base}"
    missed = "skipped" if compiled.header.optional & step.bit else "a failure of the run"
    lines = [f"- **{ids[index]}**: {when}, {window}; a missed window is {missed}"]
    if note:
        lines.append(f"  {' '.join(note.split())}")
    return [*lines, *(f"  - {call}" for call in calls)]


def moment(time: int, clock: Clock, *, relative: bool = False) -> str:
    if relative:
        return f"{span(time, clock)} after it is scheduled"
    return (
        f"at block {time}" if clock == "blocks" else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def span(time: int, clock: Clock) -> str:
    return f"{time} blocks" if clock == "blocks" else seconds_text(time)
