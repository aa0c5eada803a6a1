"""Times and amounts as an author writes them. Every parser takes a scalar and gives a frozen value or raises a Flaw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Literal

from keeper.plans.problems import Flaw, Pos, nearest, shown
from keeper.plans.source import Scalar

Clock = Literal["seconds", "blocks"]

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
COIN_UNITS = {"wei": 0, "gwei": 9, "ether": 18}
BLOCKS_A_DAY = 7_200
_INTEGER = re.compile(r"[0-9](_?[0-9])*")
_NUMBER = re.compile(r"(?P<int>[0-9](?:_?[0-9])*)(?:\.(?P<frac>[0-9](?:_?[0-9])*))?(?:e(?P<exp>[0-9]{1,2}))?")
_DURATION = re.compile(r"(?P<n>[0-9](?:_?[0-9])*)\s*(?P<unit>s|m|h|d|w|blocks?|months?)")
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|\S+)?"
)
TIMES = "a time such as `30m`, `7d`, `1w` or `7200 blocks`"


@dataclass(frozen=True, slots=True)
class Duration:
    """`n` seconds, blocks or months; zero belongs to either clock."""

    n: int
    unit: Literal["s", "blocks", "months"]
    pos: Pos

    @property
    def clock(self) -> Clock | None:
        if self.n == 0:
            return None
        return "blocks" if self.unit == "blocks" else "seconds"


@dataclass(frozen=True, slots=True)
class Instant:
    """A unix time, a block number, or an offset from the moment of scheduling."""

    kind: Literal["time", "block", "relative"]
    n: int
    clock: Clock | None
    pos: Pos


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and its unit: a coin unit, or the alias of a token whose decimals count."""

    number: Fraction
    unit: str
    pos: Pos

    @property
    def is_coin(self) -> bool:
        return self.unit in COIN_UNITS

    def scaled(self, decimals: int) -> int:
        """The integer that goes on chain."""
        value = self.number * 10**decimals
        if value.denominator != 1:
            raise Flaw(self.pos, f"more than {decimals} decimals of {self.unit}", "round it")
        return int(value)

    def wei(self) -> int:
        return self.scaled(COIN_UNITS[self.unit])


@dataclass(frozen=True, slots=True)
class Premium:
    """What a keeper earns on top of gas, rising from low to high over `ramp`. Amounts in gwei."""

    low_gwei: int
    high_gwei: int
    ramp: Duration | None
    pos: Pos


def integer(scalar: Scalar, low: int, high: int) -> int:
    text = scalar.text.strip()
    if len(text) > 80 or not _INTEGER.fullmatch(text):
        raise Flaw(scalar.pos, f"{shown(scalar.text)} is not a whole number", f"write a number from {low} to {high:_}")
    value = int(text)
    if not low <= value <= high:
        raise Flaw(scalar.pos, f"{value} is out of range", f"write a number from {low} to {high:_}")
    return value


def choice(scalar: Scalar, allowed: tuple[str, ...]) -> str:
    if scalar.text not in allowed:
        raise Flaw(scalar.pos, f"{shown(scalar.text)} is not a choice here", f"write {' or '.join(allowed)}")
    return scalar.text


def number(text: str) -> Fraction | None:
    """`25_000`, `0.001`, `1e18`; None if the text is no number."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 100:
        return None
    fraction = (match["frac"] or "").replace("_", "")
    digits = int(match["int"].replace("_", "") + fraction)
    return Fraction(digits * 10 ** int(match["exp"] or 0), 10 ** len(fraction))


def duration(scalar: Scalar, *, months: bool = False) -> Duration:
    return _duration(scalar.text, scalar.pos, months=months)


def _duration(text: str, pos: Pos, *, months: bool = False) -> Duration:
    text = text.strip()
    if text == "0":
        return Duration(0, "s", pos)
    if months and text in ("month", "quarter"):
        return Duration(1 if text == "month" else 3, "months", pos)
    match = _DURATION.fullmatch(text)
    if match is None:
        if len(text) <= 80 and _INTEGER.fullmatch(text):
            raise Flaw(
                pos, f"the time {shown(text)} has no unit", f"write `{text}s`, `{text}m`, `{text}d` or `{text} blocks`"
            )
        raise Flaw(pos, f"{shown(text)} is not a length of time", f"write {TIMES}")
    n, unit = int(match["n"].replace("_", "")[:30]), match["unit"]
    if unit.startswith("month"):
        if not months:
            raise Flaw(pos, "months have no fixed length", "count in days here; only `every` takes months")
        value = Duration(n, "months", pos)
    elif unit.startswith("block"):
        value = Duration(n, "blocks", pos)
    else:
        value = Duration(n * SECONDS[unit], "s", pos)
    if value.n >= 1 << 32:
        raise Flaw(pos, f"{shown(text)} is too long", "the wire holds times up to 136 years, or 4 billion blocks")
    return value


def instant(scalar: Scalar) -> Instant:
    text, pos = scalar.text.strip(), scalar.pos
    if text == "now":
        return Instant("relative", 0, None, pos)
    if text.startswith("+"):
        offset = _duration(text[1:], pos)
        return Instant("relative", offset.n, offset.clock, pos)
    block = re.fullmatch(r"block\s+([0-9](?:_?[0-9])*)", text)
    if block is not None:
        n = int(block[1].replace("_", "")[:30])
        return Instant("block", _in_40_bits(n, pos), "blocks", pos)
    match = _INSTANT.fullmatch(text)
    if match is None:
        example = "`2027-02-01 15:00 UTC`, `block 23_500_000`, `now` or `+2d`"
        raise Flaw(pos, f"{shown(text)} is not a moment", f"write one such as {example}")
    return Instant("time", _in_40_bits(_unix(match, text, pos), pos), "seconds", pos)


def _unix(match: re.Match[str], text: str, pos: Pos) -> int:
    zone_text = match["zone"]
    if zone_text is None:
        raise Flaw(pos, f"the moment {shown(text)} has no zone", f"write `{text} UTC` or an offset such as +02:00")
    if match[4] is None:
        raise Flaw(pos, f"the moment {shown(text)} has no time of day", f"write `{text[:10]} 00:00 UTC`")
    if zone_text in ("Z", "UTC"):
        zone = UTC
    elif zone_text[0] in "+-" and zone_text[-4:].replace(":", "").isdigit():
        sign = -1 if zone_text[0] == "-" else 1
        offset = timedelta(hours=int(zone_text[1:3]), minutes=int(zone_text[-2:]))
        if offset >= timedelta(hours=24):
            raise Flaw(pos, f"the zone {shown(zone_text)} is no offset", "write an offset such as +02:00")
        zone = timezone(sign * offset)
    else:
        raise Flaw(pos, f"the zone {shown(zone_text)} changes by law", "write UTC or an offset such as +02:00")
    try:
        parts = [int(match[i] or 0) for i in range(1, 7)]
        moment = datetime(*parts[:3], *parts[3:], tzinfo=zone)  # type: ignore[misc, arg-type]  # six ints, by the pattern
    except ValueError as error:
        raise Flaw(pos, f"{shown(text)} is no date: {error}", "mend the date") from None
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _in_40_bits(n: int, pos: Pos) -> int:
    if not 0 <= n < 1 << 40:
        raise Flaw(pos, "the moment is out of range", "write one from 1970 on that fits in 40 bits")
    return n


def amount(scalar: Scalar, *, coin: bool = False) -> Amount:
    """`0.2 ether`, `25_000 usdc`; with `coin` only wei, gwei and ether."""
    text = scalar.text.strip()
    parts = text.split()
    value = number(parts[0]) if parts else None
    if value is None or len(parts) > 2:
        raise Flaw(scalar.pos, f"{shown(text)} is not an amount", "write a number and a unit, such as `0.2 ether`")
    if len(parts) == 1:
        if value == 0:
            return Amount(value, "wei", scalar.pos)
        raise Flaw(
            scalar.pos, f"the amount {shown(text)} has no unit", f"write `{text} ether`, `{text} gwei` or `{text} wei`"
        )
    if coin and parts[1] not in COIN_UNITS:
        remedy = nearest(parts[1], COIN_UNITS, "write ether, gwei or wei")
        raise Flaw(scalar.pos, f"{shown(parts[1])} is not a unit of the chain's coin", remedy)
    return Amount(value, parts[1], scalar.pos)


def gwei(value: Amount, high: int, what: str) -> int:
    """The amount in whole gwei, at most `high`."""
    wei = value.wei()
    if wei % 10**9:
        raise Flaw(value.pos, f"{what} of {wei} wei is not in whole gwei", "round it to gwei")
    if wei // 10**9 > high:
        raise Flaw(value.pos, f"{what} is too large", f"write at most {high:_} gwei")
    return wei // 10**9


def premium(scalar: Scalar) -> Premium:
    """`0.001..0.01 ether over 10m`, or one amount that does not rise."""
    form = "`0.001..0.01 ether over 10m`"
    body, over, ramp_text = scalar.text.strip().partition(" over ")
    low_text, dots, rest = body.partition("..")
    high = amount(Scalar(rest if dots else body, scalar.pos), coin=True)
    low = amount(Scalar(f"{low_text.strip()} {high.unit}", scalar.pos), coin=True) if dots else high
    if bool(dots) != bool(over):
        raise Flaw(scalar.pos, f"the premium {shown(scalar.text)} is only half said", f"write {form}, or one amount")
    ramp = _duration(ramp_text, scalar.pos) if over else None
    if ramp is not None and not 0 < ramp.n < 1 << 24:
        raise Flaw(scalar.pos, "the premium's ramp is out of range", "write a time above zero and below 194 days")
    low_gwei, high_gwei = gwei(low, (1 << 40) - 1, "a premium"), gwei(high, (1 << 40) - 1, "a premium")
    if low_gwei > high_gwei:
        raise Flaw(scalar.pos, "the premium falls", f"write the lower amount first, as in {form}")
    return Premium(low_gwei, high_gwei, ramp, scalar.pos)
