"""Defaults and derived parts of a plan: clock, masks, windows, stamps, length, dependents, undo, premiums."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from keeper.plans.compile import compile_plan
from keeper.plans.load import load_plan
from keeper.plans.problems import PlanErrors
from keeper.wire.hashing import account_address, plan_id, root, root_of
from keeper.wire.types import Address, Join
from tests.unit.plans.judge import LOCK
from tests.unit.plans.samples import TIMES, compiled, measured, plan_text

DAY = 86_400
START = 1_801_494_000  # 2027-02-01 15:00 UTC
OWNER = Address(bytes(19) + b"\xaa")


def test_header_has_the_tables_defaults() -> None:
    plan = compiled(plan_text("{id: a, call: pool.close()}"))
    header = plan.header
    entry = header.chains[0]
    assert header.seconds_clock
    assert not header.relative_start
    assert (header.start, header.schedule_by, header.length) == (START, START + 30 * DAY, 7 * DAY)
    assert (header.forward, header.finals, header.runs, header.interval) == (1, 0, 1, 0)
    assert header.stop_on_abort
    assert header.salt == keccak(text="sample")[:8]
    assert (entry.chain_id, entry.mask, entry.owner) == (1, 1, OWNER)
    assert (entry.cap_wei, entry.poke_fee_gwei) == (40 * 10**9, 10**6)
    assert entry.factory == bytes(20)


def test_identity_is_header_and_root() -> None:
    plan = compiled(
        plan_text("{id: a, call: pool.close()}", "{id: b, call: pool.close()}", "{id: c, call: pool.close()}")
    )
    assert plan.plan_id == plan_id(plan.header_bytes, root(plan.step_bytes))
    assert plan.lock.plan_id == f"0x{plan.plan_id.hex()}"
    for index, step in enumerate(plan.step_bytes):
        assert root_of(step, plan.proof(index)) == plan.root
    assert plan.account == account_address(plan.scheduler, OWNER)


def test_each_step_comes_after_the_one_above_and_finally_starts_anew() -> None:
    plan = compiled(
        plan_text(
            "{id: a, call: pool.close()}",
            "{id: b, call: pool.close()}",
            "{id: c, after: [], call: pool.close()}",
            "{id: d, needs: [a, b], call: pool.close()}",
            "{id: e, needs_any: [a, c], call: pool.close()}",
            "{id: f, unless: d, call: pool.close()}",
            finals=("{id: y, call: pool.close()}", "{id: z, call: pool.close()}"),
        )
    )
    assert [step.needs for step in plan.steps] == [0, 1, 0, 0b11, 0b101, 0b1000, 0, 0b1000000]
    assert [step.join for step in plan.steps] == [
        Join.ALL_DONE, Join.SETTLED, Join.ALL_DONE, Join.ALL_DONE,
        Join.ANY_DONE, Join.NONE_DONE, Join.ALL_DONE, Join.SETTLED,
    ]  # fmt: skip
    assert (plan.header.forward, plan.header.finals) == (6, 2)


def test_dependents_are_transitive_by_any_join_and_forward_only() -> None:
    plan = compiled(
        plan_text(
            "{id: a, call: pool.close(), undo: pool.close()}",
            "{id: b, unless: a, call: pool.close(), undo: pool.close()}",
            "{id: c, needs_any: b, call: pool.close(), undo: pool.close()}",
            "{id: d, after: [], call: pool.close(), undo: pool.close()}",
            finals=("{id: z, needs: a, call: pool.close()}",),
        )
    )
    assert [step.undo.dependents if step.undo else None for step in plan.steps] == [0b110, 0b100, 0, 0, None]
    assert plan.header.undoable == 0b1111


def test_windows_count_from_the_start_or_from_what_comes_before() -> None:
    plan = compiled(
        plan_text(
            "{id: a, call: pool.close()}",
            "{id: b, from: 1d, call: pool.close()}",
            "{id: c, within: 2d, call: pool.close()}",
            "{id: d, wait: 0, call: pool.close()}",
            "{id: e, needs: [a, d], wait: 1h, within: 1d, call: pool.close()}",
            finals=("{id: z, within: 2d, call: pool.close()}",),
        )
    )
    assert [(s.opens, s.closes, s.since) for s in plan.steps] == [
        (0, 7 * DAY, 0),
        (DAY, 8 * DAY, 0),
        (0, 2 * DAY, 0),
        (0, 7 * DAY, 0b100),
        (3_600, 3_600 + DAY, 0b1001),
        (0, 2 * DAY, 0),
    ]
    assert plan.header.stamped == 0b1101
    # b is settled by day 8, and so is c, which cannot lapse before b; d a week later; e a day and an hour on
    assert plan.header.length == 8 * DAY + 7 * DAY + DAY + 3_600


@pytest.mark.parametrize(
    ("steps", "length"),
    [
        (("{id: a, call: pool.close(), undo: {call: pool.close(), within: 30d}}",), 30 * DAY),
        (("{id: a, call: pool.close(), within: 1d}",), DAY),
    ],
)
def test_length_covers_undo_windows(steps: tuple[str, ...], length: int) -> None:
    assert compiled(plan_text(*steps)).header.length == length


def test_blocks_clock_is_derived() -> None:
    times = """at: block 23_500_000
within: 100 blocks
pay: {deposit: 1 gwei, premium: 1..2 gwei over 5 blocks, max_gas_price: 1 gwei}
"""
    plan = compiled(plan_text("{id: a, call: pool.close()}", times=times))
    assert not plan.header.seconds_clock
    assert (plan.header.start, plan.header.schedule_by) == (23_500_000, 23_500_000 + 30 * 7_200)
    assert (plan.steps[0].closes, plan.steps[0].ramp) == (100, 5)


def test_relative_start_pins_the_latest_moment() -> None:
    text = plan_text("{id: a, call: pool.close()}", times=TIMES.replace("2027-02-01 15:00 UTC", "+2d"))
    with pytest.raises(PlanErrors, match="`schedule_by` counts from now"):
        compiled(text)
    plan = compiled(text, replace(LOCK, schedule_by=1_900_000_000))
    assert plan.header.relative_start
    assert (plan.header.start, plan.header.schedule_by) == (2 * DAY, 1_900_000_000)


@pytest.mark.parametrize(
    ("every", "interval", "monthly"),
    [("1w", 7 * DAY, False), ("month", 1, True), ("quarter", 3, True), ("6 months", 6, True)],
)
def test_recurrence(every: str, interval: int, monthly: bool) -> None:
    header = compiled(
        plan_text("{id: a, call: pool.close()}", extra=f"every: {every}\nruns: 4\non_abort: next\n")
    ).header
    assert (header.interval, header.monthly, header.runs, header.stop_on_abort) == (interval, monthly, 4, False)


def test_premiums_gas_and_lapse_of_a_step_of_its_own() -> None:
    plan = compiled(
        plan_text(
            "{id: a, call: pool.close(), gas: 77_000, on_miss: skip, premium: 5 gwei}",
            "{id: b, call: pool.close(),"
            " undo: {call: pool.close(), gas: 88_000, within: 1d, premium: 7..9 gwei over 10m}}",
        )
    )
    a, b = plan.steps
    assert (a.gas_limit, a.fee_min_gwei, a.fee_max_gwei, a.ramp) == (77_000, 5, 5, 0)
    assert plan.header.optional == 1
    assert b.undo is not None
    assert (b.undo.gas_limit, b.undo.window, b.undo.fee_min_gwei, b.undo.fee_max_gwei) == (88_000, DAY, 7, 9)
    assert (b.fee_min_gwei, b.fee_max_gwei, b.ramp) == (10**6, 10**7, 600)


def test_hidden_leaves_are_salted_from_the_locks_seed() -> None:
    text = plan_text("{id: a, call: pool.close()}", "{id: b, call: pool.close()}", extra="publish: hidden\n")
    with pytest.raises(PlanErrors, match="seed"):
        compiled(text)
    one = compiled(text, replace(LOCK, seed="0x" + "11" * 32))
    two = compiled(text, replace(LOCK, seed="0x" + "22" * 32))
    assert one.plan_id != two.plan_id
    assert one.body == b""
    assert len({step.salt for step in one.steps + two.steps}) == 4


def test_gas_is_taken_only_for_the_very_calls_that_were_measured() -> None:
    lock = measured(plan_text("{id: a, call: pool.open(1)}"))
    compile_plan(load_plan(plan_text("{id: a, call: pool.open(1)}"), "p"), lock)
    with pytest.raises(PlanErrors, match="the gas of `a` is not in the lock"):
        compile_plan(load_plan(plan_text("{id: a, call: pool.open(2)}"), "p"), lock)


def test_values_are_pinned_and_change_the_plan() -> None:
    text = plan_text("{id: a, call: pool.open(budget)}", extra="values: {budget: 5 usdc}\n")
    plain = compiled(text)
    more = compiled(text, replace(LOCK, values={"budget": "6 usdc"}))
    assert plain.plan_id != more.plan_id
    assert more.lock.values == {"budget": "6 usdc"}
    assert more.steps[0].calls[0].data[4:] == (6_000_000).to_bytes(32, "big")


def test_note_and_about_are_never_hashed() -> None:
    plain = plan_text("{id: a, call: pool.close()}")
    noted = plan_text("{id: a, call: pool.close(), note: hello}", extra="about: words\nnote: more\n")
    assert compiled(plain).plan_id == compiled(noted).plan_id
