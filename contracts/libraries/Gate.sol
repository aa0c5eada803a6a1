// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../interfaces/IScheduler.sol";

/// @notice One transient word: the lock, and how much of the transaction's own 21,000 gas is still to be repaid.
///
///     0      fresh: nobody was repaid the 21,000 yet
///     1      locked
///     2      spent: the 21,000 was repaid
///     4n + 2 in a batch of n items, which share it
library Gate {
    uint256 internal constant FRESH = 0;
    uint256 internal constant LOCKED = 1;
    uint256 internal constant SPENT = 2;

    /// @dev A transient slot beyond those that the compiler gives out, and short, because it is pushed often.
    uint256 private constant SLOT = 0xff;

    function read() internal view returns (uint256 gate) {
        // Transient storage only.
        assembly ("memory-safe") {
            gate := tload(SLOT)
        }
    }

    function write(uint256 gate) internal {
        // Transient storage only.
        assembly ("memory-safe") {
            tstore(SLOT, gate)
        }
    }

    /// @dev The gate in a batch of `items`.
    function batch(uint256 items) internal pure returns (uint256) {
        return items << 2 | SPENT;
    }

    /// @dev How many items share the 21,000; 0 outside a batch.
    function itemsOf(uint256 gate) internal pure returns (uint256) {
        return gate >> 2;
    }

    /// @dev Unlock after a payment: what was fresh is spent, a batch goes on.
    function leave(uint256 gate) internal {
        write(gate | SPENT);
    }

    /// @dev Lock, and return what the gate was.
    function enter() internal returns (uint256 gate) {
        gate = read();
        if (gate == LOCKED) revert IScheduler.Scheduler_Locked();
        write(LOCKED);
    }
}
