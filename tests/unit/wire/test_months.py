"""Calendar months against the standard library, and beyond its years against the calendar's own period."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.wire.months import DAY_S, add_months, months_between
from tests.unit.wire import draws

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOUR_CENTURIES_S = 146_097 * DAY_S


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@draws.quick
@given(st.integers(0, 200_000_000_000), st.integers(0, 12 * 1_600))
def test_months_are_those_of_the_standard_library(at_s: int, months: int) -> None:
    at = EPOCH + timedelta(seconds=at_s)
    year, month = divmod(at.month - 1 + months, 12)
    year += at.year
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    expected = at.replace(year=year, month=month + 1, day=day)
    assert add_months(at_s, months) == (expected - EPOCH) // timedelta(seconds=1)
    assert months_between(at_s, add_months(at_s, months)) == months


@draws.quick
@given(draws.bits(40), st.integers(0, 2**24))
def test_the_calendar_repeats_every_four_centuries(at_s: int, months: int) -> None:
    assert add_months(at_s + FOUR_CENTURIES_S, months) == add_months(at_s, months) + FOUR_CENTURIES_S
    assert add_months(at_s, months + 4_800) == add_months(at_s, months) + FOUR_CENTURIES_S


@pytest.mark.parametrize(
    ("at", "months", "then"),
    [
        ("2027-01-31T15:00:00", 1, "2027-02-28T15:00:00"),
        ("2028-01-31T15:00:00", 1, "2028-02-29T15:00:00"),
        ("2027-01-31T15:00:00", 2, "2027-03-31T15:00:00"),
        ("2027-08-31T23:59:59", 1, "2027-09-30T23:59:59"),
        ("2028-02-29T00:00:00", 12, "2029-02-28T00:00:00"),
        ("2028-02-29T00:00:00", 48, "2032-02-29T00:00:00"),
        ("2096-02-29T00:00:00", 48, "2100-02-28T00:00:00"),
        ("2396-02-29T00:00:00", 48, "2400-02-29T00:00:00"),
        ("2027-12-15T00:00:00", 3, "2028-03-15T00:00:00"),
        ("2027-12-15T00:00:00", 0, "2027-12-15T00:00:00"),
    ],
)
def test_a_day_that_is_not_there_is_the_last_of_the_month(at: str, months: int, then: str) -> None:
    assert add_months(seconds(at), months) == seconds(then)
