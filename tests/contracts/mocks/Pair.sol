// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Two calls in one transaction; either may fail.
contract Pair {
    function both(address target, bytes calldata first, bytes calldata second) external returns (bool one, bool two) {
        (one,) = target.call(first);
        (two,) = target.call(second);
    }
}

/// @notice Passes on the coin it is sent, with calldata that it was given beforehand: so that a step can pay into its own plan.
contract Feeder {
    address public target;
    bytes public data;

    function arm(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function feed() external payable returns (bool ok) {
        (ok,) = target.call{value: msg.value}(data);
    }
}
