// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IReferee} from "../../../contracts/interfaces/IReferee.sol";
import {PlanId} from "../../../contracts/types/PlanTypes.sol";

/// @notice A referee that holds, but says no when it gets less gas than it was promised.
contract Thrifty is IReferee {
    /// @inheritdoc IReferee
    function holds(PlanId, uint32, uint8) external view returns (bool) {
        return gasleft() > 49_000;
    }
}
