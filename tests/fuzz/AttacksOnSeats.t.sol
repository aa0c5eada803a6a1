// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
import {KeeperWord} from "../../contracts/types/KeeperWord.sol";
import {Value} from "../../contracts/types/PlanTypes.sol";
import {Attacks} from "./Attacks.sol";

/// @notice To take turns or bonds from those who have them.
contract AttacksOnSeatsTest is Attacks {
    uint256 private constant HOUR = 1 hours;
    uint256 private constant W = 36;

    function _hot(uint256 i) private pure returns (address) {
        return address(uint160(0x5EA70 + i));
    }

    function _cold(uint256 i) private pure returns (address) {
        return address(uint160(0xC01D0 + i));
    }

    function _join(uint256 i) private returns (uint256 seat) {
        VM.deal(_hot(i), 1 ether);
        VM.prank(_hot(i));
        return _scheduler.join{value: 1 ether}(_cold(i));
    }

    function _leave(uint256 i) private {
        VM.prank(_cold(i));
        _scheduler.vacate(i);
    }

    function _release(uint256 i) private {
        VM.prank(_cold(i));
        _scheduler.release(i, payable(_cold(i)));
    }

    function _last(address hot) private view returns (uint256 last_) {
        (,, last_,) = _scheduler.keeper(hot);
    }

    // ------------------------------------------------------------------ turns

    /// @dev Joining and releasing, at any moment from when a step is due until its turns are over, do not change among how many its turn is drawn.
    function testFuzz_aTurnDoesNotChangeWhileItLasts(uint256 seed, uint16 offset) external {
        for (uint256 i; i < 6; ++i) _join(i);
        for (uint256 i = 3; i < 6; ++i) _leave(i);
        // Not block.timestamp: the compiler takes it for a constant.
        uint256 due = NOW + 15 days + offset % HOUR;
        uint256 time = due;
        VM.warp(due);
        uint256 seats = _scheduler.seatsAt(true, due);
        require(seats == 6, "not all there");
        uint256 gone;
        for (uint256 k; k < 6; ++k) {
            time += seed >> 8 * k & 15;
            if (time >= due + 2 * W) break;
            VM.warp(time);
            if (seed >> 8 * k & 16 == 0 && gone < 3) _release(5 - gone++);
            else _join(10 + k);
            require(_scheduler.seatsAt(true, due) == seats, "the turn moved");
        }
    }

    /// @dev Taking many seats and leaving them would else turn most turns into races for ever.
    function test_seatsThatWereLeftAreNoTurns() external {
        for (uint256 i; i < 4; ++i) _join(i);
        for (uint256 i = 1; i < 4; ++i) _leave(i);
        VM.warp(NOW + 15 days);
        _release(2);
        VM.warp(NOW + 15 days + 2 * HOUR);
        require(_scheduler.seatsAt(true, block.timestamp) == 4, "a seat in the middle stays");
        _release(3);
        _release(1);
        VM.warp(NOW + 15 days + 4 * HOUR);
        VM.roll(2_000_000);
        require(_scheduler.seatsAt(true, block.timestamp) == 1 && _scheduler.seatsAt(false, block.number) == 1, "turns of nobody");
        require(_join(9) == 1, "another seat");
        VM.warp(NOW + 15 days + 6 * HOUR);
        require(_scheduler.seatsAt(true, block.timestamp) == 2, "not counted again");
        _leave(0);
        VM.warp(NOW + 30 days);
        _release(0);
        require(_scheduler.seatsAt(true, NOW + 30 days + HOUR) == 2, "the last seat stays");
    }

    /// @dev A referee of the thief's names a keeper that is gone as payee: were it awake again, its seat would hold up every step by W.
    function test_beingPaidDoesNotWakeAnIdleSeat() external {
        _join(0);
        VM.warp(NOW + 2 days);
        uint256 before = _last(_hot(0));
        Step memory s = _step();
        (s.flags, s.callsLength, s.sections) = (1, 0, abi.encodePacked(THIEF, uint32(0), uint16(0)));
        Plan memory claim = _scheduled(_header(), _one(_bytes(s)));
        VM.prank(THIEF);
        _scheduler.report(_item(claim, 0), Value.Done, bytes32(0), _hot(0));
        require(_credit(_hot(0)) != 0 && _last(_hot(0)) == before, "woken");
        Plan memory p = _simple();
        _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
    }

    // ------------------------------------------------------------------ bonds

    function test_aBondIsPaidOnceToItsColdOwner() external {
        _join(0);
        _join(1);
        _refused(abi.encodeCall(_scheduler.vacate, (0)), IScheduler.Scheduler_NotOwner.selector);
        _refused(abi.encodeCall(_scheduler.rotate, (0, THIEF)), IScheduler.Scheduler_NotOwner.selector);
        _refused(abi.encodeCall(_scheduler.accept, (0)), IScheduler.Scheduler_BadSeat.selector);
        _refused(abi.encodeCall(_scheduler.accept, (7)), IScheduler.Scheduler_BadSeat.selector);
        VM.prank(_hot(0));
        (bool ok,) = address(_scheduler).call(abi.encodeCall(_scheduler.vacate, (0)));
        require(!ok, "the hot key left");
        _leave(0);
        (ok,) = _as(_cold(0), abi.encodeCall(_scheduler.vacate, (0)));
        require(!ok, "left twice");
        VM.warp(NOW + 14 days - 1);
        (ok,) = _as(_cold(0), abi.encodeCall(_scheduler.release, (0, payable(_cold(0)))));
        require(!ok, "too early");
        VM.warp(NOW + 14 days);
        _refused(abi.encodeCall(_scheduler.release, (0, payable(THIEF))), IScheduler.Scheduler_NotOwner.selector);
        _release(0);
        (ok,) = _as(_cold(0), abi.encodeCall(_scheduler.release, (0, payable(_cold(0)))));
        require(!ok && _cold(0).balance == 1 ether && address(_scheduler).balance == 1 ether, "another sum");
    }

    /// @dev An offer dies with the seat: who takes the seat next does not inherit it, nor does a key with a seat take a second.
    function test_anOldOfferTakesNoNewSeat() external {
        _join(0);
        (bool ok,) = _as(_cold(0), abi.encodeCall(_scheduler.rotate, (0, THIEF)));
        require(ok, "no offer");
        _leave(0);
        VM.warp(NOW + 14 days);
        _release(0);
        require(_join(1) == 0, "another seat");
        _refused(abi.encodeCall(_scheduler.accept, (0)), IScheduler.Scheduler_BadSeat.selector);
        _join(2);
        (ok,) = _as(_cold(1), abi.encodeCall(_scheduler.rotate, (0, _hot(2))));
        (ok,) = _as(_hot(2), abi.encodeCall(_scheduler.accept, (0)));
        require(!ok, "two seats for one key");
    }

    /// @dev A key that was rotated out, and a seat that is being left, have no turn any more; dates go along with the seat.
    function test_rotationRenewsNothing() external {
        _join(0);
        _leave(0);
        (,, uint32 from, uint32 until,,, uint40 releaseAt) = _scheduler.seatOf(0);
        _as(_cold(0), abi.encodeCall(_scheduler.rotate, (0, _hot(5))));
        _as(_hot(5), abi.encodeCall(_scheduler.accept, (0)));
        (address hot,, uint32 from2, uint32 until2,,, uint40 releaseAt2) = _scheduler.seatOf(0);
        require(hot == _hot(5) && from == from2 && until == until2 && releaseAt == releaseAt2, "renewed");
        (, uint256 seatPlusOne,,) = _scheduler.keeper(_hot(0));
        require(seatPlusOne == 0, "two keys for one seat");
    }

    function _as(address who, bytes memory input) private returns (bool ok, bytes memory answer) {
        VM.prank(who);
        return address(_scheduler).call(input);
    }

    // ------------------------------------------------------------------ dates

    /// @dev Whatever a word's dates are, a seat is active from one until the other, and never without them; nothing wraps into an epoch.
    function testFuzz_aSeatIsActiveBetweenItsDates(uint256 noise, uint24 from, uint24 until, uint64 epoch, bool inSeconds) external pure {
        VM.assume(from <= until);
        uint256 at = inSeconds ? 48 : 0;
        uint256 word = noise & ~(uint256(type(uint48).max) << at) | (uint256(from) << 24 | until) << at;
        bool active = from <= epoch && epoch < until;
        require(KeeperWord.wrap(word).isActive(inSeconds, epoch) == active, "another life");
        require(!KeeperWord.wrap(noise >> 112 << 112).isActive(inSeconds, epoch), "a life without a seat");
    }

    /// @dev By joining, leaving, offering, taking over, releasing and joining again, in any order and at any time, on chains young and old (more epochs
    /// of blocks than dates can hold), no seat ends before it begins, no key has two seats, and no key but a seat's own has its dates.
    function testFuzz_noSeatEndsBeforeItBegins(uint256 seed, uint40 blocks) external {
        uint256 time = NOW;
        uint256 number = 1 + blocks % (1 << 33);
        for (uint256 k; k < 24; ++k) {
            uint256 dice = uint256(keccak256(abi.encode(seed, k)));
            time += dice & 1 == 0 ? dice >> 8 & 0xfff : dice >> 8 & 0xfffff;
            number += dice >> 40 & 0xfff;
            VM.warp(time);
            VM.roll(number);
            uint256 who = dice >> 64 & 3;
            uint256 seat = dice >> 72 & 3;
            uint256 kind = dice >> 80 & 7;
            VM.deal(_hot(who), 1 ether);
            if (kind < 2) {
                VM.prank(_hot(who));
                (bool joined,) =
                    address(_scheduler).call{value: 1 ether}(abi.encodeCall(_scheduler.join, (_cold(seat))));
                joined;
            } else {
                (,address cold,,,,,) = _scheduler.seatOf(seat);
                if (kind == 2) _as(cold, abi.encodeCall(_scheduler.vacate, (seat)));
                if (kind == 3) _as(cold, abi.encodeCall(_scheduler.release, (seat, payable(cold))));
                if (kind == 4) _as(cold, abi.encodeCall(_scheduler.rotate, (seat, _hot(who))));
                if (kind > 4) _as(_hot(who), abi.encodeCall(_scheduler.accept, (seat)));
            }
            _requireOrder(number < 300 << 24);
        }
    }

    function _requireOrder(bool young) private view {
        uint256 keys;
        for (uint256 i; i < 4; ++i) {
            (address hot,, uint32 fromS, uint32 untilS, uint32 fromB, uint32 untilB,) = _scheduler.seatOf(i);
            require(fromS <= untilS, "it ends before it begins");
            // Older than its dates can say: it has no turn, which is then anyone's.
            if (young) require(fromB <= untilB, "it ends before it begins");
            (, uint256 seatPlusOne,,) = _scheduler.keeper(hot);
            require(hot == address(0) ? untilS == 0 && untilB == 0 : seatPlusOne == i + 1, "another's seat");
            (, seatPlusOne,,) = _scheduler.keeper(_hot(i));
            if (seatPlusOne == 0) continue;
            ++keys;
            (hot,,,,,,) = _scheduler.seatOf(seatPlusOne - 1);
            require(hot == _hot(i), "a key without its seat");
        }
        require(address(_scheduler).balance >= keys * 1 ether, "a bond is missing");
    }
}
