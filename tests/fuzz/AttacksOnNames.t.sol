// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Registry} from "../../contracts/Registry.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {RegistryAttacks} from "./RegistryAttacks.sol";

/// @notice Paid a deposit back, it asks for more before it has it.
contract Greedy {
    Registry private immutable REGISTRY;
    bool public again;

    constructor(Registry registry) {
        REGISTRY = registry;
    }

    receive() external payable {
        (again,) = address(REGISTRY).call(abi.encodeCall(REGISTRY.withdraw, (payable(this))));
    }

    function take() external {
        REGISTRY.withdraw(payable(this));
    }

    function leave(bytes32 node) external {
        REGISTRY.remove(node);
    }
}

/// @notice To get a name that is another's, to keep one that is not, and to get at its deposit.
contract AttacksOnNamesTest is RegistryAttacks {
    // ------------------------------------------------------------------ commit and claim

    /// @dev Who sees a commitment, or the claim itself, can only claim for the one who committed.
    function test_aClaimIsNotTakenByWhoSeesIt() external {
        bytes32 commitment = _registry.commitmentOf("gold", OWNER, SECRET);
        VM.prank(OWNER);
        _registry.commit(commitment);
        _to(_now + 30);
        // Copied: the earlier time stands, so nobody is kept waiting.
        VM.prank(THIEF);
        _registry.commit(commitment);
        _to(_now + 30);
        VM.deal(THIEF, 1 ether);
        bytes memory own = abi.encodeCall(_registry.claim, ("gold", THIEF, SECRET));
        VM.prank(THIEF);
        (bool ok, bytes memory why) = address(_registry).call{value: DEPOSIT}(own);
        require(!ok && bytes4(why) == IRegistry.Registry_NoCommitment.selector, "claimed on another's commitment");
        VM.prank(THIEF);
        bytes32 node = _registry.claim{value: DEPOSIT}("gold", OWNER, SECRET);
        require(_answers.owner(node) == OWNER, "not for whom it was committed");
    }

    /// @dev From 60 seconds to a day, to the second; and a commitment is used once.
    function testFuzz_aCommitmentHasAnAge(uint32 age) external {
        uint256 wait = age % 2 == 0 ? age % 200 : 1 days - 100 + age % 200;
        uint256 from = _now;
        _registry.commit(_registry.commitmentOf("gold", OWNER, SECRET));
        _to(from + wait);
        VM.deal(address(this), 1 ether);
        bytes memory input = abi.encodeCall(_registry.claim, ("gold", OWNER, SECRET));
        (bool ok, bytes memory why) = address(_registry).call{value: DEPOSIT}(input);
        require(ok == (wait >= 60 && wait <= 1 days), "an age that should not be, or should");
        bytes32 commitment = _registry.commitmentOf("gold", OWNER, SECRET);
        bytes memory told = abi.encodeWithSelector(IRegistry.Registry_NoCommitment.selector, commitment, from + 60, from + 1 days);
        if (!ok) return require(keccak256(why) == keccak256(told), "another reason");
        VM.prank(OWNER);
        _registry.remove(_hash("gold"));
        (ok,) = address(_registry).call{value: DEPOSIT}(input);
        require(!ok, "used twice");
    }

    /// @dev Somebody's commitment that was made too early by who knew it is made anew when a day is over, not for ever in the way.
    function test_anOldCommitmentIsInNobodysWay() external {
        bytes32 commitment = _registry.commitmentOf("gold", OWNER, SECRET);
        VM.prank(THIEF);
        _registry.commit(commitment);
        _to(_now + 1 days);
        uint64 before = _registry.revision();
        _registry.commit(commitment);
        require(_registry.revision() == before, "the same again said something");
        _to(_now + 1);
        require(_answers.owner(_claimed("gold", OWNER)) == OWNER, "kept out");
    }

    function test_theDepositIsExact() external {
        _committed("gold", OWNER);
        VM.deal(address(this), 1 ether);
        bytes memory input = abi.encodeCall(_registry.claim, ("gold", OWNER, SECRET));
        for (uint256 i; i < 3; ++i) {
            uint256 given = i == 0 ? 0 : DEPOSIT + i * 2 - 3;
            (bool ok, bytes memory why) = address(_registry).call{value: given}(input);
            require(!ok && keccak256(why) == keccak256(abi.encodeWithSelector(IRegistry.Registry_BadDeposit.selector, DEPOSIT, given)), "taken");
        }
    }

    /// @dev No value goes into a multicall, so none is counted twice.
    function test_aMulticallHasNoValue() external {
        _committed("gold", OWNER);
        bytes[] memory calls = new bytes[](2);
        calls[0] = calls[1] = abi.encodeCall(_registry.claim, ("gold", OWNER, SECRET));
        VM.deal(address(this), 1 ether);
        (bool ok,) = address(_registry).call{value: DEPOSIT}(abi.encodeCall(_registry.multicall, (calls)));
        require(!ok, "a multicall took value");
        _refused(THIEF, abi.encodeCall(_registry.multicall, (calls)), abi.encodeWithSelector(IRegistry.Registry_BadDeposit.selector, DEPOSIT, 0));
        (ok,) = address(_registry).call{value: 1}("");
        require(!ok, "took value for nothing");
        (ok,) = address(_registry).call{value: 1}(abi.encodeCall(_answers.owner, (_acme)));
        require(!ok, "took value for an answer");
    }

    // ------------------------------------------------------------------ squatting

    /// @dev A live name, or one in its grace, is not claimed; from the second of its end on it is, and the deposit is its last owner's.
    function testFuzz_aNameIsFreeWhenItsGraceIsOver(uint32 early) external {
        uint256 claimedAt = _now;
        uint256 free = NOW + 60 + TERM + GRACE;
        _to(free - 60 - 1 - early % (TERM + GRACE - 1 hours));
        _committed("acme", THIEF);
        VM.deal(address(this), 1 ether);
        bytes memory input = abi.encodeCall(_registry.claim, ("acme", THIEF, SECRET));
        (bool ok, bytes memory why) = address(_registry).call{value: DEPOSIT}(input);
        require(!ok && keccak256(why) == keccak256(abi.encodeWithSelector(IRegistry.Registry_Taken.selector, _acme, free)), "squatted");
        require(_registry.freeAt("acme") == free && claimedAt == NOW + 60, "another time");
        _to(free - 60);
        _committed("acme", THIEF);
        require(_registry.freeAt("acme") == 0, "not free");
        (ok,) = address(_registry).call{value: DEPOSIT}(input);
        require(ok && _answers.owner(_acme) == THIEF, "not free when it should be");
        require(_registry.creditOf(OWNER) == DEPOSIT && address(_registry).balance == 2 * DEPOSIT, "a deposit went astray");
    }

    /// @dev In its grace a name is nobody's to answer or change; it is renewed by who had it, and is then what it was.
    function test_graceIsForRenewingAlone() external {
        VM.prank(OWNER);
        _registry.setAddr(_pay, HAND);
        uint256 end = NOW + 60 + TERM;
        _to(end - 1);
        require(_resolved("pay.acme") == HAND && _found("acme"), "over too early");
        _to(end);
        require(!_found("acme") && !_found("pay.acme") && _resolved("pay.acme") == address(0), "answers in its grace");
        _refused(OWNER, abi.encodeCall(_registry.create, (_acme, "x", OWNER)), _noName(_acme));
        _refused(OWNER, abi.encodeCall(_registry.setText, (_pay, "k", "v")), _noName(_pay));
        _refused(OWNER, abi.encodeCall(_registry.offer, (_acme, BUYER)), _noName(_acme));
        _refused(OWNER, abi.encodeCall(_registry.remove, (_pay)), _noName(_pay));
        _refused(THIEF, abi.encodeCall(_registry.remove, (_acme)), _noName(_acme));
        _refused(THIEF, abi.encodeCall(_registry.renew, (_acme)), _notAllowed(_acme, THIEF));
        VM.prank(OWNER);
        _registry.renew(_acme);
        require(_resolved("pay.acme") == HAND, "not what it was");
        _to(end + TERM + GRACE);
        _refused(OWNER, abi.encodeCall(_registry.renew, (_acme)), _noName(_acme));
        _refused(OWNER, abi.encodeCall(_registry.renew, (_pay)), _noName(_pay));
        // But its deposit is not lost, even if nobody ever wants the name.
        VM.prank(OWNER);
        _registry.remove(_acme);
        require(_registry.creditOf(OWNER) == DEPOSIT, "a stuck deposit");
        _refused(OWNER, abi.encodeCall(_registry.remove, (_acme)), _noName(_acme));
    }

    /// @dev When the word has no bits left for a date, nothing is claimed or renewed; nothing wraps.
    function test_timeEndsWithoutHarm() external {
        _to(type(uint32).max - TERM - 60);
        bytes32 node = _claimed("last", OWNER);
        _to(_now + 1);
        bytes memory why = abi.encodeWithSelector(IRegistry.Registry_BadValue.selector, bytes32("expires"), uint256(type(uint32).max) + 1);
        _refused(OWNER, abi.encodeCall(_registry.renew, (node)), why);
        _to(type(uint32).max - 1);
        require(_answers.owner(node) == OWNER, "over too early");
        _to(type(uint32).max);
        require(_answers.owner(node) == address(0), "for ever");
    }

    // ------------------------------------------------------------------ transfers

    /// @dev An operator of the old owner has nothing to say after the transfer, nor has an offer of it.
    function test_operatorsAndOffersEndWithTheTransfer() external {
        VM.prank(OWNER);
        _registry.approve(_acme, HAND, true);
        VM.prank(OWNER);
        _registry.offer(_acme, BUYER);
        uint64 seen = _revisionOf(_acme);
        // Made an operator between offer and acceptance: the buyer would accept another name than it saw.
        VM.prank(OWNER);
        _registry.approve(_acme, THIEF, true);
        bytes memory changed = abi.encodeWithSelector(IRegistry.Registry_Changed.selector, _acme, seen, seen + 1);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, seen)), changed);
        VM.prank(BUYER);
        _registry.accept(_acme, seen + 1);
        for (uint256 i; i < 2; ++i) {
            address who = i == 0 ? THIEF : HAND;
            require(!_registry.isOperator(_acme, who), "an operator stayed");
            _refused(who, abi.encodeCall(_registry.setText, (_acme, "k", "v")), _notAllowed(_acme, who));
            _refused(who, abi.encodeCall(_registry.renew, (_acme)), _notAllowed(_acme, who));
        }
        bytes memory notOffered = abi.encodeWithSelector(IRegistry.Registry_NotOffered.selector, _acme, BUYER);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, _revisionOf(_acme))), notOffered);
        // Back again: what the owner once approved does not come back either.
        _handed(_acme, BUYER, OWNER);
        require(!_registry.isOperator(_acme, HAND), "an approval came back");
    }

    /// @dev Whatever the owner changes of the name before `accept` stops it.
    function testFuzz_nothingChangesBeforeItIsAccepted(uint8 what) external {
        VM.prank(OWNER);
        _registry.offer(_pay, BUYER);
        uint64 seen = _revisionOf(_pay);
        bytes[] memory changes = new bytes[](10);
        changes[0] = abi.encodeWithSignature("setAddr(bytes32,address)", _pay, THIEF);
        changes[1] = abi.encodeWithSignature("setAddr(bytes32,uint256,bytes)", _pay, 0, hex"00");
        changes[2] = abi.encodeCall(_registry.setText, (_pay, "url", "evil"));
        changes[3] = abi.encodeCall(_registry.setContenthash, (_pay, hex"e3"));
        changes[4] = abi.encodeCall(_registry.setABI, (_pay, 1, "{}"));
        changes[5] = abi.encodeCall(_registry.setInterface, (_pay, 0x01020304, THIEF));
        changes[6] = abi.encodeCall(_registry.propose, (_pay, 1, 0, address(0), bytes32("digest")));
        changes[7] = abi.encodeCall(_registry.admit, (_pay, "one", THIEF, 1, 60));
        changes[8] = abi.encodeCall(_registry.setScaling, (_pay, IRegistry.Scaling(9, 0, 9, 0, 0, 1, THIEF)));
        changes[9] = abi.encodeCall(_registry.lock, (_pay));
        (bool ok,) = _try(OWNER, changes[what % 10]);
        require(ok, "no change at all");
        uint64 now_ = _revisionOf(_pay);
        require(now_ > seen, "a change without a revision");
        bytes memory changed = abi.encodeWithSelector(IRegistry.Registry_Changed.selector, _pay, seen, now_);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_pay, seen)), changed);
    }

    /// @dev Names that the seller puts right below, or cannot lose any more, are no part of what the buyer saw: `v1.` would be theirs for ever.
    function testFuzz_nothingIsPutBelowBeforeItIsAccepted(uint8 how) external {
        VM.prank(OWNER);
        _registry.propose(_pay, 1, 0, address(0), bytes32("one"));
        VM.prank(OWNER);
        _registry.confirm(_pay, 1, 0);
        VM.prank(OWNER);
        bytes32 old = _registry.create(_pay, "old", OWNER);
        VM.prank(OWNER);
        _registry.approve(_pay, HAND, true);
        VM.prank(OWNER);
        _registry.offer(_pay, BUYER);
        uint64 seen = _revisionOf(_pay);

        bytes memory change = how % 3 == 0 ? abi.encodeCall(_registry.lock, (old)) : abi.encodeCall(_registry.create, (_pay, "v1", THIEF));
        (bool ok,) = _try(how % 3 == 1 ? HAND : OWNER, change);
        uint64 now_ = _registry.revision();
        require(ok && _revisionOf(_pay) == now_ && _revisionOf(how % 3 == 0 ? old : _hash("v1.pay.acme")) == now_, "not a change of both");
        bytes memory changed = abi.encodeWithSelector(IRegistry.Registry_Changed.selector, _pay, seen, now_);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_pay, seen)), changed);
        VM.prank(BUYER);
        _registry.accept(_pay, now_);
    }

    /// @dev What others do below, or one who is locked out does, keeps no buyer from accepting.
    function test_nobodyHoldsUpABuyer() external {
        _handed(_pay, OWNER, HAND);
        VM.prank(OWNER);
        _registry.lock(_pay);
        uint64 id = _served(_acme, "one", THIEF);
        VM.prank(OWNER);
        _registry.offer(_acme, BUYER);
        VM.prank(HAND);
        _registry.offer(_pay, BUYER);
        (uint64 acme, uint64 pay) = (_revisionOf(_acme), _revisionOf(_pay));

        uint64 before = _registry.revision();
        VM.prank(OWNER);
        _registry.lock(_pay);
        require(_registry.revision() == before, "locked twice");
        VM.prank(HAND);
        bytes32 below = _registry.create(_pay, "below", HAND);
        require(_revisionOf(_pay) == _revisionOf(below), "not a change of both");
        pay = _revisionOf(_pay);
        VM.prank(HAND);
        _registry.setText(below, "k", "v");
        VM.prank(HAND);
        _registry.create(below, "deeper", HAND);
        VM.prank(THIEF);
        _registry.serve(id, THIEF, "", "");
        _beat(THIEF, id);
        VM.prank(THIEF);
        _registry.setWeight(id, 0);
        VM.prank(THIEF);
        _registry.evict(id);
        VM.prank(BUYER);
        _registry.accept(_pay, pay);
        VM.prank(BUYER);
        _registry.accept(_acme, acme);
        require(_answers.owner(_acme) == BUYER && _answers.owner(_pay) == BUYER, "held up");
    }

    /// @dev An offer is for one, and is taken back.
    function test_anOfferIsForOne() external {
        VM.prank(OWNER);
        _registry.offer(_acme, BUYER);
        bytes memory refused = abi.encodeWithSelector(IRegistry.Registry_NotOffered.selector, _acme, THIEF);
        _refused(THIEF, abi.encodeCall(_registry.accept, (_acme, _revisionOf(_acme))), refused);
        VM.prank(OWNER);
        _registry.offer(_acme, address(0));
        refused = abi.encodeWithSelector(IRegistry.Registry_NotOffered.selector, _acme, BUYER);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, _revisionOf(_acme))), refused);
    }

    /// @dev An offer is of what was offered: not of a name in its grace, nor of one that somebody else claimed since.
    function testFuzz_anOfferEndsWithTheName(bool renewed) external {
        VM.prank(OWNER);
        _registry.offer(_acme, BUYER);
        uint64 seen = _revisionOf(_acme);
        _to(NOW + 60 + TERM);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, seen)), _noName(_acme));
        if (renewed) {
            VM.prank(OWNER);
            _registry.renew(_acme);
            _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, seen)), abi.encodeWithSelector(IRegistry.Registry_Changed.selector, _acme, seen, seen + 1));
            return;
        }
        _to(_now + GRACE);
        _claimed("acme", HAND);
        bytes memory notOffered = abi.encodeWithSelector(IRegistry.Registry_NotOffered.selector, _acme, BUYER);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, _revisionOf(_acme))), notOffered);
        _refused(BUYER, abi.encodeCall(_registry.accept, (_acme, seen)), notOffered);
    }

    /// @dev Operators act for a name; they do not give it away, nor make others operators, nor lock.
    function test_operatorsDoNotOwn() external {
        VM.prank(OWNER);
        _registry.approve(_acme, HAND, true);
        _refused(HAND, abi.encodeCall(_registry.offer, (_acme, HAND)), _notAllowed(_acme, HAND));
        _refused(HAND, abi.encodeCall(_registry.approve, (_acme, THIEF, true)), _notAllowed(_acme, HAND));
        _refused(HAND, abi.encodeCall(_registry.lock, (_pay)), _notAllowed(_pay, HAND));
        _refused(HAND, abi.encodeCall(_registry.remove, (_acme)), _notAllowed(_acme, HAND));
        _refused(OWNER, abi.encodeCall(_registry.lock, (_acme)), _notAllowed(_acme, OWNER));
        // An operator of a name is none of the names below it, but for removing them.
        _refused(HAND, abi.encodeCall(_registry.setText, (_pay, "k", "v")), _notAllowed(_pay, HAND));
        VM.prank(HAND);
        _registry.remove(_pay);
        require(!_found("pay.acme"), "not removed");
    }

    function test_aStrangerChangesNothing() external {
        bytes[] memory tries = new bytes[](9);
        tries[0] = abi.encodeCall(_registry.create, (_pay, "x", THIEF));
        tries[1] = abi.encodeCall(_registry.remove, (_pay));
        tries[2] = abi.encodeCall(_registry.lock, (_pay));
        tries[3] = abi.encodeCall(_registry.offer, (_pay, THIEF));
        tries[4] = abi.encodeCall(_registry.approve, (_pay, THIEF, true));
        tries[5] = abi.encodeWithSignature("setAddr(bytes32,address)", _pay, THIEF);
        tries[6] = abi.encodeCall(_registry.setContenthash, (_pay, hex"00"));
        tries[7] = abi.encodeCall(_registry.setABI, (_pay, 1, ""));
        tries[8] = abi.encodeCall(_registry.setInterface, (_pay, 0x01020304, THIEF));
        for (uint256 i; i < tries.length; ++i) {
            _refused(THIEF, tries[i], _notAllowed(_pay, THIEF));
            bytes[] memory one = new bytes[](1);
            one[0] = tries[i];
            _refused(THIEF, abi.encodeCall(_registry.multicall, (one)), _notAllowed(_pay, THIEF));
        }
        _refused(THIEF, abi.encodeCall(_registry.create, (bytes32(0), "x", THIEF)), _noName(0));
    }

    /// @dev Locked out, the parent does not remove it; its own owner does; and the lock ends with it.
    function test_aLockedOutParentDoesNotRemove() external {
        _handed(_pay, OWNER, BUYER);
        VM.prank(OWNER);
        _registry.lock(_pay);
        _refused(OWNER, abi.encodeCall(_registry.remove, (_pay)), abi.encodeWithSelector(IRegistry.Registry_LockedOut.selector, _pay));
        _refused(OWNER, abi.encodeCall(_registry.create, (_acme, "pay", OWNER)), abi.encodeWithSelector(IRegistry.Registry_Taken.selector, _pay, 0));
        VM.prank(BUYER);
        _registry.remove(_pay);
        VM.prank(OWNER);
        _registry.create(_acme, "pay", BUYER);
        VM.prank(OWNER);
        _registry.remove(_pay);
    }

    // ------------------------------------------------------------------ trapdoors

    /// @dev All that a name had, before it ends in one way or another and begins anew, is gone.
    function testFuzz_nothingComesBackWithAName(uint8 how) external {
        VM.prank(OWNER);
        bytes32 deep = _registry.create(_pay, "deep", THIEF);
        VM.prank(OWNER);
        _registry.setAddr(_pay, THIEF);
        VM.prank(OWNER);
        _registry.setText(_pay, "url", "evil");
        VM.prank(OWNER);
        _registry.setScaling(_pay, IRegistry.Scaling(1, 0, 9, 0, 0, 1, THIEF));
        VM.prank(OWNER);
        _registry.propose(_pay, 1, 0, address(0), bytes32("one"));
        VM.prank(OWNER);
        _registry.confirm(_pay, 1, 0);
        VM.prank(OWNER);
        _registry.propose(_pay, 2, 0, address(0), bytes32("two"));
        uint64 id = _served(_pay, "one", THIEF);
        VM.prank(OWNER);
        _registry.lock(_pay);
        VM.prank(OWNER);
        _registry.approve(_pay, THIEF, true);
        VM.prank(OWNER);
        _registry.offer(_pay, THIEF);
        require(_found("one.pay.acme") && _found("canary.pay.acme") && _found("v1.pay.acme") && _found("deep.pay.acme"), "not there");

        how %= 3;
        if (how == 0) {
            VM.prank(OWNER);
            _registry.remove(_pay);
        } else if (how == 1) {
            VM.prank(OWNER);
            _registry.remove(_acme);
        } else {
            _to(NOW + 60 + TERM + GRACE);
        }
        if (how != 0) require(_claimed("acme", OWNER) == _acme, "another node");
        VM.prank(OWNER);
        require(_registry.create(_acme, "pay", OWNER) == _pay, "another node");
        // In the last lease's time, had it one still.
        if (how == 0) _beat(THIEF, id);

        require(_resolved("pay.acme") == address(0) && bytes(_textOf("pay.acme", "url")).length == 0, "a record came back");
        require(!_found("one.pay.acme") && !_found("canary.pay.acme") && !_found("v1.pay.acme"), "a version or an instance came back");
        require(!_found("deep.pay.acme") && _answers.owner(deep) == address(0), "a name below came back");
        (bytes32[] memory below, uint256 total) = _registry.children(_pay, 0, 10);
        require(below.length == 0 && total == 0, "a list came back");
        (, total) = _registry.instances(_pay, 0, 10, false);
        require(total == 0 && _registry.instance(id).until == 0, "an instance came back");
        require(_registry.scalingOf(_pay).most == 0 && _registry.versionOf(_pay, 1).release == 0, "a rule or a version came back");
        (,,,,, bool locked, address offeredTo,) = _registry.nameOf(_pay);
        require(!locked && offeredTo == address(0) && !_registry.isOperator(_pay, THIEF), "a lock, an offer or an operator came back");
        bytes memory noInstance = abi.encodeWithSelector(IRegistry.Registry_NoInstance.selector, id);
        _refused(THIEF, abi.encodeCall(_registry.serve, (id, THIEF, "", "")), noInstance);
        _refused(THIEF, abi.encodeCall(_registry.setWeight, (id, 1)), noInstance);
        _refused(THIEF, abi.encodeCall(_registry.evict, (id)), noInstance);
        _refused(THIEF, abi.encodeCall(_registry.measure, (_pay, 9)), _notAllowed(_pay, THIEF));
        _refused(THIEF, abi.encodeCall(_registry.remove, (deep)), _noName(deep));
        // The numbers of versions are the only thing that outlives a name: what was proposed once is never another code.
        (,, uint64 highest) = _registry.versions(_pay);
        require(highest == 2 << 32, "numbers began anew");
        bytes memory old = abi.encodeWithSelector(IRegistry.Registry_OldVersion.selector, _pay, 2, 0);
        _refused(OWNER, abi.encodeCall(_registry.propose, (_pay, 2, 0, address(0), bytes32("other"))), old);
        _refused(OWNER, abi.encodeCall(_registry.propose, (_pay, 1, 9, address(0), bytes32("other"))), old);
        VM.prank(OWNER);
        _registry.propose(_pay, 2, 1, address(0), bytes32("other"));
    }

    /// @dev A name below one that was removed is not removed once more out of a list in which it is not.
    function testFuzz_listsHoldWhatIsLive(uint256 seed) external {
        for (uint256 k; k < 24; ++k) {
            string memory label = string(abi.encodePacked(bytes1(uint8(97 + (seed >> 8 * k) % 4))));
            bytes32 node = _hash(string.concat(label, ".acme"));
            bool free = _answers.owner(node) == address(0);
            VM.prank(OWNER);
            if (free) _registry.create(_acme, label, OWNER);
            else _registry.remove(node);
        }
        (bytes32[] memory nodes, uint256 total) = _registry.children(_acme, 0, type(uint256).max);
        uint256 live = 1;
        for (uint256 c; c < 4; ++c) {
            bytes32 node = _hash(string.concat(string(abi.encodePacked(bytes1(uint8(97 + c)))), ".acme"));
            bool listed;
            for (uint256 i; i < nodes.length; ++i) {
                require(!listed || nodes[i] != node, "listed twice");
                listed = listed || nodes[i] == node;
            }
            require(listed == (_answers.owner(node) == OWNER), "another list");
            if (listed) ++live;
        }
        require(total == live && nodes.length == live, "another count");
    }

    /// @dev Top-level names are listed once, also when they were claimed anew, and only while they live.
    function test_theTopIsListedOnce() external {
        _claimed("gold", OWNER);
        _top(2, 2);
        _to(NOW + 60 + TERM);
        _top(1, 2);
        _to(_now + GRACE);
        _claimed("acme", BUYER);
        _top(1, 2);
        VM.prank(BUYER);
        _registry.remove(_acme);
        _top(0, 1);
        _claimed("acme", BUYER);
        _top(1, 2);
    }

    function _top(uint256 live, uint256 listed) private view {
        (bytes32[] memory nodes, uint256 total) = _registry.children(0, 0, 10);
        require(nodes.length == live && total == listed, "another list");
    }

    // ------------------------------------------------------------------ deposits

    function test_aRefundIsTakenOnce() external {
        Greedy greedy = new Greedy(_registry);
        bytes32 node = _claimed("gold", address(greedy));
        greedy.leave(node);
        uint256 before = address(_registry).balance;
        greedy.take();
        require(!greedy.again() && address(greedy).balance == DEPOSIT && address(_registry).balance == before - DEPOSIT, "taken twice");
        require(_registry.creditOf(address(greedy)) == 0, "still due");
        _refused(THIEF, abi.encodeCall(_registry.withdraw, (payable(THIEF))), abi.encodeWithSelector(IRegistry.Registry_NothingDue.selector));
    }

    /// @dev Coin that is forced in is nobody's.
    function test_coinThatIsForcedInIsNobodys() external {
        VM.deal(address(_registry), 5 ether);
        VM.prank(OWNER);
        _registry.remove(_acme);
        require(_registry.creditOf(OWNER) == DEPOSIT, "another credit");
        VM.prank(OWNER);
        require(_registry.withdraw(payable(BUYER)) == DEPOSIT && BUYER.balance == DEPOSIT, "another sum");
    }

    /// @dev Who refuses its money keeps nobody from anything, and keeps its credit.
    function test_aRefusedRefundStaysDue() external {
        VM.prank(OWNER);
        _registry.remove(_acme);
        _refused(OWNER, abi.encodeCall(_registry.withdraw, (payable(address(this)))), abi.encodeWithSelector(IRegistry.Registry_PaymentRefused.selector, address(this)));
        require(_registry.creditOf(OWNER) == DEPOSIT, "lost");
        VM.prank(OWNER);
        _registry.withdraw(payable(BUYER));
        require(BUYER.balance == DEPOSIT, "not paid");
    }
}
