// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A target that catches its own shortage of gas and then does something else: why a step's gas must be exact.
contract Fragile {
    enum Outcome {
        None,
        Worked,
        FellBack
    }

    Outcome public outcome;
    uint256 public gasSeen;

    /// @notice Do `heavy` with what gas there is; if that fails, be content and fall back.
    function work(uint256 gasNeeded) external {
        gasSeen = gasleft();
        try this.heavy(gasNeeded) {
            outcome = Outcome.Worked;
        } catch {
            outcome = Outcome.FellBack;
        }
    }

    function heavy(uint256 gasNeeded) external view {
        uint256 stop = gasleft() - gasNeeded;
        while (gasleft() > stop) {}
    }
}
