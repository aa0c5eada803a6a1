// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A factory that names whatever Account it is told to, and an account that claims to be anybody's.
contract Impostor {
    address public owner;
    address public account;

    function pose(address owner_, address account_) external {
        (owner, account) = (owner_, account_);
    }

    /// @notice As a factory.
    function accountOf(address) external view returns (address) {
        return account;
    }

    /// @notice As an account: it says yes and does nothing.
    function perform(bytes calldata) external payable returns (bytes4) {
        return this.perform.selector;
    }

    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call{value: value}(data);
        if (!ok) {
            // Passes the revert data on as it is.
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    receive() external payable {}
}

/// @notice An account of whoever it was told, that takes every call and answers nothing.
contract Mute {
    address public owner;

    function pose(address owner_) external {
        owner = owner_;
    }

    receive() external payable {}

    fallback() external payable {}
}
