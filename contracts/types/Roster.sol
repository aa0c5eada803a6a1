// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice How many seats share the turns, by epoch, in one word (high bits first):
///
///     | epoch 64 | before 64 | then 64 | later 64 |
///
/// `then` counts in `epoch`, `before` in the one before it, `later` in every one after it. A join changes `later` only, so the count
/// that a step due now or a moment ago needs never changes; the new seat itself is active from the next epoch but one.
type Roster is uint256;

using {seatsIn, rolled} for Roster global;

/// @dev The seats of an epoch; 0 if it is forgotten.
function seatsIn(Roster r, uint256 epoch) pure returns (uint256) {
    uint256 u = Roster.unwrap(r);
    uint256 known = u >> 192;
    if (known < epoch) return u & type(uint64).max;
    if (known == epoch) return u >> 64 & type(uint64).max;
    // An epoch is a block number or a time divided; adding one cannot overflow.
    unchecked {
        return known == epoch + 1 ? u >> 128 & type(uint64).max : 0;
    }
}

/// @dev The roster as of `epoch`, with `seats` in every later one.
function rolled(Roster r, uint256 epoch, uint256 seats) pure returns (Roster) {
    uint256 before = epoch == 0 ? 0 : seatsIn(r, epoch - 1);
    return Roster.wrap(epoch << 192 | before << 128 | seatsIn(r, epoch) << 64 | seats);
}
