"""The demo's last line: green only if everything is as it has to be, and each single thing can turn it red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keeper.cli.demo.report import (
    BRANCH,
    ROLLBACK,
    SALARY,
    TREASURY,
    CalledFor,
    Kill,
    Move,
    Story,
    failures,
    figures,
    line,
    summary,
    timeline,
)

ETHER = 10**18
X = 722


def move(plan: str, step: str, result: str, due: int, by: str, *, late: int = 0, run: int = 0) -> Move:
    return Move(plan, run, step, result, due, due + late, by, 10**15, "0x01")


GOOD = Story(
    moves=(
        move(TREASURY, "payroll", "done", X, "ada"),
        move(TREASURY, "vest", "done", X, "bo"),
        move(TREASURY, "appoint", "done", X, "cleo"),
        move(TREASURY, "grant", "done", X, "cleo"),
        move(SALARY, "salary", "done", X + 4, "bo", late=3),
        move(BRANCH, "raise", "skipped", X + 6, "bo"),
        move(BRANCH, "settle", "done", X + 7, "cleo"),
        move(BRANCH, "record", "done", X + 8, "bo"),
        move(ROLLBACK, "admit", "done", X + 8, "bo"),
        move(ROLLBACK, "raise", "done", X + 9, "cleo", late=2),
        move(SALARY, "salary", "done", X + 13, "bo", run=1),
        move(ROLLBACK, "paid", "failed", X + 22, "cleo"),
        move(SALARY, "salary", "done", X + 22, "bo", run=2),
        move(ROLLBACK, "raise", "undone", X + 23, "bo"),
        move(ROLLBACK, "admit", "undone", X + 24, "bo"),
        move(ROLLBACK, "record", "done", X + 25, "cleo"),
    ),
    calls=(
        CalledFor("alice's tokens", "payroll", 0, 1_200 * ETHER, 1_200 * ETHER),
        CalledFor("bob's tokens", "payroll", 5, 805, 800),
        CalledFor("carol's tokens", "grant", 0, 500, 500),
        CalledFor("the vesting wallet's coin", "vest", 0, 3, 3),
        CalledFor("whether the steward may pay", "appoint", 0, 1, 1),
    ),
    kill=Kill("ada", -9, "0x02", has_receipt=False, plan=SALARY, run=0, step="salary"),
    estimate_wei=4 * 10**15,
    credited_wei=16 * 10**15,
    seconds=58,
)


def without(plan: str, step: str, result: str) -> Callable[[Story], Story]:
    return lambda story: changed(story, lambda m: [] if (m.plan, m.step, m.result) == (plan, step, result) else [m])


def changed(story: Story, change: Callable[[Move], list[Move]]) -> Story:
    moves = tuple(new for old in story.moves for new in change(old))
    return replace(story, moves=moves, credited_wei=sum(m.paid_wei for m in moves))


def killed(**fields: object) -> Callable[[Story], Story]:
    return lambda story: replace(story, kill=replace(story.kill, **fields) if story.kill and fields else None)


def test_the_line_is_exactly_this() -> None:
    assert failures(GOOD) == ()
    assert line(GOOD) == (
        "demo ok: calls=5/5 late_blocks=0 ticks=3 undone=2 killed=1 keepers_paid_wei=16000000000000000 seconds=58"
    )


@pytest.mark.parametrize("index", range(5))
def test_each_call_counts(index: int) -> None:
    call = GOOD.calls[index]
    broken = replace(GOOD, calls=(*GOOD.calls[:index], replace(call, after=call.after - 1), *GOOD.calls[index + 1 :]))
    assert figures(broken).calls == 4
    assert line(broken).startswith(f"demo failed: {call.what}: ")
    assert "calls=4/5" in line(broken)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without(TREASURY, "payroll", "done"), "alice's tokens: its step payroll did not run"),
        (lambda s: replace(s, calls=s.calls[:4]), "4 calls were looked at"),
        (lambda s: changed(s, lambda m: [replace(m, block=X + 1) if m.step == "vest" else m]), "ran 1 blocks late"),
        (
            lambda s: changed(s, lambda m: [replace(m, due=X - 1) if m.step == "vest" else m]),
            "due in one block",
        ),
        (lambda s: changed(s, lambda m: [replace(m, by="bo") if m.plan == TREASURY else m]), "fewer than 2 keepers"),
        (lambda s: changed(s, lambda m: [] if m.run == 2 else [m]), "2 ticks, not 3"),
        (without(BRANCH, "settle", "done"), "the branch went"),
        (lambda s: changed(s, lambda m: [replace(m, result="done") if m.step == "raise" else m]), "the branch went"),
        (without(ROLLBACK, "admit", "undone"), "the roll-back went"),
        (lambda s: replace(s, moves=(*s.moves[:13], s.moves[14], s.moves[13], s.moves[15])), "the roll-back went"),
        (killed(), "no keeper was killed"),
        (killed(exit_code=0), "ada ended with 0, not by SIGKILL"),
        (killed(has_receipt=True), "ada was killed too late"),
        (killed(keeper="bo"), "nobody else finished salary"),
        (lambda s: replace(s, credited_wei=s.credited_wei - 1), "keepers got"),
        (lambda s: replace(s, estimate_wei=s.estimate_wei * 106 // 100), "was estimated at"),
        (lambda s: replace(s, estimate_wei=s.estimate_wei * 94 // 100), "was estimated at"),
        (lambda s: replace(s, moves=(), credited_wei=0), "its step payroll did not run"),
    ],
)
def test_everything_can_turn_it_red(change: Callable[[Story], Story], said: str) -> None:
    broken = line(change(GOOD))
    assert broken.startswith("demo failed: ")
    assert said in broken


def test_five_percent_off_is_near_enough() -> None:
    assert failures(replace(GOOD, estimate_wei=42 * 10**14)) == ()
    assert failures(replace(GOOD, estimate_wei=38 * 10**14)) == ()


def test_people_see_when_it_was_due_who_ran_it_and_what_it_paid() -> None:
    rows = timeline(GOOD)
    assert rows[0] == (str(X), str(X), "treasury", "payroll", "done", "ada", "0.001000")
    assert rows[4] == (str(X + 4), f"{X + 7} (+3)", "recurring #1", "salary", "done", "bo", "0.001000")
    said = summary(GOOD)
    assert "alice's tokens: 0 -> 1200" in said
    assert "ada was killed over recurring.salary; bo finished it" in said
    assert said[-1] == "treasury: estimated 0.004000 ether, paid 0.004000 (+0.0%)"
