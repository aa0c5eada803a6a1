// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Entry, Head} from "./Head.sol";
import {PlanId} from "./PlanTypes.sol";
import {PlanWord} from "./PlanWord.sol";
import {StepHead} from "./StepRef.sol";

/// @notice A plan, and the step it is about, as found at the beginning of a call: nine words of memory that are written once and never
/// zeroed, which is all that a struct would do worse.
type Case is uint256;

using {id, slot, word, head, entry, time, step, pos, end, fillPlan, fillStep, fillTime} for Case global;

/// @dev Nine fresh words.
function newCase() pure returns (Case c) {
    // Allocates.
    assembly ("memory-safe") {
        c := mload(0x40)
        mstore(0x40, add(c, 288))
    }
}

/// @dev The plan.
function id(Case c) pure returns (PlanId v) {
    assembly ("memory-safe") {
        v := mload(c)
    }
}

/// @dev Where its Plan is stored.
function slot(Case c) pure returns (uint256 v) {
    assembly ("memory-safe") {
        v := mload(add(c, 32))
    }
}

/// @dev Its word when the call began.
function word(Case c) pure returns (PlanWord v) {
    assembly ("memory-safe") {
        v := mload(add(c, 64))
    }
}

/// @dev The first word of its header.
function head(Case c) pure returns (Head v) {
    assembly ("memory-safe") {
        v := mload(add(c, 96))
    }
}

/// @dev This chain's entry in its header.
function entry(Case c) pure returns (Entry v) {
    assembly ("memory-safe") {
        v := mload(add(c, 128))
    }
}

/// @dev Now, in the plan's clock.
function time(Case c) pure returns (uint256 v) {
    assembly ("memory-safe") {
        v := mload(add(c, 160))
    }
}

/// @dev The first word of the step.
function step(Case c) pure returns (StepHead v) {
    assembly ("memory-safe") {
        v := mload(add(c, 192))
    }
}

/// @dev Calldata offset of the step's bytes.
function pos(Case c) pure returns (uint256 v) {
    assembly ("memory-safe") {
        v := mload(add(c, 224))
    }
}

/// @dev Calldata offset behind them.
function end(Case c) pure returns (uint256 v) {
    assembly ("memory-safe") {
        v := mload(add(c, 256))
    }
}

/// @dev Write what was found of the plan.
function fillPlan(Case c, PlanId id_, uint256 slot_, PlanWord word_, Head head_, Entry entry_, uint256 time_) pure {
    // Within the case's own words.
    assembly ("memory-safe") {
        mstore(c, id_)
        mstore(add(c, 32), slot_)
        mstore(add(c, 64), word_)
        mstore(add(c, 96), head_)
        mstore(add(c, 128), entry_)
        mstore(add(c, 160), time_)
    }
}

/// @dev Write what was found of the step.
function fillStep(Case c, StepHead step_, uint256 pos_, uint256 end_) pure {
    // Within the case's own words.
    assembly ("memory-safe") {
        mstore(add(c, 192), step_)
        mstore(add(c, 224), pos_)
        mstore(add(c, 256), end_)
    }
}

/// @dev Look at the plan as of another time.
function fillTime(Case c, uint256 time_) pure {
    // Within the case's own words.
    assembly ("memory-safe") {
        mstore(add(c, 160), time_)
    }
}
