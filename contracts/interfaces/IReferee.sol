// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlanId} from "../types/PlanTypes.sol";

/// @title Referee: who vouches for a Claim step
/// @notice A step names its only referee; the referee settles it with `IScheduler.report`.
interface IReferee {
    /// @notice Whether a claim made inside the step's window is still open or disputed, so that the step must not lapse yet.
    /// @dev Asked with 50,000 gas. A revert or a short answer counts as no. Believed at most until closes + hold.
    function holds(PlanId plan, uint32 run, uint8 index) external view returns (bool);
}
