"""The benchmark's table cannot show what was not measured, nor hide a missed goal."""

from __future__ import annotations

import pytest

from bench.figures import LIMIT, OURS, Figures, NotMeasured
from bench.rows import ROWS, Row, at_most


def figures(**of: float) -> Figures:
    taken = Figures()
    for who, gas in of.items():
        taken.put("case", {"ours": OURS, "limit": LIMIT}.get(who, who), gas)
    return taken


def test_a_row_counts_over_the_limit() -> None:
    row = Row("what", "case", ("peer",), (at_most(10),), over=True)
    assert row.measured(figures(ours=110, limit=100, peer=130)) == {
        "what": "what",
        "ours": 10,
        "peers": {"peer": 30},
        "limit": 0,
        "goals": [{"goal": "<= 10", "met": True}],
    }


def test_a_missed_goal_is_said() -> None:
    row = Row("what", "case", goals=(at_most(109),))
    assert row.measured(figures(ours=110, limit=100))["goals"] == [{"goal": "<= 109", "met": False}]


@pytest.mark.parametrize("missing", ["ours", "limit", "peer"])
def test_a_figure_that_was_not_measured_is_an_error(missing: str) -> None:
    taken = {"ours": 110.0, "limit": 100.0, "peer": 130.0}
    del taken[missing]
    with pytest.raises(NotMeasured, match="case"):
        Row("what", "case", ("peer",)).measured(figures(**taken))


def test_nothing_is_measured_twice() -> None:
    taken = figures(ours=1)
    with pytest.raises(ValueError, match="twice"):
        taken.put("case", OURS, 2)


def test_rows_have_names_of_their_own() -> None:
    names = [row.what for row in ROWS]
    assert len(names) == len(set(names)) > 10
