// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Calls back: with calldata it was given beforehand, when it is called, read statically, or paid.
contract Reenterer {
    address public target;
    bytes public data;
    /// @notice How the last call back went, and how many there were. Not kept in a static call.
    bool public ok;
    bytes public answer;
    uint256 public entered;

    error Reenterer_Failed(bytes answer);

    function arm(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    /// @notice Call back and succeed, whatever came of it.
    function enter() external payable {
        _enter();
    }

    /// @notice Call back, and revert with its answer if it failed.
    function enterOrFail() external payable {
        _enter();
        if (!ok) revert Reenterer_Failed(answer);
    }

    /// @notice Call back from inside a static call: (1, 0) if the call back went through, else (0, selector of its error).
    function ask() external returns (uint256 went, uint256 selector) {
        (bool ok_, bytes memory answer_) = target.call(data);
        return (ok_ ? 1 : 0, ok_ ? 0 : uint32(bytes4(answer_)));
    }

    receive() external payable {
        _enter();
    }

    /// @dev Anything else is taken as a call to call back, so that it can stand for a referee, a wallet or a token.
    fallback() external payable {
        _enter();
    }

    function _enter() private {
        if (target == address(0)) return;
        ++entered;
        (ok, answer) = target.call(data);
    }
}
