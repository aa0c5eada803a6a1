// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlanId} from "../types/PlanTypes.sol";

/// @notice The hashes of docs/wire.md. All copy behind the free memory pointer and leave it where it is.
library PlanHashes {
    /// @notice The plan id: keccak256(header ‖ root), for a header of `length` bytes at calldata offset `pos`, and this root.
    function planId(uint256 pos, uint256 length, bytes32 root) internal pure returns (PlanId id) {
        // Scratch behind the free memory pointer.
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, pos, length)
            mstore(add(m, length), root)
            id := keccak256(m, add(length, 32))
        }
    }

    /// @notice Which of `seats` seats, at least one, has the turn: keccak256(id 32 ‖ run 4 ‖ turn 1) modulo their number.
    function turn(PlanId id, uint256 run, uint256 step, uint256 seats) internal pure returns (uint256 seat) {
        // The two scratch words.
        assembly ("memory-safe") {
            mstore(0, id)
            mstore(32, or(shl(224, run), shl(216, step)))
            seat := mod(keccak256(0, 37), seats)
        }
    }

    /// @notice The root that a leaf's bytes [pos, end) lead to by the proof [end, last). Leaves are hashed twice, so no inner node
    /// passes for one.
    function rootOf(uint256 pos, uint256 end, uint256 last) internal pure returns (bytes32 root) {
        // Scratch behind the free memory pointer and in the two scratch words.
        assembly ("memory-safe") {
            let m := mload(0x40)
            let length := sub(end, pos)
            calldatacopy(m, pos, length)
            mstore(0, keccak256(m, length))
            root := keccak256(0, 32)
            for {} lt(end, last) { end := add(end, 32) } {
                let sibling := calldataload(end)
                // The smaller one goes first.
                let above := shl(5, gt(root, sibling))
                mstore(above, root)
                // slither-disable-next-line incorrect-exp (the other of the two words)
                mstore(xor(above, 32), sibling)
                root := keccak256(0, 64)
            }
        }
    }

    /// @notice EIP-7623 tokens of `length` bytes of calldata at `pos`: 1 for a zero byte, 4 for another.
    function tokensOf(uint256 pos, uint256 length) internal pure returns (uint256 tokens) {
        // slither-disable-next-line divide-before-multiply (0xff divides the dividend)
        uint256 low = type(uint256).max / 0xff * 0x7f;
        // Marks each byte that is not zero, then adds the marks, at most 32 a word; of the last word only what belongs there.
        unchecked {
            tokens = length;
            for (uint256 end = pos + length; pos < end; pos += 32) {
                uint256 w;
                assembly ("memory-safe") {
                    w := calldataload(pos)
                }
                if (end - pos < 32) w >>= 8 * (32 + pos - end);
                uint256 marks = (((w & low) + low) | w) & ~low;
                // slither-disable-next-line divide-before-multiply (0xff divides the dividend)
                tokens += 3 * ((marks >> 7) * (type(uint256).max / 0xff) >> 248);
            }
        }
    }
}
