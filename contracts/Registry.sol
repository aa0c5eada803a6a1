// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {Resolver} from "./registry/Resolver.sol";
import {Instances} from "./registry/Instances.sol";

/// @notice See {IRegistry} and {IRegistryAnswers}. Its parts are in `registry/`, each built on the one before: Store, Names, Records, Services,
/// Instances. What ENS's clients ask is too much code for one contract, so {Resolver} answers it, here and with what is stored here.
contract Registry is Instances {
    address private immutable RESOLVER = address(new Resolver());

    /// @dev All of {IRegistryAnswers}, of which nothing writes.
    fallback() external {
        address resolver = RESOLVER;
        // Ends the call, so it may use all memory.
        assembly ("memory-safe") {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), resolver, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    /// @inheritdoc IRegistry
    /// @dev It takes no value, so no claim in it has one.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (bool ok, bytes memory result) = address(this).delegatecall(calls[i]);
            // The call's own error.
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }
}
