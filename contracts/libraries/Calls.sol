// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccount} from "../interfaces/IAccount.sol";
import {IScheduler} from "../interfaces/IScheduler.sol";
import {calldataWord} from "../types/Head.sol";
import {CONDITION_BYTES, READ_BYTES, StepHead, afterCondition, afterRead} from "../types/StepRef.sol";

/// @notice What a step reads and calls. Every call gets exactly the gas that the plan commits to or is not made at all, so that too
/// little gas can never pass for an answer; and never more is copied back than is wanted.
library Calls {
    enum Truth {
        True,
        False,
        Unreadable
    }

    /// @dev What the EVM takes before it hands gas on (EIP-150: one 64th stays), a cold account included.
    uint256 private constant MARGIN = 6_000;
    /// @dev Set in `into`: the word becomes a call's 12-byte value.
    uint256 private constant INTO_VALUE = 1 << 23;
    uint256 private constant SIGN = 1 << 255;
    /// @dev Selector and two words of `perform(bytes)` before the calls.
    uint256 private constant PREFIX = 68;

    /// @notice Reverts unless a call made now can be given `wanted` gas.
    function requireGas(uint256 wanted) internal view {
        // `wanted` has 24 bits.
        unchecked {
            if (gasleft() < wanted + wanted / 63 + MARGIN) revert IScheduler.Scheduler_TooLittleGas(wanted, gasleft());
        }
    }

    /// @notice Word `word` of what `target` answers to the calldata slice, with exactly `gasLimit` gas.
    function read(address target, uint256 gasLimit, uint256 word, uint256 pos, uint256 length)
        internal
        view
        returns (bool ok, uint256 value)
    {
        // Scratch behind the free memory pointer.
        assembly ("memory-safe") {
            calldatacopy(mload(0x40), pos, length)
        }
        requireGas(gasLimit);
        // Copies back one word.
        assembly ("memory-safe") {
            ok := staticcall(gasLimit, target, mload(0x40), length, 0, 0)
            ok := and(ok, gt(returndatasize(), add(shl(5, word), 31)))
            if ok {
                returndatacopy(0, shl(5, word), 32)
                value := mload(0)
            }
        }
    }

    /// @notice The condition whose bytes start at calldata offset `at`.
    function test(uint256 pos) internal view returns (Truth, uint256 value) {
        uint256 head = calldataWord(pos);
        bool ok;
        (ok, value) = read(
            address(uint160(head >> 96)),
            head >> 72 & type(uint24).max,
            head >> 56 & 0xff,
            pos + CONDITION_BYTES,
            calldataWord(pos + 57) >> 240
        );
        if (!ok) return (Truth.Unreadable, 0);
        return (compare(head >> 64 & 0xff, value, calldataWord(pos + 25)) ? Truth.True : Truth.False, value);
    }

    /// @notice `a op b`: == != < <= > >=, plus 8 for signed. Any other operator is false.
    function compare(uint256 op, uint256 a, uint256 b) internal pure returns (bool) {
        // Moving both by half the range turns signed order into unsigned order.
        if (op & 8 != 0) (a, b) = (a ^ SIGN, b ^ SIGN);
        op &= 7;
        if (op == 0) return a == b;
        if (op == 1) return a != b;
        if (op == 2) return a < b;
        if (op == 3) return a <= b;
        if (op == 4) return a > b;
        return op == 5 && a >= b;
    }

    /// @notice The input of `perform` for the calls at calldata offset `at`.
    function load(uint256 pos, uint256 length) internal pure returns (bytes memory input) {
        bytes4 selector = IAccount.perform.selector;
        // Allocates prefix and calls, to a whole word.
        assembly ("memory-safe") {
            input := mload(0x40)
            mstore(input, add(length, PREFIX))
            mstore(add(input, 32), selector)
            mstore(add(input, 36), 32)
            mstore(add(input, 68), length)
            calldatacopy(add(input, 100), pos, length)
            mstore(0x40, and(add(add(input, length), 131), not(31)))
        }
    }

    /// @notice Put what the step's reads answer into the calls, in order. Returns the offset behind them.
    function fill(bytes memory input, StepHead step, uint256 pos) internal view returns (uint256) {
        uint256 count = step.reads();
        uint256 length = step.callsLength();
        for (uint256 i; i < count; ++i) {
            uint256 head = calldataWord(pos);
            uint256 into = calldataWord(pos + 24) >> 232;
            (bool ok, uint256 value) = read(
                address(uint160(head >> 96)),
                head >> 72 & type(uint24).max,
                head >> 64 & 0xff,
                pos + READ_BYTES,
                calldataWord(pos + 27) >> 240
            );
            uint256 size = 32;
            if (into & INTO_VALUE != 0) {
                (into, size) = (into ^ INTO_VALUE, 12);
                ok = ok && value >> 96 == 0;
            }
            if (!ok || into + size > length) revert IScheduler.Scheduler_ReadFailed(uint8(step.index()), i);
            // Within the calls, as just checked: the value's bytes go first, what stood behind them stays.
            assembly ("memory-safe") {
                let place := add(add(input, 100), into)
                switch size
                case 32 { mstore(place, value) }
                default { mstore(place, or(shl(160, value), shr(96, shl(96, mload(place))))) }
            }
            pos = afterRead(pos);
        }
        return pos;
    }

    /// @notice Have `account` make the calls with exactly `gasLimit` gas. Reverts with a bounded reason unless it answers as an Account.
    function perform(address account, uint256 gasLimit, bytes memory input, uint256 index) internal {
        requireGas(gasLimit);
        bytes4 magic = IAccount.perform.selector;
        bool ok;
        // Copies back one word.
        assembly ("memory-safe") {
            mstore(0, 0)
            ok := call(gasLimit, account, 0, add(input, 32), mload(input), 0, 32)
            ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), magic)))
        }
        if (ok) return;
        if (account.code.length == 0) revert IScheduler.Scheduler_NoAccount(account);
        bytes memory reason;
        // Copies back at most 512 bytes.
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, 512) { size := 512 }
            reason := mload(0x40)
            mstore(reason, size)
            returndatacopy(add(reason, 32), 0, size)
            mstore(0x40, add(reason, 576))
        }
        revert IScheduler.Scheduler_CallsFailed(uint8(index), reason);
    }
}
