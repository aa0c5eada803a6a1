// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Admission} from "./Admission.sol";
import {IScheduler} from "./interfaces/IScheduler.sol";
import {Gate} from "./libraries/Gate.sol";
import {Rules} from "./libraries/Rules.sol";
import {Case, newCase} from "./types/Case.sol";
import {calldataWord} from "./types/Head.sol";
import {KeeperWord} from "./types/KeeperWord.sol";
import {Meter} from "./types/Meter.sol";
import {PlanWord} from "./types/PlanWord.sol";
import {STEP_BYTES, afterCondition, afterRead} from "./types/StepRef.sol";

/// @notice How a change is kept, and what its keeper is paid: G6.
abstract contract Payment is Admission {
    /// @dev Gas of a transaction with no data.
    uint256 private constant BASE_GAS = 21_000;
    /// @dev What a batch costs by itself, and each of its items beside its own frame.
    uint256 private constant BATCH_GAS = 1_300;
    uint256 private constant ITEM_GAS = 862;
    /// @dev What a move costs before its gas is first read and after it is last read; held to the receipt by a test on every build.
    uint256 private constant OVERHEAD_GAS = 2_895;
    /// @dev What the second event costs when another run follows.
    uint256 private constant RECUR_GAS = 1_935;
    /// @dev What a run costs at most beside its calls: by a fresh keeper, of a turn; and what stamps add. Only for quotes.
    uint256 private constant FRAME_GAS = 50_000;
    uint256 private constant STAMPS_GAS = 34_000;

    /// @inheritdoc IScheduler
    function quote(bytes calldata item, uint256 dueAt, uint256 baseFee)
        external
        view
        returns (uint256 worst, uint256 premium)
    {
        Case c = newCase();
        _findStep(c, item);
        premium = _premium(_feesOf(c), c, dueAt < c.time() ? dueAt : c.time()) * 1 gwei;
        uint256 gas_ = OVERHEAD_GAS + FRAME_GAS + c.step().gasLimit();
        if (c.head().stamped() != 0) gas_ += STAMPS_GAS;
        uint256 pos = c.pos() + STEP_BYTES;
        for (uint256 n = c.step().conditions(); n != 0; --n) {
            gas_ += calldataWord(pos) >> 72 & type(uint24).max;
            pos = afterCondition(pos);
        }
        pos += c.step().callsLength();
        for (uint256 n = c.step().reads(); n != 0; --n) {
            gas_ += calldataWord(pos) >> 72 & type(uint24).max;
            pos = afterRead(pos);
        }
        // EIP-7623, as in _cost.
        uint256 tokens = c.step().tokens();
        if (gas_ < 6 * tokens) gas_ = 6 * tokens;
        gas_ += BASE_GAS + 4 * tokens;
        worst = gas_ * (baseFee < c.entry().capWei() ? baseFee : c.entry().capWei()) + premium;
    }

    /// @dev The values have changed to `word`: what follows from it is stored before anything outside is called.
    /// @return ended the word after the decision
    /// @return next the same, or the next run's
    function _change(Case c, PlanWord word) internal returns (PlanWord ended, PlanWord next) {
        ended = Rules.advance(word, c.head(), c.entry().mask(), c.time());
        next = c.head().runs() == 1 ? ended : Rules.recur(ended, c.head(), _origin(c), c.time());
        Plan storage p = _planOf(c);
        p.word = next;
        uint256 stamped = c.head().stamped();
        if (stamped == 0) return (ended, next);
        stamped &= word.settled() & ~c.word().settled();
        uint256 stamps = p.stamps;
        for (uint256 i; stamped >> i != 0; ++i) {
            if (stamped >> i & 1 == 0) continue;
            uint256 lane = 32 * c.head().laneOf(i);
            stamps = stamps & ~(uint256(type(uint32).max) << lane) | (c.time() & type(uint32).max) << lane;
        }
        p.stamps = stamps;
    }

    /// @dev A change that calls nobody, paid with the poke fee.
    function _poke(Case c, Meter meter, PlanWord word, uint256 tokens) internal returns (uint256) {
        (PlanWord ended, PlanWord next) = _change(c, word);
        Keeper storage keeper = _keepers[msg.sender];
        KeeperWord worked = _work(keeper, keeper.word);
        return _pay(c, meter, ended, next, msg.sender, keeper, worked, tokens, c.entry().pokeFeeGwei(), 0);
    }

    /// @dev Written before the payment is known, so that crediting it later costs the same whoever is paid.
    function _work(Keeper storage keeper, KeeperWord word) internal returns (KeeperWord worked) {
        worked = word.worked(block.timestamp);
        keeper.word = worked;
    }

    /// @dev G6: cost plus premium, as far as the deposit reaches. Deposits made meanwhile count.
    function _pay(
        Case c,
        Meter meter,
        PlanWord ended,
        PlanWord next,
        address payee,
        Keeper storage keeper,
        KeeperWord worked,
        uint256 tokens,
        uint256 premiumGwei,
        uint256 minPay
    ) internal returns (uint256 pay) {
        Plan storage p = _planOf(c);
        PlanWord word = p.word;
        bool recurs = PlanWord.unwrap(ended) != PlanWord.unwrap(next);
        // Prices have 64 bits, gas fewer than 32, the premium 41: nothing overflows.
        unchecked {
            pay = _cost(c, meter, tokens, recurs) / 1 gwei + premiumGwei;
            uint256 left = word.depositGwei();
            if (pay > left) pay = left;
            word = word.spent(pay).moved();
            if (pay * 1 gwei < minPay) revert Scheduler_PaysTooLittle(pay * 1 gwei, minPay);
        }
        if (recurs) {
            emit Moved(c.id(), payee, ended.withTally(word));
            word = word.moved();
        }
        p.word = word;
        keeper.word = worked.credited(pay);
        emit Moved(c.id(), payee, word);
        Gate.leave(meter.gate());
        // 64 bits x 30 bits.
        unchecked {
            pay *= 1 gwei;
        }
    }

    /// @dev What a move costs whoever sends it, in wei.
    function _cost(Case c, Meter meter, uint256 tokens, bool recurs) private view returns (uint256) {
        uint256 gate = meter.gate();
        // Gas has fewer than 32 bits, prices 64, the batch's size fewer than 32: nothing overflows.
        unchecked {
            if (tokens > 4 * msg.data.length) tokens = 4 * msg.data.length;
            uint256 fee = IS_ROLLUP ? _dataFee(gate == Gate.FRESH, tokens) : 0;
            uint256 used = meter.gasUsed() + (recurs ? OVERHEAD_GAS + RECUR_GAS : OVERHEAD_GAS);
            if (gate == Gate.FRESH) {
                // EIP-7623: a transaction pays at least 10 a token.
                if (used < 6 * tokens) used = 6 * tokens;
                used += BASE_GAS;
            } else if (gate != Gate.SPENT) {
                used += (BASE_GAS + BATCH_GAS) / Gate.itemsOf(gate) + ITEM_GAS;
            }
            uint256 price = c.entry().capWei();
            if (block.basefee < price) price = block.basefee;
            return price * (used + 4 * tokens) + fee;
        }
    }

    /// @dev Where a step's fees are: behind its first word.
    function _feesOf(Case c) internal pure returns (uint256) {
        // Calldata offsets do not overflow.
        unchecked {
            return c.pos() + 32;
        }
    }

    /// @dev A premium in gwei: from feeMin to feeMax (40 bits each at `pos`), over the step's ramp, since `due`.
    function _premium(uint256 pos, Case c, uint256 due) internal pure returns (uint256) {
        uint256 fees = calldataWord(pos);
        uint256 feeMin = fees >> 216;
        uint256 ramp = c.step().ramp();
        if (ramp == 0) return feeMin;
        uint256 feeMax = fees >> 176 & type(uint40).max;
        // `due` is not later than now; 40 bits x 24 bits.
        unchecked {
            uint256 elapsed = c.time() - due;
            if (feeMax <= feeMin) return feeMin;
            if (elapsed >= ramp) return feeMax;
            uint256 rise = (feeMax - feeMin) * elapsed;
            // The ramp is not zero.
            assembly ("memory-safe") {
                rise := div(rise, ramp)
            }
            return feeMin + rise;
        }
    }
}
