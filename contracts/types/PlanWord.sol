// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Status, Value} from "./PlanTypes.sol";

/// @notice All that the chain keeps of a plan, in one word (high bits first):
///
///     | lo 32 | mid 32 | hi 32 | status 8 | run 24 | move 24 | changed 40 | deposit 64 |
///
/// Step i's value is lo[i] + 2 mid[i] + 4 hi[i]: Pending, Done, Skipped, Failed, Undone, UndoFailed. Status: low three bits
/// the `Status`, bit 3 cancelled. Deposit in gwei. `changed` in the plan's clock.
type PlanWord is uint256;

using {
    settled,
    done,
    failed,
    undone,
    valueOf,
    status,
    stands,
    cancelled,
    runNumber,
    move,
    changedAt,
    depositGwei,
    withValue,
    withPlanes,
    withStatus,
    withCancelled,
    withChanged,
    withDeposit,
    moved,
    spent,
    withTally,
    nextRun
} for PlanWord global;

uint256 constant LO = 224;
uint256 constant MID = 192;
uint256 constant HI = 160;
uint256 constant STATUS = 152;
uint256 constant RUN = 128;
uint256 constant MOVE = 104;
uint256 constant CHANGED = 64;

uint256 constant M32 = type(uint32).max;
uint256 constant M24 = type(uint24).max;
uint256 constant M40 = type(uint40).max;
uint256 constant M64 = type(uint64).max;

/// @dev Mask of the steps that are not Pending.
function settled(PlanWord w) pure returns (uint256) {
    uint256 u = PlanWord.unwrap(w) >> HI;
    return (u | u >> 32 | u >> 64) & M32;
}

/// @dev Mask of the steps that are Done, and not undone since.
function done(PlanWord w) pure returns (uint256) {
    uint256 u = PlanWord.unwrap(w);
    return (u >> LO & ~(u >> MID) & ~(u >> HI)) & M32;
}

function failed(PlanWord w) pure returns (uint256) {
    uint256 u = PlanWord.unwrap(w);
    return (u >> LO & u >> MID) & M32;
}

/// @dev Mask of the steps that are Undone or UndoFailed.
function undone(PlanWord w) pure returns (uint256) {
    return PlanWord.unwrap(w) >> HI & M32;
}

function valueOf(PlanWord w, uint256 index) pure returns (Value) {
    uint256 u = PlanWord.unwrap(w) >> index;
    return Value((u >> LO & 1) | (u >> MID & 1) << 1 | (u >> HI & 1) << 2);
}

/// @dev Only the seven statuses are ever written, so the cast needs no check.
function status(PlanWord w) pure returns (Status found) {
    uint256 s = PlanWord.unwrap(w) >> STATUS & 7;
    assembly ("memory-safe") {
        found := s
    }
}

/// @dev Whether the status is this one.
function stands(PlanWord w, Status s) pure returns (bool) {
    return PlanWord.unwrap(w) >> STATUS & 7 == uint256(s);
}

function cancelled(PlanWord w) pure returns (bool) {
    return PlanWord.unwrap(w) >> STATUS & 8 != 0;
}

function runNumber(PlanWord w) pure returns (uint256) {
    return PlanWord.unwrap(w) >> RUN & M24;
}

function move(PlanWord w) pure returns (uint256) {
    return PlanWord.unwrap(w) >> MOVE & M24;
}

function changedAt(PlanWord w) pure returns (uint256) {
    return PlanWord.unwrap(w) >> CHANGED & M40;
}

function depositGwei(PlanWord w) pure returns (uint256) {
    return PlanWord.unwrap(w) & M64;
}

/// @dev Give every step of `mask` the value `v`, whatever it had.
function withValue(PlanWord w, uint256 mask, Value v) pure returns (PlanWord) {
    uint256 u = PlanWord.unwrap(w) & ~(mask << LO | mask << MID | mask << HI);
    uint256 n = uint256(v);
    // Each factor is 0 or 1, so the products are the mask or nothing.
    unchecked {
        return PlanWord.wrap(u | mask * (n & 1) << LO | mask * (n >> 1 & 1) << MID | mask * (n >> 2) << HI);
    }
}

/// @dev Give every step of `mask` the value it has in `other`.
function withPlanes(PlanWord w, uint256 mask, PlanWord other) pure returns (PlanWord) {
    uint256 planes = mask << LO | mask << MID | mask << HI;
    return PlanWord.wrap(PlanWord.unwrap(w) & ~planes | PlanWord.unwrap(other) & planes);
}

function withStatus(PlanWord w, Status s) pure returns (PlanWord) {
    return PlanWord.wrap(PlanWord.unwrap(w) & ~(uint256(7) << STATUS) | uint256(s) << STATUS);
}

function withCancelled(PlanWord w) pure returns (PlanWord) {
    return PlanWord.wrap(PlanWord.unwrap(w) | uint256(8) << STATUS);
}

function withChanged(PlanWord w, uint256 time) pure returns (PlanWord) {
    return PlanWord.wrap(PlanWord.unwrap(w) & ~(M40 << CHANGED) | (time & M40) << CHANGED);
}

/// @dev `gwei_` must fit 64 bits.
function withDeposit(PlanWord w, uint256 gwei_) pure returns (PlanWord) {
    return PlanWord.wrap(PlanWord.unwrap(w) & ~M64 | gwei_);
}

/// @dev `gwei_` less of a deposit that is at least that.
function spent(PlanWord w, uint256 gwei_) pure returns (PlanWord) {
    unchecked {
        return PlanWord.wrap(PlanWord.unwrap(w) - gwei_);
    }
}

/// @dev The next move number; after 2^24 moves it starts again, and nothing else changes.
function moved(PlanWord w) pure returns (PlanWord) {
    uint256 u = PlanWord.unwrap(w);
    // The sum is cut to the field's own bits.
    unchecked {
        return PlanWord.wrap(u & ~(M24 << MOVE) | (u + (1 << MOVE)) & (M24 << MOVE));
    }
}

/// @dev The first word of a plan: Active, run 0, move 1.
function firstWord(uint256 time, uint256 gwei_) pure returns (PlanWord) {
    return PlanWord.wrap(uint256(Status.Active) << STATUS | 1 << MOVE | (time & M40) << CHANGED | gwei_);
}

/// @dev The deposit and the move number of `other`, the rest of `w`.
function withTally(PlanWord w, PlanWord other) pure returns (PlanWord) {
    uint256 tally = M64 | M24 << MOVE;
    return PlanWord.wrap(PlanWord.unwrap(w) & ~tally | PlanWord.unwrap(other) & tally);
}

/// @dev All values Pending, Active, in run `k`, changed `at`; the deposit and the move number stay.
function nextRun(PlanWord w, uint256 k, uint256 time) pure returns (PlanWord) {
    uint256 kept = PlanWord.unwrap(w) & (M64 | M24 << MOVE);
    return PlanWord.wrap(kept | uint256(Status.Active) << STATUS | k << RUN | (time & M40) << CHANGED);
}
