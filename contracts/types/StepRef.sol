// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {calldataWord} from "./Head.sol";

/// @notice The first word of a step (docs/wire.md), high bits first:
///
///     | index 8 | flags 8 | needs 32 | since 32 | opens 32 | closes 32 | gas 24 | tokens 24 | conditions 8 | reads 8 | calls 24 | ramp 24 |
///
/// Behind it: feeMin 40 | feeMax 40, then conditions, calls, reads, claim, undo.
type StepHead is uint256;

using {
    index,
    isClaim,
    join,
    skipsIfFalse,
    needs,
    since,
    opens,
    closes,
    gasLimit,
    tokens,
    conditions,
    reads,
    callsLength,
    ramp
} for StepHead global;

uint256 constant STEP_BYTES = 42;
uint256 constant CONDITION_BYTES = 59;
uint256 constant READ_BYTES = 29;
uint256 constant CLAIM_BYTES = 26;
uint256 constant UNDO_BYTES = 27;

function index(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 248;
}

function isClaim(StepHead s) pure returns (bool) {
    return StepHead.unwrap(s) >> 240 & 1 != 0;
}

/// @dev 0 all Done, 1 any Done, 2 none Done, 3 settled.
function join(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 241 & 3;
}

function skipsIfFalse(StepHead s) pure returns (bool) {
    return StepHead.unwrap(s) >> 240 & 8 != 0;
}

function needs(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 208 & type(uint32).max;
}

function since(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 176 & type(uint32).max;
}

function opens(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 144 & type(uint32).max;
}

function closes(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 112 & type(uint32).max;
}

function gasLimit(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 88 & type(uint24).max;
}

function tokens(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 64 & type(uint24).max;
}

function conditions(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 56 & 0xff;
}

function reads(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 48 & 0xff;
}

function callsLength(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) >> 24 & type(uint24).max;
}

function ramp(StepHead s) pure returns (uint256) {
    return StepHead.unwrap(s) & type(uint24).max;
}

/// @dev The offset just behind a condition that starts at `o`. Lengths are 16 bits, so no sum overflows.
function afterCondition(uint256 o) pure returns (uint256) {
    unchecked {
        return o + CONDITION_BYTES + (calldataWord(o + 57) >> 240);
    }
}

/// @dev The offset just behind a read that starts at `o`. Lengths are 16 bits, so no sum overflows.
function afterRead(uint256 o) pure returns (uint256) {
    unchecked {
        return o + READ_BYTES + (calldataWord(o + 27) >> 240);
    }
}

/// @dev The calldata offset of a step's calls section, when the step's bytes start at `o`.
function callsOf(StepHead s, uint256 o) pure returns (uint256) {
    // At most 255 conditions of at most 65,594 bytes.
    unchecked {
        o += STEP_BYTES;
        for (uint256 n = conditions(s); n != 0; --n) o = afterCondition(o);
        return o;
    }
}

/// @dev The calldata offset of a step's claim section, or of its undo if it is no claim.
function tailOf(StepHead s, uint256 o) pure returns (uint256) {
    // At most 255 reads of at most 65,564 bytes.
    unchecked {
        o = callsOf(s, o) + callsLength(s);
        for (uint256 n = reads(s); n != 0; --n) o = afterRead(o);
        return o;
    }
}

/// @dev The calldata offset of a step's undo section.
function undoOf(StepHead s, uint256 o) pure returns (uint256) {
    o = tailOf(s, o);
    // Lengths are 16 bits.
    unchecked {
        return isClaim(s) ? o + CLAIM_BYTES + (calldataWord(o + 24) >> 240) : o;
    }
}
