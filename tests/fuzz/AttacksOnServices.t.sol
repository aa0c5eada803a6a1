// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {RegistryAttacks} from "./RegistryAttacks.sol";

/// @notice To be resolved to what is not live, or to what nobody confirmed.
contract AttacksOnServicesTest is RegistryAttacks {
    bytes32 private constant ONE = bytes32("one");
    bytes32 private constant TWO = bytes32("two");

    function _propose(uint32 release, uint32 build, address target, bytes32 digest) private {
        VM.prank(OWNER);
        _registry.propose(_pay, release, build, target, digest);
    }

    function _confirm(uint32 release, uint32 build) private {
        VM.prank(OWNER);
        _registry.confirm(_pay, release, build);
    }

    function _code(address where, bytes memory code) private returns (bytes32) {
        VM.etch(where, code);
        return where.codehash;
    }

    // ------------------------------------------------------------------ leases

    /// @dev A heartbeat held back by whoever carries it keeps nobody alive; one that comes in time does so from its block on.
    function testFuzz_aHeartbeatIsNotHeldBack(uint32 late) external {
        uint64 id = _served(_pay, "one", HAND);
        uint256 notAfter = _now + 30;
        _to(notAfter + 1 + late % 1 days);
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_TooLate.selector, notAfter, _now);
        _refused(HAND, abi.encodeCall(_registry.heartbeat, (_ids(id), notAfter)), why);
        require(_registry.instance(id).until == notAfter + 30, "kept alive");
        VM.prank(HAND);
        _registry.heartbeat(_ids(id), _now);
        require(_registry.instance(id).until == _now + 60, "not from now on");
    }

    /// @dev The same heartbeat again keeps alive no longer than its own block's time says; another's keeps nobody.
    function test_aHeartbeatIsItsOperators() external {
        uint64 id = _served(_pay, "one", HAND);
        _beat(HAND, id);
        _beat(HAND, id);
        require(_registry.instance(id).until == _now + 60, "added up");
        bytes memory nothing = abi.encodeWithSelector(IRegistry.Registry_NothingRenewed.selector);
        _refused(THIEF, abi.encodeCall(_registry.heartbeat, (_ids(id), _now)), nothing);
        _refused(OWNER, abi.encodeCall(_registry.heartbeat, (_ids(id), _now)), nothing);
        _refused(HAND, abi.encodeCall(_registry.heartbeat, (new uint64[](0), _now)), nothing);
        _refused(HAND, abi.encodeCall(_registry.heartbeat, (_ids(99), _now)), nothing);
        _refused(address(0), abi.encodeCall(_registry.heartbeat, (_ids(99), _now)), nothing);
    }

    /// @dev What cannot be renewed does not hold up what can.
    function test_theDeadDoNotHoldUpTheLiving() external {
        uint64 a = _served(_pay, "a", HAND);
        uint64 b = _served(_pay, "b", THIEF);
        uint64 c = _served(_pay, "c", HAND);
        VM.prank(OWNER);
        uint64 d = _registry.admit(_pay, "d", HAND, 1, 60);
        VM.prank(OWNER);
        _registry.evict(c);
        _to(_now + 50);
        uint64[] memory ids = new uint64[](6);
        (ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]) = (c, b, a, d, 0, 77);
        VM.prank(HAND);
        require(_registry.heartbeat(ids, _now) == 1, "others");
        require(_registry.instance(a).until == _now + 60 && _registry.instance(b).until == _now + 10, "others");
        require(_registry.instance(c).until == 0 && _registry.instance(d).until == 0, "the evicted, or one that serves nowhere");
    }

    /// @dev To the second, by every path, and again after a heartbeat.
    function testFuzz_aLeaseEndsInItsBlock(uint32 ttl) external {
        ttl = 60 + ttl % (30 days - 59);
        VM.prank(OWNER);
        uint64 id = _registry.admit(_pay, "one", HAND, 5, ttl);
        VM.prank(HAND);
        _registry.serve(id, THIEF, "", "");
        _living(id, false);
        _beat(HAND, id);
        _living(id, true);
        _to(_now + ttl - 1);
        _living(id, true);
        _to(_now + 1);
        _living(id, false);
        _beat(HAND, id);
        _living(id, true);
        // With its service.
        _to(NOW + 60 + TERM - 1);
        _beat(HAND, id);
        _living(id, true);
        _to(NOW + 60 + TERM);
        _living(id, false);
        require(_registry.instance(id).until == 0, "outlives its service");
    }

    function _living(uint64 id, bool alive) private view {
        require(_found("one.pay.acme") == alive, "found, or not");
        require(_resolved("one.pay.acme") == (alive ? THIEF : address(0)), "resolved, or not");
        (IRegistry.Instance[] memory found,) = _registry.instances(_pay, 0, 10, true);
        require(found.length == (alive ? 1 : 0), "listed, or not");
        try _registry.pick(_pay, 7) returns (IRegistry.Instance memory picked) {
            require(alive && picked.id == id, "picked");
        } catch (bytes memory why) {
            require(!alive && keccak256(why) == keccak256(abi.encodeWithSelector(IRegistry.Registry_NoInstance.selector, 0)), "not picked");
        }
    }

    /// @dev Admitted again: the lease is over; another operator has nothing of what the last one said.
    function test_anotherOperatorStartsWithNothing() external {
        uint64 id = _served(_pay, "one", HAND);
        VM.prank(OWNER);
        require(_registry.admit(_pay, "one", HAND, 3, 120) == id, "another id");
        require(_registry.instance(id).until == 0 && !_found("one.pay.acme"), "lives on");
        _beat(HAND, id);
        require(_resolved("one.pay.acme") == address(uint160(0x5E40 + id)), "forgot what it serves");
        VM.prank(OWNER);
        require(_registry.admit(_pay, "one", THIEF, 3, 120) == id, "another id");
        _refused(HAND, abi.encodeCall(_registry.heartbeat, (_ids(id), _now)), abi.encodeWithSelector(IRegistry.Registry_NothingRenewed.selector));
        _refused(THIEF, abi.encodeCall(_registry.heartbeat, (_ids(id), _now)), abi.encodeWithSelector(IRegistry.Registry_NothingRenewed.selector));
        _refused(HAND, abi.encodeCall(_registry.serve, (id, HAND, "", "")), _notAllowed(_pay, HAND));
        IRegistry.Instance memory i = _registry.instance(id);
        require(i.target == address(0) && i.zone == 0 && bytes(i.endpoint).length == 0, "the last one's");
        VM.prank(THIEF);
        _registry.serve(id, THIEF, "", "");
        _beat(THIEF, id);
        VM.prank(OWNER);
        require(_registry.admit(_pay, "one", HAND, 3, 120) == id, "another id");
        require(_registry.instance(id).target == address(0) && !_found("one.pay.acme"), "the last one's");
    }

    /// @dev An evicted instance's number is never another's, and its label is free.
    function test_anEvictedInstanceIsNobody() external {
        uint64 a = _served(_pay, "a", HAND);
        uint64 b = _served(_pay, "b", HAND);
        uint64 c = _served(_pay, "c", HAND);
        _refused(THIEF, abi.encodeCall(_registry.evict, (a)), _notAllowed(_pay, THIEF));
        VM.prank(HAND);
        _registry.evict(a);
        VM.prank(OWNER);
        _registry.evict(c);
        (IRegistry.Instance[] memory left, uint256 total) = _registry.instances(_pay, 0, 9, false);
        require(total == 1 && left.length == 1 && left[0].id == b, "another list");
        require(!_found("a.pay.acme") && _registry.instance(a).operator == address(0), "lives on");
        _refused(HAND, abi.encodeCall(_registry.evict, (a)), abi.encodeWithSelector(IRegistry.Registry_NoInstance.selector, a));
        uint64 again = _served(_pay, "a", HAND);
        require(again > c && _found("a.pay.acme"), "a number used again");
    }

    /// @dev Who serves lowers its weight, and never raises it beyond what was granted.
    function test_nobodyGrantsItselfWeight() external {
        uint64 id = _served(_pay, "one", HAND);
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("weight"), 11);
        _refused(HAND, abi.encodeCall(_registry.setWeight, (id, 11)), why);
        _refused(THIEF, abi.encodeCall(_registry.setWeight, (id, 1)), _notAllowed(_pay, THIEF));
        _refused(OWNER, abi.encodeCall(_registry.setWeight, (id, 1)), _notAllowed(_pay, OWNER));
        VM.prank(HAND);
        _registry.setWeight(id, 0);
        _refused(address(this), abi.encodeCall(_registry.pick, (_pay, 1)), abi.encodeWithSelector(IRegistry.Registry_NoInstance.selector, 0));
        require(_found("one.pay.acme"), "drained, but live");
        VM.prank(HAND);
        _registry.setWeight(id, 10);
        require(_registry.pick(_pay, 1).id == id, "not picked");
        _refused(HAND, abi.encodeCall(_registry.serve, (id, HAND, "", _repeat("a", 257))), abi.encodeWithSelector(IRegistry.Registry_BadLength.selector, bytes32("endpoint"), 257, 256));
    }

    /// @dev One operator's bytes that are no text would break the list for whoever reads it, the others' instances too.
    function testFuzz_anEndpointIsPlain(bytes calldata any, uint256 at, uint8 odd) external {
        uint64 id = _served(_pay, "one", HAND);
        bytes memory endpoint = any.length > 256 ? any[:256] : any;
        for (uint256 i; i < endpoint.length; ++i) endpoint[i] = bytes1(0x21 + uint8(endpoint[i]) % 94);
        bytes memory serve = abi.encodeCall(_registry.serve, (id, THIEF, "", string(endpoint)));
        (bool ok,) = _try(HAND, serve);
        require(ok && keccak256(bytes(_registry.instance(id).endpoint)) == keccak256(endpoint), "not kept");
        if (endpoint.length == 0) return;
        odd = odd % 162 < 33 ? odd % 162 : odd % 162 + 94;
        endpoint[at % endpoint.length] = bytes1(odd);
        serve = abi.encodeCall(_registry.serve, (id, THIEF, "", string(endpoint)));
        _refused(HAND, serve, abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("endpoint"), odd));
    }

    /// @dev Over all seeds, everybody as often as its weight says; never one beyond the first 64.
    function test_picksAreByWeight() external {
        uint64[3] memory ids = [_served(_pay, "a", HAND), _served(_pay, "b", HAND), _served(_pay, "c", HAND)];
        VM.prank(HAND);
        _registry.setWeight(ids[1], 3);
        uint256[3] memory seen;
        for (uint256 seed; seed < 23; ++seed) {
            uint64 id = _registry.pick(_pay, seed).id;
            for (uint256 k; k < 3; ++k) if (ids[k] == id) ++seen[k];
        }
        require(seen[0] == 10 && seen[1] == 3 && seen[2] == 10, "another weight");
        for (uint256 i; i < 62; ++i) {
            VM.prank(OWNER);
            _registry.admit(_pay, string.concat("x", string(abi.encodePacked(bytes2(bytes.concat(bytes1(uint8(97 + i / 26)), bytes1(uint8(97 + i % 26))))))), HAND, 1, 60);
        }
        // The 65th trades places with nobody.
        for (uint256 k; k < 3; ++k) {
            VM.prank(HAND);
            _registry.setWeight(ids[k], 0);
        }
        (IRegistry.Instance[] memory last, uint256 total) = _registry.instances(_pay, 64, 9, false);
        require(total == 65 && last.length == 1, "another count");
        VM.prank(HAND);
        _registry.serve(last[0].id, HAND, "", "");
        _beat(HAND, last[0].id);
        _refused(address(this), abi.encodeCall(_registry.pick, (_pay, 1)), abi.encodeWithSelector(IRegistry.Registry_NoInstance.selector, 0));
    }

    /// @dev A name that exists wins over an instance, a version, and the canary.
    function test_aNameWins() external {
        _served(_pay, "one", HAND);
        _propose(1, 0, address(0), ONE);
        _confirm(1, 0);
        _propose(2, 0, address(0), TWO);
        string[3] memory labels = ["one", "v1", "canary"];
        for (uint256 i; i < 3; ++i) {
            string memory dotted = string.concat(labels[i], ".pay.acme");
            require(_found(dotted), "not there");
            VM.prank(OWNER);
            bytes32 node = _registry.create(_pay, labels[i], OWNER);
            VM.prank(OWNER);
            _registry.setAddr(node, BUYER);
            require(_resolved(dotted) == BUYER, "not the name");
            VM.prank(OWNER);
            _registry.remove(node);
            require(_found(dotted) && _resolved(dotted) != BUYER, "not what it was");
        }
    }

    // ------------------------------------------------------------------ versions

    /// @dev A number that was proposed once is never another code: not after taking it back, nor after the name is removed.
    function testFuzz_versionsOnlyGrow(uint32 release, uint32 build, uint32 release2, uint32 build2, uint8 how) external {
        release = release % 3 + 1;
        release2 %= 4;
        build %= 3;
        build2 %= 3;
        _propose(release, build, address(0), ONE);
        if (how % 3 == 0) {
            VM.prank(OWNER);
            _registry.retract(_pay);
        } else if (how % 3 == 1) {
            _confirm(release, build);
        } else {
            VM.prank(OWNER);
            _registry.remove(_pay);
            VM.prank(OWNER);
            _registry.create(_acme, "pay", OWNER);
        }
        bytes memory input = abi.encodeCall(_registry.propose, (_pay, release2, build2, address(0), TWO));
        bool higher = release2 > release || (release2 == release && build2 > build);
        if (higher) {
            (bool ok,) = _try(OWNER, input);
            return require(ok, "not taken");
        }
        if (release2 == 0) return _refused(OWNER, input, abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("release"), 0));
        _refused(OWNER, input, abi.encodeWithSelector(IRegistry.Registry_OldVersion.selector, _pay, release, build));
    }

    /// @dev What is confirmed is named, so it is not swapped meanwhile.
    function test_aProposalIsNotSwapped() external {
        _propose(1, 0, address(0), ONE);
        _propose(1, 1, address(0), TWO);
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_NotProposed.selector, _pay, 1, 1);
        _refused(OWNER, abi.encodeCall(_registry.confirm, (_pay, 1, 0)), why);
        _confirm(1, 1);
        why = abi.encodeWithSelector(IRegistry.Registry_NotProposed.selector, _pay, 0, 0);
        _refused(OWNER, abi.encodeCall(_registry.confirm, (_pay, 1, 1)), why);
        _refused(OWNER, abi.encodeCall(_registry.confirm, (_pay, 0, 0)), why);
        _refused(OWNER, abi.encodeCall(_registry.retract, (_pay)), why);
        _refused(THIEF, abi.encodeCall(_registry.propose, (_pay, 2, 0, address(0), TWO)), _notAllowed(_pay, THIEF));
        _refused(OWNER, abi.encodeCall(_registry.propose, (_pay, 2, 0, address(0), 0)), abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("digest"), 0));
    }

    /// @dev Code with the digest, at both times; no empty account, and no account that points to code and can turn it elsewhere (EIP-7702).
    function test_aTargetIsTheCodeThatWasMeant() external {
        address target = address(0x7A26E7);
        bytes32 digest = _code(target, hex"6001");
        bytes32 empty = keccak256("");
        _otherCode(target, ONE, digest);
        VM.deal(BUYER, 1);
        _otherCode(BUYER, empty, empty);
        _otherCode(address(0xD00D), bytes32(uint256(1)), 0);
        bytes32 pointer = _code(address(0x7702), bytes.concat(hex"ef0100", bytes20(target)));
        _otherCode(address(0x7702), pointer, pointer);
        _propose(1, 0, target, digest);
        require(_resolved("canary.pay.acme") == target && _resolved("pay.acme") == address(0), "another canary");
        bytes32 other = _code(target, hex"6002");
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_OtherCode.selector, target, other, digest);
        _refused(OWNER, abi.encodeCall(_registry.confirm, (_pay, 1, 0)), why);
        _code(target, hex"6001");
        _confirm(1, 0);
        require(_resolved("pay.acme") == target && _answers.addr(_pay) == target && _resolved("v1.pay.acme") == target, "not here");
        require(!_found("canary.pay.acme"), "a canary stayed");
    }

    function _otherCode(address target, bytes32 digest, bytes32 found) private {
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_OtherCode.selector, target, found, digest);
        _refused(OWNER, abi.encodeCall(_registry.propose, (_pay, 1, 0, target, digest)), why);
    }

    /// @dev `vN.` is the last build of release N, in every spelling but one nobody.
    function test_oldReleasesStay() external {
        bytes32 digest = _code(address(0x11), hex"6001");
        _code(address(0x12), hex"6001");
        _code(address(0x20), hex"6001");
        _propose(1, 0, address(0x11), digest);
        _confirm(1, 0);
        _propose(1, 5, address(0x12), digest);
        _confirm(1, 5);
        _propose(2, 0, address(0x20), digest);
        _confirm(2, 0);
        VM.prank(OWNER);
        _registry.setText(_pay, "about", "pays");
        require(_resolved("v1.pay.acme") == address(0x12) && _resolved("v2.pay.acme") == address(0x20), "another build");
        require(keccak256(bytes(_textOf("v1.pay.acme", "about"))) == keccak256("pays"), "not the service's");
        string[7] memory none = ["v0", "v01", "v", "v3", "v1a", "v4294967297", "v18446744073709551617"];
        for (uint256 i; i < 7; ++i) require(!_found(string.concat(none[i], ".pay.acme")), "found");
        require(!_found("v1.acme") && !_found("v1.v1.pay.acme") && !_found("v1"), "found elsewhere");
    }

    /// @dev A version or an instance is here alone: what the service has elsewhere is not its own, and what it has here is nowhere else.
    function test_versionsAndInstancesAreHereAlone() external {
        bytes32 digest = _code(address(0x11), hex"6001");
        _propose(1, 0, address(0x11), digest);
        _confirm(1, 0);
        _served(_pay, "one", HAND);
        VM.prank(OWNER);
        _registry.setAddr(_pay, 60, abi.encodePacked(THIEF));
        require(_coin("pay.acme", 60).length == 20, "not the service's");
        string[2] memory below = ["v1.pay.acme", "one.pay.acme"];
        for (uint256 i; i < 2; ++i) {
            require(_coin(below[i], 60).length == 0 && _coin(below[i], 0).length == 0, "elsewhere too");
            require(keccak256(_coin(below[i], HERE)) == keccak256(abi.encodePacked(_resolved(below[i]))), "not here");
        }
    }

    function _coin(string memory dotted, uint256 coinType) private view returns (bytes memory) {
        bytes memory call_ = abi.encodeWithSignature("addr(bytes32,uint256)", _hash(dotted), coinType);
        (bytes memory answer,) = _answers.resolve(_dns(dotted), call_);
        return abi.decode(answer, (bytes));
    }

    // ------------------------------------------------------------------ scaling

    function test_onlyTheMeterMeasures() external {
        VM.prank(OWNER);
        _registry.setScaling(_pay, IRegistry.Scaling(2, 1, 10, 100, 0, 50, HAND));
        _refused(THIEF, abi.encodeCall(_registry.measure, (_pay, 500)), _notAllowed(_pay, THIEF));
        _refused(OWNER, abi.encodeCall(_registry.measure, (_pay, 500)), _notAllowed(_pay, OWNER));
        _refused(HAND, abi.encodeCall(_registry.measure, (_acme, 500)), _notAllowed(_acme, HAND));
        _refused(HAND, abi.encodeCall(_registry.scale, (_pay, 5)), _notAllowed(_pay, HAND));
        _refused(HAND, abi.encodeCall(_registry.measure, (_pay, 500)), abi.encodeWithSelector(IRegistry.Registry_CoolingDown.selector, _pay, _now + 100));
        _to(_now + 99);
        _refused(HAND, abi.encodeCall(_registry.measure, (_pay, 500)), abi.encodeWithSelector(IRegistry.Registry_CoolingDown.selector, _pay, _now + 1));
        _to(_now + 1);
        VM.prank(HAND);
        require(_registry.measure(_pay, 51) == 3, "not rounded up");
        uint64 said = _registry.revision();
        _refused(HAND, abi.encodeCall(_registry.measure, (_pay, 500)), abi.encodeWithSelector(IRegistry.Registry_CoolingDown.selector, _pay, _now + 100));
        // What stays as it is says nothing, and begins no cool-down.
        _to(_now + 100);
        VM.prank(HAND);
        require(_registry.measure(_pay, 50) == 3 && _registry.revision() == said, "said that nothing changed");
        VM.prank(HAND);
        require(_registry.measure(_pay, 100) == 6, "held by nothing");
    }

    /// @dev ceil(wanted * metric / target), kept within the bounds, of any numbers.
    function testFuzz_theRuleIsTheFormula(uint32 wanted, uint32 least, uint32 most, uint64 target, uint256 metric, uint8 shift) external {
        VM.assume(target != 0);
        if (least > most) (least, most) = (most, least);
        wanted = wanted < least ? least : wanted > most ? most : wanted;
        metric >>= shift;
        VM.prank(OWNER);
        _registry.setScaling(_pay, IRegistry.Scaling(wanted, least, most, 0, 12, target, HAND));
        VM.prank(HAND);
        uint32 got = _registry.measure(_pay, metric);
        require(got >= least && got <= most && _registry.scalingOf(_pay).wanted == got, "out of bounds");
        require(_registry.scalingOf(_pay).changedAt == _now, "another time");
        // got is right if it is the least with got * target >= wanted * metric, or at a bound.
        if (metric >= 1 << 200) return require(got == (wanted == 0 ? least : most), "not the most");
        uint256 load = wanted * metric;
        if (got != most) require(uint256(got) * target >= load, "too few");
        if (got != least) require((uint256(got) - 1) * target < load, "too many");
    }

    function test_rulesThatCannotBe() external {
        bytes4 bad = IRegistry.Registry_BadValue.selector;
        _refused(OWNER, _scaling(IRegistry.Scaling(1, 2, 1, 0, 0, 1, HAND)), abi.encodeWithSelector(bad, bytes32("least"), 2));
        _refused(OWNER, _scaling(IRegistry.Scaling(1, 2, 3, 0, 0, 1, HAND)), abi.encodeWithSelector(bad, bytes32("wanted"), 1));
        _refused(OWNER, _scaling(IRegistry.Scaling(4, 2, 3, 0, 0, 1, HAND)), abi.encodeWithSelector(bad, bytes32("wanted"), 4));
        _refused(OWNER, _scaling(IRegistry.Scaling(2, 2, 3, 0, 0, 0, HAND)), abi.encodeWithSelector(bad, bytes32("target"), 0));
        VM.prank(OWNER);
        _registry.setScaling(_pay, IRegistry.Scaling(2, 2, 3, 0, 0, 0, address(0)));
        _refused(address(0), abi.encodeCall(_registry.measure, (_pay, 1)), _notAllowed(_pay, address(0)));
        _refused(OWNER, abi.encodeCall(_registry.scale, (_pay, 4)), abi.encodeWithSelector(bad, bytes32("wanted"), 4));
        _refused(OWNER, abi.encodeCall(_registry.admit, (_pay, "a", address(0), 1, 60)), abi.encodeWithSelector(bad, bytes32("operator"), 0));
        _refused(OWNER, abi.encodeCall(_registry.admit, (_pay, "a", HAND, 1, 59)), abi.encodeWithSelector(bad, bytes32("ttlS"), 59));
        _refused(OWNER, abi.encodeCall(_registry.admit, (_pay, "a", HAND, 1, 30 days + 1)), abi.encodeWithSelector(bad, bytes32("ttlS"), 30 days + 1));
        _refused(OWNER, abi.encodeCall(_registry.create, (_pay, "a", address(0))), abi.encodeWithSelector(bad, bytes32("owner"), 0));
    }

    function _scaling(IRegistry.Scaling memory scaling) private view returns (bytes memory) {
        return abi.encodeCall(_registry.setScaling, (_pay, scaling));
    }
}
