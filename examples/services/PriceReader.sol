// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {IPriceSource} from "./IPriceSource.sol";

/// @notice Keeps the last price that it read from a live instance of a service. Which contract that is, the Registry says at that moment, so an
/// instance that no longer comes back is not asked. examples/price.yaml has it read every hour.
/// @dev Assumption: whoever admits instances to the service admits only those that may set the price alone.
/// Warning: whoever builds the block knows `prevrandao`, and may wait for the instance it likes best.
contract PriceReader {
    IRegistry public immutable REGISTRY;
    bytes32 public immutable SERVICE;
    /// @notice A price that is older is refused.
    uint256 public constant MOST_AGE_S = 1 hours;

    uint256 public cents;
    uint256 public setAt;
    /// @notice The instance that it was read from.
    uint64 public source;

    event PriceRead(uint64 indexed source, uint256 cents, uint256 setAt);

    error PriceReader_TooOld(uint64 source, uint256 setAt);

    constructor(IRegistry registry, bytes32 service) {
        REGISTRY = registry;
        SERVICE = service;
    }

    /// @notice Read from any live instance, drawn by weight. Reverts if there is none, or if it has no price of the last hour.
    function read() external {
        IRegistry.Instance memory found = REGISTRY.pick(SERVICE, block.prevrandao);
        (uint256 cents_, uint256 setAt_) = IPriceSource(found.target).price();
        if (block.timestamp > setAt_ + MOST_AGE_S) revert PriceReader_TooOld(found.id, setAt_);
        (cents, setAt, source) = (cents_, setAt_, found.id);
        emit PriceRead(found.id, cents_, setAt_);
    }
}
