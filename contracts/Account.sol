// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccount} from "./interfaces/IAccount.sol";

/// @dev Who is being given an Account just now; asked by the Account's constructor, so that its initcode is the same for everyone.
interface IAccountFactory {
    function accountOwner() external view returns (address);
}

/// @notice See {IAccount}. It is deployed for every owner, so it is kept small.
contract Account is IAccount {
    address private immutable FACTORY = msg.sender;
    address public immutable override owner = IAccountFactory(msg.sender).accountOwner();

    /// @dev Allowed, or for the factory: revoked. So a new account's executor needs no write.
    mapping(address executor => bool) private _flipped;

    receive() external payable {}

    /// @dev Tokens that ask before they come: ERC-721's and ERC-1155's receivers answer with their own selector.
    fallback() external payable {
        // onERC721Received, onERC1155Received, onERC1155BatchReceived
        _require(msg.sig == 0x150b7a02 || msg.sig == 0xf23a6e61 || msg.sig == 0xbc197c81);
        _answer(msg.sig);
    }

    /// @inheritdoc IAccount
    function isExecutor(address executor) public view returns (bool) {
        return (executor == FACTORY) != _flipped[executor];
    }

    /// @inheritdoc IAccount
    function setExecutor(address executor, bool allowed) external {
        _require(msg.sender == owner);
        _flipped[executor] = (executor == FACTORY) != allowed;
        emit ExecutorSet(executor, allowed);
    }

    /// @inheritdoc IAccount
    function perform(bytes calldata calls) external payable returns (bytes4) {
        _require(isExecutor(msg.sender) || msg.sender == owner);
        bytes4 malformed = Account_MalformedCalls.selector;
        bytes4 failed = Account_CallFailed.selector;
        // One call after the other is copied behind the free memory pointer, which stays where it is. Lengths have 16 bits, so no
        // offset overflows. Of a failed call at most 256 bytes are kept, so that no target makes us pay for more.
        assembly ("memory-safe") {
            let data := mload(0x40)
            let pos := calls.offset
            let end := add(pos, calls.length)
            for { let i := 0 } lt(pos, end) { i := add(i, 1) } {
                let target := shr(96, calldataload(pos))
                let tail := calldataload(add(pos, 2)) // ends with value 96 and length 16
                let length := and(tail, 0xffff)
                pos := add(pos, 34)
                calldatacopy(data, pos, length)
                pos := add(pos, length)
                if gt(pos, end) {
                    mstore(0, malformed)
                    revert(0, 4)
                }
                if iszero(call(gas(), target, shr(160, shl(144, tail)), data, length, 0, 0)) {
                    let size := returndatasize()
                    if gt(size, 256) { size := 256 }
                    mstore(data, failed)
                    mstore(add(data, 4), i)
                    mstore(add(data, 36), 64)
                    mstore(add(data, 68), size)
                    mstore(add(add(data, 100), size), 0)
                    returndatacopy(add(data, 100), 0, size)
                    revert(data, add(100, and(add(size, 31), 0x1e0)))
                }
            }
        }
        _answer(IAccount.perform.selector);
    }

    function _require(bool allowed) private view {
        if (!allowed) revert Account_NotAllowed(msg.sender);
    }

    /// @dev Ends the call with one word.
    function _answer(bytes4 word) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, 32)
        }
    }
}
