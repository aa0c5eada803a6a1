// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;


/// @notice The first word of a plan's header (docs/wire.md), high bits first:
///
///     | chains - 1 3 | flags 5 | forward 8 | finals 8 | undoable 32 | optional 32 | stamped 32 | start 40 | interval 32 | runs 24 | scheduleBy 40 |
type Head is uint256;

/// @notice A chain's entry in the header, as the calldata offset of its first byte:
///
///     | chainId 64 | mask 32 | owner 160 |  cap 64 | pokeFee 32 |  and if extended:  guardian 160 | factory 160 |
type Entry is uint256;

using {
    chainCount,
    isExtended,
    entryBytes,
    inSeconds,
    isRelative,
    isMonthly,
    stopsOnAbort,
    isForward,
    forwardMask,
    finalMask,
    undoable,
    optional,
    stamped,
    start,
    interval,
    runs,
    scheduleBy,
    laneOf
} for Head global;

using {chainId, mask, owner, guardian, capWei, pokeFeeGwei, factory} for Entry global;

uint256 constant HEAD_BYTES = 44;
uint256 constant ENTRY_BYTES = 44;
uint256 constant EXTENDED_BYTES = 84;
uint256 constant ORIGIN_LANE = 7;

/// @dev From 1 to 8.
function chainCount(Head h) pure returns (uint256) {
    // Three bits and one.
    unchecked {
        return (Head.unwrap(h) >> 253) + 1;
    }
}

/// @dev Whether the chains' entries name guardians and factories.
function isExtended(Head h) pure returns (bool) {
    return Head.unwrap(h) >> 252 & 1 != 0;
}

function entryBytes(Head h) pure returns (uint256) {
    return isExtended(h) ? EXTENDED_BYTES : ENTRY_BYTES;
}

function inSeconds(Head h) pure returns (bool) {
    return Head.unwrap(h) >> 248 & 1 != 0;
}

function isRelative(Head h) pure returns (bool) {
    return Head.unwrap(h) >> 248 & 2 != 0;
}

function isMonthly(Head h) pure returns (bool) {
    return Head.unwrap(h) >> 248 & 4 != 0;
}

function stopsOnAbort(Head h) pure returns (bool) {
    return Head.unwrap(h) >> 248 & 8 != 0;
}

/// @dev Whether the step of this index is a forward step; else it is a finally step.
function isForward(Head h, uint256 index) pure returns (bool) {
    return index < Head.unwrap(h) >> 240 & 0xff;
}

function forwardMask(Head h) pure returns (uint256) {
    // Scheduled headers have at most 32 steps.
    unchecked {
        return (1 << (Head.unwrap(h) >> 240 & 0xff)) - 1;
    }
}

function finalMask(Head h) pure returns (uint256) {
    uint256 forward = Head.unwrap(h) >> 240 & 0xff;
    // Scheduled headers have at most 32 steps.
    unchecked {
        return ((1 << (Head.unwrap(h) >> 232 & 0xff)) - 1) << forward;
    }
}

function undoable(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 200 & type(uint32).max;
}

function optional(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 168 & type(uint32).max;
}

function stamped(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 136 & type(uint32).max;
}

function start(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 96 & type(uint40).max;
}

function interval(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 64 & type(uint32).max;
}

function runs(Head h) pure returns (uint256) {
    return Head.unwrap(h) >> 40 & type(uint24).max;
}

function scheduleBy(Head h) pure returns (uint256) {
    return Head.unwrap(h) & type(uint40).max;
}

/// @dev A stamped step's lane: the number of stamped steps before it.
function laneOf(Head h, uint256 index) pure returns (uint256 lane) {
    uint256 before = stamped(h) & ((1 << index) - 1);
    // Each turn clears the lowest bit, so there are at most eight.
    unchecked {
        for (; before != 0; before &= before - 1) ++lane;
    }
}

function chainId(Entry e) pure returns (uint256) {
    return calldataWord(Entry.unwrap(e)) >> 192;
}

function mask(Entry e) pure returns (uint256) {
    return calldataWord(Entry.unwrap(e)) >> 160 & type(uint32).max;
}

function owner(Entry e) pure returns (address) {
    return address(uint160(calldataWord(Entry.unwrap(e))));
}

function capWei(Entry e) pure returns (uint256) {
    // Calldata offsets do not overflow.
    unchecked {
        return calldataWord(Entry.unwrap(e) + 32) >> 192;
    }
}

function pokeFeeGwei(Entry e) pure returns (uint256) {
    // Calldata offsets do not overflow.
    unchecked {
        return calldataWord(Entry.unwrap(e) + 40) >> 224;
    }
}

/// @dev Zero if there is none.
function guardian(Entry e, Head h) pure returns (address) {
    return isExtended(h) ? address(uint160(calldataWord(Entry.unwrap(e) + 44) >> 96)) : address(0);
}

/// @dev The Scheduler whose Account is meant; zero for this one.
function factory(Entry e, Head h) pure returns (address) {
    return isExtended(h) ? address(uint160(calldataWord(Entry.unwrap(e) + 64) >> 96)) : address(0);
}

/// @dev The header at a calldata offset.
function headAt(uint256 pos) pure returns (Head) {
    return Head.wrap(calldataWord(pos));
}

/// @dev The bytes of a header: its fixed part, its chains, and with more than one the routes root.
function headerBytes(Head h) pure returns (uint256) {
    if (Head.unwrap(h) >> 252 == 0) return HEAD_BYTES + ENTRY_BYTES;
    // At most 8 chains.
    unchecked {
        uint256 n = chainCount(h);
        return HEAD_BYTES + entryBytes(h) * n + (n > 1 ? 32 : 0);
    }
}

/// @dev The length (upper bound of every window) of the header at a calldata offset.
function lengthAt(uint256 pos) pure returns (uint256) {
    return calldataWord(pos + 32) >> 224;
}

/// @dev The word at a calldata offset; beyond the end it reads zeros.
function calldataWord(uint256 offset) pure returns (uint256 w) {
    // Reads calldata only.
    assembly ("memory-safe") {
        w := calldataload(offset)
    }
}
