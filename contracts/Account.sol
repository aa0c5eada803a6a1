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

    receive() external payable {}

    /// @dev Tokens that ask before they come: ERC-721's and ERC-1155's receivers answer with their own selector.
    fallback() external payable {
        uint256 selector = uint32(msg.sig);
        // onERC721Received, onERC1155Received, onERC1155BatchReceived
        _require(selector == 0x150b7a02 || selector == 0xf23a6e61 || selector == 0xbc197c81);
        _answer(selector);
    }

    /// @inheritdoc IAccount
    function isExecutor(address executor) public view returns (bool allowed) {
        allowed = executor == FACTORY;
        // See setExecutor; an address has no dirty bits here, a flag is 0 or 1.
        assembly ("memory-safe") {
            allowed := xor(allowed, sload(executor))
        }
    }

    /// @inheritdoc IAccount
    function setExecutor(address executor, bool allowed) external {
        _require(msg.sender == owner);
        bool flipped = allowed != (executor == FACTORY);
        // The slot of an executor's own address says whether it is allowed, or for the factory: revoked. So a new account's executor
        // needs no write; nothing else is stored.
        assembly ("memory-safe") {
            sstore(executor, flipped)
        }
        emit ExecutorSet(executor, allowed);
    }

    /// @inheritdoc IAccount
    function perform(bytes calldata calls) external payable returns (bytes4) {
        _require(isExecutor(msg.sender) || msg.sender == owner);
        uint256 malformed = uint32(Account_MalformedCalls.selector);
        uint256 failed = uint32(Account_CallFailed.selector);
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
                    revert(28, 4)
                }
                if iszero(call(gas(), target, shr(160, shl(144, tail)), data, length, 0, 0)) {
                    let size := returndatasize()
                    if gt(size, 256) { size := 256 }
                    // Its selector is the last four of the first 32 bytes.
                    mstore(data, failed)
                    mstore(add(data, 32), i)
                    mstore(add(data, 64), 64)
                    mstore(add(data, 96), size)
                    mstore(add(add(data, 128), size), 0)
                    returndatacopy(add(data, 128), 0, size)
                    revert(add(data, 28), add(100, and(add(size, 31), 0x1e0)))
                }
            }
        }
        _answer(uint32(IAccount.perform.selector));
    }

    function _require(bool allowed) private view {
        if (!allowed) revert Account_NotAllowed(msg.sender);
    }

    /// @dev Ends the call with one word: this selector.
    function _answer(uint256 selector) private pure {
        assembly ("memory-safe") {
            mstore(0, shl(224, selector))
            return(0, 32)
        }
    }
}
