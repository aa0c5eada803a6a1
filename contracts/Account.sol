// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccount} from "./interfaces/IAccount.sol";

/// @dev Who is being given an Account just now; asked by the Account's constructor, so that its initcode is the same for everyone.
interface IAccountFactory {
    function accountOwner() external view returns (address);
}

/// @notice See {IAccount}.
contract Account is IAccount {
    address private immutable FACTORY = msg.sender;
    address private immutable OWNER = IAccountFactory(msg.sender).accountOwner();

    /// @dev Allowed, or for the factory: revoked. So a new account's executor needs no write.
    mapping(address executor => bool) private _flipped;

    receive() external payable {}

    /// @inheritdoc IAccount
    function owner() external view returns (address) {
        return OWNER;
    }

    /// @inheritdoc IAccount
    function isExecutor(address executor) public view returns (bool) {
        return (executor == FACTORY) != _flipped[executor];
    }

    /// @inheritdoc IAccount
    function setExecutor(address executor, bool allowed) external {
        if (msg.sender != OWNER) revert Account_NotAllowed(msg.sender);
        _flipped[executor] = (executor == FACTORY) != allowed;
        emit ExecutorSet(executor, allowed);
    }

    /// @inheritdoc IAccount
    function perform(bytes calldata calls) external payable returns (bytes4) {
        if (msg.sender != OWNER && !isExecutor(msg.sender)) revert Account_NotAllowed(msg.sender);
        uint256 pos;
        uint256 end;
        // Only turns the slice into two offsets.
        assembly ("memory-safe") {
            pos := calls.offset
            end := add(pos, calls.length)
        }
        // Offsets stay within 24 bits of the calldata's own size, so nothing overflows.
        unchecked {
            for (uint256 i; pos < end; ++i) {
                bool ok;
                bool whole;
                // Copies one call's data behind the free memory pointer, which stays where it is.
                assembly ("memory-safe") {
                    let head := calldataload(pos)
                    let tail := calldataload(add(pos, 2))
                    let length := and(tail, 0xffff)
                    let data := mload(0x40)
                    pos := add(pos, 34)
                    calldatacopy(data, pos, length)
                    pos := add(pos, length)
                    whole := iszero(gt(pos, end))
                    if whole {
                        let value := shr(160, shl(144, tail))
                        ok := call(gas(), shr(96, head), value, data, length, 0, 0)
                    }
                }
                if (!whole) revert Account_MalformedCalls();
                if (!ok) revert Account_CallFailed(i, _reason());
            }
        }
        return IAccount.perform.selector;
    }

    /// @inheritdoc IAccount
    function call(address target, uint256 value, bytes calldata data) external payable returns (bytes memory result) {
        if (msg.sender != OWNER) revert Account_NotAllowed(msg.sender);
        bool ok;
        (ok, result) = target.call{value: value}(data);
        if (!ok) revert Account_CallFailed(0, result);
    }

    /// @dev Tokens that ask before they come: ERC-721's and ERC-1155's receivers answer with their own selector.
    fallback() external payable {
        // onERC721Received, onERC1155Received, onERC1155BatchReceived
        if (msg.sig != 0x150b7a02 && msg.sig != 0xf23a6e61 && msg.sig != 0xbc197c81) revert Account_NotAllowed(msg.sender);
        // Returns the selector, left-aligned, as the one word of the answer.
        assembly ("memory-safe") {
            mstore(0, shl(224, shr(224, calldataload(0))))
            return(0, 32)
        }
    }

    /// @dev At most 256 bytes of what the last call returned, so that a target cannot make us pay for more.
    function _reason() private pure returns (bytes memory reason) {
        // Allocates what it copies.
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, 256) { size := 256 }
            reason := mload(0x40)
            mstore(reason, size)
            returndatacopy(add(reason, 32), 0, size)
            mstore(0x40, add(reason, 320))
        }
    }
}
