"""Whatever is in the file: a plan, or a list of problems with places. Never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keeper.plans.load import load_plan, read_plan
from keeper.plans.problems import PlanErrors
from keeper.wire.errors import BadInput
from tests.unit.plans.samples import compiled, plan_text

GOOD = plan_text(
    "{id: a, call: 'pool.open(usdc.balanceOf(account))', value: 1 ether, undo: {call: pool.close(), within: 1d}}",
    "{id: b, if: [pool.feed().answer > -3], calls: [pool.receive(), {call: pool.close()}], on_miss: skip}",
    "{id: c, needs: [a, b], wait: 1h, when: pool.feed().updatedAt >= now - 1h, call: pool.pair(uint8 7)}",
    finals=("{id: z, call: pool.close(), from: 1h, premium: 1..2 gwei over 5m}",),
    extra="values: {team: dao.example, window: 7d}\nevery: month\nruns: 3\n",
)


def told(text: str) -> tuple[str, ...]:
    """The report's lines; none for a plan that compiles."""
    try:
        compiled(text)
    except PlanErrors as errors:
        return tuple(str(errors).splitlines())
    return ()


def assert_report(lines: tuple[str, ...]) -> None:
    for line in lines:
        name, row, column, rest = line.split(":", 3)
        assert name == "plan.yaml"
        assert int(row) >= 1
        assert int(column) >= 1
        assert "; " in rest
        assert line.isprintable()


def test_the_good_file_is_good() -> None:
    assert told(GOOD) == ()


@settings(max_examples=200)
@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda data: data.decode("latin-1")))
@example("%YAML 9.9\n---\na")
@example('a: "\\ud800"')
@example('"\\U99999999"')
@example("? [a]\n: b")
@example("a: *a")
@example("[" * 3_000)
@example("{" * 3_000)
@example("a:\n" + "".join(" " * i + f"k{i}:\n" for i in range(1, 200)))
def test_any_text(text: str) -> None:
    assert_report(told(text))


@settings(max_examples=150)
@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 6),
    st.text(max_size=4) | st.sampled_from(["\t", ":", "- ", "{", "}", "0", "é"]),
)
def test_any_small_damage_to_a_good_file(at: int, cut: int, put: str) -> None:
    assert_report(told(GOOD[:at] + put + GOOD[at + cut :]))


@settings(max_examples=100)
@given(st.integers(0, GOOD.count("\n") - 1), st.text(max_size=20))
def test_any_value_behind_a_key(row: int, value: str) -> None:
    lines = GOOD.split("\n")
    key, colon, _ = lines[row].partition(":")
    lines[row] = f"{key}{colon} {value}"
    assert_report(told("\n".join(lines)))


def test_values_are_text_until_the_key_decides() -> None:
    text = plan_text("{id: a, call: pool.close(), note: yes}", extra="about: 0x10\n").replace(
        "name: sample", "name: 1e3"
    )
    plan = load_plan(text, "plan.yaml")
    assert (plan.name, plan.about, plan.steps[0].note) == ("1e3", "0x10", "yes")


def test_all_problems_of_a_file_come_at_once_in_order() -> None:
    bad = GOOD.replace("within: 7d\n", "within: 7\n").replace("pool.close(), within: 1d", "pool.clos(), within: x")
    bad = bad.replace("wait: 1h", "wait: 1x")
    with pytest.raises(PlanErrors) as caught:
        load_plan(bad, "plan.yaml")
    rows = [problem.pos.line for problem in caught.value.problems]
    assert rows == sorted(rows)
    assert len(rows) == 3


def test_errors_carry_their_fields_for_scripts() -> None:
    with pytest.raises(PlanErrors) as caught:
        load_plan("conductor: 1\n", "plan.yaml")
    found = caught.value.as_dict()
    assert caught.value.exit_code == 2
    assert found["error"] == "PlanErrors"
    assert {"line", "column", "message", "remedy"} == set(found["problems"][0])


def test_sets_override_values_and_only_those() -> None:
    plan = load_plan(GOOD, "plan.yaml", {"window": "2d"})
    assert plan.values["window"].text == "2d"
    with pytest.raises(PlanErrors, match="`--set` names `windows`, which is no value here; did you mean `window`"):
        load_plan(GOOD, "plan.yaml", {"windows": "2d"})


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe", "not UTF-8"), (None, "cannot read")])
def test_unreadable_files(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "plan.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_plan(path)


def test_positions_are_of_the_authors_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(GOOD.replace("pool.pair(uint8 7)", "pool.pair(uint8 x)"))
    with pytest.raises(PlanErrors) as caught:
        compiled(path.read_text())
    [problem] = caught.value.problems
    line = path.read_text().splitlines()[problem.pos.line - 1]
    assert line[problem.pos.column - 1 :].startswith("x)")
