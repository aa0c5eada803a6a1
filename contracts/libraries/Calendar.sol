// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Months in UTC, proleptic Gregorian. Years are counted from March, so that the leap day is the last of the year.
library Calendar {
    /// @dev Days from 0000-03-01 to 1970-01-01.
    uint256 private constant EPOCH = 719_468;
    uint256 private constant FOUR_CENTURIES = 146_097;

    /// @notice `at`, in unix seconds, `months` later: same time of day, the day clamped to the month's last.
    function addMonths(uint256 time, uint256 months) internal pure returns (uint256) {
        (uint256 month, uint256 day) = split(time / 1 days);
        month += months;
        uint256 first = firstDay(month);
        uint256 length = firstDay(month + 1) - first;
        return (first + (day < length ? day : length - 1)) * 1 days + time % 1 days;
    }

    /// @notice Calendar months between the months of two instants.
    function monthsBetween(uint256 a, uint256 b) internal pure returns (uint256) {
        (uint256 from,) = split(a / 1 days);
        (uint256 to,) = split(b / 1 days);
        return to - from;
    }

    /// @notice A day since 1970 as (months since March of year 0, day of that month from 0).
    // slither-disable-next-line divide-before-multiply (calendars round down on purpose)
    function split(uint256 day) internal pure returns (uint256 month, uint256 rest) {
        day += EPOCH;
        uint256 inEra = day % FOUR_CENTURIES;
        // Leap days take themselves out: one in 1,460 days, none in 36,524, one in 146,096.
        uint256 year = (inEra - inEra / 1_460 + inEra / 36_524 - inEra / 146_096) / 365;
        uint256 inYear = inEra - (365 * year + year / 4 - year / 100);
        uint256 inMonths = (5 * inYear + 2) / 153;
        month = (day / FOUR_CENTURIES * 400 + year) * 12 + inMonths;
        rest = inYear - (153 * inMonths + 2) / 5;
    }

    /// @notice The first day, since 1970, of a month counted from March of year 0.
    // slither-disable-next-line divide-before-multiply (calendars round down on purpose)
    function firstDay(uint256 month) internal pure returns (uint256) {
        uint256 year = month / 12;
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month % 12) + 2) / 5 - EPOCH;
    }
}
