// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @notice The DAO's treasury, behind a UUPS proxy: an AccessManager says who may pay, set the cap, and upgrade.
contract Vault is Initializable, AccessManaged, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    /// @notice The most that one payment may move.
    uint256 public cap;

    event CapSet(uint256 cap);
    event Paid(IERC20 indexed token, address indexed to, uint256 amount);

    error Vault_OverCap(uint256 amount, uint256 cap);

    constructor() AccessManaged(address(0)) {
        _disableInitializers();
    }

    function initialize(address manager, uint256 cap_) external initializer {
        _setAuthority(manager);
        _setCap(cap_);
    }

    function setCap(uint256 cap_) external restricted {
        _setCap(cap_);
    }

    function pay(IERC20 token, address to, uint256 amount) external restricted {
        if (amount > cap) revert Vault_OverCap(amount, cap);
        emit Paid(token, to, amount);
        token.safeTransfer(to, amount);
    }

    function _setCap(uint256 cap_) private {
        cap = cap_;
        emit CapSet(cap_);
    }

    /// @dev Reached only through `upgradeToAndCall`, whose selector is what the manager judges.
    function _authorizeUpgrade(address) internal override restricted {}
}
