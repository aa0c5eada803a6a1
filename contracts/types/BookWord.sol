// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What else is kept of a live name, in one word (high bits first):
///
///     | revision 64 | transfers 32 | index 32 | locked 8 | length 8 | label's length 8 | label 104 |
///
/// `revision` is that of its own last change; `transfers` counts its owners in this life; `index` is its place in its parent's list; `length` that of
/// the whole name in DNS's encoding. Of a label of more than 13 bytes neither is here.
type BookWord is uint256;

using {revision, transfers, index, locked, length, shortLabel, withRevision, withTransfer, withIndex, withLock} for BookWord global;

uint256 constant REVISION = 192;
uint256 constant TRANSFERS = 160;
uint256 constant INDEX = 128;
uint256 constant LOCKED = 120;
uint256 constant LENGTH = 112;
uint256 constant LABEL_LENGTH = 104;
uint256 constant SHORT = 13;
uint256 constant LOW32 = type(uint32).max;

/// @dev `length_` has been found to be at most 255; there are fewer than 2^32 names.
function newBook(uint256 index_, uint256 length_, bytes calldata label) pure returns (BookWord) {
    uint256 word = (index_ & LOW32) << INDEX | (length_ & 0xff) << LENGTH;
    if (label.length <= SHORT) word |= label.length << LABEL_LENGTH | uint104(bytes13(label));
    return BookWord.wrap(word);
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

/// @dev The label; empty if it is kept elsewhere.
function shortLabel(BookWord b) pure returns (string memory) {
    bytes memory label = abi.encodePacked(bytes13(uint104(BookWord.unwrap(b))));
    uint256 size = BookWord.unwrap(b) >> LABEL_LENGTH & 0xff;
    // Never longer than it was made.
    assembly ("memory-safe") {
        mstore(label, size)
    }
    return string(label);
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
