// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Registry} from "../../contracts/Registry.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../../contracts/interfaces/IRegistryAnswers.sol";

interface RegistryVm {
    function warp(uint256 time) external;
    function deal(address who, uint256 amount) external;
    function prank(address sender) external;
    function etch(address where, bytes calldata code) external;
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
}

/// @notice A Registry in which OWNER has the name `acme` and below it the service `pay.acme`, and somebody who wants them.
abstract contract RegistryAttacks {
    RegistryVm internal constant VM = RegistryVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address internal constant OWNER = address(0xA11CE);
    address internal constant THIEF = address(0xBAD);
    address internal constant BUYER = address(0xB0B);
    address internal constant HAND = address(0x4A4D);
    uint256 internal constant NOW = 1_700_000_000;
    uint256 internal constant DEPOSIT = 0.1 ether;
    uint256 internal constant TERM = 365 days;
    uint256 internal constant GRACE = 90 days;
    bytes32 internal constant SECRET = bytes32("secret");
    /// @dev forge's chain.
    uint256 internal constant HERE = 0x80000000 + 31_337;

    Registry internal _registry;
    IRegistryAnswers internal _answers;
    bytes32 internal _acme;
    bytes32 internal _pay;
    /// @dev The time; the compiler takes `block.timestamp` for a constant.
    uint256 internal _now = NOW;

    function setUp() public virtual {
        VM.warp(NOW);
        _registry = new Registry();
        _answers = IRegistryAnswers(address(_registry));
        _acme = _claimed("acme", OWNER);
        VM.prank(OWNER);
        _pay = _registry.create(_acme, "pay", OWNER);
    }

    function _to(uint256 time) internal {
        _now = time;
        VM.warp(time);
    }

    function _committed(string memory label, address owner) internal {
        _registry.commit(_registry.commitmentOf(label, owner, SECRET));
        _to(_now + 60);
    }

    function _claimed(string memory label, address owner) internal returns (bytes32 node) {
        _committed(label, owner);
        VM.deal(address(this), DEPOSIT);
        return _registry.claim{value: DEPOSIT}(label, owner, SECRET);
    }

    function _handed(bytes32 node, address from, address to) internal {
        VM.prank(from);
        _registry.offer(node, to);
        uint64 seen = _revisionOf(node);
        VM.prank(to);
        _registry.accept(node, seen);
    }

    function _served(bytes32 node, string memory label, address operator) internal returns (uint64 id) {
        VM.prank(OWNER);
        id = _registry.admit(node, label, operator, 10, 60);
        VM.prank(operator);
        _registry.serve(id, address(uint160(0x5E40 + id)), "eu-west", "https://one");
        _beat(operator, id);
    }

    function _beat(address operator, uint64 id) internal {
        VM.prank(operator);
        _registry.heartbeat(_ids(id), _now);
    }

    function _ids(uint64 id) internal pure returns (uint64[] memory ids) {
        ids = new uint64[](1);
        ids[0] = id;
    }

    function _revisionOf(bytes32 node) internal view returns (uint64 revision) {
        (,,,,,,, revision) = _registry.nameOf(node);
    }

    // ------------------------------------------------------------------ names, in another way than the contract's

    /// @dev EIP-137, from the first label on.
    function _hash(string memory dotted) internal pure returns (bytes32) {
        bytes memory b = bytes(dotted);
        if (b.length == 0) return 0;
        uint256 dot = b.length;
        for (uint256 i; i < b.length && dot == b.length; ++i) if (b[i] == ".") dot = i;
        string memory rest = dot == b.length ? "" : string(_slice(b, dot + 1, b.length));
        return keccak256(bytes.concat(_hash(rest), keccak256(_slice(b, 0, dot))));
    }

    function _dns(string memory dotted) internal pure returns (bytes memory) {
        bytes memory b = bytes(dotted);
        if (b.length == 0) return hex"00";
        uint256 dot = b.length;
        for (uint256 i; i < b.length && dot == b.length; ++i) if (b[i] == ".") dot = i;
        string memory rest = dot == b.length ? "" : string(_slice(b, dot + 1, b.length));
        return bytes.concat(bytes1(uint8(dot)), _slice(b, 0, dot), _dns(rest));
    }

    function _slice(bytes memory b, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i; i < part.length; ++i) part[i] = b[from + i];
    }

    function _repeat(string memory what, uint256 times) internal pure returns (string memory out) {
        for (uint256 i; i < times; ++i) out = string.concat(out, what);
    }

    function _hex(address account) internal pure returns (string memory) {
        bytes memory out = new bytes(40);
        for (uint256 i; i < 40; ++i) out[i] = bytes("0123456789abcdef")[uint160(account) >> 4 * (39 - i) & 15];
        return string(out);
    }

    // ------------------------------------------------------------------ what is answered

    /// @dev The address here of a name, 0 if there is no such name.
    function _resolved(string memory dotted) internal view returns (address) {
        bytes memory call_ = abi.encodeWithSignature("addr(bytes32)", _hash(dotted));
        try _answers.resolve(_dns(dotted), call_) returns (bytes memory answer, address) {
            return abi.decode(answer, (address));
        } catch (bytes memory why) {
            require(bytes4(why) == IRegistryAnswers.ResolverNotFound.selector, "refused, but for another reason");
            return address(0);
        }
    }

    function _textOf(string memory dotted, string memory key) internal view returns (string memory) {
        (bytes memory answer,) = _answers.resolve(_dns(dotted), abi.encodeCall(_answers.text, (_hash(dotted), key)));
        return abi.decode(answer, (string));
    }

    /// @dev Whether anything at all says that the name is there.
    function _found(string memory dotted) internal view returns (bool) {
        bytes32 node = _hash(dotted);
        (address resolver,,) = _answers.findResolver(_dns(dotted));
        (bool ok,) = address(_registry).staticcall(
            abi.encodeCall(_answers.resolve, (_dns(dotted), abi.encodeCall(_answers.text, (node, "url"))))
        );
        (bool required,) = address(_registry).staticcall(abi.encodeCall(_answers.requireResolver, (_dns(dotted))));
        require(ok == required && ok == (resolver != address(0)), "some say so, others not");
        return ok || _answers.owner(node) != address(0) || _answers.resolver(node) != address(0) || _answers.recordExists(node)
            || _answers.addr(node) != address(0);
    }

    // ------------------------------------------------------------------ who tries

    function _try(address who, bytes memory input) internal returns (bool ok, bytes memory answer) {
        VM.prank(who);
        return address(_registry).call(input);
    }

    /// @dev Refused with exactly this.
    function _refused(address who, bytes memory input, bytes memory why) internal {
        (bool ok, bytes memory answer) = _try(who, input);
        require(!ok, "a thief got through");
        require(keccak256(answer) == keccak256(why), "refused, but for another reason");
    }

    function _notAllowed(bytes32 node, address who) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_NotAllowed.selector, node, who);
    }

    function _noName(bytes32 node) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_NoName.selector, node);
    }
}
