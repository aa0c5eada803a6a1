// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "./interfaces/IScheduler.sol";
import {ChainClock} from "./libraries/ChainClock.sol";
import {Gate} from "./libraries/Gate.sol";
import {KeeperWord} from "./types/KeeperWord.sol";
import {Roster} from "./types/Roster.sol";

/// @notice Keepers: their credit, their seats, and whose turn it is.
/// @dev A turn is a pure function of the plan, the run, the step, and a seat count that no longer changes when the step is due, so it
/// can neither be chosen nor taken away. There are at most 256 seats.
abstract contract Seats is IScheduler, ChainClock {
    uint256 internal constant SEAT_BOND = 1 ether;
    /// @notice Length of an epoch, in seconds and in blocks.
    uint256 internal constant EPOCH_S = 1 hours;
    uint256 internal constant EPOCH_B = 300;
    /// @notice How long a turn is exclusive (W); after it, as long again for all seats.
    uint256 internal constant W_S = 36;
    uint256 internal constant W_B = 3;
    /// @notice A seat whose keeper did nothing for so long has no turn.
    uint256 internal constant IDLE = 1 days;
    /// @notice From leaving until the bond can be taken.
    uint256 internal constant EXIT_DELAY = 14 days;

    uint256 private constant FOREVER = type(uint24).max;

    struct Seat {
        address hot;
        uint40 releaseAt;
        address cold;
        address offered;
    }

    /// @dev One word, in a struct so that its place is found once.
    struct Keeper {
        KeeperWord word;
    }

    mapping(address hot => Keeper) internal _keepers;
    Roster internal _rosterS;
    Roster internal _rosterB;
    /// @dev Bit i: seat i is taken.
    uint256 private _taken;
    uint256 private _seatCount;
    mapping(uint256 seat => Seat) private _seats;

    modifier locked() {
        uint256 gate = Gate.enter();
        _;
        Gate.write(gate);
    }

    // ------------------------------------------------------------------ seats

    /// @inheritdoc IScheduler
    function join(address cold) external payable locked returns (uint256 seat) {
        KeeperWord word = _keepers[msg.sender].word;
        if (msg.value != SEAT_BOND) revert Scheduler_BadBond(SEAT_BOND, msg.value);
        if (cold == address(0)) revert Scheduler_Malformed("cold", 0);
        if (word.seatPlusOne() != 0) revert Scheduler_BadSeat(word.seatPlusOne() - 1);
        uint256 taken = _taken;
        while (taken >> seat & 1 != 0) ++seat;
        if (seat == 256) revert Scheduler_BadSeat(seat);

        _taken = taken | 1 << seat;
        uint256 count = _seatCount;
        (uint256 epochS, uint256 epochB) = _roll(seat < count ? count : seat + 1);
        _seats[seat] = Seat({hot: msg.sender, releaseAt: 0, cold: cold, offered: address(0)});
        _place(msg.sender, seat, (epochS + 2) << 72 | FOREVER << 48 | (epochB + 2) << 24 | FOREVER);
    }

    /// @inheritdoc IScheduler
    function rotate(uint256 seat, address hot) external locked {
        _seatOwnedBySender(seat).offered = hot;
    }

    /// @inheritdoc IScheduler
    function accept(uint256 seat) external locked {
        Seat storage s = _seats[seat];
        if (s.offered != msg.sender || _keepers[msg.sender].word.seatPlusOne() != 0) revert Scheduler_BadSeat(seat);
        address old = s.hot;
        KeeperWord word = _keepers[old].word;
        _keepers[old].word = word.withSeat(0);
        (s.hot, s.offered) = (msg.sender, address(0));
        _place(msg.sender, seat, KeeperWord.unwrap(word) & type(uint96).max);
    }

    /// @inheritdoc IScheduler
    function vacate(uint256 seat) external locked {
        Seat storage s = _seatOwnedBySender(seat);
        if (s.releaseAt != 0) revert Scheduler_BadSeat(seat);
        s.releaseAt = uint40(block.timestamp + EXIT_DELAY);
        uint256 dates = KeeperWord.unwrap(_keepers[s.hot].word);
        dates = dates & ~(FOREVER << 48 | FOREVER) & type(uint96).max;
        _place(s.hot, seat, dates | (block.timestamp / EPOCH_S + 2) << 48 | (_blockNumber() / EPOCH_B + 2));
    }

    /// @inheritdoc IScheduler
    function release(uint256 seat, address payable to) external locked {
        Seat storage s = _seatOwnedBySender(seat);
        if (s.releaseAt == 0) revert Scheduler_BadSeat(seat);
        if (block.timestamp < s.releaseAt) revert Scheduler_BondHeld(s.releaseAt);
        address hot = s.hot;
        _keepers[hot].word = _keepers[hot].word.withSeat(0);
        uint256 taken = _taken & ~(1 << seat);
        _taken = taken;
        // Free seats at the end are nobody's turn any more.
        uint256 count = _seatCount;
        while (count != 0 && taken >> count - 1 == 0) --count;
        _roll(count);
        emit SeatSet(seat, address(0), s.cold, 0, 0, 0, 0);
        delete _seats[seat];
        _send(to, SEAT_BOND);
    }

    /// @inheritdoc IScheduler
    function withdraw(address payable to) external locked returns (uint256 amountWei) {
        KeeperWord word = _keepers[msg.sender].word;
        amountWei = word.creditGwei() * 1 gwei;
        if (amountWei == 0) revert Scheduler_NothingDue();
        _keepers[msg.sender].word = word.withCredit(0);
        emit Withdrawn(msg.sender, to, amountWei);
        _send(to, amountWei);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IScheduler
    function keeper(address hot) external view returns (uint256 creditWei, uint256 seatPlusOne, uint256 lastAt, uint256 moves) {
        KeeperWord word = _keepers[hot].word;
        return (word.creditGwei() * 1 gwei, word.seatPlusOne(), word.lastAt(), word.moves());
    }

    /// @inheritdoc IScheduler
    function seatOf(uint256 seat)
        external
        view
        returns (address hot, address cold, uint32 fromS, uint32 untilS, uint32 fromB, uint32 untilB, uint40 releaseAt)
    {
        Seat storage s = _seats[seat];
        hot = s.hot;
        cold = s.cold;
        releaseAt = s.releaseAt;
        (fromS, untilS, fromB, untilB) = _dates(KeeperWord.unwrap(_keepers[hot].word));
    }

    /// @inheritdoc IScheduler
    function seatsAt(bool secondsClock, uint256 dueAt) external view returns (uint256) {
        (, uint256 seats) = _seatsAt(secondsClock, dueAt);
        return seats;
    }

    /// @inheritdoc IScheduler
    function nowAt(bool secondsClock) external view returns (uint256) {
        return _now(secondsClock);
    }

    // ------------------------------------------------------------------ turns

    /// @dev The epoch of the clock in which something became due, and how many seats share its turns.
    function _seatsAt(bool inSeconds, uint256 due) internal view returns (uint256 epoch, uint256 seats) {
        if (inSeconds) {
            epoch = due / EPOCH_S;
            seats = _rosterS.seatsIn(epoch);
        } else {
            epoch = due / EPOCH_B;
            seats = _rosterB.seatsIn(epoch);
        }
    }

    /// @dev Whether the seat is active in that epoch and its keeper did something within the last day.
    function _isAwake(uint256 seat, bool inSeconds, uint256 epoch) internal view returns (bool) {
        KeeperWord word = _keepers[_seats[seat].hot].word;
        return word.seatPlusOne() == seat + 1 && word.isActive(inSeconds, epoch) && word.lastAt() + IDLE >= block.timestamp;
    }

    function _seatOwnedBySender(uint256 seat) private view returns (Seat storage s) {
        s = _seats[seat];
        if (s.cold == address(0)) revert Scheduler_BadSeat(seat);
        if (s.cold != msg.sender) revert Scheduler_NotOwner(s.cold, msg.sender);
    }

    /// @dev So many seats share the turns from the next epoch on.
    function _roll(uint256 count) private returns (uint256 epochS, uint256 epochB) {
        _seatCount = count;
        epochS = block.timestamp / EPOCH_S;
        epochB = _blockNumber() / EPOCH_B;
        _rosterS = _rosterS.rolled(epochS, count);
        _rosterB = _rosterB.rolled(epochB, count);
    }

    /// @dev Give `hot` the seat with these dates. A keeper is not idle when it takes a seat.
    function _place(address hot, uint256 seat, uint256 dates) private {
        _keepers[hot].word = _keepers[hot].word.withSeat((seat + 1) << 96 | dates).withLast(block.timestamp);
        (uint32 fromS, uint32 untilS, uint32 fromB, uint32 untilB) = _dates(dates);
        emit SeatSet(seat, hot, _seats[seat].cold, fromS, untilS, fromB, untilB);
    }

    function _dates(uint256 dates) private pure returns (uint32, uint32, uint32, uint32) {
        return (uint24(dates >> 72), uint24(dates >> 48), uint24(dates >> 24), uint24(dates));
    }

    function _send(address to, uint256 amountWei) internal {
        bool ok;
        // A plain send that copies nothing back.
        assembly ("memory-safe") {
            ok := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
        if (!ok) revert Scheduler_PaymentRefused(to);
    }
}
