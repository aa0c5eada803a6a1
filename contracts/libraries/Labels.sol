// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "../interfaces/IRegistry.sol";

/// @notice What a label is, and how labels make names: hashes (EIP-137), DNS's encoding (length ‖ label … 00), and with dots.
library Labels {
    /// @notice The most labels a name has, and one that is answered below it.
    uint256 internal constant MOST_LABELS = 8;
    uint256 internal constant MOST_DECODED = MOST_LABELS + 1;
    /// @notice The longest name in DNS's encoding.
    uint256 internal constant MOST_BYTES = 255;
    uint256 private constant MOST_LABEL_BYTES = 63;
    /// @dev Bit c: the character c may be in a label. 0-9 from bit 48, a-z from bit 97, `-` is 45.
    uint256 private constant CHARACTERS = 0x3ff << 48 | 0x3ffffff << 97 | 1 << 45;

    /// @notice The label's hash; reverts if it is no label.
    function hash(string calldata label) internal pure returns (bytes32) {
        bytes calldata b = bytes(label);
        uint256 length = b.length;
        bool good = length != 0 && length <= MOST_LABEL_BYTES;
        for (uint256 i; good && i < length; ++i) good = 1 << uint8(b[i]) & CHARACTERS != 0;
        // ENSIP-15: `--` at the third and fourth is for encodings.
        if (good) good = b[0] != "-" && b[length - 1] != "-" && !(length > 3 && b[2] == "-" && b[3] == "-");
        if (!good) revert IRegistry.Registry_BadLabel(label);
        return keccak256(b);
    }

    function child(bytes32 node, bytes32 labelHash) internal pure returns (bytes32 node_) {
        // Scratch space.
        assembly ("memory-safe") {
            mstore(0, node)
            mstore(32, labelHash)
            node_ := keccak256(0, 64)
        }
    }

    /// @notice Where the labels of a DNS-encoded name start, the first in the lowest 8 bits, and how many there are. None if it is empty, malformed,
    /// or has more labels than any name that is answered.
    function split(bytes memory name) internal pure returns (uint256 starts, uint256 count) {
        uint256 end = name.length;
        if (end > MOST_BYTES) return (0, 0);
        uint256 pos;
        while (pos < end) {
            uint256 length = uint8(name[pos]);
            if (length == 0) return pos + 1 == end ? (starts, count) : (0, 0);
            if (length > MOST_LABEL_BYTES || count == MOST_DECODED) return (0, 0);
            starts |= pos << 8 * count++;
            pos += 1 + length;
        }
        return (0, 0);
    }

    /// @notice The hash of the label whose length is at `start` of a name that {split} found well.
    function hashAt(bytes memory name, uint256 start) internal pure returns (bytes32 hash_) {
        // Reads memory of `name` only.
        assembly ("memory-safe") {
            let at := add(add(name, 32), start)
            hash_ := keccak256(add(at, 1), byte(0, mload(at)))
        }
    }

    /// @notice The DNS encoding of a name with dots; {split} finds nothing in it if a label is empty or too long.
    function encode(bytes memory dotted) internal pure returns (bytes memory name) {
        uint256 end = dotted.length;
        if (end + 2 > MOST_BYTES) return "";
        name = new bytes(end + 2);
        // From the end: every dot, and the very first byte, becomes the length of what follows it.
        uint256 length = 0;
        for (uint256 i = end; i != 0; --i) {
            bytes1 c = dotted[i - 1];
            if (c != ".") {
                name[i] = c;
                ++length;
            } else {
                if (length == 0) return "";
                name[i] = bytes1(uint8(length));
                length = 0;
            }
        }
        name[0] = bytes1(uint8(length));
    }

    /// @notice The number in `v<number>`, of 1 to 10 digits without a leading zero; 0 for any other label.
    function release(bytes memory label) internal pure returns (uint32) {
        uint256 length = label.length;
        if (length < 2 || length > 11 || label[0] != "v" || label[1] == "0") return 0;
        uint256 number = 0;
        for (uint256 i = 1; i < length; ++i) {
            uint256 digit = uint256(uint8(label[i])) ^ 0x30;
            if (digit > 9) return 0;
            number = number * 10 + digit;
        }
        return number > type(uint32).max ? 0 : uint32(number);
    }
}
