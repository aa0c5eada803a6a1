// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What every instance of a price service answers.
interface IPriceSource {
    /// @notice Cents for one ether, and when the price was set.
    function price() external view returns (uint256 cents, uint256 setAt);
}
