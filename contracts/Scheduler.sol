// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Account} from "./Account.sol";
import {Payment} from "./Payment.sol";
import {IRoute} from "./interfaces/IRoute.sol";
import {IScheduler} from "./interfaces/IScheduler.sol";
import {Calls} from "./libraries/Calls.sol";
import {Gate} from "./libraries/Gate.sol";
import {PlanHashes} from "./libraries/PlanHashes.sol";
import {Headers} from "./libraries/Headers.sol";
import {Rules} from "./libraries/Rules.sol";
import {Case, newCase} from "./types/Case.sol";
import {Entry, Head, ORIGIN_LANE, calldataWord, headAt, headerBytes, lengthAt} from "./types/Head.sol";
import {KeeperWord} from "./types/KeeperWord.sol";
import {Meter, startMeter} from "./types/Meter.sol";
import {PlanId, Status, Value} from "./types/PlanTypes.sol";
import {PlanWord, firstWord} from "./types/PlanWord.sol";
import {StepHead, UNDO_BYTES} from "./types/StepRef.sol";

/// @notice See {IScheduler}. Here is what changes a plan.
contract Scheduler is Payment {
    /// @dev What it costs at least to reach a poke, whose selectors come late in the dispatcher, beside what it costs to reach `run`.
    uint256 private constant DISPATCH_GAS = 440;
    /// @dev EIP-7623 tokens of the selector, the offsets and the lengths around what `expire` and `learn` take.
    uint256 private constant EXPIRE_TOKENS = 86;
    uint256 private constant LEARN_TOKENS = 296;
    /// @dev So much evidence is paid for. Any route's word fits; what a lax route would let through as padding does not earn more.
    uint256 private constant EVIDENCE_BYTES = 6_144;
    uint256 private constant DAY_S = 1 days;
    uint256 private constant DAY_B = 7_200;

    bytes32 private constant SCHEDULE_TYPEHASH = keccak256("Schedule(bytes32 plan)");
    bytes32 private immutable DOMAIN = keccak256(
        abi.encode(
            keccak256("EIP712Domain(string name,string version,address verifyingContract)"),
            keccak256("Conductor Scheduler"),
            keccak256("1"),
            address(this)
        )
    );
    bytes32 private immutable ACCOUNT_HASH = keccak256(type(Account).creationCode);

    /// @dev Whose Account is being created, for its constructor.
    address public transient accountOwner;

    // ------------------------------------------------------------------ owners

    /// @inheritdoc IScheduler
    function schedule(bytes calldata packed) external payable returns (PlanId id) {
        Head head = headAt(_pos(packed));
        Entry entry = _entry(_pos(packed), head);
        if (msg.sender != entry.owner()) _requireOwner(entry);
        id = _idOf(packed, head);
        _schedule(packed, id, head);
    }

    /// @inheritdoc IScheduler
    function scheduleFor(bytes calldata packed, bytes calldata signature) external payable returns (PlanId id) {
        Head head = headAt(_pos(packed));
        Entry entry = _entry(_pos(packed), head);
        id = _idOf(packed, head);
        address owner = entry.owner();
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN, keccak256(abi.encode(SCHEDULE_TYPEHASH, id))));
        // slither-disable-next-line unused-return (the third value only explains a failure)
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        bool plain = failure == ECDSA.RecoverError.NoError && signer == owner;
        if (!plain && !SignatureChecker.isValidERC1271SignatureNow(owner, digest, signature)) {
            revert Scheduler_BadSignature(owner);
        }
        _schedule(packed, id, head);
    }

    /// @inheritdoc IScheduler
    function cancel(bytes calldata plan_) external locked {
        Case c = newCase();
        _findPlan(c, plan_);
        // Check: who, and that something can still be turned
        if (msg.sender != c.entry().guardian(c.head())) _requireOwner(c.entry());
        if (c.word().status() != Status.Active) revert Scheduler_WrongStatus(c.id(), c.word().status());
        uint256 own = c.entry().mask();
        uint256 pending = own & c.head().forwardMask() & ~c.word().settled();
        if (pending == 0) revert Scheduler_NothingPending(c.id());
        // Effect
        PlanWord word = c.word().withCancelled().withValue(pending, Value.Failed);
        _store(c.id(), Rules.advance(word, c.head(), own, c.time()));
    }

    /// @inheritdoc IScheduler
    function void(bytes calldata plan_) external locked {
        uint256 pos = _pos(plan_);
        Head head = headAt(pos);
        Entry entry = _entry(pos, head);
        PlanId id = _idOf(plan_, head);
        PlanWord word = _plans[id].word;
        if (word.status() != Status.NotScheduled) revert Scheduler_WrongStatus(id, word.status());
        uint256 time = _now(head.inSeconds());
        if (!_isOwner(entry)) {
            bool once = head.runs() == 1 && !head.isRelative();
            uint256 from = (once ? head.start() : head.scheduleBy()) + lengthAt(pos) + _day(head);
            if (time < from) revert Scheduler_NotExpired(from);
        }
        _store(id, word.withValue(entry.mask(), Value.Failed).withStatus(Status.Void).withChanged(time));
    }

    /// @inheritdoc IScheduler
    function deposit(PlanId id) external payable {
        PlanWord word = _plans[id].word;
        Status s = word.status();
        if (s != Status.Active && s != Status.Aborting && s != Status.Finishing) revert Scheduler_WrongStatus(id, s);
        uint256 total = word.depositGwei() + _wholeGwei();
        if (msg.value == 0 || total > type(uint64).max) revert Scheduler_BadDeposit(msg.value);
        _store(id, word.withDeposit(total));
    }

    /// @inheritdoc IScheduler
    function reclaim(bytes calldata plan_) external locked {
        Case c = newCase();
        _findPlan(c, plan_);
        Status s = c.word().status();
        if (s != Status.Completed && s != Status.Aborted) {
            // In doubt about other chains: nothing is left to do here, and only the owner may stop paying for news.
            if (s != Status.Active || c.entry().mask() & c.head().forwardMask() & ~c.word().settled() != 0) {
                revert Scheduler_WrongStatus(c.id(), s);
            }
            _requireOwner(c.entry());
        }
        uint256 gwei_ = c.word().depositGwei();
        if (gwei_ == 0) revert Scheduler_NothingDue();
        _store(c.id(), c.word().withDeposit(0));
        _send(accountOf(c.entry().owner()), gwei_ * 1 gwei);
    }

    /// @inheritdoc IScheduler
    function publish(PlanId id, bytes calldata body) external {
        emit Published(id, msg.sender, body);
    }

    /// @inheritdoc IScheduler
    function createAccount(address owner) external locked returns (address account) {
        account = accountOf(owner);
        if (account.code.length != 0) return account;
        // slither-disable-next-line write-after-write (the constructor in between reads it)
        accountOwner = owner;
        new Account{salt: bytes32(uint256(uint160(owner)))}();
        accountOwner = address(0);
        emit AccountCreated(owner, account);
    }

    // ------------------------------------------------------------------ keepers

    /// @inheritdoc IScheduler
    function run(bytes calldata item, uint256 minPay) external returns (uint256) {
        Meter meter = startMeter(0);
        Case c = newCase();
        _findStep(c, item);
        // Check
        (uint256 bit, uint256 calls) = _own(c);
        StepHead s = c.step();
        Keeper storage keeper = _keepers[msg.sender];
        KeeperWord mine = keeper.word;
        uint256 due = _admitRun(c, bit, msg.sender, mine);
        if (s.conditions() != 0) _requireTrue(c);
        bytes memory input = Calls.load(calls, s.callsLength());
        if (s.reads() != 0) {
            uint256 end = Calls.fill(input, s, calls + s.callsLength());
            if (end > c.end()) revert Scheduler_Malformed("reads", s.index());
        }
        // Effect
        (PlanWord ended, PlanWord next) = _change(c, c.word().withValue(bit, Value.Done));
        mine = _work(keeper, mine);
        // Interaction, payment
        Calls.perform(_account(c.entry(), c.head()), s.gasLimit(), input, s.index());
        uint256 premium = _premium(_feesOf(c), c, due);
        return _pay(c, meter, ended, next, msg.sender, keeper, mine, s.tokens(), premium, minPay);
    }

    /// @inheritdoc IScheduler
    function undo(bytes calldata item, uint256 minPay) external returns (uint256) {
        Meter meter = startMeter(0);
        Case c = newCase();
        _findStep(c, item);
        // Check
        (uint256 bit,) = _own(c);
        Keeper storage keeper = _keepers[msg.sender];
        KeeperWord mine = keeper.word;
        (uint256 due, uint256 section) = _admitUndo(c, bit, msg.sender, mine);
        uint256 head = calldataWord(section);
        bytes memory input = Calls.load(section + UNDO_BYTES, calldataWord(section + 24) >> 232);
        // Effect
        (PlanWord ended, PlanWord next) = _change(c, c.word().withValue(bit, Value.Undone));
        mine = _work(keeper, mine);
        // Interaction, payment
        Calls.perform(_account(c.entry(), c.head()), head >> 232, input, c.step().index());
        uint256 premium = _premium(section + 10, c, due);
        return _pay(c, meter, ended, next, msg.sender, keeper, mine, head >> 176 & type(uint24).max, premium, minPay);
    }

    /// @inheritdoc IScheduler
    function settle(bytes calldata item) external returns (uint256) {
        Meter meter = startMeter(DISPATCH_GAS);
        Case c = newCase();
        _findStep(c, item);
        (uint256 bit,) = _own(c);
        // The tokens are a run's: here its minPay, a word of zeros, is missing.
        uint256 tokens = c.step().tokens();
        tokens = tokens > 32 ? tokens - 32 : 0;
        return _poke(c, meter, c.word().withValue(bit, _verdict(c, bit)), tokens);
    }

    /// @inheritdoc IScheduler
    function expire(bytes calldata plan_) external returns (uint256) {
        Meter meter = startMeter(DISPATCH_GAS);
        Case c = newCase();
        _findPlan(c, plan_);
        Status status = c.word().status();
        bool active = status == Status.Active;
        if (!active && status != Status.Aborting && status != Status.Finishing) revert Scheduler_WrongStatus(c.id(), status);
        uint256 from = (active ? _runStart(c) : c.word().changedAt()) + lengthAt(_pos(plan_)) + _day(c.head());
        if (c.time() < from) revert Scheduler_NotExpired(from);
        uint256 own = c.entry().mask();
        uint256 pending = own & ~c.word().settled() & (active ? c.head().forwardMask() : c.head().finalMask());
        uint256 optional = active ? c.head().optional() : pending;
        uint256 undoing = status == Status.Aborting ? own & c.head().undoable() & c.word().done() : 0;
        if (pending | undoing == 0) revert Scheduler_NothingPending(c.id());
        PlanWord word = c.word().withValue(pending & optional, Value.Skipped).withValue(pending & ~optional, Value.Failed);
        uint256 tokens = EXPIRE_TOKENS + PlanHashes.tokensOf(_pos(plan_), plan_.length);
        return _poke(c, meter, word.withValue(undoing, Value.UndoFailed), tokens);
    }

    /// @inheritdoc IScheduler
    function learn(bytes calldata plan_, bytes calldata route, bytes32[] calldata proof, bytes calldata evidence)
        external
        returns (uint256)
    {
        Meter meter = startMeter(DISPATCH_GAS);
        Case c = newCase();
        _findPlan(c, plan_);
        // Check: a route of this plan to this chain, and something new
        if (c.word().stands(Status.Void) || c.word().stands(Status.NotScheduled)) {
            revert Scheduler_WrongStatus(c.id(), c.word().status());
        }
        uint256 pos = _pos(route);
        bytes32 routes = bytes32(calldataWord(_pos(plan_) + headerBytes(c.head()) - 32));
        bool ours = c.head().chainCount() > 1 && route.length >= 56 && calldataWord(pos) >> 192 == block.chainid
            && MerkleProof.verifyCalldata(proof, routes, keccak256(bytes.concat(keccak256(route))));
        if (!ours) revert Scheduler_BadRoute(keccak256(route));
        IRoute verifier = IRoute(address(bytes20(route[36:56])));
        PlanWord word = _merge(c, PlanWord.wrap(verifier.word(route, c.id(), evidence)));
        uint256 paid = evidence.length < EVIDENCE_BYTES ? evidence.length : EVIDENCE_BYTES;
        uint256 tokens = LEARN_TOKENS + PlanHashes.tokensOf(_pos(plan_), plan_.length) + PlanHashes.tokensOf(pos, route.length)
            + PlanHashes.tokensOf(_posOf(proof), 32 * proof.length) + PlanHashes.tokensOf(_pos(evidence), paid);
        return _poke(c, meter, word, tokens);
    }

    /// @inheritdoc IScheduler
    function report(bytes calldata item, Value outcome, bytes32 result, address payee) external returns (uint256) {
        Meter meter = startMeter(0);
        Case c = newCase();
        _findStep(c, item);
        // Check
        (uint256 bit,) = _own(c);
        if (outcome != Value.Done && outcome != Value.Failed) revert Scheduler_Malformed("outcome", uint256(outcome));
        if (payee == address(0)) revert Scheduler_Malformed("payee", 0);
        uint256 due = _admitReport(c, bit);
        // Effect, payment
        emit Reported(c.id(), uint8(c.step().index()), outcome, result);
        (PlanWord ended, PlanWord next) = _change(c, c.word().withValue(bit, outcome));
        // Being paid is not being there: nobody keeps another's idle seat awake.
        Keeper storage keeper = _keepers[payee];
        KeeperWord worked = keeper.word.worked(keeper.word.lastAt());
        keeper.word = worked;
        return _pay(c, meter, ended, next, payee, keeper, worked, c.step().tokens(), _premium(_feesOf(c), c, due), 0);
    }

    /// @inheritdoc IScheduler
    function runMany(bytes[] calldata items) external returns (uint256 done) {
        uint256 gate = Gate.read();
        if (gate != Gate.FRESH && gate != Gate.SPENT) revert Scheduler_Locked();
        if (gate == Gate.FRESH) Gate.write(Gate.batch(items.length));
        for (uint256 i; i < items.length; ++i) {
            bytes calldata item = items[i];
            bool ok;
            // Scratch behind the free memory pointer; copies nothing back. Our own code: the caller and the lock stay what they are.
            assembly ("memory-safe") {
                let m := mload(0x40)
                calldatacopy(m, item.offset, item.length)
                ok := delegatecall(gas(), address(), m, item.length, 0, 0)
            }
            if (ok) done |= 1 << i;
        }
        Gate.write(Gate.SPENT);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IScheduler
    function plan(PlanId id) external view returns (PlanWord word, uint256 stamps) {
        return (_plans[id].word, _plans[id].stamps);
    }

    /// @inheritdoc IScheduler
    function runnable(bytes calldata item, address keeper_, uint256 time) external view {
        Case c = newCase();
        _findStep(c, item);
        (uint256 bit,) = _own(c);
        c.fillTime(time);
        if (c.word().status() == Status.Aborting && c.word().done() & bit != 0) _admitUndo(c, bit, keeper_, _keepers[keeper_].word);
        else _admitRun(c, bit, keeper_, _keepers[keeper_].word);
    }

    /// @inheritdoc IScheduler
    function accountOf(address owner) public view override returns (address account) {
        bytes32 codeHash = ACCOUNT_HASH;
        // CREATE2 (EIP-1014): 0xff ‖ this ‖ salt ‖ hash of the initcode. Scratch behind the free memory pointer.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, or(shl(160, 0xff), address()))
            mstore(add(m, 32), shr(96, shl(96, owner)))
            mstore(add(m, 64), codeHash)
            account := shr(96, shl(96, keccak256(add(m, 11), 85)))
        }
    }

    // ------------------------------------------------------------------ finding

    function _posOf(bytes32[] calldata data) private pure returns (uint256 pos) {
        // Only names the offset.
        assembly ("memory-safe") {
            pos := data.offset
        }
    }

    function _idOf(bytes calldata packed, Head head) private pure returns (PlanId) {
        uint256 pos = _pos(packed);
        unchecked {
            uint256 length = headerBytes(head);
            if (packed.length < length + 32) revert Scheduler_Malformed("packed", packed.length);
            return PlanHashes.planId(pos, length, bytes32(calldataWord(pos + length)));
        }
    }

    function _day(Head head) private pure returns (uint256) {
        return head.inSeconds() ? DAY_S : DAY_B;
    }

    // ------------------------------------------------------------------ change

    function _schedule(bytes calldata packed, PlanId id, Head head) private {
        Plan storage p = _plans[id];
        // Check
        if (!p.word.stands(Status.NotScheduled)) revert Scheduler_WrongStatus(id, p.word.status());
        Headers.requireSound(_pos(packed), head);
        uint256 time = _now(head.inSeconds());
        if (time > head.scheduleBy()) revert Scheduler_ScheduleByPassed(head.scheduleBy(), time);
        // Effect
        if (head.isRelative()) {
            uint256 origin = time + head.start();
            if (origin > type(uint32).max) revert Scheduler_Malformed("start", origin);
            p.stamps = origin << 32 * ORIGIN_LANE;
        }
        PlanWord word = firstWord(time, _wholeGwei());
        p.word = word;
        emit Scheduled(id, word, packed);
    }

    /// @dev The value that came, in gwei.
    function _wholeGwei() private view returns (uint256 gwei_) {
        // The product is at most what was divided.
        unchecked {
            // slither-disable-next-line divide-before-multiply (it asks whether something is left)
            gwei_ = msg.value / 1 gwei;
            if (gwei_ * 1 gwei != msg.value || gwei_ >> 64 != 0) revert Scheduler_BadDeposit(msg.value);
        }
    }

    /// @dev An unpaid move by the caller.
    function _store(PlanId id, PlanWord word) private {
        word = word.moved();
        _plans[id].word = word;
        emit Moved(id, msg.sender, word);
    }

    /// @dev X3: values move from Pending to what is known there, and from Done to Undone or UndoFailed; an abort there is one here. A plan that
    /// was voided there says so by its forward steps, which are Failed; if it has none there, it decides nothing.
    function _merge(Case c, PlanWord foreign) private pure returns (PlanWord word) {
        word = c.word();
        uint256 own = c.entry().mask();
        uint256 news = foreign.settled() & ~own & (~word.settled() | (word.done() & foreign.undone()));
        word = word.withPlanes(news, foreign);
        Status there = foreign.status();
        bool aborts = there == Status.Aborting || there == Status.Aborted;
        if (aborts && word.status() == Status.Active) return Rules.abort(word, c.head(), own);
        if (news == 0) revert Scheduler_NoNews(c.id());
    }
}
