"""The verdict over what was played, from receipts and logs alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TREASURY, SALARY, BRANCH, ROLLBACK = "treasury", "recurring", "branch", "rollback"
CALLS, TICKS = 5, 3
LEAST_STEPS, LEAST_KEEPERS = 3, 2
ESTIMATE_PERCENT = 5
BRANCH_TAKEN = {"raise": "skipped", "settle": "done", "record": "done"}
"""The `if` is false, so its else runs."""
ROLLED_BACK = (
    ("admit", "done"),
    ("raise", "done"),
    ("paid", "failed"),
    ("raise", "undone"),
    ("admit", "undone"),
    ("record", "done"),
)
"""The third step misses its window, so the two before it are undone, last first."""
_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a plan. `due`: the first block in which it could be; `result`: done, skipped, failed, undone."""

    plan: str
    run: int
    step: str
    result: str
    due: int
    block: int
    by: str
    paid_wei: int
    transaction: str

    @property
    def late_blocks(self) -> int:
        return self.block - self.due


@dataclass(frozen=True, slots=True)
class CalledFor:
    """One of the five calls, as its effect is read back: a balance or a permission (0 or 1), before and after."""

    what: str
    step: str
    before: int
    after: int
    wanted: int
    """By how much it has to grow."""

    @property
    def ok(self) -> bool:
        return self.after - self.before == self.wanted


@dataclass(frozen=True, slots=True)
class Kill:
    """A keeper that was killed when it had sent `transaction`, for that work."""

    keeper: str
    exit_code: int
    transaction: str
    has_receipt: bool
    plan: str
    run: int
    step: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that was seen. `credited_wei`: what the Scheduler says keepers earned, beside what the moves add up to."""

    moves: tuple[Move, ...]
    calls: tuple[CalledFor, ...]
    kill: Kill | None
    estimate_wei: int
    credited_wei: int
    seconds: int

    def of(self, plan: str) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.plan == plan)

    def paid_wei(self, plan: str | None = None) -> int:
        return sum(move.paid_wei for move in self.moves if plan in (None, move.plan))


@dataclass(frozen=True, slots=True)
class Figures:
    calls: int
    late_blocks: int
    ticks: int
    undone: int
    killed: int
    keepers_paid_wei: int
    seconds: int


def figures(story: Story) -> Figures:
    five = _five(story)
    done = {move.step for move in five}
    return Figures(
        calls=sum(call.ok and call.step in done for call in story.calls),
        late_blocks=max((move.late_blocks for move in five), default=0),
        ticks=len({move.run for move in story.of(SALARY) if move.result == "done"}),
        undone=sum(move.result == "undone" for move in story.of(ROLLBACK)),
        killed=int(_finished_by(story) is not None),
        keepers_paid_wei=story.paid_wei(),
        seconds=story.seconds,
    )


def line(story: Story) -> str:
    """The demo's last line."""
    wrong = failures(story)
    one = figures(story)
    said = (
        f"calls={one.calls}/{CALLS} late_blocks={one.late_blocks} ticks={one.ticks} undone={one.undone} "
        f"killed={one.killed} keepers_paid_wei={one.keepers_paid_wei} seconds={one.seconds}"
    )
    return f"demo failed: {wrong[0]}; {said}" if wrong else f"demo ok: {said}"


def failures(story: Story) -> tuple[str, ...]:
    """Everything that is not as it has to be."""
    return tuple(_failures(story, figures(story)))


def _failures(story: Story, one: Figures) -> Iterator[str]:
    yield from _call_failures(story)
    if one.late_blocks:
        yield f"a call ran {one.late_blocks} blocks late"
    if one.ticks != TICKS:
        yield f"{one.ticks} ticks, not {TICKS}"
    went = {move.step: move.result for move in story.of(BRANCH)}
    if went != BRANCH_TAKEN:
        yield f"the branch went {went}"
    back = tuple((move.step, move.result) for move in story.of(ROLLBACK))
    if back != ROLLED_BACK:
        yield f"the roll-back went {back}"
    yield from _kill_failures(story)
    if story.credited_wei != one.keepers_paid_wei:
        yield f"plans paid {one.keepers_paid_wei} wei, keepers got {story.credited_wei}"
    if not is_near(story):
        yield f"the treasury plan was estimated at {story.estimate_wei} wei and paid {story.paid_wei(TREASURY)}"


def _call_failures(story: Story) -> Iterator[str]:
    five = _five(story)
    done = {move.step for move in five}
    for call in story.calls:
        if call.step not in done:
            yield f"{call.what}: its step {call.step} did not run"
        if not call.ok:
            yield f"{call.what}: {call.before} became {call.after}, not {call.before + call.wanted}"
    if len(story.calls) != CALLS:
        yield f"{len(story.calls)} calls were looked at, not {CALLS}"
    if len(five) < LEAST_STEPS or len({move.due for move in five}) != 1:
        yield f"{len(five)} steps ran, not {LEAST_STEPS} or more that were due in one block"
    if len({move.by for move in five}) < LEAST_KEEPERS:
        yield f"the five calls were run by fewer than {LEAST_KEEPERS} keepers"


def _kill_failures(story: Story) -> Iterator[str]:
    kill = story.kill
    if kill is None:
        yield "no keeper was killed"
        return
    if kill.exit_code != -9:
        yield f"{kill.keeper} ended with {kill.exit_code}, not by SIGKILL"
    if kill.has_receipt:
        yield f"{kill.keeper} was killed too late: its transaction has a receipt"
    if _finished_by(story) is None:
        yield f"nobody else finished {kill.step}, which {kill.keeper} was killed over"


def _five(story: Story) -> tuple[Move, ...]:
    return tuple(move for move in story.of(TREASURY) if move.result == "done")


def _finished_by(story: Story) -> str | None:
    """Who did what the killed keeper had sent."""
    kill = story.kill
    if kill is None or kill.exit_code != -9 or kill.has_receipt:
        return None
    work = (kill.plan, kill.run, kill.step)
    found = next((m for m in story.moves if (m.plan, m.run, m.step) == work and m.result == "done"), None)
    return None if found is None or found.by == kill.keeper else found.by


def is_near(story: Story) -> bool:
    """Whether the estimate is within 5% of what the treasury plan paid."""
    paid_wei = story.paid_wei(TREASURY)
    return abs(story.estimate_wei - paid_wei) * 100 <= ESTIMATE_PERCENT * paid_wei


# ---------------------------------------------------------------------- for people


HEAD = ("due", "ran", "plan", "step", "result", "by", "paid ether")


def timeline(story: Story) -> list[Sequence[str]]:
    """A row for each move, as `HEAD` says."""
    ticks = {move.plan for move in story.moves if move.run}
    return [
        (
            str(move.due),
            f"{move.block}{f' (+{move.late_blocks})' if move.late_blocks else ''}",
            f"{move.plan} #{move.run + 1}" if move.plan in ticks else move.plan,
            move.step,
            move.result,
            move.by,
            coin(move.paid_wei),
        )
        for move in story.moves
    ]


def summary(story: Story) -> list[str]:
    """What the table does not say."""
    lines = [f"{call.what}: {_shown(call.before)} -> {_shown(call.after)}" for call in story.calls]
    if story.kill is not None:
        finisher = _finished_by(story) or "nobody"
        lines.append(f"{story.kill.keeper} was killed over {story.kill.plan}.{story.kill.step}; {finisher} finished it")
    paid_wei = story.paid_wei(TREASURY)
    if paid_wei:
        off = (story.estimate_wei - paid_wei) * 100 / paid_wei
        lines.append(f"treasury: estimated {coin(story.estimate_wei)} ether, paid {coin(paid_wei)} ({off:+.1f}%)")
    return lines


def coin(wei: int) -> str:
    return f"{wei / _ETHER:.6f}"


def _shown(amount: int) -> str:
    return str(amount) if amount < 10 else f"{amount / _ETHER:g}"
