// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Seats} from "./Seats.sol";
import {IAccount} from "./interfaces/IAccount.sol";
import {IReferee} from "./interfaces/IReferee.sol";
import {IScheduler} from "./interfaces/IScheduler.sol";
import {Calls} from "./libraries/Calls.sol";
import {PlanHashes} from "./libraries/PlanHashes.sol";
import {Rules} from "./libraries/Rules.sol";
import {Case} from "./types/Case.sol";
import {Entry, HEAD_BYTES, Head, ORIGIN_LANE, calldataWord, headAt, headerBytes} from "./types/Head.sol";
import {KeeperWord} from "./types/KeeperWord.sol";
import {PlanId, Status, Value} from "./types/PlanTypes.sol";
import {PlanWord} from "./types/PlanWord.sol";
import {CLAIM_BYTES, STEP_BYTES, StepHead, UNDO_BYTES, afterCondition, callsOf, tailOf, undoOf} from "./types/StepRef.sol";

/// @notice What may happen to a plan, and when: S1, S2 and S4. All of it only looks.
/// @dev Arithmetic on times, windows and calldata offsets is unchecked: times have at most 57 bits, windows 32, offsets fewer.
abstract contract Admission is Seats {
    struct Plan {
        PlanWord word;
        uint256 stamps;
    }

    uint256 private constant HOLDS_GAS = 50_000;

    mapping(PlanId => Plan) internal _plans;

    // ------------------------------------------------------------------ finding

    /// @dev The plan of `header ‖ root`.
    function _findPlan(Case c, bytes calldata plan_) internal view {
        uint256 pos = _pos(plan_);
        Head head = headAt(pos);
        unchecked {
            uint256 length = headerBytes(head);
            // Exactly: what is paid for it must not be padded.
            if (plan_.length != length + 32) revert Scheduler_Malformed("plan", plan_.length);
            _find(c, pos, head, PlanHashes.planId(pos, length, bytes32(calldataWord(pos + length))));
        }
    }

    /// @dev The plan and the step of `header ‖ length ‖ step ‖ proof`. Bytes behind the item's end are no better than those in it: what
    /// counts is that together they hash to a plan that was scheduled.
    function _findStep(Case c, bytes calldata item) internal view {
        uint256 pos = _pos(item);
        Head head = headAt(pos);
        unchecked {
            uint256 length = headerBytes(head);
            uint256 step = pos + length + 3;
            uint256 end = step + (calldataWord(pos + length) >> 232);
            _find(c, pos, head, PlanHashes.planId(pos, length, PlanHashes.rootOf(step, end, pos + item.length)));
            c.fillStep(StepHead.wrap(calldataWord(step)), step, end);
        }
    }

    function _find(Case c, uint256 pos, Head head, PlanId id) private view {
        Plan storage p = _plans[id];
        uint256 slot;
        // Only names the slot.
        assembly ("memory-safe") {
            slot := p.slot
        }
        c.fillPlan(id, slot, p.word, head, _entry(pos, head), _now(head.inSeconds()));
    }

    function _planOf(Case c) internal pure returns (Plan storage p) {
        uint256 slot = c.slot();
        // The slot of the plan's own id, as found.
        assembly ("memory-safe") {
            p.slot := slot
        }
    }

    /// @dev The step is this chain's; returns its bit in the masks and where its calls are.
    function _own(Case c) internal view returns (uint256 bit, uint256 calls) {
        // An index beyond 255 cannot be; a calls section within the step cannot overflow.
        unchecked {
            bit = 1 << c.step().index();
            if (c.entry().mask() & bit == 0) revert Scheduler_WrongChain(block.chainid);
            calls = callsOf(c.step(), c.pos());
            if (calls + c.step().callsLength() > c.end()) revert Scheduler_Malformed("step", c.step().index());
        }
    }

    function _pos(bytes calldata data) internal pure returns (uint256 pos) {
        // Only names the offset.
        assembly ("memory-safe") {
            pos := data.offset
        }
    }

    /// @dev This chain's entry of the header at `pos`.
    function _entry(uint256 pos, Head head) internal view returns (Entry entry) {
        unchecked {
            entry = Entry.wrap(pos + HEAD_BYTES);
            if (entry.chainId() == block.chainid) return entry;
            for (uint256 n = head.chainCount(); --n != 0;) {
                entry = Entry.wrap(Entry.unwrap(entry) + head.entryBytes());
                if (entry.chainId() == block.chainid) return entry;
            }
            revert Scheduler_WrongChain(block.chainid);
        }
    }

    /// @dev The owner, or its Account of this Scheduler: another factory's word would be enough to speak for any owner.
    function _isOwner(Entry entry) internal view returns (bool) {
        return msg.sender == entry.owner() || msg.sender == accountOf(entry.owner());
    }

    function _requireOwner(Entry entry) internal view {
        if (!_isOwner(entry)) revert Scheduler_NotOwner(entry.owner(), msg.sender);
    }

    /// @dev The Account that acts for the plan: this Scheduler's, or another's if the header says so and it names the owner.
    function _account(Entry entry, Head head) internal view returns (address account) {
        if (!head.isExtended()) return accountOf(entry.owner());
        address factory = entry.factory(head);
        if (factory == address(0)) return accountOf(entry.owner());
        account = IScheduler(factory).accountOf(entry.owner());
        if (account.code.length == 0 || IAccount(account).owner() != entry.owner()) revert Scheduler_NoAccount(account);
    }

    /// @inheritdoc IScheduler
    function accountOf(address owner) public view virtual returns (address account);

    // ------------------------------------------------------------------ admission

    /// @dev S1 but the conditions and the calls. Returns when the step was due.
    function _admitRun(Case c, uint256 bit, address who, KeeperWord word) internal view returns (uint256 due) {
        if (c.step().isClaim()) revert Scheduler_NotReferee(_referee(c), who);
        uint256 closes;
        (due, closes) = _ready(c, bit);
        if (c.time() >= closes) revert Scheduler_WindowClosed(uint8(c.step().index()), closes, c.time());
        if (c.step().conditions() == 0) _requireTurn(c, 0, due, who, word);
    }

    /// @dev S4. Returns since when the undo is due, and where its section is.
    function _admitUndo(Case c, uint256 bit, address who, KeeperWord word)
        internal
        view
        returns (uint256 due, uint256 section)
    {
        uint256 closes;
        (due, closes, section) = _undoWindow(c, bit);
        if (c.time() >= closes) revert Scheduler_WindowClosed(uint8(c.step().index()), closes, c.time());
        _requireTurn(c, 128, due, who, word);
    }

    /// @dev A report needs what a run needs; the referee may take until closes + hold.
    function _admitReport(Case c, uint256 bit) internal view returns (uint256 due) {
        address referee = c.step().isClaim() ? _referee(c) : address(0);
        if (msg.sender != referee) revert Scheduler_NotReferee(referee, msg.sender);
        uint256 closes;
        (due, closes) = _ready(c, bit);
        unchecked {
            closes += _hold(c);
        }
        if (c.time() >= closes) revert Scheduler_WindowClosed(uint8(c.step().index()), closes, c.time());
        // While `settle` would skip it, nobody may report it; else the outcome would be whoever came first.
        if (c.step().skipsIfFalse()) _requireTrue(c);
    }

    /// @dev S2, and the lapse of an undo: what the step becomes without being run.
    function _verdict(Case c, uint256 bit) internal view returns (Value) {
        uint256 index = c.step().index();
        uint256 opens;
        uint256 closes;
        if (c.word().done() & bit != 0) {
            (, closes,) = _undoWindow(c, bit);
            if (c.time() < closes) revert Scheduler_NotLapsed(uint8(index), closes);
            return Value.UndoFailed;
        }
        _requirePending(c, bit);
        (bool failed, uint256 pending) = _needs(c.word(), c.step());
        if (failed) return Value.Skipped;
        uint256 here = pending & c.entry().mask();
        if (here != 0) revert Scheduler_NeedsPending(uint8(index), uint32(here));
        (opens, closes) = _window(c);
        bool over = c.time() >= closes;
        if (pending == 0 && c.time() >= opens && c.step().skipsIfFalse() && _isFalse(c, over)) return Value.Skipped;
        if (!over) revert Scheduler_NotLapsed(uint8(index), closes);
        if (c.step().isClaim()) _requireNotHeld(c, closes);
        return c.head().optional() & bit != 0 ? Value.Skipped : Value.Failed;
    }

    /// @dev Every condition is true, or it reverts with the first that is not.
    function _requireTrue(Case c) internal view {
        unchecked {
            uint256 pos = c.pos() + STEP_BYTES;
            uint256 count = c.step().conditions();
            for (uint256 i; i < count; ++i) {
                (Calls.Truth truth, uint256 value) = Calls.test(pos);
                if (truth == Calls.Truth.Unreadable) revert Scheduler_Unreadable(uint8(c.step().index()), i);
                if (truth == Calls.Truth.False) {
                    uint256 op = calldataWord(pos) >> 64 & 0xff;
                    bytes32 wanted = bytes32(calldataWord(pos + 25));
                    revert Scheduler_ConditionFalse(uint8(c.step().index()), i, op, bytes32(value), wanted);
                }
                pos = afterCondition(pos);
            }
        }
    }

    /// @dev When this run was due.
    function _runStart(Case c) internal view returns (uint256 due) {
        due = _origin(c);
        uint256 run = c.word().runNumber();
        if (run != 0) due = Rules.dueOf(c.head(), due, run);
    }

    function _origin(Case c) internal view returns (uint256) {
        return c.head().isRelative() ? _planOf(c).stamps >> 32 * ORIGIN_LANE : c.head().start();
    }

    // ------------------------------------------------------------------ parts

    /// @dev Status, value, needs and the window's beginning.
    function _ready(Case c, uint256 bit) private view returns (uint256 opens, uint256 closes) {
        _requirePending(c, bit);
        if (c.step().needs() != 0) {
            (bool failed, uint256 pending) = _needs(c.word(), c.step());
            if (failed) revert Scheduler_NeedsFailed(uint8(c.step().index()), uint32(c.step().needs()));
            if (pending != 0) revert Scheduler_NeedsPending(uint8(c.step().index()), uint32(pending));
        }
        (opens, closes) = _window(c);
        if (c.time() < opens) revert Scheduler_TooEarly(uint8(c.step().index()), opens, c.time());
    }

    /// @dev The step is Pending, and its part of the run is on.
    function _requirePending(Case c, uint256 bit) private pure {
        if (c.word().settled() & bit != 0) revert Scheduler_Settled(uint8(c.step().index()), c.word().valueOf(c.step().index()));
        bool on = c.head().isForward(c.step().index())
            ? c.word().stands(Status.Active)
            : Rules.finishing(c.word(), c.head(), c.entry().mask());
        if (!on) revert Scheduler_WrongStatus(c.id(), c.word().status());
    }

    /// @dev All fails as soon as one is known not Done; the others are decided when every need is known. Met if nothing failed and
    /// nothing is pending.
    function _needs(PlanWord word, StepHead s) private pure returns (bool failed, uint256 pending) {
        uint256 needs = s.needs();
        uint256 settled = word.settled();
        pending = needs & ~settled;
        uint256 join = s.join();
        if (join == 0) return (needs & settled & ~word.done() != 0, pending);
        if (join == 3 || pending != 0) return (false, pending);
        return ((word.done() & needs != 0) != (join == 1) && needs != 0, 0);
    }

    /// @dev From the run's start, from the latest of the stamps that the step names, or for a finally step from the last change.
    function _window(Case c) private view returns (uint256 opens, uint256 closes) {
        uint256 base;
        unchecked {
            if (!c.head().isForward(c.step().index())) base = c.word().changedAt();
            else if (c.step().since() == 0) base = _runStart(c);
            else base = _latestStamp(c, c.step().since());
            return (base + c.step().opens(), base + c.step().closes());
        }
    }

    function _latestStamp(Case c, uint256 since) private view returns (uint256 latest) {
        unchecked {
            uint256 pending = since & ~(c.word().settled() & c.head().stamped());
            if (pending != 0) revert Scheduler_NeedsPending(uint8(c.step().index()), uint32(pending));
            uint256 stamps = _planOf(c).stamps;
            for (uint256 i; since >> i != 0; ++i) {
                if (since >> i & 1 == 0) continue;
                uint256 stamp = stamps >> 32 * c.head().laneOf(i) & type(uint32).max;
                if (stamp > latest) latest = stamp;
            }
        }
    }

    function _undoWindow(Case c, uint256 bit) private pure returns (uint256 opens, uint256 closes, uint256 section) {
        uint256 undoable = c.head().undoable();
        if (c.word().done() & undoable & bit == 0) {
            revert Scheduler_Settled(uint8(c.step().index()), c.word().valueOf(c.step().index()));
        }
        if (!c.word().stands(Status.Aborting)) revert Scheduler_WrongStatus(c.id(), c.word().status());
        section = undoOf(c.step(), c.pos());
        unchecked {
            uint256 length = calldataWord(section + 24) >> 232;
            if (section + UNDO_BYTES + length > c.end()) revert Scheduler_Malformed("undo", c.step().index());
            uint256 blocking = calldataWord(section + 20) >> 224 & (~c.word().settled() | (c.word().done() & undoable));
            if (blocking != 0) revert Scheduler_DependentsStand(uint8(c.step().index()), uint32(blocking));
            opens = c.word().changedAt();
            closes = opens + (calldataWord(section) >> 200 & type(uint32).max);
        }
    }

    /// @dev Until `due` + W only the seat whose turn it is, until `due` + 2 W every seat, then anyone; the owner always, and everyone if the
    /// seat is empty or asleep. `offset` tells an undo from its step.
    function _requireTurn(Case c, uint256 offset, uint256 due, address who, KeeperWord mine) private view {
        unchecked {
            bool inSeconds = c.head().inSeconds();
            uint256 window = inSeconds ? W_S : W_B;
            uint256 late = c.time() - due;
            if (late >= 2 * window) return;
            (uint256 epoch, uint256 seats) = _seatsAt(inSeconds, due);
            if (seats == 0) return;
            uint256 seat = PlanHashes.turn(c.id(), c.word().runNumber(), c.step().index() + offset, seats);
            if (mine.seatPlusOne() == seat + 1 || late >= window) {
                if (mine.isActive(inSeconds, epoch)) return;
            }
            if (who == c.entry().owner() || !_isAwake(seat, inSeconds, epoch)) return;
            revert Scheduler_NotYourTurn(seat, late < window ? due + window : due + 2 * window);
        }
    }

    /// @dev Whether a condition is known to be false. One that cannot be read stops the answer while the window is open.
    function _isFalse(Case c, bool over) private view returns (bool) {
        unchecked {
            uint256 pos = c.pos() + STEP_BYTES;
            uint256 count = c.step().conditions();
            for (uint256 i; i < count; ++i) {
                // slither-disable-next-line unused-return (the word read matters only to an error)
                (Calls.Truth truth,) = Calls.test(pos);
                if (truth == Calls.Truth.False) return true;
                if (truth == Calls.Truth.Unreadable && !over) revert Scheduler_Unreadable(uint8(c.step().index()), i);
                pos = afterCondition(pos);
            }
            return false;
        }
    }

    function _requireNotHeld(Case c, uint256 closes) private view {
        uint256 until = closes + _hold(c);
        if (c.time() >= until) return;
        bytes memory input =
            abi.encodeCall(IReferee.holds, (c.id(), uint32(c.word().runNumber()), uint8(c.step().index())));
        address referee = _referee(c);
        Calls.requireGas(HOLDS_GAS);
        bool held;
        // Copies back one word.
        assembly ("memory-safe") {
            held := staticcall(HOLDS_GAS, referee, add(input, 32), mload(input), 0, 32)
            held := and(held, and(gt(returndatasize(), 31), eq(mload(0), 1)))
        }
        if (held) revert Scheduler_Held(uint8(c.step().index()), until);
    }

    function _referee(Case c) private pure returns (address) {
        return address(uint160(calldataWord(_claim(c)) >> 96));
    }

    function _hold(Case c) private pure returns (uint256) {
        return calldataWord(_claim(c) + 20) >> 224;
    }

    /// @dev The claim section, which must be the leaf's own: what comes behind the leaf is the caller's.
    function _claim(Case c) private pure returns (uint256 section) {
        section = tailOf(c.step(), c.pos());
        if (section + CLAIM_BYTES > c.end()) revert Scheduler_Malformed("claim", c.step().index());
    }
}
