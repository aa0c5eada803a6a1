// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Names} from "./Names.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../interfaces/IRegistryAnswers.sol";
import {Labels} from "../libraries/Labels.sol";

/// @notice What a name says: addresses, texts, content hash, ABIs, interfaces; and what an account says its name is.
abstract contract Records is Names {
    uint256 private constant MOST_TEXT_KEY = 64;
    uint256 private constant MOST_TEXT = 1_024;
    uint256 private constant MOST_BYTES = 128;
    uint256 private constant MOST_ABI = 16_384;

    // ------------------------------------------------------------------ setters

    /// @inheritdoc IRegistry
    function setAddr(bytes32 node, address a) external {
        _setAddr(node, _requireOperator(node), _hereCoin(), a == address(0) ? bytes("") : abi.encodePacked(a));
    }

    /// @inheritdoc IRegistry
    function setAddr(bytes32 node, uint256 coinType, bytes calldata a) external {
        bytes32 life = _requireOperator(node);
        if (coinType == ETHEREUM || coinType >= EVM) {
            if (a.length != 0 && a.length != 20) revert Registry_BadLength("address", a.length, 20);
            if (a.length == 20 && bytes20(a) == 0) return _setAddr(node, life, coinType, "");
        }
        _requireLength("address", a.length, MOST_BYTES);
        _setAddr(node, life, coinType, a);
    }

    /// @inheritdoc IRegistry
    function setText(bytes32 node, string calldata key, string calldata value) external {
        bytes32 life = _requireOperator(node);
        if (bytes(key).length == 0) revert Registry_BadLength("text key", 0, MOST_TEXT_KEY);
        _requireLength("text key", bytes(key).length, MOST_TEXT_KEY);
        _requireLength("text", bytes(value).length, MOST_TEXT);
        _setRecord(node, life, TEXT_KIND, bytes(key), bytes(value));
        emit IRegistryAnswers.TextChanged(node, key, key, value);
    }

    /// @inheritdoc IRegistry
    function setContenthash(bytes32 node, bytes calldata hash) external {
        bytes32 life = _requireOperator(node);
        _requireLength("contenthash", hash.length, MOST_BYTES);
        _setRecord(node, life, CONTENTHASH_KIND, "", hash);
        emit IRegistryAnswers.ContenthashChanged(node, hash);
    }

    /// @inheritdoc IRegistry
    function setABI(bytes32 node, uint256 contentType, bytes calldata data) external {
        bytes32 life = _requireOperator(node);
        // contentType - 1 of zero wraps to a mask that has no bit of it, so zero is asked for itself.
        unchecked {
            if (contentType == 0 || contentType & contentType - 1 != 0) revert Registry_BadValue("content type", contentType);
        }
        _requireLength("ABI", data.length, MOST_ABI);
        _setRecord(node, life, ABI_KIND, abi.encode(contentType), data);
        emit IRegistryAnswers.ABIChanged(node, contentType);
    }

    /// @inheritdoc IRegistry
    function setInterface(bytes32 node, bytes4 interfaceId, address implementer) external {
        bytes32 life = _requireOperator(node);
        bytes memory value = implementer == address(0) ? bytes("") : abi.encodePacked(implementer);
        _setRecord(node, life, INTERFACE_KIND, abi.encode(interfaceId), value);
        emit IRegistryAnswers.InterfaceChanged(node, interfaceId, implementer);
    }

    /// @inheritdoc IRegistry
    function setName(string calldata name_) external {
        _requireLength("name", bytes(name_).length, Labels.MOST_BYTES);
        bytes32 node = _reverseNode(msg.sender);
        _reverses[node] = Reverse(msg.sender, name_);
        emit ReverseSet(_next(), msg.sender, name_);
        emit IRegistryAnswers.NameChanged(node, name_);
    }

    // ------------------------------------------------------------------ for the other parts

    /// @dev Sets an address that was found well.
    function _setAddr(bytes32 node, bytes32 life, uint256 coinType, bytes memory a) internal {
        _setRecord(node, life, ADDR_KIND, abi.encode(coinType), a);
        emit IRegistryAnswers.AddressChanged(node, coinType, a);
        if (coinType == _hereCoin()) emit IRegistryAnswers.AddrChanged(node, address(bytes20(a)));
    }

    // ------------------------------------------------------------------ parts

    function _setRecord(bytes32 node, bytes32 life, bytes4 kind, bytes memory key, bytes memory value) private {
        _records[_recordKey(life, kind, key)] = value;
        emit RecordSet(_touch(node), node, kind, key, value);
    }

    function _requireLength(bytes32 what, uint256 length, uint256 most) internal pure {
        if (length > most) revert Registry_BadLength(what, length, most);
    }
}
