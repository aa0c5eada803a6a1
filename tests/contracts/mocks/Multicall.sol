// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The bare multicall: calls in order, all or nothing, and nothing else.
contract Multicall {
    struct Call {
        address target;
        uint256 value;
        bytes data;
    }

    error Multicall_CallFailed(uint256 index, bytes reason);

    function multicall(Call[] calldata calls) external payable {
        for (uint256 i; i < calls.length; ++i) {
            (bool ok, bytes memory reason) = calls[i].target.call{value: calls[i].value}(calls[i].data);
            if (!ok) revert Multicall_CallFailed(i, reason);
        }
    }
}
