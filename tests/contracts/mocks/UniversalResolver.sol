// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IRegistry {
    function resolver(bytes32 node) external view returns (address);
}

/// @notice ENS's Universal Resolver without its gateways: what current clients ask instead of the registry.
/// @dev Selectors, walk and reverts are ENS's; names are DNS-encoded.
contract UniversalResolver {
    IRegistry public immutable registry;
    bytes4 private constant _EXTENDED = 0x9061b923;

    error ResolverNotFound(bytes name);
    error ResolverNotContract(bytes name, address resolver);
    error UnsupportedResolverProfile(bytes4 selector);
    error ResolverError(bytes reason);

    constructor(IRegistry registry_) {
        registry = registry_;
    }

    /// @notice What the name's resolver answers to `data`, and which resolver it is.
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory, address) {
        (address resolver,, uint256 offset) = findResolver(name);
        if (resolver == address(0)) revert ResolverNotFound(name);
        if (resolver.code.length == 0) revert ResolverNotContract(name, resolver);
        bool extended = _isExtended(resolver);
        if (offset != 0 && !extended) revert ResolverNotFound(name);
        bytes memory asked = extended ? abi.encodeWithSelector(_EXTENDED, name, data) : data;
        (bool ok, bytes memory answer) = resolver.staticcall(asked);
        if (!ok) revert ResolverError(answer);
        if (answer.length == 0) revert UnsupportedResolverProfile(bytes4(data[:4]));
        return (extended ? abi.decode(answer, (bytes)) : answer, resolver);
    }

    /// @notice The resolver of the name or its nearest parent that has one, the name's node, and where that parent starts.
    function findResolver(bytes calldata name) public view returns (address resolver, bytes32 node, uint256 offset) {
        node = _namehash(name, 0);
        while (offset < name.length) {
            resolver = registry.resolver(_namehash(name, offset));
            if (resolver != address(0) || name[offset] == 0) break;
            offset += 1 + uint8(name[offset]);
        }
    }

    function _isExtended(address resolver) private view returns (bool) {
        (bool ok, bytes memory answer) = resolver.staticcall(abi.encodeWithSelector(0x01ffc9a7, _EXTENDED));
        return ok && answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
    }

    function _namehash(bytes calldata name, uint256 at) private pure returns (bytes32) {
        uint256 size = uint8(name[at]);
        if (size == 0) return bytes32(0);
        bytes32 label = keccak256(name[at + 1:at + 1 + size]);
        return keccak256(abi.encodePacked(_namehash(name, at + 1 + size), label));
    }
}
