// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What a rollup keeps at its fixed addresses: Arbitrum's clock and gas info, the OP stack's gas oracle.
contract Rollup {
    uint256 public arbBlockNumber;
    uint256 public getCurrentTxL1GasFees;
    uint256 public perByte;

    function set(uint256 number, uint256 fees, uint256 perByte_) external {
        (arbBlockNumber, getCurrentTxL1GasFees, perByte) = (number, fees, perByte_);
    }

    function getL1Fee(bytes calldata data) external view returns (uint256) {
        return perByte * data.length;
    }
}
