// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
import {PlanId, Status, Value} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";
import {Attacks} from "./Attacks.sol";

/// @notice To have bytes taken for what nobody committed to, and to leave a plan where its owner cannot get out.
contract AttacksOnBytesTest is Attacks {
    // ------------------------------------------------------------------ other bytes

    /// @dev Change, cut or add bytes anywhere in an item: it leads to no plan.
    function testFuzz_noOtherItemRuns(uint256 at, uint8 by, uint8 how) external {
        Plan memory p = _two();
        bytes memory item = _forged(_item(p, 0), at, by, how);
        (bool ok,) = _try(abi.encodeCall(_scheduler.run, (item, 0)));
        require(!ok && pings == 0, "another item ran");
        VM.warp(NOW + LENGTH);
        (ok,) = _try(abi.encodeCall(_scheduler.settle, (item)));
        require(!ok, "another item settled");
    }

    /// @dev The same for header ‖ root, even for the owner.
    function testFuzz_noOtherPlanIsCancelled(uint256 at, uint8 by, uint8 how) external {
        Plan memory p = _two();
        bytes memory short = _forged(p.short, at, by, how);
        VM.prank(OWNER);
        (bool ok,) = address(_scheduler).call(abi.encodeCall(_scheduler.cancel, (short)));
        require(!ok && _status(p) == Status.Active, "another plan");
    }

    function _forged(bytes memory data, uint256 at, uint8 by, uint8 how) private pure returns (bytes memory) {
        VM.assume(by != 0);
        at %= data.length;
        if (how % 3 == 0) {
            data[at] = bytes1(uint8(data[at]) ^ by);
        } else if (how % 3 == 1) {
            assembly ("memory-safe") {
                mstore(data, at)
            }
        } else {
            data = bytes.concat(data, bytes1(by));
        }
        return data;
    }

    function _two() private returns (Plan memory) {
        Header memory h = _header();
        (h.forward, h.chains) = (2, _chain(3));
        bytes[] memory steps = new bytes[](2);
        Step memory s = _step();
        steps[0] = _bytes(s);
        s.index = 1;
        steps[1] = _bytes(s);
        return _scheduled(h, steps);
    }

    // ------------------------------------------------------------------ what stands behind the leaf

    /// @dev A leaf that announces a read it does not hold: the thief would choose what the owner's Account is told.
    function test_aReadBehindTheLeafIsNotTheCallers() external {
        Step memory s = _step();
        s.sections = _call(abi.encodeCall(this.note, (0)));
        (s.callsLength, s.reads) = (uint24(s.sections.length), 1);
        Plan memory p = _scheduled(_header(), _one(_bytes(s)));
        _refused(_tailed(Scheduler.run.selector, _item(p, 0), _read(38)), IScheduler.Scheduler_Malformed.selector);
        require(last == 0, "the caller chose a value");
    }

    /// @dev A condition or a call that the leaf does not hold: the same.
    function test_aConditionOrACallBehindTheLeafIsNotTheCallers() external {
        Step memory s = _step();
        (s.sections, s.callsLength, s.conditions) = ("", 0, 1);
        Plan memory p = _scheduled(_header(), _one(_bytes(s)));
        bytes memory truth =
            abi.encodePacked(address(this), uint24(50_000), uint8(0), uint8(0), uint256(7), uint16(4), abi.encodeCall(this.seven, ()));
        _refused(_tailed(Scheduler.run.selector, _item(p, 0), truth), IScheduler.Scheduler_Malformed.selector);
        bytes memory call_ = _call(abi.encodeCall(this.ping, ()));
        (s.conditions, s.callsLength) = (0, uint24(call_.length));
        p = _scheduled(_header(), _one(_bytes(s)));
        _refused(_tailed(Scheduler.run.selector, _item(p, 0), call_), IScheduler.Scheduler_Malformed.selector);
        require(pings == 0, "the caller chose a call");
    }

    /// @dev A claim without its referee: the thief would be the referee, and hold the lapse for as long as it likes.
    function test_aRefereeBehindTheLeafIsNotTheCallers() external {
        Step memory s = _step();
        (s.flags, s.sections, s.callsLength) = (1, "", 0);
        Plan memory p = _scheduled(_header(), _one(_bytes(s)));
        bytes memory claim = abi.encodePacked(THIEF, uint32(1), uint16(0));
        bytes memory item = _item(p, 0);
        bytes memory input = bytes.concat(
            abi.encodePacked(Scheduler.report.selector, uint256(128), uint256(1), bytes32(0), uint256(uint160(THIEF))),
            abi.encodePacked(item.length, item, claim)
        );
        _refused(input, IScheduler.Scheduler_Malformed.selector);
        VM.warp(NOW + LENGTH);
        _refused(_tailed(Scheduler.settle.selector, item, claim), IScheduler.Scheduler_Malformed.selector);
        require(_status(p) == Status.Active, "the caller was the referee");
    }

    /// @dev A header that promises an undo which the leaf does not hold: what is behind it would say that the undo has lapsed.
    function test_anUndoBehindTheLeafDoesNotLapse() external {
        Header memory h = _header();
        (h.forward, h.undoable, h.chains) = (2, 1, _chain(3));
        bytes[] memory steps = new bytes[](2);
        Step memory s = _step();
        steps[0] = _bytes(s);
        // So that the sibling, read as an undo, has a window of none and no dependents.
        for (s.index = 1; ; ++s.feeMin) {
            steps[1] = _bytes(s);
            uint256 sibling = uint256(keccak256(bytes.concat(keccak256(steps[1]))));
            if (sibling >> 200 & type(uint32).max < 1 << 31 && sibling >> 64 & 3 == 0) break;
        }
        Plan memory p = _scheduled(h, steps);
        _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
        VM.prank(OWNER);
        _scheduler.cancel(p.short);
        VM.warp(NOW + (1 << 31));
        _refused(abi.encodeCall(_scheduler.settle, (_item(p, 0))), IScheduler.Scheduler_Malformed.selector);
        _refused(abi.encodeCall(_scheduler.undo, (_item(p, 0), 0)), IScheduler.Scheduler_Malformed.selector);
        _earn(abi.encodeCall(_scheduler.expire, (p.short)));
        require(_word(p).valueOf(0) == Value.UndoFailed && _status(p) == Status.Aborted, "no end");
    }

    /// @dev selector ‖ offset ‖ 0 ‖ item, and right behind it bytes of the caller's choice.
    function _tailed(bytes4 selector, bytes memory item, bytes memory tail) private pure returns (bytes memory) {
        return bytes.concat(abi.encodePacked(selector, uint256(64), uint256(0), item.length), item, tail);
    }

    // ------------------------------------------------------------------ extremes

    /// @dev Whatever header is accepted, its owner can cancel it, then anyone can end it, and the deposit comes back.
    function testFuzz_whatIsScheduledCanBeLeft(bytes32 a, bytes32 b) external {
        Header memory h = _header();
        h.flags = uint8(a[0]) & 31;
        if (h.flags & 4 != 0) h.flags |= 1;
        h.forward = uint8(a[1]) % 24 + 1;
        h.finals = uint8(a[2]) % 8;
        h.undoable = uint32(uint256(a)) & uint32((1 << h.forward) - 1);
        h.optional = uint32(uint256(a) >> 32);
        for (uint256 k; k < 7; ++k) h.stamped |= uint32(1 << (uint256(b) >> 8 * k & 31));
        h.start = h.flags & 2 != 0 ? uint32(uint256(a) >> 96) >> 1 : uint40(uint256(a) >> 96);
        h.interval = uint32(uint256(b) >> 64) | 1;
        h.runs = uint24(uint256(b) >> 96) | 1;
        h.length = uint32(uint256(b) >> 128);
        h.chains = _chain(uint32((1 << h.forward + h.finals) - 1));
        if (h.flags & 16 != 0) h.chains = bytes.concat(h.chains, bytes20(0), bytes20(0));
        Plan memory p = _plan(h, _one(_bytes(_step())));
        VM.prank(OWNER);
        _scheduler.schedule{value: DEPOSIT}(p.short);
        VM.prank(OWNER);
        _scheduler.cancel(p.short);
        uint256 paid;
        if (_status(p) != Status.Aborted) {
            VM.warp(NOW + uint256(h.length) + 1 days);
            VM.roll(1_000_000 + uint256(h.length) + 7_200);
            (paid,) = _earn(abi.encodeCall(_scheduler.expire, (p.short)));
        }
        require(_status(p) == Status.Aborted, "no end");
        _scheduler.reclaim(p.short);
        require(_scheduler.accountOf(OWNER).balance + paid == DEPOSIT, "a wei is lost");
    }

    /// @dev Whatever the leaf says, no move by anybody takes more than the deposit, and expiry ends it.
    function testFuzz_noStepOutlivesExpiry(bytes calldata noise, uint64 wait) external {
        bytes memory leaf = noise;
        while (leaf.length < 42) leaf = bytes.concat(leaf, hex"00");
        leaf[0] = 0;
        Plan memory p = _scheduled(_header(), _one(leaf));
        bytes memory item = _item(p, 0);
        VM.warp(NOW + wait % (2 * LENGTH));
        _try(abi.encodeCall(_scheduler.run, (item, 0)));
        _try(abi.encodeCall(_scheduler.settle, (item)));
        _try(abi.encodeCall(_scheduler.undo, (item, 0)));
        _try(abi.encodeCall(_scheduler.report, (item, Value.Done, bytes32(0), THIEF)));
        VM.warp(NOW + LENGTH + 1 days);
        if (_status(p) == Status.Active) _earn(abi.encodeCall(_scheduler.expire, (p.short)));
        require(_status(p) == Status.Completed || _status(p) == Status.Aborted, "no end");
        require(_credit(THIEF) + _word(p).depositGwei() * 1 gwei == DEPOSIT, "a wei is lost");
    }

    /// @dev A relative start beyond the 32 bits of its lane would begin in the past, and every window would be over.
    function testFuzz_aRelativeStartDoesNotWrap(uint40 start) external {
        Header memory h = _header();
        (h.flags, h.start) = (11, start);
        Plan memory p = _plan(h, _one(_bytes(_step())));
        VM.prank(OWNER);
        (bool ok,) = address(_scheduler).call(abi.encodeCall(_scheduler.schedule, (p.short)));
        require(ok == (NOW + start <= type(uint32).max), "wrapped");
        if (!ok) return;
        (, uint256 stamps) = _scheduler.plan(p.id);
        require(stamps >> 224 == NOW + start, "another start");
    }

    /// @dev The last instant that the clock's field can hold.
    function test_aStartAtTheEndOfTimeWaitsAndCanBeCancelled() external {
        Header memory h = _header();
        h.start = type(uint40).max;
        Plan memory p = _scheduled(h, _one(_bytes(_step())));
        _refused(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)), IScheduler.Scheduler_TooEarly.selector);
        _refused(abi.encodeCall(_scheduler.settle, (_item(p, 0))), IScheduler.Scheduler_NotLapsed.selector);
        _refused(abi.encodeCall(_scheduler.expire, (p.short)), IScheduler.Scheduler_NotExpired.selector);
        VM.prank(OWNER);
        _scheduler.cancel(p.short);
        _scheduler.reclaim(p.short);
        require(_scheduler.accountOf(OWNER).balance == DEPOSIT, "locked in");
    }

    /// @dev A move number that wraps changes nothing beside it.
    function testFuzz_movesWrapAlone(uint256 word) external pure {
        PlanWord before = PlanWord.wrap(word);
        uint256 mask = uint256(type(uint24).max) << 104;
        require((PlanWord.unwrap(before.moved()) ^ word) & ~mask == 0, "spilt");
        require(before.moved().move() == (before.move() + 1) & type(uint24).max, "lost count");
    }

    // ------------------------------------------------------------------ entries

    /// @dev Of up to eight chains' entries, short or extended, this chain's is found wherever it stands: its steps run, nobody else's do, and its owner alone
    /// cancels. Of two entries for this chain the first counts, so the second one's owner has no say.
    function testFuzz_anEntryIsThisChains(uint8 count, uint8 at, bool extended, bool twice) external {
        count = count % 8 + 1;
        at %= count;
        Header memory h = _header();
        h.flags = uint8((count - 1) << 5 | (extended ? 16 : 0) | 9);
        h.forward = count;
        h.chains = "";
        for (uint256 i; i < count; ++i) {
            bool here = i == at || (twice && i > at);
            h.chains = bytes.concat(
                h.chains,
                abi.encodePacked(uint64(here ? block.chainid : i + 1), uint32(1 << i), i == at ? OWNER : THIEF, uint64(100 gwei), uint32(2_000)),
                extended ? abi.encodePacked(i == at ? KEEPER : THIEF, address(0)) : bytes("")
            );
        }
        if (count > 1) h.routes = new bytes(32);
        bytes[] memory steps = new bytes[](count);
        Step memory s = _step();
        for (; s.index < count; ++s.index) steps[s.index] = _bytes(s);
        Plan memory p = _scheduled(h, steps);
        for (uint256 i; i < count; ++i) {
            (bool ok,) = _try(abi.encodeCall(_scheduler.run, (_item(p, i), 0)));
            require(ok == (i == at), "another chain's step");
        }
        require(pings == 1, "another step");
        (bool turned,) = _try(abi.encodeCall(_scheduler.cancel, (p.short)));
        require(!turned, "a stranger cancelled");
        (turned,) = _try(abi.encodeCall(_scheduler.reclaim, (p.short)));
        require(turned == (count == 1), "a stranger reclaimed");
        p = _scheduled(h, steps);
        VM.prank(extended ? KEEPER : OWNER);
        _scheduler.cancel(p.short);
        h.chains[7] = bytes1(uint8(h.chains[7]) ^ 0x80);
        if (at != 0 || twice) return;
        p = _plan(h, steps);
        VM.prank(OWNER);
        (turned,) = address(_scheduler).call(abi.encodeCall(_scheduler.schedule, (p.short)));
        require(!turned, "no entry of this chain");
    }
}
