// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IArbSys {
    function arbBlockNumber() external view returns (uint256);
}

interface IArbGasInfo {
    function getCurrentTxL1GasFees() external view returns (uint256);
    function getL1BaseFeeEstimate() external view returns (uint256);
}

interface IOptimismGasOracle {
    function getL1Fee(bytes memory unsignedTransaction) external view returns (uint256);
}

/// @notice What differs between chains, sensed at construction so that the address is the same everywhere: the chain's own block
/// number, and what a rollup takes for publishing a transaction.
abstract contract ChainClock {
    IArbSys private constant ARB_SYS = IArbSys(address(0x64));
    IArbGasInfo private constant ARB_GAS_INFO = IArbGasInfo(address(0x6C));
    IOptimismGasOracle private constant OP_GAS_ORACLE = IOptimismGasOracle(0x420000000000000000000000000000000000000F);

    /// @dev A transaction's bytes beside its data.
    uint256 private constant ENVELOPE_BYTES = 120;

    bool internal immutable IS_ARBITRUM = address(ARB_SYS).code.length != 0;
    bool internal immutable IS_OPTIMISM = address(OP_GAS_ORACLE).code.length != 0;

    bool internal immutable IS_ROLLUP = address(ARB_SYS).code.length != 0 || address(OP_GAS_ORACLE).code.length != 0;

    /// @dev Arbitrum's `block.number` is an estimate of the parent chain's.
    function _blockNumber() internal view returns (uint256) {
        return IS_ARBITRUM ? ARB_SYS.arbBlockNumber() : block.number;
    }

    /// @dev This chain's time: unix seconds, or its own block number.
    function _now(bool inSeconds) internal view returns (uint256) {
        return inSeconds ? block.timestamp : _blockNumber();
    }

    /// @dev What the rollup took, in wei, for the data of this call; nothing elsewhere. Callers can make a call's data, or the transaction
    /// around it, as long as they like: what is paid for is as long as a `run` with this call's first argument, or as `tokens` says
    /// that the data must be. `whole` is false where Arbitrum's figure, which is the whole transaction's, was already taken.
    function _dataFee(bool whole, uint256 tokens) internal view returns (uint256 fee) {
        uint256 size;
        // Lengths of calldata, tokens of at most four a byte: nothing overflows.
        unchecked {
            assembly ("memory-safe") {
                size := calldataload(add(4, calldataload(4)))
            }
            size = 100 + (size + 31 & ~uint256(31));
            if (size < tokens / 4) size = tokens / 4;
            if (size > msg.data.length) size = msg.data.length;
        }
        if (IS_OPTIMISM) return OP_GAS_ORACLE.getL1Fee(msg.data[:size]);
        if (!whole) return 0;
        fee = ARB_GAS_INFO.getCurrentTxL1GasFees();
        uint256 most = ARB_GAS_INFO.getL1BaseFeeEstimate() * 16 * (size + ENVELOPE_BYTES);
        if (most < fee) return most;
    }
}
