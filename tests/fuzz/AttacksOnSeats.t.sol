// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
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
}
