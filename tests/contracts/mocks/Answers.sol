// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What conditions and reads ask: words kept in storage, and answers of a wrong length.
contract Answers {
    uint256[4] private _words;

    error Answers_Shut();

    bool public shut;

    function set(uint256 index, uint256 to) external {
        _words[index] = to;
    }

    /// @notice Make every answer a revert, until it is opened again.
    function setShut(bool shut_) external {
        shut = shut_;
    }

    function word() external view returns (uint256) {
        if (shut) revert Answers_Shut();
        return _words[0];
    }

    /// @notice Four words, for conditions on a later word.
    function words() external view returns (uint256, uint256, uint256, uint256) {
        if (shut) revert Answers_Shut();
        return (_words[0], _words[1], _words[2], _words[3]);
    }

    function holds() external view returns (bool) {
        if (shut) revert Answers_Shut();
        return _words[0] != 0;
    }

    /// @notice The first `size` bytes of the first word.
    function truncated(uint256 size) external view {
        uint256 w = _words[0];
        // Memory is not used again.
        assembly {
            mstore(0, w)
            return(0, size)
        }
    }

    /// @notice The word, or, with less than `gasWanted` gas, another one: an answer that depends on gas.
    function wordOrElse(uint256 gasWanted, uint256 otherwise) external view returns (uint256) {
        return gasleft() < gasWanted ? otherwise : _words[0];
    }
}
