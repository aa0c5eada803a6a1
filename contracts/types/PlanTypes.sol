// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice keccak256(header ‖ root): the same plan has the same id on each of its chains.
type PlanId is bytes32;

using {planIdEquals as ==} for PlanId global;

function planIdEquals(PlanId a, PlanId b) pure returns (bool) {
    return PlanId.unwrap(a) == PlanId.unwrap(b);
}

/// @notice What a step came to. The numbers are the wire's (docs/wire.md).
enum Value {
    Pending,
    Done,
    Skipped,
    Failed,
    Undone,
    UndoFailed
}

/// @notice Where a plan stands on this chain. The numbers are the wire's.
enum Status {
    NotScheduled,
    Active,
    Aborting,
    Finishing,
    Completed,
    Aborted,
    Void
}
