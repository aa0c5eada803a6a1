// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Account: the address through which an owner's plans act
/// @notice One per owner, at an address known beforehand. Targets trust this address, never a Scheduler or a vendor.
/// The owner can always act through it and decides which executors may; the Scheduler that created it may until it is revoked.
/// @dev Warning: the owner can cut an executor off while a step's window is open; such a step then fails its window.
interface IAccount {
    /// @notice The executor's right to act through this account changed.
    event ExecutorSet(address indexed executor, bool allowed);

    /// @notice The caller is neither the owner nor an allowed executor.
    error Account_NotAllowed(address caller);
    /// @notice Call number `index` reverted; `reason` is the first 256 bytes of what it returned.
    error Account_CallFailed(uint256 index, bytes reason);
    /// @notice `calls` does not parse as packed calls.
    error Account_MalformedCalls();

    /// @notice Whose account this is.
    function owner() external view returns (address);

    /// @notice Whether `executor` may act through this account.
    function isExecutor(address executor) external view returns (bool);

    /// @notice Allow or revoke an executor. Only the owner.
    function setExecutor(address executor, bool allowed) external;

    /// @notice Make packed calls (target 20 · value 12 · length 2 · data, repeated), all or nothing, from this account's own balance.
    /// @dev For the owner and allowed executors. Whatever value comes with the call stays in the account.
    /// @return magic this function's selector; an address without code returns nothing, which a caller must not take for success
    function perform(bytes calldata calls) external payable returns (bytes4 magic);
}
