// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPriceSource} from "./IPriceSource.sol";

/// @notice One instance of a price service: its operator sets the price here, and sends the Registry its heartbeats.
contract PriceFeed is IPriceSource {
    address public immutable OPERATOR;

    uint256 private _cents;
    uint256 private _setAt;

    event PriceSet(uint256 cents);

    error PriceFeed_NotOperator(address caller);

    constructor(address operator) {
        OPERATOR = operator;
    }

    function set(uint256 cents) external {
        if (msg.sender != OPERATOR) revert PriceFeed_NotOperator(msg.sender);
        (_cents, _setAt) = (cents, block.timestamp);
        emit PriceSet(cents);
    }

    /// @inheritdoc IPriceSource
    function price() external view returns (uint256 cents, uint256 setAt) {
        return (_cents, _setAt);
    }
}
