// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A well-behaved target: each call leaves a trace that can be read back.
contract Target {
    /// @notice How often each key was pinged.
    mapping(uint256 key => uint256) public pings;
    /// @notice What `note` was told, in order; so that a test sees who called, when and with what.
    Note[] private _notes;

    struct Note {
        address by;
        uint256 tag;
        uint256 value;
        uint256 blockNumber;
    }

    /// @notice Write one slot, and nothing else. The call that the benchmark makes.
    function ping(uint256 key) external {
        // A count of calls does not overflow.
        unchecked {
            ++pings[key];
        }
    }

    /// @notice The same with calldata of any length.
    function pingWith(uint256 key, bytes calldata) external {
        // A count of calls does not overflow.
        unchecked {
            ++pings[key];
        }
    }

    /// @notice Keep who called, in which block, with which tag and value.
    function note(uint256 tag) external payable {
        _notes.push(Note(msg.sender, tag, msg.value, block.number));
    }

    function notes() external view returns (Note[] memory) {
        return _notes;
    }

    receive() external payable {}
}
