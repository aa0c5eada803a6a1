// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Account} from "../../contracts/Account.sol";
import {Scheduler} from "../../contracts/Scheduler.sol";
import {IAccount} from "../../contracts/interfaces/IAccount.sol";
import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
import {PlanId, Status, Value} from "../../contracts/types/PlanTypes.sol";
import {Attacks} from "./Attacks.sol";

/// @notice Asked something, it first tries every mutator, then answers what was hoped for, or, if anything went through, 0.
contract Turncoat {
    address private immutable SCHEDULER;
    bytes[] private _tries;
    /// @notice What it is asked for, as a factory and as an account.
    address public account;
    address public owner;

    constructor(address scheduler) {
        SCHEDULER = scheduler;
    }

    function arm(bytes[] calldata tries, address account_, address owner_) external {
        (_tries, account, owner) = (tries, account_, owner_);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        return _through() ? bytes4(0) : this.isValidSignature.selector;
    }

    function accountOf(address) external returns (address) {
        return _through() ? address(0) : account;
    }

    function word(bytes calldata, PlanId, bytes calldata evidence) external returns (uint256) {
        return _through() ? 0 : uint256(bytes32(evidence));
    }

    function holds(PlanId, uint32, uint8) external returns (bool) {
        return _through();
    }

    function _through() private returns (bool any) {
        for (uint256 i; i < _tries.length; ++i) {
            // What is refused in a static call takes all the gas that it is given.
            (bool ok,) = SCHEDULER.call{gas: gasleft() / 16}(_tries[i]);
            any = any || ok;
        }
    }
}

/// @notice A factory of Accounts that says it is for whom it likes.
contract Squatter {
    address public accountOwner;

    function make(address owner) external returns (Account) {
        accountOwner = owner;
        return new Account{salt: bytes32(uint256(uint160(owner)))}();
    }

    function accountOf(address) external pure returns (address) {
        revert("not asked");
    }
}

/// @notice To act as an owner without being it, and to use what an Account holds.
contract AttacksOnOwnersTest is Attacks {
    uint256 private constant KEY = 0xB0B;
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function _digest(Scheduler where, PlanId id) private pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,address verifyingContract)"),
                keccak256("Conductor Scheduler"),
                keccak256("1"),
                address(where)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(keccak256("Schedule(bytes32 plan)"), id))));
    }

    function _owned(address owner, bytes memory extension) private returns (Plan memory) {
        Header memory h = _header();
        if (extension.length != 0) h.flags |= 16;
        h.chains = abi.encodePacked(uint64(block.chainid), uint32(1), owner, uint64(100 gwei), uint32(2_000), extension);
        return _plan(h, _one(_bytes(_step())));
    }

    // ------------------------------------------------------------------ signatures

    /// @dev One signature, one plan, one Scheduler, once, in one form.
    function test_aSignatureIsForOneThingOnce() external {
        Plan memory p = _owned(VM.addr(KEY), "");
        Plan memory other = _owned(VM.addr(KEY), "");
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, _digest(_scheduler, p.id));
        bytes memory good = abi.encodePacked(r, s, v);
        bytes memory flipped = abi.encodePacked(r, ORDER - uint256(s), v ^ 7);
        require(uint256(s) <= HALF_ORDER, "the cheat code signs low");
        bytes memory compact = abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
        bytes4 bad = IScheduler.Scheduler_BadSignature.selector;
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, flipped)), bad);
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, compact)), bad);
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, bytes.concat(good, hex"00"))), bad);
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, "")), bad);
        _refused(abi.encodeCall(_scheduler.scheduleFor, (other.short, good)), bad);
        Scheduler second = new Scheduler();
        (bool ok,) = address(second).call(abi.encodeCall(second.scheduleFor, (p.short, good)));
        require(!ok, "replayed at another Scheduler");
        VM.chainId(block.chainid + 1);
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, good)), IScheduler.Scheduler_WrongChain.selector);
        VM.chainId(block.chainid - 1);
        (ok,) = _try(abi.encodeCall(_scheduler.scheduleFor, (p.short, good)));
        require(ok, "refused a good one");
        _refused(abi.encodeCall(_scheduler.scheduleFor, (p.short, good)), IScheduler.Scheduler_WrongStatus.selector);
    }

    function test_aVoidedSignatureIsWorthless() external {
        Plan memory p = _owned(VM.addr(KEY), "");
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, _digest(_scheduler, p.id));
        VM.prank(VM.addr(KEY));
        _scheduler.void(p.short);
        bytes memory input = abi.encodeCall(_scheduler.scheduleFor, (p.short, abi.encodePacked(r, s, v)));
        _refused(input, IScheduler.Scheduler_WrongStatus.selector);
    }

    /// @dev Nobody, precompiles and addresses without code sign for nothing.
    function testFuzz_nobodyIsNoSigner(uint8 owner, bytes calldata signature) external {
        VM.assume(owner < 20);
        Plan memory p = _owned(address(uint160(owner)), "");
        (bool ok,) = _try(abi.encodeCall(_scheduler.scheduleFor, (p.short, signature)));
        require(!ok, "nobody signed");
    }

    // ------------------------------------------------------------------ static questions

    /// @dev ERC-1271 owners, factories, routes and referees are asked statically: none of them gets a mutator through, and all are believed.
    function test_whoIsAskedChangesNothing() external {
        Turncoat turncoat = new Turncoat(address(_scheduler));
        Plan memory victim = _simple();
        turncoat.arm(_tries(victim), _scheduler.accountOf(OWNER), OWNER);
        Plan memory p = _owned(address(turncoat), "");
        (bool ok,) = _try(abi.encodeCall(_scheduler.scheduleFor, (p.short, "")));
        require(ok && _status(p) == Status.Active, "the owner got a mutator through");
        _asFactory(turncoat);
        _asRoute(turncoat);
        _asReferee(turncoat);
        require(_status(victim) == Status.Active && pings == 1, "the victim moved");
    }

    function _asFactory(Turncoat turncoat) private {
        Plan memory p = _owned(OWNER, abi.encodePacked(address(0), address(turncoat)));
        VM.prank(OWNER);
        _scheduler.schedule{value: DEPOSIT}(p.short);
        _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
    }

    function _asRoute(Turncoat turncoat) private {
        bytes memory route = abi.encodePacked(uint64(block.chainid), uint64(10), address(this), address(turncoat));
        Header memory h = _header();
        (h.flags, h.forward) = (0x29, 2);
        h.chains = bytes.concat(_chain(1), abi.encodePacked(uint64(10), uint32(2), OWNER, uint64(1), uint32(1)));
        h.routes = abi.encodePacked(keccak256(bytes.concat(keccak256(route))));
        Plan memory p = _scheduled(h, _one(_bytes(_step())));
        _earn(abi.encodeCall(_scheduler.learn, (p.short, route, new bytes32[](0), abi.encode(uint256(1) << 225))));
        require(_word(p).valueOf(1) == Value.Done, "the route got a mutator through");
    }

    function _asReferee(Turncoat turncoat) private {
        Step memory s = _step();
        (s.flags, s.callsLength, s.sections) = (1, 0, abi.encodePacked(address(turncoat), uint32(100), uint16(0)));
        Plan memory p = _scheduled(_header(), _one(_bytes(s)));
        VM.warp(NOW + LENGTH);
        _earn(abi.encodeCall(_scheduler.settle, (_item(p, 0))));
    }

    /// @dev Calldata with which each mutator goes through when it is called plainly, or fails for want of coin only.
    function _tries(Plan memory victim) private view returns (bytes[] memory tries) {
        tries = new bytes[](7);
        tries[0] = abi.encodeCall(_scheduler.run, (_item(victim, 0), 0));
        tries[1] = abi.encodeCall(_scheduler.runMany, (new bytes[](0)));
        tries[2] = abi.encodeCall(_scheduler.createAccount, (THIEF));
        tries[3] = abi.encodeCall(_scheduler.publish, (victim.id, ""));
        tries[4] = abi.encodeCall(_scheduler.expire, (victim.short));
        tries[5] = abi.encodeCall(_scheduler.deposit, (victim.id));
        tries[6] = abi.encodeCall(_scheduler.withdraw, (payable(THIEF)));
    }

    // ------------------------------------------------------------------ accounts

    /// @dev Another factory's Account for the same owner lives elsewhere, and speaks for nobody here.
    function test_anAccountCannotBeSquatted() external {
        Squatter squatter = new Squatter();
        address victim = address(0x71C);
        Account made = squatter.make(victim);
        require(made.owner() == victim && address(made) != _scheduler.accountOf(victim), "squatted");
        Plan memory p = _owned(victim, abi.encodePacked(address(0), address(squatter)));
        VM.prank(address(made));
        (bool ok,) = address(_scheduler).call(abi.encodeCall(_scheduler.schedule, (p.short)));
        require(!ok, "another factory's Account scheduled");
        address real = _scheduler.createAccount(victim);
        require(IAccount(real).owner() == victim && _scheduler.accountOwner() == address(0), "another owner");
        require(_scheduler.createAccount(victim) == real, "made again");
    }

    /// @dev An owner cannot be named between: the Account of one is never another's, in whatever order they are made.
    function testFuzz_everyAccountIsItsOwners(address a, address b) external {
        VM.assume(a != b);
        address first = _scheduler.createAccount(a);
        address second = _scheduler.createAccount(b);
        require(first == _scheduler.accountOf(a) && second == _scheduler.accountOf(b) && first != second, "another address");
        require(IAccount(first).owner() == a && IAccount(second).owner() == b, "another owner");
    }

    /// @dev Packed calls cut anywhere are refused before the call that is cut; cut between two calls they are fewer calls.
    function testFuzz_cutCallsAreNotMade(uint256 cut) external {
        bytes memory calls = bytes.concat(_call(abi.encodeCall(this.ping, ())), _call(abi.encodeCall(this.note, (3))));
        cut %= calls.length;
        assembly ("memory-safe") {
            mstore(calls, cut)
        }
        IAccount account = IAccount(_scheduler.accountOf(OWNER));
        VM.prank(OWNER);
        (bool ok,) = address(account).call(abi.encodeCall(account.perform, (calls)));
        require(ok == (cut == 0 || cut == 38), "parsed what is cut");
        require(pings == (cut == 38 ? 1 : 0) && last == 0, "made what is cut");
    }

    /// @dev Bytes behind the string, and strings that overlap the head, are no calls.
    function test_whatStandsBehindTheCallsIsNotCalled() external {
        IAccount account = IAccount(_scheduler.accountOf(OWNER));
        bytes memory call_ = _call(abi.encodeCall(this.ping, ()));
        VM.prank(OWNER);
        (bool ok,) = address(account).call(abi.encodePacked(IAccount.perform.selector, uint256(32), uint256(0), call_));
        require(ok && pings == 0, "called what was not meant");
        VM.prank(OWNER);
        (ok,) = address(account).call(abi.encodePacked(IAccount.perform.selector, uint256(32), call_.length + 1, call_));
        require(!ok, "a string beyond its data");
    }

    /// @dev A step cannot give anybody the Account, nor does coin that comes with a call go anywhere.
    function test_aStepCannotGiveTheAccountAway() external {
        address account = _scheduler.accountOf(OWNER);
        bytes[2] memory grabs = [
            abi.encodeCall(IAccount.setExecutor, (THIEF, true)),
            abi.encodeCall(IAccount.perform, (_call(abi.encodeCall(this.ping, ()))))
        ];
        for (uint256 i; i < 2; ++i) {
            Step memory s = _step();
            s.sections = abi.encodePacked(account, uint96(0), uint16(grabs[i].length), grabs[i]);
            s.callsLength = uint24(s.sections.length);
            Plan memory p = _scheduled(_header(), _one(_bytes(s)));
            _refused(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)), IScheduler.Scheduler_CallsFailed.selector);
        }
        require(!IAccount(account).isExecutor(THIEF) && !IAccount(account).isExecutor(account), "given away");
        VM.prank(THIEF);
        (bool ok,) = account.call{value: 1}(abi.encodeCall(IAccount.perform, ("")));
        require(!ok && account.balance == 0, "a stranger performed");
        VM.deal(OWNER, 1 ether);
        VM.prank(OWNER);
        IAccount(account).perform{value: 1 ether}("");
        require(account.balance == 1 ether, "coin went on");
    }

    /// @dev Nothing but perform, setExecutor, its views and the receivers' answers gets anything from an Account.
    function testFuzz_anAccountAnswersNothingElse(bytes4 selector, bytes32 noise) external {
        bytes4[4] memory known = [IAccount.perform.selector, IAccount.setExecutor.selector, IAccount.owner.selector, IAccount.isExecutor.selector];
        for (uint256 i; i < 4; ++i) VM.assume(selector != known[i]);
        VM.assume(selector != 0x150b7a02 && selector != 0xf23a6e61 && selector != 0xbc197c81);
        (bool ok,) = _scheduler.accountOf(OWNER).call(abi.encodePacked(selector, noise));
        require(!ok, "it answered");
    }

    /// @dev Who may use an Account, after any number of changes of mind, the factory and the owner among the executors: nobody's flag is another's, and
    /// the owner always may.
    function testFuzz_anExecutorIsWhoTheOwnerSays(uint256 seed) external {
        IAccount account = IAccount(_scheduler.accountOf(OWNER));
        address[6] memory who = [address(_scheduler), OWNER, THIEF, address(account), address(0), address(uint160(seed))];
        bool[6] memory may;
        for (uint256 j; j < 6; ++j) may[j] = who[j] == address(_scheduler); // the seed may name the Scheduler too
        for (uint256 k; k < 12; ++k) {
            uint256 i = seed >> 8 * k & 7;
            bool allowed = seed >> 8 * k & 8 != 0;
            if (i >= 6) {
                VM.prank(THIEF);
                (bool ok,) = address(account).call(abi.encodeCall(IAccount.setExecutor, (THIEF, true)));
                require(!ok, "a stranger decides");
                continue;
            }
            VM.prank(OWNER);
            account.setExecutor(who[i], allowed);
            for (uint256 j; j < 6; ++j) if (who[j] == who[i]) may[j] = allowed;
            for (uint256 j; j < 6; ++j) {
                require(account.isExecutor(who[j]) == may[j], "another's right");
                VM.prank(who[j]);
                (bool ok,) = address(account).call(abi.encodeCall(IAccount.perform, ("")));
                require(ok == (may[j] || who[j] == OWNER), "another may");
            }
        }
    }

    /// @dev An argument with bits above the address is none, so no second slot stands for one executor.
    function testFuzz_aDirtyAddressIsNone(uint96 dirt, address who) external {
        VM.assume(dirt != 0);
        address account = _scheduler.accountOf(OWNER);
        uint256 word_ = uint256(dirt) << 160 | uint160(who);
        (bool ok,) = account.call(abi.encodePacked(IAccount.isExecutor.selector, word_));
        require(!ok, "a dirty address");
        VM.prank(OWNER);
        (ok,) = account.call(abi.encodePacked(IAccount.setExecutor.selector, word_, uint256(1)));
        require(!ok, "a dirty address");
        VM.prank(OWNER);
        (ok,) = account.call(abi.encodePacked(IAccount.setExecutor.selector, uint256(uint160(who)), uint256(dirt) << 8));
        require(!ok, "a dirty flag");
    }

    function bomb(bytes calldata reason) external pure {
        bytes memory copy = reason;
        assembly ("memory-safe") {
            revert(add(copy, 32), mload(copy))
        }
    }

    /// @dev What a call reverts with is told as it is, up to 256 bytes, with which call it was, and nothing of the Account's memory.
    function testFuzz_aFailureIsToldAsItIs(bytes calldata reason, uint8 before) external {
        IAccount account = IAccount(_scheduler.accountOf(OWNER));
        before %= 4;
        bytes memory calls;
        for (uint256 i; i < before; ++i) calls = bytes.concat(calls, _call(abi.encodeCall(this.ping, ())));
        calls = bytes.concat(calls, _call(abi.encodeCall(this.bomb, (reason))));
        VM.prank(OWNER);
        (bool ok, bytes memory answer) = address(account).call(abi.encodeCall(IAccount.perform, (calls)));
        bytes memory cut = reason[:reason.length < 256 ? reason.length : 256];
        require(!ok && keccak256(answer) == keccak256(abi.encodeWithSelector(IAccount.Account_CallFailed.selector, before, cut)), "told otherwise");
        VM.prank(OWNER);
        (ok, answer) = address(account).call(abi.encodeCall(IAccount.perform, (bytes.concat(calls, hex"00"))));
        require(!ok && bytes4(answer) == IAccount.Account_CallFailed.selector, "the failure comes first");
        VM.prank(OWNER);
        (ok, answer) = address(account).call(abi.encodeCall(IAccount.perform, (hex"00")));
        require(!ok && keccak256(answer) == keccak256(abi.encodeWithSelector(IAccount.Account_MalformedCalls.selector)), "malformed");
    }
}
