"""What docs/plans.md shows is a plan, and every key is explained there or in the reference."""

from __future__ import annotations

import re
from dataclasses import replace

from keeper.plans.keys import KINDS, STEP, TOP
from tests.unit.plans.judge import LOCK
from tests.unit.plans.samples import compiled
from tests.unit.plans.test_plans_examples import EXAMPLES

DOCS = EXAMPLES.parent / "docs"
TEXT = (DOCS / "plans.md").read_text("utf-8")


def test_the_example_compiles() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    names = dict.fromkeys(re.findall(r"\w+\.example", block), "0x00000000000000000000000000000000000000AA")
    lock = replace(LOCK, names=names, decimals={"0x00000000000000000000000000000000000000AA": 6})
    plan = compiled(block, lock)
    assert plan.ids == ("unlock", "pay", "close")


def test_every_key_is_in_the_guide() -> None:
    missing = [key.name for key in (*TOP, *STEP) if not key.later and not re.search(rf"\b{key.name}\b", TEXT)]
    assert set(missing) <= {"salt", "about", "note", "id"}


def test_every_kind_of_value_is_in_the_reference() -> None:
    assert {key.kind for key in (*TOP, *STEP)} <= set(KINDS)
