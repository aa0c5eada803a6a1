// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Store} from "./Store.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../interfaces/IRegistryAnswers.sol";
import {Labels} from "../libraries/Labels.sol";
import {LeaseWord} from "../types/LeaseWord.sol";
import {LifeWord} from "../types/LifeWord.sol";

/// @notice See {IRegistryAnswers}. The Registry makes one of these for itself and has it answer in its place: it reads the Registry's own store.
/// @dev On its own it knows no name, and keeps nothing.
contract Resolver is IRegistryAnswers, Store {
    /// @dev Who answers for a name: the name itself, a version of the service above, an instance of it, or an account.
    enum Kind {
        Nobody,
        Name,
        Version,
        Instance,
        Account
    }

    /// @dev `life` is where its records are, 0 if it has none; `offset` that of the name's part that has a resolver; `target` the address here of a
    /// version or an instance; `id` the instance's.
    struct Found {
        Kind kind;
        bytes32 node;
        bytes32 life;
        uint256 offset;
        address target;
        uint64 id;
    }

    bytes4 private constant ADDR_HERE = 0x3b3b57de; // addr(bytes32)
    bytes32 private constant URL = keccak256("url");
    bytes32 private constant ZONE = keccak256("zone");
    bytes32 private constant WEIGHT = keccak256("weight");

    // ------------------------------------------------------------------ registry

    /// @inheritdoc IRegistryAnswers
    function owner(bytes32 node) external view returns (address) {
        (LifeWord word, uint256 depth) = _walk(node);
        return depth == 0 ? address(0) : word.owner();
    }

    /// @inheritdoc IRegistryAnswers
    function resolver(bytes32 node) external view returns (address) {
        return _lifeOf(node) != 0 || bytes(name(node)).length != 0 ? address(this) : address(0);
    }

    /// @inheritdoc IRegistryAnswers
    function ttl(bytes32) external pure returns (uint64) {
        return 0;
    }

    /// @inheritdoc IRegistryAnswers
    function recordExists(bytes32 node) external view returns (bool) {
        return _lifeOf(node) != 0;
    }

    /// @inheritdoc IRegistryAnswers
    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    // ------------------------------------------------------------------ resolver

    /// @inheritdoc IRegistryAnswers
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == ADDR_HERE || id == IRegistryAnswers.name.selector || id == IRegistryAnswers.resolve.selector
            || id == ADDR_KIND || id == TEXT_KIND || id == CONTENTHASH_KIND || id == ABI_KIND || id == INTERFACE_KIND;
    }

    /// @inheritdoc IRegistryAnswers
    function addr(bytes32 node) external view returns (address payable) {
        return payable(_hereRecord(_lifeOf(node)));
    }

    /// @inheritdoc IRegistryAnswers
    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory) {
        return _addrRecord(_lifeOf(node), coinType);
    }

    /// @inheritdoc IRegistryAnswers
    function text(bytes32 node, string calldata key) external view returns (string memory) {
        return string(_record(_lifeOf(node), TEXT_KIND, bytes(key)));
    }

    /// @inheritdoc IRegistryAnswers
    function contenthash(bytes32 node) external view returns (bytes memory) {
        return _record(_lifeOf(node), CONTENTHASH_KIND, "");
    }

    /// @inheritdoc IRegistryAnswers
    function ABI(bytes32 node, uint256 contentTypes) external view returns (uint256 contentType, bytes memory data) {
        return _abi(_lifeOf(node), contentTypes);
    }

    /// @inheritdoc IRegistryAnswers
    function interfaceImplementer(bytes32 node, bytes4 interfaceId) external view returns (address) {
        return _implementer(_lifeOf(node), interfaceId);
    }

    /// @inheritdoc IRegistryAnswers
    function name(bytes32 node) public view returns (string memory told) {
        told = _reverses[node].name;
        if (bytes(told).length != 0 && _here(_find(Labels.encode(bytes(told)))) != _reverses[node].account) told = "";
    }

    // ------------------------------------------------------------------ Universal Resolver

    /// @inheritdoc IRegistryAnswers
    function resolve(bytes calldata name_, bytes calldata data) external view returns (bytes memory, address) {
        return (_resolve(name_, data), address(this));
    }

    /// @inheritdoc IRegistryAnswers
    function resolveWithGateways(bytes calldata name_, bytes calldata data, string[] calldata)
        external
        view
        returns (bytes memory, address)
    {
        return (_resolve(name_, data), address(this));
    }

    /// @inheritdoc IRegistryAnswers
    function findResolver(bytes calldata name_) external view returns (address, bytes32, uint256) {
        Found memory f = _findAny(name_);
        return (f.kind == Kind.Nobody ? address(0) : address(this), f.node, f.offset);
    }

    /// @inheritdoc IRegistryAnswers
    function requireResolver(bytes calldata name_) external view returns (ResolverInfo memory) {
        Found memory f = _require(name_);
        return ResolverInfo({name: name_, offset: f.offset, node: f.node, resolver: address(this), extended: true});
    }

    /// @inheritdoc IRegistryAnswers
    function reverse(bytes calldata lookupAddress, uint256 coinType) external view returns (string memory, address, address) {
        return _reverse(lookupAddress, coinType);
    }

    /// @inheritdoc IRegistryAnswers
    function reverseWithGateways(bytes calldata lookupAddress, uint256 coinType, string[] calldata)
        external
        view
        returns (string memory, address, address)
    {
        return _reverse(lookupAddress, coinType);
    }

    // ------------------------------------------------------------------ finding

    /// @dev Who answers for a DNS-encoded name, accounts' names aside. `node` is the whole name's hash, 0 for what is no name.
    function _find(bytes memory name_) private view returns (Found memory f) {
        (uint256 starts, uint256 count) = Labels.split(name_);
        bytes32 above;
        uint256 generation = 0;
        bool alive = count != 0;
        for (uint256 i = count; i != 0; --i) {
            uint256 start = starts >> 8 * (i - 1) & 0xff;
            bytes32 labelHash = Labels.hashAt(name_, start);
            (above, f.node) = (f.node, Labels.child(f.node, labelHash));
            if (!alive) continue;
            LifeWord word = _nodes[f.node].life;
            alive = word.isLiveUnder(generation);
            if (alive) generation = word.generation();
            else if (i == 1 && count > 1) _findBelow(f, _key(above, generation), labelHash, name_);
        }
        if (alive) (f.kind, f.life) = (Kind.Name, _key(f.node, generation));
    }

    /// @dev What is not a name itself, but a first label below a live service.
    function _findBelow(Found memory f, bytes32 service, bytes32 labelHash, bytes memory name_) private view {
        uint64 id = _idOf[service][labelHash];
        if (id != 0) {
            if (_isLive(_leases[id].word)) (f.kind, f.target, f.id) = (Kind.Instance, _places[id].target, id);
        } else {
            IRegistry.Version memory v;
            if (labelHash == CANARY) v = _releases[service].proposed;
            else v = _releases[service].confirmed[Labels.release(_firstLabel(name_))];
            if (v.release != 0) (f.kind, f.target, f.life) = (Kind.Version, v.target, service);
        }
        if (f.kind != Kind.Nobody) f.offset = 1 + uint8(name_[0]);
    }

    /// @dev Who answers for a DNS-encoded name; of `<address>.addr.reverse` the account, if its name may be told.
    function _findAny(bytes memory name_) private view returns (Found memory f) {
        f = _find(name_);
        if (f.kind == Kind.Nobody && bytes(name(f.node)).length != 0) f.kind = Kind.Account;
    }

    function _require(bytes memory name_) private view returns (Found memory f) {
        f = _findAny(name_);
        if (f.kind == Kind.Nobody) revert ResolverNotFound(name_);
    }

    function _firstLabel(bytes memory name_) private pure returns (bytes memory label) {
        label = new bytes(uint8(name_[0]));
        for (uint256 i; i < label.length; ++i) label[i] = name_[i + 1];
    }

    // ------------------------------------------------------------------ answering

    function _resolve(bytes calldata name_, bytes calldata data) private view returns (bytes memory) {
        Found memory f = _require(name_);
        if (bytes4(data) != IRegistry.multicall.selector) return _answer(f, name_, data);
        // The offset of the array, its length, then the offset of each.
        uint256 array = _offset(data, 4, 4);
        uint256 count = uint256(_word(data, array));
        // As many offsets as there are bytes for, so the array that is made is no longer than what came.
        if (count > data.length / 32) _unsupported(data);
        bytes[] memory answers = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            answers[i] = _answer(f, name_, _bytesAt(data, array + 32 + 32 * i, array + 32));
        }
        return abi.encode(answers);
    }

    function _answer(Found memory f, bytes calldata name_, bytes calldata data) private view returns (bytes memory) {
        bytes4 kind = bytes4(data);
        if (_word(data, 4) != f.node) revert ResolverNotFound(name_);
        if (kind == IRegistryAnswers.name.selector) return abi.encode(name(f.node));
        if (f.kind == Kind.Account) _unsupported(data);
        if (kind == ADDR_HERE) return abi.encode(_here(f));
        if (kind == ADDR_KIND) return abi.encode(_coin(f, uint256(_word(data, 36))));
        if (kind == TEXT_KIND) return abi.encode(_text(f, _bytesAt(data, 36, 4)));
        if (kind == CONTENTHASH_KIND) return abi.encode(_record(f.life, CONTENTHASH_KIND, ""));
        if (kind == INTERFACE_KIND) return abi.encode(_implementer(f.life, bytes4(_word(data, 36))));
        if (kind != ABI_KIND) _unsupported(data);
        (uint256 contentType, bytes memory found) = _abi(f.life, uint256(_word(data, 36)));
        return abi.encode(contentType, found);
    }

    /// @dev The address here; 0 for what is not found.
    function _here(Found memory f) private view returns (address) {
        return f.kind == Kind.Name ? _hereRecord(f.life) : f.target;
    }

    /// @dev Versions and instances have an address here alone.
    function _coin(Found memory f, uint256 coinType) private view returns (bytes memory) {
        if (f.kind == Kind.Name) return _addrRecord(f.life, coinType);
        return coinType == _hereCoin() && f.target != address(0) ? abi.encodePacked(f.target) : bytes("");
    }

    function _text(Found memory f, bytes memory key) private view returns (bytes memory) {
        if (f.kind != Kind.Instance) return _record(f.life, TEXT_KIND, key);
        bytes32 keyHash = keccak256(key);
        if (keyHash == URL) return bytes(_places[f.id].endpoint);
        if (keyHash == WEIGHT) return bytes(Strings.toString(_leases[f.id].word.weight()));
        if (keyHash != ZONE) return "";
        bytes12 zone = _places[f.id].zone;
        uint256 length;
        while (length < 12 && zone[length] != 0) ++length;
        bytes memory value = abi.encodePacked(zone);
        // Never longer than it was made.
        assembly ("memory-safe") {
            mstore(value, length)
        }
        return value;
    }

    function _record(bytes32 life, bytes4 kind, bytes memory key) private view returns (bytes memory) {
        return _records[_recordKey(life, kind, key)];
    }

    function _addrRecord(bytes32 life, uint256 coinType) private view returns (bytes memory) {
        return _record(life, ADDR_KIND, abi.encode(coinType));
    }

    /// @dev The address here in a life, 0 if there is none.
    function _hereRecord(bytes32 life) private view returns (address) {
        return address(bytes20(_addrRecord(life, _hereCoin())));
    }

    function _abi(bytes32 life, uint256 contentTypes) private view returns (uint256 contentType, bytes memory data) {
        for (contentType = 1; contentType != 0; contentType <<= 1) {
            if (contentTypes & contentType == 0) continue;
            data = _record(life, ABI_KIND, abi.encode(contentType));
            if (data.length != 0) return (contentType, data);
        }
    }

    function _implementer(bytes32 life, bytes4 interfaceId) private view returns (address) {
        return address(bytes20(_record(life, INTERFACE_KIND, abi.encode(interfaceId))));
    }

    function _reverse(bytes calldata lookupAddress, uint256 coinType) private view returns (string memory, address, address) {
        bool known = coinType == _hereCoin() || coinType == ETHEREUM || coinType == EVM;
        if (lookupAddress.length != 20 || !known) return ("", address(0), address(this));
        address account = address(bytes20(lookupAddress));
        string memory primary = _reverses[_reverseNode(account)].name;
        if (bytes(primary).length == 0) return ("", address(0), address(this));
        address found = _here(_find(Labels.encode(bytes(primary))));
        if (found != account) {
            revert ReverseAddressMismatch(primary, found == address(0) ? bytes("") : abi.encodePacked(found));
        }
        return (primary, address(this), address(this));
    }

    // ------------------------------------------------------------------ calldata that may be anything

    function _unsupported(bytes calldata data) private pure {
        revert UnsupportedResolverProfile(bytes4(data));
    }

    function _word(bytes calldata data, uint256 at) private pure returns (bytes32) {
        if (data.length < 32 || at > data.length - 32) _unsupported(data);
        return bytes32(data[at:]);
    }

    /// @dev Where the offset at `at` leads, counted from `base`.
    function _offset(bytes calldata data, uint256 at, uint256 base) private pure returns (uint256) {
        uint256 offset = uint256(_word(data, at));
        if (offset > data.length) _unsupported(data);
        return base + offset;
    }

    /// @dev The bytes to which the offset at `at` leads, counted from `base`.
    function _bytesAt(bytes calldata data, uint256 at, uint256 base) private pure returns (bytes calldata) {
        uint256 start = _offset(data, at, base);
        uint256 length = uint256(_word(data, start));
        if (length > data.length - start - 32) _unsupported(data);
        return data[start + 32:start + 32 + length];
    }
}
