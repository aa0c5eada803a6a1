// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../interfaces/IRegistryAnswers.sol";
import {Labels} from "../libraries/Labels.sol";
import {BookWord} from "../types/BookWord.sol";
import {LeaseWord} from "../types/LeaseWord.sol";
import {LifeWord} from "../types/LifeWord.sol";

/// @notice All that the Registry keeps, and how it is read. The Registry and {Resolver}, which reads for it, have it in common.
/// @dev What is kept of a name is kept under its life, keccak(node, generation), which never comes again. 0 is the life of what is not live: nothing
/// is ever kept there. Only `_highest` outlives a name.
abstract contract Store {
    bytes32 internal constant ROOT = 0;
    bytes32 internal constant CANARY = keccak256("canary");

    // The kinds of records: the selectors of the functions that read them.
    bytes4 internal constant ADDR_KIND = 0xf1cb7e06; // addr(bytes32,uint256)
    bytes4 internal constant TEXT_KIND = IRegistryAnswers.text.selector;
    bytes4 internal constant CONTENTHASH_KIND = IRegistryAnswers.contenthash.selector;
    bytes4 internal constant ABI_KIND = IRegistryAnswers.ABI.selector;
    bytes4 internal constant INTERFACE_KIND = IRegistryAnswers.interfaceImplementer.selector;

    /// @dev ENSIP-9, ENSIP-11: Ethereum's main chain, and where other EVM chains' coin types begin.
    uint256 internal constant ETHEREUM = 60;
    uint256 internal constant EVM = 0x80000000;
    /// @dev namehash of `addr.reverse`.
    bytes32 private constant ADDR_REVERSE = 0x91d1777781884d03a6757a803996e38de2a42967fb37eeaca72729271025a9e2;

    /// @dev Parent and label follow from the node itself, so they stay when it is removed. The label is in the book if it is short.
    struct Node {
        LifeWord life;
        BookWord book;
        bytes32 parent;
        string longLabel;
    }

    struct Reverse {
        address account;
        string name;
    }

    /// @dev One word, in a struct so that its place is found once.
    struct Lease {
        LeaseWord word;
    }

    struct Releases {
        uint32 current;
        IRegistry.Version proposed;
        mapping(uint32 release => IRegistry.Version) confirmed;
    }

    /// @dev What a heartbeat need not touch.
    struct Place {
        bytes32 node;
        bytes32 labelHash;
        uint32 generation;
        uint32 index;
        string label;
        address target;
        bytes12 zone;
        string endpoint;
    }

    // slither-disable-start uninitialized-state (mappings; the Resolver reads what the Registry wrote)
    uint64 internal _revision;
    uint64 internal _lastId;
    mapping(bytes32 node => Node) internal _nodes;
    mapping(bytes32 life => bytes32[]) internal _children;
    /// @dev An era is a life under one owner, so a new owner finds no offer and no operator.
    mapping(bytes32 era => address) internal _offers;
    mapping(bytes32 key => bool) internal _approvals;
    mapping(bytes32 commitment => uint256) internal _committedAt;
    mapping(address owner => uint256) internal _credits;
    /// @dev By a key of life, kind and the kind's key.
    mapping(bytes32 key => bytes) internal _records;
    mapping(bytes32 reverseNode => Reverse) internal _reverses;
    mapping(bytes32 life => Releases) internal _releases;
    /// @dev release << 32 | build of the highest ever proposed, in whatever life.
    mapping(bytes32 node => uint64) internal _highest;
    mapping(bytes32 life => IRegistry.Scaling) internal _scalings;
    mapping(uint256 id => Lease) internal _leases;
    mapping(uint256 id => Place) internal _places;
    mapping(bytes32 life => uint64[]) internal _lists;
    mapping(bytes32 life => mapping(bytes32 labelHash => uint64)) internal _idOf;
    // slither-disable-end uninitialized-state

    // ------------------------------------------------------------------ names

    /// @dev The node's word, and how many labels it has; none if it is not live, as the root never is.
    function _walk(bytes32 node) internal view returns (LifeWord word, uint256 depth) {
        word = _nodes[node].life;
        LifeWord below = word;
        while (true) {
            bytes32 parent = _nodes[node].parent;
            // The root's word is zero, and is not read.
            LifeWord above = parent == ROOT ? LifeWord.wrap(0) : _nodes[parent].life;
            if (!below.isLiveUnder(above.generation())) return (word, 0);
            ++depth;
            if (parent == ROOT) return (word, depth);
            (node, below) = (parent, above);
        }
    }

    /// @dev The node's life; 0 if it is not live.
    function _lifeOf(bytes32 node) internal view returns (bytes32) {
        (LifeWord word, uint256 depth) = _walk(node);
        return depth == 0 ? bytes32(0) : _key(node, word.generation());
    }

    function _key(bytes32 node, uint256 generation) internal pure returns (bytes32) {
        return Labels.child(node, bytes32(generation));
    }

    // ------------------------------------------------------------------ records

    /// @dev The coin type of this chain. A chain whose id is too big for ENSIP-11 gets one that no other chain has.
    function _hereCoin() internal view returns (uint256) {
        // A chain id near 2^256 is nobody's.
        unchecked {
            return block.chainid == 1 ? ETHEREUM : EVM + block.chainid;
        }
    }

    /// @dev Where a record of a life is; nothing is in the life 0.
    function _recordKey(bytes32 life, bytes4 kind, bytes memory key) internal pure returns (bytes32) {
        return keccak256(abi.encode(life, kind, keccak256(key)));
    }

    function _reverseNode(address account) internal pure returns (bytes32) {
        bytes memory hex_ = new bytes(40);
        uint160 rest = uint160(account);
        for (uint256 i = 40; i != 0; rest >>= 4) hex_[--i] = bytes16("0123456789abcdef")[rest & 15];
        return Labels.child(ADDR_REVERSE, keccak256(hex_));
    }

    // ------------------------------------------------------------------ instances

    /// @dev For whoever knows that its service is live.
    function _isLive(LeaseWord lease) internal view returns (bool) {
        return block.timestamp < lease.until();
    }
}
