// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Facts: what a condition may want to know of the chain itself
interface IFacts {
    /// @notice `target` reverted, or its answer has no word `word`.
    error Facts_Unreadable(address target, uint256 word);

    /// @notice This chain's own block number.
    function blockNumber() external view returns (uint256);

    /// @notice This block's time in unix seconds.
    function timestamp() external view returns (uint256);

    /// @notice Coin held by `account`, in wei.
    function balance(address account) external view returns (uint256);

    /// @notice `account`'s code hash: 0 if it never existed, keccak256("") if it has no code.
    function codeHash(address account) external view returns (bytes32);

    /// @notice Seconds since the instant that `target` answers in its `word`-th word; 0 if that is in the future.
    function age(address target, bytes calldata data, uint256 word) external view returns (uint256);
}
