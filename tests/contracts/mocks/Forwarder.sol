// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Passes calls on, all gas or some of it, and hands back what came of them.
contract Forwarder {
    /// @notice Call with value and all gas; a revert passes through.
    function forward(address target, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call{value: msg.value}(data);
        if (!ok) {
            // Passes the revert data on as it is.
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    /// @notice Call with exactly `gasGiven` gas, or less if there is less, and say how it went and what it took.
    function forwardGas(address target, uint256 gasGiven, bytes calldata data)
        external
        payable
        returns (bool ok, bytes memory answer, uint256 gasUsed)
    {
        gasUsed = gasleft();
        (ok, answer) = target.call{value: msg.value, gas: gasGiven}(data);
        gasUsed -= gasleft();
    }

    /// @notice The same calldata `times` times in one transaction, failures ignored.
    function replay(address target, bytes calldata data, uint256 times) external returns (uint256 succeeded) {
        for (uint256 i; i < times; ++i) {
            (bool ok,) = target.call(data);
            if (ok) ++succeeded;
        }
    }

    receive() external payable {}
}
