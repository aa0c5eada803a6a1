// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A contract as an owner: it acts when told to, and judges signatures (ERC-1271) as its mood is.
contract Wallet {
    enum Mood {
        Accepts,
        Refuses,
        Reverts,
        Burns,
        Short,
        Bombs,
        AcceptsOne
    }

    Mood public mood;
    /// @notice The only hash accepted in the mood `AcceptsOne`.
    bytes32 public accepted;

    error Wallet_Moody();

    function setMood(Mood mood_, bytes32 accepted_) external {
        (mood, accepted) = (mood_, accepted_);
    }

    /// @notice ERC-1271.
    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        bytes4 magic = this.isValidSignature.selector;
        if (mood == Mood.Reverts) revert Wallet_Moody();
        // Each of these ends the call; memory is not used again.
        if (mood == Mood.Burns) {
            assembly {
                invalid()
            }
        }
        if (mood == Mood.Short) {
            assembly {
                mstore(0, magic)
                return(0, 4)
            }
        }
        if (mood == Mood.Bombs) {
            assembly {
                mstore(0, magic)
                return(0, 0x40000)
            }
        }
        bool yes = mood == Mood.Accepts || (mood == Mood.AcceptsOne && hash == accepted);
        return yes ? magic : bytes4(0xffffffff);
    }

    /// @notice Act; reverts pass through.
    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call{value: value}(data);
        if (!ok) {
            // Passes the revert data on as it is.
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    receive() external payable {}
}
