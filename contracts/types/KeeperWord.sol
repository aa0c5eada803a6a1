// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice All that the chain keeps of a keeper's hot key, in one word (high bits first):
///
///     | credit 64 | moves 40 | last 40 | seat + 1 16 | fromS 24 | untilS 24 | fromB 24 | untilB 24 |
///
/// Credit in gwei; `moves` counts paid work; `last` is the time of the last that it did itself, in unix seconds; the seat is active in epochs
/// [from, until) of the seconds clock and of the blocks clock.
type KeeperWord is uint256;

using {creditGwei, moves, lastAt, seatPlusOne, worked, credited, isActive, withCredit, withLast, withSeat} for KeeperWord global;

uint256 constant CREDIT = 192;
uint256 constant MOVES = 152;
uint256 constant LAST = 112;
uint256 constant SEAT = 96;
uint256 constant MAX40 = type(uint40).max;

function creditGwei(KeeperWord w) pure returns (uint256) {
    return KeeperWord.unwrap(w) >> CREDIT;
}

function moves(KeeperWord w) pure returns (uint256) {
    return KeeperWord.unwrap(w) >> MOVES & MAX40;
}

function lastAt(KeeperWord w) pure returns (uint256) {
    return KeeperWord.unwrap(w) >> LAST & MAX40;
}

function seatPlusOne(KeeperWord w) pure returns (uint256) {
    return KeeperWord.unwrap(w) >> SEAT & type(uint16).max;
}

/// @dev One more paid move, at `at`. The count makes the word differ from before the transaction, so that every later write of it
/// costs the same.
function worked(KeeperWord w, uint256 time) pure returns (KeeperWord) {
    uint256 u = KeeperWord.unwrap(w);
    // 2^40 moves would take longer than the chain lasts.
    unchecked {
        return KeeperWord.wrap(u + (1 << MOVES) & ~(MAX40 << LAST) | (time & MAX40) << LAST);
    }
}

/// @dev `gwei_` comes out of deposits, of which there are less than 2^64 gwei on any chain.
function credited(KeeperWord w, uint256 gwei_) pure returns (KeeperWord) {
    unchecked {
        return KeeperWord.wrap(KeeperWord.unwrap(w) + (gwei_ << CREDIT));
    }
}

function withCredit(KeeperWord w, uint256 gwei_) pure returns (KeeperWord) {
    return KeeperWord.wrap(KeeperWord.unwrap(w) & (1 << CREDIT) - 1 | gwei_ << CREDIT);
}

function withLast(KeeperWord w, uint256 time) pure returns (KeeperWord) {
    return KeeperWord.wrap(KeeperWord.unwrap(w) & ~(MAX40 << LAST) | (time & MAX40) << LAST);
}

/// @dev The low 112 bits: seat and dates.
function withSeat(KeeperWord w, uint256 seatAndDates) pure returns (KeeperWord) {
    return KeeperWord.wrap(KeeperWord.unwrap(w) & ~((1 << LAST) - 1) | seatAndDates);
}

/// @dev Whether the keeper has a seat that is active in an epoch of the given clock. Without a seat both dates are zero.
function isActive(KeeperWord w, bool inSeconds, uint256 epoch) pure returns (bool) {
    uint256 dates = KeeperWord.unwrap(w) >> (inSeconds ? 48 : 0);
    uint256 from = dates >> 24 & type(uint24).max;
    // A seat's `until` is never before its `from`; an epoch before `from` wraps beyond every length.
    unchecked {
        return epoch - from < (dates & type(uint24).max) - from;
    }
}
