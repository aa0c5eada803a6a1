// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What a rollup keeps at its fixed addresses: Arbitrum's clock and gas info, the OP stack's gas oracle.
contract Rollup {
    uint256 public arbBlockNumber;
    uint256 public getCurrentTxL1GasFees;
    uint256 public perByte;
    uint256 public getL1BaseFeeEstimate;

    function set(uint256 number, uint256 fees, uint256 perByte_) external {
        (arbBlockNumber, getCurrentTxL1GasFees, perByte) = (number, fees, perByte_);
    }

    /// @notice The price of a sixteenth of a byte; no transaction's own figure says what each of its parts cost.
    function setEstimate(uint256 estimate) external {
        getL1BaseFeeEstimate = estimate;
    }

    function getL1Fee(bytes calldata data) external view returns (uint256) {
        return perByte * data.length;
    }
}
