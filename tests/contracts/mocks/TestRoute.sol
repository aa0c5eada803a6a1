// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRoute} from "../../../contracts/interfaces/IRoute.sol";
import {PlanId} from "../../../contracts/types/PlanTypes.sol";

/// @notice A route that believes its evidence: the foreign word itself, in 32 bytes. Anything else it refuses.
contract TestRoute is IRoute {
    error TestRoute_Disbelieved(uint256 length);

    /// @inheritdoc IRoute
    function word(bytes calldata, PlanId, bytes calldata evidence) external pure returns (uint256) {
        if (evidence.length != 32) revert TestRoute_Disbelieved(evidence.length);
        return uint256(bytes32(evidence));
    }
}
