// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What else is kept of a live name, in one word (high bits first):
///
///     | revision 64 | transfers 32 | index 32 | locked 8 | length 8 | 0 112 |
///
/// `revision` is that of its own last change; `transfers` counts its owners in this life; `index` is its place in its parent's list; `length` that of
/// the whole name in DNS's encoding.
type BookWord is uint256;

using {revision, transfers, index, locked, length, withRevision, withTransfer, withIndex, withLock} for BookWord global;

uint256 constant REVISION = 192;
uint256 constant TRANSFERS = 160;
uint256 constant INDEX = 128;
uint256 constant LOCKED = 120;
uint256 constant LENGTH = 112;
uint256 constant LOW32 = type(uint32).max;

/// @dev `length_` has been found to be at most 255; there are fewer than 2^32 names.
function newBook(uint256 index_, uint256 length_) pure returns (BookWord) {
    return BookWord.wrap((index_ & LOW32) << INDEX | (length_ & 0xff) << LENGTH);
}

function revision(BookWord b) pure returns (uint64) {
    return uint64(BookWord.unwrap(b) >> REVISION);
}

function transfers(BookWord b) pure returns (uint256) {
    return BookWord.unwrap(b) >> TRANSFERS & LOW32;
}

function index(BookWord b) pure returns (uint256) {
    return BookWord.unwrap(b) >> INDEX & LOW32;
}

function locked(BookWord b) pure returns (bool) {
    return BookWord.unwrap(b) >> LOCKED & 1 != 0;
}

function length(BookWord b) pure returns (uint256) {
    return BookWord.unwrap(b) >> LENGTH & 0xff;
}

function withRevision(BookWord b, uint64 revision_) pure returns (BookWord) {
    return BookWord.wrap(BookWord.unwrap(b) & (1 << REVISION) - 1 | uint256(revision_) << REVISION);
}

/// @dev One more owner. It ends with a panic after 2^32 of them.
function withTransfer(BookWord b) pure returns (BookWord) {
    uint256 next = uint32(transfers(b)) + uint32(1);
    return BookWord.wrap(BookWord.unwrap(b) & ~(LOW32 << TRANSFERS) | next << TRANSFERS);
}

function withIndex(BookWord b, uint256 index_) pure returns (BookWord) {
    return BookWord.wrap(BookWord.unwrap(b) & ~(LOW32 << INDEX) | (index_ & LOW32) << INDEX);
}

function withLock(BookWord b) pure returns (BookWord) {
    return BookWord.wrap(BookWord.unwrap(b) | 1 << LOCKED);
}
