"""Calendar months in UTC, proleptic Gregorian, for any time that a plan can name (beyond what `datetime` knows)."""

from __future__ import annotations

DAY_S = 86_400


def add_months(at_s: int, months: int) -> int:
    """`at_s`, in unix seconds, so many months later: same time of day, the day clamped to the month's last."""
    day, time_of_day_s = divmod(at_s, DAY_S)
    month, day_of_month = _split(day)
    month += months
    last = _first_day(month + 1) - _first_day(month) - 1
    return (_first_day(month) + min(day_of_month, last)) * DAY_S + time_of_day_s


def months_between(a_s: int, b_s: int) -> int:
    """From the month of one instant to the month of another, whatever their days."""
    return _split(b_s // DAY_S)[0] - _split(a_s // DAY_S)[0]


def _first_day(month: int) -> int:
    """Days from 1970-01-01 to the first of `month`, counted from March of year 0: such years end with leap days."""
    year, month_of_year = divmod(month, 12)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month_of_year + 2) // 5 - 719_468


def _split(day: int) -> tuple[int, int]:
    """A day since 1970-01-01 as (month counted from March of year 0, day of that month from 0)."""
    month = (day + 719_468) * 4_800 // 146_097 + 1  # 400 years have 4,800 months and 146,097 days; at most two too late
    while _first_day(month) > day:
        month -= 1
    return month, day - _first_day(month)
