// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A target or condition that misbehaves in each way a call can. All of it also works in a static call.
contract Hostile {
    error Hostile_Refused(uint256 code);

    /// @notice Revert with a typed error.
    function fail(uint256 code) external pure {
        revert Hostile_Refused(code);
    }

    /// @notice Revert with nothing.
    function failSilently() external pure {
        // Reverts with empty data.
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    /// @notice Use up all gas that was given.
    function burnAll() external pure {
        // The invalid opcode takes all gas.
        assembly ("memory-safe") {
            invalid()
        }
    }

    /// @notice Use up about `amount` gas, then return 1.
    function burn(uint256 amount) external view returns (uint256) {
        uint256 stop = gasleft() - amount;
        while (gasleft() > stop) {}
        return 1;
    }

    /// @notice Return all but the last `spare` gas's worth: loop until so much is left, then return 1.
    function burnDownTo(uint256 spare) external view returns (uint256) {
        while (gasleft() > spare) {}
        return 1;
    }

    /// @notice Succeed with `size` bytes of data; the first word is 1.
    function bomb(uint256 size) external pure {
        // Memory is not used again.
        assembly {
            mstore(0, 1)
            return(0, size)
        }
    }

    /// @notice Revert with `size` bytes of data.
    function revertBomb(uint256 size) external pure {
        // Memory is not used again.
        assembly {
            mstore(0, not(0))
            revert(0, size)
        }
    }

    /// @notice Destroyed code aside, the shortest success: stop without an answer, as an address without code does.
    function stop_() external pure {
        // Ends the call.
        assembly ("memory-safe") {
            stop()
        }
    }

    /// @notice Takes coin, then refuses it.
    receive() external payable {
        revert Hostile_Refused(msg.value);
    }
}
