// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A target whose clearing of storage earns refunds.
contract Refunds {
    mapping(uint256 slot => uint256) public slots;

    function fill(uint256 from, uint256 count) external {
        for (uint256 i = from; i < from + count; ++i) slots[i] = 1;
    }

    function clear(uint256 from, uint256 count) external {
        for (uint256 i = from; i < from + count; ++i) slots[i] = 0;
    }
}
