"""A plan turned back into a file compiles to the same plan; so does any valid plan drawn at random."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.plans.abisets import abi_set
from keeper.plans.compile import Compiled, compile_plan
from keeper.plans.load import load_plan
from keeper.plans.lock import parse_lock
from keeper.plans.new import new_plan, plan_from_safe
from keeper.plans.problems import PlanErrors
from keeper.plans.render import source_of
from keeper.plans.show import Source, show
from keeper.wire.codec import decode_header, decode_step
from keeper.wire.types import Call, Join
from tests.unit.plans.judge import LOCK
from tests.unit.plans.random_plans import plans
from tests.unit.plans.samples import compiled, plan_text

FULL = plan_text(
    "{id: a, call: 'pool.open(usdc.balanceOf(account))', value: 1 ether,"
    " undo: {call: pool.close(), within: 1d, premium: 3 gwei}}",
    "{id: b, if: ['pool.feed().answer > -3', pool.feed().updatedAt >= now - 1h], call: pool.close()}",
    "{id: c, unless: b, on_miss: skip,"
    " calls: ['pool.many([(usdc, [1, usdc.decimals()])], \"x\", 0x12)', pool.receive()]}",
    "{id: d, needs_any: [a, c], wait: 1h, call: pool.pair(uint8 7), premium: 1..2 gwei over 5m, gas: 40_000}",
    "{id: e, when: pool.feed().tail.who == dao.example, call: pool.pair(account), value: 0}",
    finals=("{id: z, call: pool.fallback(0x1234), within: 2d, from: 1h}",),
    extra="every: month\nruns: 3\non_abort: next\nguardian: dao.example\n",
)


def again(plan: Compiled, source: Source) -> None:
    """From the bytes on the chain alone, beside what `source` knows."""
    header = decode_header(plan.header_bytes)
    steps = tuple(decode_step(step, header.undoable) for step in plan.step_bytes)
    shown = show(header, steps, source)
    assert shown.doubt == ""
    assert shown.lock is not None
    lock = parse_lock(shown.lock.as_json(), "lock")
    assert compile_plan(load_plan(shown.text, "shown.yaml"), lock).plan_id == plan.plan_id


def test_a_full_plan_comes_back_readable() -> None:
    plan = compiled(FULL)
    source = source_of(plan)
    again(plan, source)
    text = show(plan.header, plan.steps, source).text
    for words in (
        "pool.open(usdc.balanceOf(account))",
        "pool.feed().0 > -3",
        "pool.feed().1 >= now - 1h",
        "needs_any: [a, c]",
        "wait: 1h",
        "every: 1 months",
        "on_miss: skip",
    ):
        assert words in text


def test_a_plan_of_strangers_comes_back_in_raw_bytes() -> None:
    plan = compiled(FULL)
    bare = Source(chain_id=1, scheduler=plan.scheduler, facts=plan.facts, account=plan.account)
    again(plan, bare)


def test_a_hidden_plan_needs_its_seed() -> None:
    plan = compiled(
        plan_text("{id: a, call: pool.close()}", extra="publish: hidden\n"), replace(LOCK, seed="0x" + "ab" * 32)
    )
    again(plan, source_of(plan))
    blind = replace(source_of(plan), seed=None)
    assert "seed" in show(plan.header, plan.steps, blind).doubt


@pytest.mark.parametrize(
    "change",
    [
        {"closes": 1, "opens": 2},
        {"since": 0b1, "needs": 0b11},
        {"fee_min_gwei": 1, "fee_max_gwei": 2, "ramp": 0},
        {"tokens": 1},
        {"skip_if_false": True},
    ],
)
def test_what_the_notation_cannot_say_is_said_so(change: dict[str, Any]) -> None:
    plan = compiled(
        plan_text("{id: a, call: pool.close()}", "{id: b, call: pool.close()}", "{id: c, call: pool.close()}")
    )
    odd = (*plan.steps[:2], replace(plan.steps[2], **change))
    assert show(plan.header, odd, source_of(plan)).doubt


# ---------------------------------------------------------------------- random plans


RANDOM_LOCK = replace(LOCK, schedule_by=1_900_000_000, seed="0x" + "cd" * 32)


def test_random_plans_come_back() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=50, deadline=None)
    @given(plans(), st.booleans())
    def each(text: str, knows_names: bool) -> None:
        try:
            plan = compiled(text, RANDOM_LOCK)
        except PlanErrors as errors:  # chance may read too much, or close too early; nothing else
            seen["refused"] += 1
            told = {problem.message for problem in errors.problems}
            assert all(re.search("reads|closes before|shorter than", one) for one in told), told
            return
        seen["compiled"] += 1
        source = source_of(plan)
        again(plan, source if knows_names else replace(source, aliases=None, interfaces=None, names=()))

    each()
    assert seen["compiled"] >= 15, seen


def test_forms_load() -> None:
    assert load_plan(new_plan("pay day: 5"), "new.yaml").name == "pay day: 5"


def test_a_safe_batch_becomes_steps() -> None:
    transfer = next(f for f in abi_set("erc20") if f.name == "transfer")
    batch = """{"version": "1.0", "chainId": "1",
      "meta": {"createdFromSafeAddress": "0x00000000000000000000000000000000000000AA"},
      "transactions": [
        {"to": "0x00000000000000000000000000000000000000b1", "value": "5", "data": "0x"},
        {"to": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "value": "0", "data": null,
         "contractMethod": {"name": "transfer", "payable": false,
           "inputs": [{"name": "to", "type": "address"}, {"name": "amount", "type": "uint256"}]},
         "contractInputsValues": {"to": "0x00000000000000000000000000000000000000b2", "amount": "77"}}]}"""
    text = plan_from_safe(batch, "from safe").replace("at: +1d ", "at: 2027-02-01 15:00 UTC ")
    plan = compiled(text)
    assert plan.steps[0].calls == (Call(plan.steps[0].calls[0].target, 5, b""),)
    assert plan.steps[1].calls[0].data == transfer.selector + bytes(31) + b"\xb2" + (77).to_bytes(32, "big")
    assert plan.steps[1].join == Join.SETTLED
