// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Makes one call with every amount of gas of a range, each time from the same state, and tells what came of it.
contract Sweeper {
    /// @notice What is looked at after each attempt: `answer & mask` of each, in order, is the outcome.
    struct Look {
        address target;
        bytes data;
        bytes32[] masks;
    }

    /// @notice One distinct outcome: how often it came, the least and most gas with which it came, the most that was earned.
    struct Outcome {
        bytes32 seen;
        bool ok;
        uint256 count;
        uint256 least;
        uint256 most;
        uint256 earned;
        uint256 answer;
    }

    error Sweeper_Seen(bool ok, bytes32 seen, uint256 earned, uint256 answer);

    uint256 private constant MAX_OUTCOMES = 16;

    /// @notice `from`, `from + stride`, ... below `to`.
    /// @param earnings a view whose first word is what this contract earned so far
    function sweep(address target, bytes calldata data, uint256[3] calldata range, Look[] calldata looks, Look calldata earnings)
        external
        returns (Outcome[] memory outcomes)
    {
        outcomes = new Outcome[](MAX_OUTCOMES);
        uint256 found;
        for (uint256 g = range[0]; g < range[1]; g += range[2]) {
            (bool ok, bytes32 seen, uint256 earned, uint256 answer) = _attempt(target, data, g, looks, earnings);
            uint256 i;
            while (i < found && !(outcomes[i].seen == seen && outcomes[i].ok == ok && outcomes[i].answer == answer)) ++i;
            if (i == found) {
                require(found < MAX_OUTCOMES, "too many outcomes");
                outcomes[found++] = Outcome(seen, ok, 0, g, g, 0, answer);
            }
            Outcome memory o = outcomes[i];
            ++o.count;
            o.most = g;
            if (earned > o.earned) o.earned = earned;
        }
        assembly ("memory-safe") {
            mstore(outcomes, found)
        }
    }

    /// @dev Its revert takes everything back.
    function _attempt(address target, bytes calldata data, uint256 gas_, Look[] calldata looks, Look calldata earnings)
        private
        returns (bool ok, bytes32 seen, uint256 earned, uint256 answer)
    {
        try this.attempt(target, data, gas_, looks, earnings) {
            revert("unreachable");
        } catch (bytes memory why) {
            require(bytes4(why) == Sweeper_Seen.selector, "attempt failed by itself");
            assembly ("memory-safe") {
                ok := mload(add(why, 36))
                seen := mload(add(why, 68))
                earned := mload(add(why, 100))
                answer := mload(add(why, 132))
            }
        }
    }

    function attempt(address target, bytes calldata data, uint256 gas_, Look[] calldata looks, Look calldata earnings) external {
        (, bytes memory before) = earnings.target.staticcall(earnings.data);
        (bool ok, bytes memory answer) = target.call{gas: gas_}(data);
        bytes32 seen;
        for (uint256 i; i < looks.length; ++i) {
            (, bytes memory words) = looks[i].target.staticcall(looks[i].data);
            for (uint256 j; j < looks[i].masks.length; ++j) {
                seen = keccak256(abi.encode(seen, _word(words, j) & looks[i].masks[j]));
            }
        }
        (, bytes memory later) = earnings.target.staticcall(earnings.data);
        // Only runMany's mask matters: what others answer depends on the gas price, not on the gas.
        uint256 said = ok && answer.length == 32 ? uint256(_word(answer, 0)) : 0;
        revert Sweeper_Seen(ok, seen, uint256(_word(later, 0)) - uint256(_word(before, 0)), said);
    }

    function _word(bytes memory words, uint256 i) private pure returns (bytes32 word) {
        require(words.length >= 32 * i + 32, "look is too short");
        // Within the words, as just checked.
        assembly ("memory-safe") {
            word := mload(add(add(words, 32), mul(32, i)))
        }
    }
}
