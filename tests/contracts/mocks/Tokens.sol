// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @notice An ERC-20 that anyone can mint, and that can be told to misbehave.
contract Coin is ERC20("Coin", "COIN") {
    /// @notice Taken out of each transfer, in hundredths of a percent.
    uint256 public feeBps;
    /// @notice Whether transfers revert.
    bool public stuck;

    error Coin_Stuck();

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 feeBps_) external {
        feeBps = feeBps_;
    }

    function setStuck(bool stuck_) external {
        stuck = stuck_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to != address(0)) {
            if (stuck) revert Coin_Stuck();
            uint256 fee = amount * feeBps / 10_000;
            if (fee != 0) super._update(from, address(0), fee);
            amount -= fee;
        }
        super._update(from, to, amount);
    }
}

/// @notice An ERC-721 that anyone can mint, safely: receivers are asked.
contract Nft is ERC721("Nft", "NFT") {
    function mint(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

/// @notice An ERC-1155 that anyone can mint, one kind or several; receivers are asked.
contract Multi is ERC1155("") {
    function mint(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
    }

    function mintBatch(address to, uint256[] calldata ids, uint256[] calldata amounts) external {
        _mintBatch(to, ids, amounts, "");
    }
}
