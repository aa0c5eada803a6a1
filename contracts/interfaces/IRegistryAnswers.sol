// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What ENS clients ask
/// @notice The Registry answers as ENS registry (EIP-137), as resolver (EIP-137, 205, 634, 1577, 2304, ENSIP-8, ENSIP-10) and as Universal Resolver.
/// It fails closed: what is not live has no resolver, no address and no records, from the very block in which it lapses.
/// @dev A name that does not exist may still be answered one label below a service: `canary.` is the proposed version, `v2.` the last confirmed
/// build of release 2, and an instance's label that instance, while its lease lasts. A name that does exist wins.
/// `addr(node)` is the address on this chain; `addr(node, 60)` the one on Ethereum's main chain. On that chain they are the same.
interface IRegistryAnswers {
    // ------------------------------------------------------------------ ENS's events

    event NewOwner(bytes32 indexed node, bytes32 indexed label, address owner);
    event Transfer(bytes32 indexed node, address owner);
    event NewResolver(bytes32 indexed node, address resolver);
    event AddrChanged(bytes32 indexed node, address a);
    event AddressChanged(bytes32 indexed node, uint256 coinType, bytes newAddress);
    event TextChanged(bytes32 indexed node, string indexed indexedKey, string key, string value);
    event ContenthashChanged(bytes32 indexed node, bytes hash);
    event ABIChanged(bytes32 indexed node, uint256 indexed contentType);
    event InterfaceChanged(bytes32 indexed node, bytes4 indexed interfaceID, address implementer);
    event NameChanged(bytes32 indexed node, string name);

    // ------------------------------------------------------------------ the Universal Resolver's errors, which clients know

    error ResolverNotFound(bytes name);
    error UnsupportedResolverProfile(bytes4 selector);
    error ReverseAddressMismatch(string primary, bytes primaryAddress);

    struct ResolverInfo {
        bytes name;
        uint256 offset;
        bytes32 node;
        address resolver;
        bool extended;
    }

    // ------------------------------------------------------------------ registry

    function owner(bytes32 node) external view returns (address);
    function resolver(bytes32 node) external view returns (address);
    function ttl(bytes32 node) external view returns (uint64);
    function recordExists(bytes32 node) external view returns (bool);
    /// @notice Always false: operators are a node's own here, see {IRegistry.isOperator}.
    function isApprovedForAll(address owner, address operator) external view returns (bool);

    // ------------------------------------------------------------------ resolver

    function supportsInterface(bytes4 interfaceId) external view returns (bool);
    function addr(bytes32 node) external view returns (address payable);
    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory);
    function text(bytes32 node, string calldata key) external view returns (string memory);
    function contenthash(bytes32 node) external view returns (bytes memory);
    function ABI(bytes32 node, uint256 contentTypes) external view returns (uint256 contentType, bytes memory data);
    function interfaceImplementer(bytes32 node, bytes4 interfaceId) external view returns (address);
    /// @notice The name of `<hex address>.addr.reverse`, if that name resolves to the address; else empty.
    function name(bytes32 node) external view returns (string memory);

    // ------------------------------------------------------------------ Universal Resolver

    /// @notice ENSIP-10 and the Universal Resolver: the answer to `data`, a resolver's call or a multicall of several, for a DNS-encoded name.
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory answer, address resolver);
    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] calldata gateways)
        external
        view
        returns (bytes memory answer, address resolver);
    function findResolver(bytes calldata name) external view returns (address resolver, bytes32 node, uint256 offset);
    function requireResolver(bytes calldata name) external view returns (ResolverInfo memory);
    function reverse(bytes calldata lookupAddress, uint256 coinType)
        external
        view
        returns (string memory primary, address resolver, address reverseResolver);
    function reverseWithGateways(bytes calldata lookupAddress, uint256 coinType, string[] calldata gateways)
        external
        view
        returns (string memory primary, address resolver, address reverseResolver);
}
