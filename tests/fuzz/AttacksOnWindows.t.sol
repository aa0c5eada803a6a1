// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
import {Status, Value} from "../../contracts/types/PlanTypes.sol";
import {Attacks} from "./Attacks.sol";

/// @notice To stretch, shrink or move the windows that others count on.
contract AttacksOnWindowsTest is Attacks {
    uint256 private constant WINDOW = 100;
    /// @dev Steps of other chains in `_turned`.
    uint256 private constant FACTS = 6;

    bytes private _route;

    /// @dev Step 0 here, with an undo and a finally step, six more elsewhere; all turned by a failure there, so that the undo is due.
    function _turned() private returns (Plan memory p) {
        _route = abi.encodePacked(uint64(block.chainid), uint64(10), address(this), address(this));
        Header memory h = _header();
        (h.flags, h.forward, h.finals, h.undoable) = (0x29, uint8(FACTS + 1), 1, 1);
        h.chains = bytes.concat(_chain(1 | uint32(2 << FACTS)), abi.encodePacked(uint64(10), uint32((2 << FACTS) - 2), OWNER, uint64(1), uint32(1)));
        h.routes = abi.encodePacked(keccak256(bytes.concat(keccak256(_route))));
        bytes[] memory steps = new bytes[](FACTS + 2);
        Step memory s = _step();
        for (s.index = 1; s.index <= FACTS; ++s.index) steps[s.index] = _bytes(s);
        s.closes = uint32(WINDOW);
        steps[s.index] = _bytes(s);
        (s.index, s.closes) = (0, uint32(LENGTH));
        bytes memory call_ = _call(abi.encodeCall(this.ping, ()));
        s.sections = bytes.concat(
            s.sections, abi.encodePacked(uint24(200_000), uint32(WINDOW), uint24(900), uint40(0), uint40(0), uint32(0), uint24(call_.length)), call_
        );
        steps[0] = _bytes(s);
        p = _scheduled(h, steps);
        _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
        _learn(p, _fact(1, 3));
        require(_status(p) == Status.Aborting, "not turned");
    }

    /// @dev A word in which one step has one value.
    function _fact(uint256 index, uint256 value) private pure returns (uint256) {
        return (value & 1) << 224 + index | (value >> 1 & 1) << 192 + index | (value >> 2) << 160 + index;
    }

    function _learn(Plan memory p, uint256 w) private returns (bool ok) {
        (ok,) = _try(abi.encodeCall(_scheduler.learn, (p.short, _route, new bytes32[](0), abi.encode(w))));
    }

    /// @dev Nothing that brings no news moves a window: not coin, not a body, not a fact that is known, not a poke that is refused.
    function testFuzz_onlyNewsMovesAWindow(uint8 kind, uint8 late) external {
        Plan memory p = _turned();
        uint256 time = NOW + late % WINDOW;
        VM.warp(time);
        if (kind % 4 == 0) {
            VM.prank(THIEF);
            _scheduler.deposit{value: 1 gwei}(p.id);
        } else if (kind % 4 == 1) {
            _scheduler.publish(p.id, hex"00");
        } else if (kind % 4 == 2) {
            require(!_learn(p, _fact(1, 3)), "the same again");
        } else {
            _refused(abi.encodeCall(_scheduler.settle, (_item(p, 0))), IScheduler.Scheduler_NotLapsed.selector);
        }
        require(_word(p).changedAt() == NOW, "moved");
        VM.warp(NOW + WINDOW);
        _refused(abi.encodeCall(_scheduler.undo, (_item(p, 0), 0)), IScheduler.Scheduler_WindowClosed.selector);
        _earn(abi.encodeCall(_scheduler.settle, (_item(p, 0))));
    }

    /// @dev Whoever brings true facts one by one, each at the last moment, stretches a window once for each: a step has two, and no more. None shrinks one.
    function testFuzz_aWindowIsStretchedOnceForEachFact(uint256 seed) external {
        Plan memory p = _turned();
        uint256 time = NOW;
        uint256 news;
        for (uint256 k; k < 40; ++k) {
            uint256 dice = seed >> 6 * k;
            uint256 w = _fact(1 + dice % FACTS, 1 + (dice >> 3) % 5);
            time += WINDOW - 1;
            VM.warp(time);
            uint256 before = _word(p).changedAt();
            bool ok = _learn(p, w);
            if (ok) ++news;
            require(_word(p).changedAt() == (ok ? time : before), "moved");
            if (ok) _refused(abi.encodeCall(_scheduler.settle, (_item(p, 0))), IScheduler.Scheduler_NotLapsed.selector);
            if (!ok) break;
        }
        require(news <= 2 * FACTS, "stretched for nothing");
        VM.warp(time + WINDOW);
        _earn(abi.encodeCall(_scheduler.settle, (_item(p, 0))));
        require(_word(p).valueOf(0) == Value.UndoFailed, "still held");
        // The finally step has its own window, from here.
        _refused(abi.encodeCall(_scheduler.settle, (_item(p, FACTS + 1))), IScheduler.Scheduler_NotLapsed.selector);
        _earn(abi.encodeCall(_scheduler.run, (_item(p, FACTS + 1), 0)));
        require(_status(p) == Status.Aborted, "no end");
    }

    /// @dev All lanes at once, with a relative start in the last one or without: each stamp is its step's own time, no lane spills into another or into the start,
    /// a step that counts from several counts from the latest, and no step counts from one that is not settled.
    function testFuzz_lanesAreTheStepsOwn(uint256 order, bool relative, uint8 since) external {
        uint8 lanes = relative ? 7 : 8;
        since = relative ? since & 127 : since;
        VM.assume(since != 0);
        Header memory h = _header();
        if (relative) (h.flags, h.start) = (11, 5);
        // Between the stamped ones stand others, so that lanes are ranks.
        (h.forward, h.chains) = (2 * lanes + 1, _chain(uint32((2 << 2 * lanes) - 1)));
        h.length = 1e6;
        bytes[] memory steps = new bytes[](h.forward);
        Step memory s = _step();
        s.closes = 1e6;
        for (; s.index < 2 * lanes; ++s.index) {
            steps[s.index] = _bytes(s);
            if (s.index % 2 == 1) h.stamped |= uint32(1) << s.index;
        }
        for (uint256 i; i < lanes; ++i) if (since >> i & 1 != 0) s.since |= uint32(2 << 2 * i);
        (s.opens, s.closes) = (10, 20);
        steps[s.index] = _bytes(s);
        Plan memory p = _scheduled(h, steps);
        bytes memory last_ = _item(p, s.index);
        uint256 time = NOW + 5;
        uint256 latest;
        uint256 left = (1 << lanes) - 1;
        uint256 wanted;
        while (left != 0) {
            uint256 i = order % lanes;
            (order, time) = (uint256(keccak256(abi.encode(order))), time + 3);
            if (left >> i & 1 == 0) continue;
            VM.warp(time);
            if (since & left != 0) _refused(abi.encodeCall(_scheduler.run, (last_, 0)), IScheduler.Scheduler_NeedsPending.selector);
            _earn(abi.encodeCall(_scheduler.run, (_item(p, 2 * i + 1), 0)));
            left &= ~(1 << i);
            wanted |= time << 32 * i;
            if (since >> i & 1 != 0) latest = time;
        }
        (, uint256 stamps) = _scheduler.plan(p.id);
        require(stamps == (relative ? wanted | (NOW + 5) << 224 : wanted), "another stamp");
        if (time < latest + 10) {
            VM.warp(latest + 9);
            _refused(abi.encodeCall(_scheduler.run, (last_, 0)), IScheduler.Scheduler_TooEarly.selector);
        }
        VM.warp(time < latest + 10 ? latest + 10 : time < latest + 20 ? time : latest + 20);
        (bool ok,) = _try(abi.encodeCall(_scheduler.run, (last_, 0)));
        require(ok == (time < latest + 20), "another window");
    }
}
