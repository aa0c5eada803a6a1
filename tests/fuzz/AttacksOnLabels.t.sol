// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../../contracts/interfaces/IRegistryAnswers.sol";
import {RegistryAttacks} from "./RegistryAttacks.sol";

/// @notice To have a name that looks like another, or bytes that break whoever resolves them.
contract AttacksOnLabelsTest is RegistryAttacks {
    // ------------------------------------------------------------------ labels

    function _bad(string memory label) private {
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_BadLabel.selector, label);
        _refused(OWNER, abi.encodeCall(_registry.create, (_acme, label, OWNER)), why);
        _refused(OWNER, abi.encodeCall(_registry.admit, (_acme, label, OWNER, 1, 60)), why);
        _refused(OWNER, abi.encodeCall(_registry.claim, (label, OWNER, SECRET)), why);
    }

    function test_whatLooksLikeALabelIsNone() external {
        _bad("");
        _bad("A");
        _bad("payX");
        _bad("a.b");
        _bad(".");
        _bad("-a");
        _bad("a-");
        _bad("-");
        _bad("xn--e1a");
        _bad("ab--c");
        _bad("a_b");
        _bad("a b");
        _bad("pay ");
        _bad(unicode"раy"); // Cyrillic
        _bad(unicode"pay\u200b");
        _bad(string(hex"0070"));
        _bad(string(hex"7061792e"));
        _bad(string(abi.encodePacked(bytes1(0xff))));
        _bad(_repeat("a", 64));
        _bad(_repeat("a", 300));
        VM.prank(OWNER);
        _registry.create(_acme, _repeat("a", 63), OWNER);
        string[5] memory good = ["a", "0", "a-b", "a--b", "a-b--c-1"];
        for (uint256 i; i < 5; ++i) {
            VM.prank(OWNER);
            bytes32 node = _registry.create(_acme, good[i], OWNER);
            require(node == _hash(string.concat(good[i], ".acme")), "another hash");
        }
    }

    /// @dev A label passes if and only if a second, slower rule says so.
    function testFuzz_labelsAreWhatTheyAre(bytes calldata any, uint256 seed) external {
        bytes memory label = any.length > 70 ? any[:70] : any;
        // Mostly of good characters, so that both answers are visited.
        bytes memory some = "abz019--..Z_";
        for (uint256 i; i < label.length; ++i) if (uint256(keccak256(abi.encode(seed, i))) % 40 != 0) label[i] = some[uint8(label[i]) % 8];
        bool good = label.length > 0 && label.length < 64;
        for (uint256 i; i < label.length; ++i) {
            bytes1 c = label[i];
            good = good && ((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || (c == "-" && i != 0 && i != label.length - 1));
        }
        good = good && !(label.length > 3 && label[2] == "-" && label[3] == "-");
        (bool ok,) = _try(OWNER, abi.encodeCall(_registry.create, (_acme, string(label), OWNER)));
        require(ok == good, "another rule");
    }

    function test_someLabelsAreKept() external {
        string[3] memory kept = ["eth", "reverse", "addr"];
        for (uint256 i; i < 3; ++i) {
            bytes memory why = abi.encodeWithSelector(IRegistry.Registry_Reserved.selector, kept[i]);
            _refused(OWNER, abi.encodeCall(_registry.claim, (kept[i], OWNER, SECRET)), why);
            VM.prank(OWNER);
            _registry.create(_acme, kept[i], OWNER);
        }
        string[4] memory words = ["canary", "v1", "v4294967295", "v10"];
        for (uint256 i; i < 4; ++i) {
            bytes memory why = abi.encodeWithSelector(IRegistry.Registry_Reserved.selector, words[i]);
            _refused(OWNER, abi.encodeCall(_registry.admit, (_pay, words[i], OWNER, 1, 60)), why);
        }
        string[4] memory free = ["v", "v0", "v01", "v4294967296"];
        for (uint256 i; i < 4; ++i) {
            VM.prank(OWNER);
            _registry.admit(_pay, free[i], OWNER, 1, 60);
        }
    }

    /// @dev Eight labels, and 255 bytes in DNS's encoding.
    function test_namesAreNeitherTooDeepNorTooLong() external {
        bytes32 node = _acme;
        string memory dotted = "acme";
        for (uint256 depth = 2; depth <= 8; ++depth) {
            VM.prank(OWNER);
            node = _registry.create(node, "x", OWNER);
            dotted = string.concat("x.", dotted);
        }
        require(node == _hash(dotted) && _found(dotted), "not found at the most");
        _refused(OWNER, abi.encodeCall(_registry.create, (node, "x", OWNER)), abi.encodeWithSelector(IRegistry.Registry_TooDeep.selector, 8));
        uint64 id = _served(node, "one", HAND);
        require(_found(string.concat("one.", dotted)) && id != 0, "an instance of the deepest name");
        require(!_found(string.concat("y.one.", dotted)) && !_found(string.concat(_repeat("x.", 20), dotted)), "found too deep");

        node = _acme;
        dotted = "acme";
        for (uint256 i; i < 3; ++i) {
            VM.prank(OWNER);
            node = _registry.create(node, _repeat("b", 63), OWNER);
            dotted = string.concat(_repeat("b", 63), ".", dotted);
        }
        // 198 bytes so far: 56 more and their length are 255.
        bytes memory tooLong = abi.encodeWithSelector(IRegistry.Registry_BadLength.selector, bytes32("name"), 256, 255);
        _refused(OWNER, abi.encodeCall(_registry.create, (node, _repeat("c", 57), OWNER)), tooLong);
        VM.prank(OWNER);
        _registry.create(node, _repeat("c", 56), OWNER);
        dotted = string.concat(_repeat("c", 56), ".", dotted);
        require(_dns(dotted).length == 255 && _found(dotted), "not found at the most");
        // An account may have it for its name.
        VM.prank(OWNER);
        _registry.setAddr(_hash(dotted), HAND);
        VM.prank(HAND);
        _registry.setName(dotted);
        require(keccak256(bytes(_answers.name(_hash(string.concat(_hex(HAND), ".addr.reverse"))))) == keccak256(bytes(dotted)), "not told");
    }

    // ------------------------------------------------------------------ limits of records

    function _tooLong(bytes32 what, uint256 length, uint256 most) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_BadLength.selector, what, length, most);
    }

    function test_recordsAreNotTooLong() external {
        string memory a64 = _repeat("a", 64);
        _refused(OWNER, abi.encodeCall(_registry.setText, (_pay, "", "v")), _tooLong("text key", 0, 64));
        _refused(OWNER, abi.encodeCall(_registry.setText, (_pay, string.concat(a64, "a"), "v")), _tooLong("text key", 65, 64));
        _refused(OWNER, abi.encodeCall(_registry.setText, (_pay, "k", _repeat("a", 1_025))), _tooLong("text", 1_025, 1_024));
        _refused(OWNER, abi.encodeCall(_registry.setContenthash, (_pay, new bytes(129))), _tooLong("contenthash", 129, 128));
        _refused(OWNER, abi.encodeCall(_registry.setABI, (_pay, 1, new bytes(16_385))), _tooLong("ABI", 16_385, 16_384));
        _refused(OWNER, abi.encodeCall(_registry.setName, (_repeat("a", 256))), _tooLong("name", 256, 255));
        _refused(OWNER, abi.encodeWithSignature("setAddr(bytes32,uint256,bytes)", _pay, 0, new bytes(129)), _tooLong("address", 129, 128));
        uint256[3] memory evm = [uint256(60), 0x80000000, HERE];
        for (uint256 i; i < 3; ++i) {
            bytes memory input = abi.encodeWithSignature("setAddr(bytes32,uint256,bytes)", _pay, evm[i], new bytes(19));
            _refused(OWNER, input, _tooLong("address", 19, 20));
            input = abi.encodeWithSignature("setAddr(bytes32,uint256,bytes)", _pay, evm[i], new bytes(32));
            _refused(OWNER, input, _tooLong("address", 32, 20));
        }
        uint256[3] memory types = [uint256(0), 3, type(uint256).max];
        for (uint256 i; i < 3; ++i) {
            bytes memory why = abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("content type"), types[i]);
            _refused(OWNER, abi.encodeCall(_registry.setABI, (_pay, types[i], "")), why);
        }
        VM.prank(OWNER);
        _registry.setText(_pay, a64, _repeat("a", 1_024));
        require(bytes(_answers.text(_pay, a64)).length == 1_024, "not kept");
        VM.prank(OWNER);
        _registry.setText(_pay, a64, "short");
        require(keccak256(bytes(_textOf("pay.acme", a64))) == keccak256("short"), "a rest of it stayed");
        VM.prank(OWNER);
        _registry.setABI(_pay, 1 << 255, new bytes(16_384));
        (uint256 kind, bytes memory data) = _answers.ABI(_pay, type(uint256).max);
        require(kind == 1 << 255 && data.length == 16_384, "not kept");
    }

    /// @dev An address of zeros is none, for every EVM chain.
    function test_noAddressIsZero() external {
        VM.prank(OWNER);
        _registry.setAddr(_pay, 60, abi.encodePacked(HAND));
        VM.prank(OWNER);
        _registry.setAddr(_pay, 60, new bytes(20));
        require(_answers.addr(_pay, 60).length == 0, "zeros for an address");
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        require(_answers.addr(_pay) == HAND && keccak256(_answers.addr(_pay, HERE)) == keccak256(abi.encodePacked(HAND)), "not here");
        require(_answers.addr(_pay, 60).length == 0, "elsewhere too");
        VM.prank(OWNER);
        _registry.setAddr(_pay, address(0));
        require(_answers.addr(_pay, HERE).length == 0 && _answers.addr(_pay) == address(0), "zeros for an address");
    }

    /// @dev The address here is that of coin type 60 on the main chain alone; a chain with a huge id is taken for no other.
    function test_theChainHasACoinOfItsOwn() external {
        uint256[4] memory ids = [uint256(1), 10, 0x80000001, type(uint64).max];
        for (uint256 i; i < 4; ++i) {
            VM.chainId(ids[i]);
            VM.prank(OWNER);
            _registry.setAddr(_pay, address(uint160(0xA0 + i)));
            require(_answers.addr(_pay) == address(uint160(0xA0 + i)), "not here");
        }
        require(_word(_answers.addr(_pay, 60)) == 0xA0 && _word(_answers.addr(_pay, 0x80000000 | 10)) == 0xA1, "another coin");
        require(_answers.addr(_pay, 0x80000001).length == 0 && _answers.addr(_pay, 0x80000000).length == 0, "taken for another chain");
        // Another chain's address is not told here.
        VM.chainId(5);
        require(_answers.addr(_pay) == address(0) && _resolved("pay.acme") == address(0), "another chain's address");
    }

    function _word(bytes memory a) private pure returns (uint160) {
        return uint160(bytes20(a));
    }

    // ------------------------------------------------------------------ forged names

    /// @dev An account's name is told only while the name resolves to it, by every path.
    function test_noAccountHasAnothersName() external {
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        VM.prank(HAND);
        _registry.setName("pay.acme");
        VM.prank(THIEF);
        _registry.setName("pay.acme");
        require(_named(HAND) && !_named(THIEF), "forged");
        bytes memory why = abi.encodeWithSelector(IRegistryAnswers.ReverseAddressMismatch.selector, "pay.acme", abi.encodePacked(HAND));
        _refused(THIEF, abi.encodeCall(_answers.reverse, (abi.encodePacked(THIEF), 60)), why);
        VM.prank(OWNER);
        _registry.setAddr(_pay, THIEF);
        require(!_named(HAND) && _named(THIEF), "told after it moved");
        _to(NOW + 60 + TERM);
        require(!_named(THIEF), "told after it ended");
        why = abi.encodeWithSelector(IRegistryAnswers.ReverseAddressMismatch.selector, "pay.acme", bytes(""));
        _refused(THIEF, abi.encodeCall(_answers.reverse, (abi.encodePacked(THIEF), HERE)), why);
    }

    /// @dev Names that cannot be, and two that stand for each other.
    function test_anAccountsNameMayBeAnything() external {
        string[9] memory names = ["PAY.acme", ".pay.acme", "pay..acme", "pay.acme.", ".", "..", "acme", string(hex"037061790461636d6500"), string(hex"00")];
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        for (uint256 i; i < 9; ++i) {
            VM.prank(HAND);
            _registry.setName(names[i]);
            require(!_named(HAND), "told");
        }
        VM.prank(HAND);
        _registry.setName(string.concat(_hex(THIEF), ".addr.reverse"));
        VM.prank(THIEF);
        _registry.setName(string.concat(_hex(HAND), ".addr.reverse"));
        require(!_named(HAND) && !_named(THIEF), "told");
        VM.prank(HAND);
        _registry.setName("");
        (string memory primary, address resolver, address by) = _answers.reverse(abi.encodePacked(HAND), 60);
        require(bytes(primary).length == 0 && resolver == address(0) && by == address(_registry), "a name of nobody");
        (primary,,) = _answers.reverse(hex"01", 60);
        require(bytes(primary).length == 0, "no address");
    }

    /// @dev Whether the account's name is told; all ways say the same.
    function _named(address account) private view returns (bool told) {
        string memory dotted = string.concat(_hex(account), ".addr.reverse");
        bytes32 node = _hash(dotted);
        told = bytes(_answers.name(node)).length != 0;
        require(told == (_answers.resolver(node) == address(_registry)), "another resolver");
        (address resolver,,) = _answers.findResolver(_dns(dotted));
        require(told == (resolver == address(_registry)), "found, or not");
        try _answers.resolve(_dns(dotted), abi.encodeCall(_answers.name, (node))) returns (bytes memory answer, address) {
            require(told && keccak256(bytes(abi.decode(answer, (string)))) == keccak256(bytes(_answers.name(node))), "another name");
        } catch {
            require(!told, "not resolved");
        }
        try _answers.reverse(abi.encodePacked(account), HERE) returns (string memory primary, address, address) {
            require(told == (bytes(primary).length != 0), "another primary name");
        } catch {
            require(!told, "refused");
        }
    }

    // ------------------------------------------------------------------ bytes

    /// @dev Whatever comes for a name and a call: an answer, or one of the errors that clients know.
    function testFuzz_resolveNeverBreaks(bytes calldata name, bytes calldata data) external view {
        _answeredOrRefused(name, data);
        _answeredOrRefused(_dns("pay.acme"), data);
        _answeredOrRefused(_dns("acme"), bytes.concat(_answers.text.selector, _hash("acme"), data));
        _answeredOrRefused(_dns("acme"), bytes.concat(bytes4(0xac9650d8), data));
        _answeredOrRefused(name, abi.encodeCall(_answers.contenthash, (_acme)));
    }

    /// @dev The same with one byte changed of what is good.
    function testFuzz_resolveNeverBreaksByAByte(uint256 at, uint8 by, uint8 which) external view {
        bytes[] memory inner = new bytes[](3);
        inner[0] = abi.encodeCall(_answers.text, (_pay, "url"));
        inner[1] = abi.encodeWithSignature("addr(bytes32)", _pay);
        inner[2] = abi.encodeCall(_answers.ABI, (_pay, 7));
        bytes memory name = _dns("pay.acme");
        bytes memory data = which % 3 == 0 ? inner[0] : abi.encodeCall(_registry.multicall, (inner));
        if (which % 2 == 0) data[at % data.length] = bytes1(uint8(data[at % data.length]) ^ by);
        else name[at % name.length] = bytes1(uint8(name[at % name.length]) ^ by);
        _answeredOrRefused(name, data);
        _answeredOrRefused(_slice(name, 0, at % name.length), data);
        _answeredOrRefused(_dns("pay.acme"), _slice(data, 0, at % data.length));
    }

    /// @dev Offsets that lead out of the data or wrap.
    function test_offsetsThatLeadNowhere() external view {
        uint256[6] memory offsets = [uint256(0), 31, 0xffffffff, type(uint256).max, type(uint256).max - 35, 1 << 255];
        for (uint256 i; i < 6; ++i) {
            for (uint256 k; k < 6; ++k) {
                _answeredOrRefused(_dns("pay.acme"), abi.encodePacked(_answers.text.selector, _pay, offsets[i], offsets[k]));
                _answeredOrRefused(_dns("pay.acme"), abi.encodePacked(bytes4(0xac9650d8), offsets[i], offsets[k], offsets[i]));
                _answeredOrRefused(_dns("pay.acme"), abi.encodePacked(bytes4(0xac9650d8), uint256(32), uint256(1), offsets[k], offsets[i]));
                _answeredOrRefused(_dns("pay.acme"), abi.encodePacked(_answers.text.selector, _pay, uint256(64), offsets[k]));
            }
        }
    }

    /// @dev What is answered for one name is not for another.
    function test_theCallIsForTheName() external view {
        bytes memory input = abi.encodeCall(_answers.resolve, (_dns("pay.acme"), abi.encodeWithSignature("addr(bytes32)", _acme)));
        (bool ok, bytes memory why) = address(_registry).staticcall(input);
        require(!ok && keccak256(why) == keccak256(abi.encodeWithSelector(IRegistryAnswers.ResolverNotFound.selector, _dns("pay.acme"))), "answered");
    }

    /// @dev Of an account its name is told, and nothing else.
    function test_anAccountHasNoRecords() external {
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        VM.prank(HAND);
        _registry.setName("pay.acme");
        string memory dotted = string.concat(_hex(HAND), ".addr.reverse");
        bytes memory call_ = abi.encodeWithSignature("addr(bytes32)", _hash(dotted));
        bytes memory why = abi.encodeWithSelector(IRegistryAnswers.UnsupportedResolverProfile.selector, bytes4(call_));
        _refused(THIEF, abi.encodeCall(_answers.resolve, (_dns(dotted), call_)), why);
    }

    /// @dev The Resolver by itself: it was made first and answers of a store in which there is nothing; nobody writes there.
    function test_theResolverAloneKnowsNothing() external {
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        address alone = address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(_registry), hex"01")))));
        require(alone.code.length != 0, "another address");
        IRegistryAnswers resolver = IRegistryAnswers(alone);
        require(resolver.owner(_pay) == address(0) && resolver.addr(_pay) == address(0) && !resolver.recordExists(_pay), "knows");
        (address found,,) = resolver.findResolver(_dns("pay.acme"));
        require(found == address(0) && resolver.resolver(_pay) == address(0), "found");
        bytes[] memory writes = new bytes[](4);
        writes[0] = abi.encodeCall(_registry.create, (_acme, "x", THIEF));
        writes[1] = abi.encodeCall(_registry.setName, ("pay.acme"));
        writes[2] = abi.encodeCall(_registry.multicall, (new bytes[](0)));
        writes[3] = abi.encodeCall(_registry.withdraw, (payable(THIEF)));
        for (uint256 i; i < 4; ++i) {
            (bool ok,) = alone.call(writes[i]);
            require(!ok, "written");
        }
    }

    /// @dev A multicall in a multicall is none of the calls that are answered.
    function test_noMulticallInAMulticall() external view {
        bytes[] memory inner = new bytes[](1);
        inner[0] = abi.encodeCall(_registry.multicall, (new bytes[](0)));
        inner[0] = abi.encodePacked(bytes4(0xac9650d8), _pay, inner[0]);
        (bool ok, bytes memory why) =
            address(_registry).staticcall(abi.encodeCall(_answers.resolve, (_dns("pay.acme"), abi.encodeCall(_registry.multicall, (inner)))));
        require(!ok && bytes4(why) == IRegistryAnswers.UnsupportedResolverProfile.selector, "nested");
    }

    function _answeredOrRefused(bytes memory name, bytes memory data) private view {
        (bool ok, bytes memory why) = address(_registry).staticcall(abi.encodeCall(_answers.resolve, (name, data)));
        if (ok) return;
        bytes4 kind = bytes4(why);
        bool known = kind == IRegistryAnswers.ResolverNotFound.selector || kind == IRegistryAnswers.UnsupportedResolverProfile.selector;
        require(known && why.length >= 36, "refused without a known error");
        // The other views do not break either.
        (ok,) = address(_registry).staticcall(abi.encodeCall(_answers.findResolver, (name)));
        require(ok, "findResolver broke");
    }
}
