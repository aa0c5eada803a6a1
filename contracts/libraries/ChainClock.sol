// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IArbSys {
    function arbBlockNumber() external view returns (uint256);
}

interface IArbGasInfo {
    function getCurrentTxL1GasFees() external view returns (uint256);
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

    /// @dev What the rollup took, in wei, for the data of this call; nothing elsewhere. `whole` is false where Arbitrum's figure, which is
    /// the whole transaction's, was already taken.
    function _dataFee(bool whole) internal view returns (uint256) {
        if (IS_OPTIMISM) return OP_GAS_ORACLE.getL1Fee(msg.data);
        if (IS_ARBITRUM && whole) return ARB_GAS_INFO.getCurrentTxL1GasFees();
        return 0;
    }
}
