// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Gate} from "../libraries/Gate.sol";

/// @notice What a payment needs to know of its beginning: the gas that was left, and what the gate was.
///
///     | gas 128 | gate 128 |
type Meter is uint256;

using {gasUsed, gate} for Meter global;

/// @dev Lock, and start counting; `before` is what was used already.
function startMeter(uint256 before) returns (Meter) {
    // Gas has fewer than 32 bits.
    unchecked {
        uint256 left = gasleft() + before;
        return Meter.wrap(left << 128 | Gate.enter());
    }
}

/// @dev Gas used since it was started.
function gasUsed(Meter m) view returns (uint256) {
    // Gas only falls.
    unchecked {
        return (Meter.unwrap(m) >> 128) - gasleft();
    }
}

function gate(Meter m) pure returns (uint256) {
    return Meter.unwrap(m) & type(uint128).max;
}
