// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFacts} from "./interfaces/IFacts.sol";
import {ChainClock} from "./libraries/ChainClock.sol";

/// @notice See {IFacts}.
contract Facts is IFacts, ChainClock {
    /// @inheritdoc IFacts
    function blockNumber() external view returns (uint256) {
        return _blockNumber();
    }

    /// @inheritdoc IFacts
    function timestamp() external view returns (uint256) {
        return block.timestamp;
    }

    /// @inheritdoc IFacts
    function balance(address account) external view returns (uint256) {
        return account.balance;
    }

    /// @inheritdoc IFacts
    function codeHash(address account) external view returns (bytes32) {
        return account.codehash;
    }

    /// @inheritdoc IFacts
    function age(address target, bytes calldata data, uint256 word) external view returns (uint256) {
        (bool ok, bytes memory answer) = target.staticcall(data);
        if (!ok || answer.length < 32 || word > answer.length / 32 - 1) revert Facts_Unreadable(target, word);
        uint256 time;
        // The word is within the answer.
        assembly ("memory-safe") {
            time := mload(add(add(answer, 32), mul(word, 32)))
        }
        return time < block.timestamp ? block.timestamp - time : 0;
    }
}
