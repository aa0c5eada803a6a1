// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlanId} from "../types/PlanTypes.sol";

/// @title Route: how this chain learns another chain's plan word
interface IRoute {
    /// @notice The word that the Scheduler named in `route` holds, or held, for `plan`.
    /// @param route to chain 8 · from chain 8 · foreign Scheduler 20 · verifier 20 · config
    /// @dev Must revert unless `evidence` proves the word. An old word is harmless: values only move forward.
    /// Warning: it should refuse evidence with a byte too many, because whoever brings it is paid for its gas and calldata.
    function word(bytes calldata route, PlanId plan, bytes calldata evidence) external view returns (uint256);
}
