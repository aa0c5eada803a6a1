// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Account} from "./Account.sol";
import {Seats} from "./Seats.sol";
import {IAccount} from "./interfaces/IAccount.sol";
import {IReferee} from "./interfaces/IReferee.sol";
import {IRoute} from "./interfaces/IRoute.sol";
import {IScheduler} from "./interfaces/IScheduler.sol";
import {Calls} from "./libraries/Calls.sol";
import {Gate} from "./libraries/Gate.sol";
import {Hashes} from "./libraries/Hashes.sol";
import {Headers} from "./libraries/Headers.sol";
import {Rules} from "./libraries/Rules.sol";
import {ENTRY_BYTES, Entry, HEAD_BYTES, Head, ORIGIN_LANE, calldataWord} from "./types/Head.sol";
import {KeeperWord} from "./types/KeeperWord.sol";
import {PlanId, Status, Value} from "./types/PlanTypes.sol";
import {PlanWord} from "./types/PlanWord.sol";
import {STEP_BYTES, StepHead, UNDO_BYTES, afterCondition, afterRead, callsOf, tailOf, undoOf} from "./types/StepRef.sol";

/// @notice See {IScheduler}.
contract Scheduler is Seats {
    /// @dev Everything a function needs to know of the plan it was called for, found once.
    struct Case {
        PlanId id;
        PlanWord word;
        Head head;
        Entry entry;
        uint256 own; // mask of this chain's steps
        uint256 nowAt; // in the plan's clock
        uint256 gasAt; // gas left when the work began
        uint256 gate; // what the gate was
    }

    /// @dev The step a function was called for.
    struct StepCase {
        StepHead head;
        uint256 pos; // calldata offset of its bytes
        uint256 end;
        uint256 callsAt;
        uint256 index;
        uint256 bit;
    }

    /// @dev What a change leads to, before it is paid.
    struct Next {
        PlanWord ended; // the word after the change and its decision
        PlanWord word; // the same, or the next run's
        address payee;
        KeeperWord keeper;
    }

    /// @dev Gas of a transaction with no data.
    uint256 private constant BASE_GAS = 21_000;
    /// @dev What a batch costs by itself, and each of its items beside its own frame.
    uint256 private constant BATCH_GAS = 1_300;
    uint256 private constant ITEM_GAS = 1_200;
    /// @dev What a move costs before its gas is first read and after it is last read; held to the receipt by a test on every build.
    uint256 private constant OVERHEAD_GAS = 3_200;
    /// @dev What a frame costs at most beside its calls; only for quotes.
    uint256 private constant FRAME_GAS = 40_000;
    uint256 private constant HOLDS_GAS = 50_000;
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

    mapping(PlanId => PlanWord) private _plans;
    mapping(PlanId => uint256) private _stamps;
    /// @dev Whose Account is being created, for its constructor.
    address public transient accountOwner;

    // ------------------------------------------------------------------ owners

    /// @inheritdoc IScheduler
    function schedule(bytes calldata header, bytes32 root, bytes calldata body) external payable returns (PlanId) {
        Entry entry = _entry(header);
        if (!_isOwner(entry, msg.sender)) revert Scheduler_NotOwner(entry.owner(), msg.sender);
        return _schedule(header, root, body, Hashes.planId(header, root), entry);
    }

    /// @inheritdoc IScheduler
    function scheduleFor(bytes calldata header, bytes32 root, bytes calldata body, bytes calldata signature)
        external
        payable
        returns (PlanId id)
    {
        Entry entry = _entry(header);
        id = Hashes.planId(header, root);
        address owner = entry.owner();
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN, keccak256(abi.encode(SCHEDULE_TYPEHASH, id))));
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        bool plain = failure == ECDSA.RecoverError.NoError && signer == owner;
        if (!plain && !SignatureChecker.isValidERC1271SignatureNow(owner, digest, signature)) {
            revert Scheduler_BadSignature(owner);
        }
        _schedule(header, root, body, id, entry);
    }

    /// @inheritdoc IScheduler
    function cancel(bytes calldata header, bytes32 root) external locked {
        Case memory c = _case(header, Hashes.planId(header, root));
        // Check: who, and that something can still be turned
        if (msg.sender != c.entry.guardian() && !_isOwner(c.entry, msg.sender)) {
            revert Scheduler_NotOwner(c.entry.owner(), msg.sender);
        }
        if (c.word.status() != Status.Active) revert Scheduler_WrongStatus(c.id, c.word.status());
        uint256 pending = c.own & c.head.forwardMask() & ~c.word.settled();
        if (pending == 0) revert Scheduler_NothingPending(c.id);
        // Effect
        PlanWord next = c.word.withCancelled().withValue(pending, Value.Failed);
        _store(c.id, Rules.advance(next, c.head, c.own, c.nowAt), msg.sender);
    }

    /// @inheritdoc IScheduler
    function void(bytes calldata header, bytes32 root) external locked {
        Entry entry = _entry(header);
        Head head = _head(header);
        PlanId id = Hashes.planId(header, root);
        PlanWord word = _plans[id];
        if (word.status() != Status.NotScheduled) revert Scheduler_WrongStatus(id, word.status());
        uint256 time = _now(head.inSeconds());
        if (!_isOwner(entry, msg.sender)) {
            uint256 from = (head.isRelative() ? head.scheduleBy() : head.start()) + _length(header) + _day(head);
            if (time < from) revert Scheduler_NotExpired(from);
        }
        _store(id, word.withValue(entry.mask(), Value.Failed).withStatus(Status.Void).withChanged(time), msg.sender);
    }

    /// @inheritdoc IScheduler
    function deposit(PlanId id) external payable {
        PlanWord word = _plans[id];
        Status s = word.status();
        if (s != Status.Active && s != Status.Aborting && s != Status.Finishing) revert Scheduler_WrongStatus(id, s);
        uint256 gwei_ = _wholeGwei();
        if (gwei_ == 0) revert Scheduler_BadDeposit(0);
        _store(id, word.withDeposit(word.depositGwei() + gwei_), msg.sender);
    }

    /// @inheritdoc IScheduler
    function reclaim(bytes calldata header, bytes32 root) external locked {
        Case memory c = _case(header, Hashes.planId(header, root));
        Status s = c.word.status();
        if (s != Status.Completed && s != Status.Aborted) {
            // In doubt about other chains: nothing is left to do here, and only the owner may stop paying for news.
            bool idle = c.own & ~c.word.settled() == 0 && s != Status.Aborting && s != Status.NotScheduled;
            if (!idle) revert Scheduler_WrongStatus(c.id, s);
            if (!_isOwner(c.entry, msg.sender)) revert Scheduler_NotOwner(c.entry.owner(), msg.sender);
        }
        uint256 gwei_ = c.word.depositGwei();
        if (gwei_ == 0) revert Scheduler_NothingDue();
        _store(c.id, c.word.withDeposit(0), msg.sender);
        _send(_account(c.entry), gwei_ * 1 gwei);
    }

    /// @inheritdoc IScheduler
    function publish(PlanId id, bytes calldata body) external {
        emit Published(id, msg.sender, body);
    }

    /// @inheritdoc IScheduler
    function createAccount(address owner) external locked returns (address account) {
        account = accountOf(owner);
        if (account.code.length != 0) return account;
        accountOwner = owner;
        new Account{salt: bytes32(uint256(uint160(owner)))}();
        accountOwner = address(0);
        emit AccountCreated(owner, account);
    }

    // ------------------------------------------------------------------ keepers

    /// @inheritdoc IScheduler
    function run(bytes calldata header, bytes calldata step, bytes32[] calldata proof, uint256 minPay)
        external
        returns (uint256)
    {
        (Case memory c, StepCase memory s) = _open(header, step, proof);
        // Check
        uint256 due = _admitRun(c, s, msg.sender, c.nowAt);
        _requireTrue(s);
        bytes memory input = Calls.load(s.callsAt, s.head.callsLength());
        Calls.fill(input, s.head, s.callsAt + s.head.callsLength());
        // Effect, interaction, payment
        Next memory next = _turn(c, c.word.withValue(s.bit, Value.Done), msg.sender);
        Calls.perform(_account(c.entry), s.head.gasLimit(), input, s.index);
        return _pay(c, next, s.head.tokens(), _premium(s.pos + 32, s.head.ramp(), c.nowAt - due), minPay);
    }

    /// @inheritdoc IScheduler
    function undo(bytes calldata header, bytes calldata step, bytes32[] calldata proof, uint256 minPay)
        external
        returns (uint256)
    {
        (Case memory c, StepCase memory s) = _open(header, step, proof);
        // Check
        uint256 due = _admitUndo(c, s, msg.sender, c.nowAt);
        uint256 pos = undoOf(s.head, s.pos);
        uint256 head = calldataWord(pos);
        uint256 length = head >> 40 & type(uint24).max;
        if (pos + UNDO_BYTES + length > s.end) revert Scheduler_Malformed("undo", s.index);
        bytes memory input = Calls.load(pos + UNDO_BYTES, length);
        // Effect, interaction, payment
        Next memory next = _turn(c, c.word.withValue(s.bit, Value.Undone), msg.sender);
        Calls.perform(_account(c.entry), head >> 232, input, s.index);
        uint256 tokens = head >> 176 & type(uint24).max;
        return _pay(c, next, tokens, _premium(pos + 10, s.head.ramp(), c.nowAt - due), minPay);
    }

    /// @inheritdoc IScheduler
    function settle(bytes calldata header, bytes calldata step, bytes32[] calldata proof) external returns (uint256) {
        (Case memory c, StepCase memory s) = _open(header, step, proof);
        Next memory next = _turn(c, c.word.withValue(s.bit, _verdict(c, s)), msg.sender);
        return _pay(c, next, s.head.tokens(), c.entry.pokeFeeGwei(), 0);
    }

    /// @inheritdoc IScheduler
    function expire(bytes calldata header, bytes32 root) external returns (uint256) {
        Case memory c = _enter(header, Hashes.planId(header, root));
        Status status = c.word.status();
        if (status != Status.Active && status != Status.Aborting && status != Status.Finishing) {
            revert Scheduler_WrongStatus(c.id, status);
        }
        uint256 from = status == Status.Active ? _runStart(c) : c.word.changedAt();
        from += _length(header) + _day(c.head);
        if (c.nowAt < from) revert Scheduler_NotExpired(from);
        PlanWord word = c.word;
        uint256 pending = c.own & ~word.settled();
        if (status == Status.Active) {
            pending &= c.head.forwardMask();
            if (pending == 0) revert Scheduler_NothingPending(c.id);
            word = word.withValue(pending & c.head.optional(), Value.Skipped);
            word = word.withValue(pending & ~c.head.optional(), Value.Failed);
        } else {
            if (status == Status.Aborting) word = word.withValue(c.own & c.head.undoable() & word.done(), Value.UndoFailed);
            word = word.withValue(pending & c.head.finalMask(), Value.Skipped);
        }
        Next memory next = _turn(c, word, msg.sender);
        return _pay(c, next, Hashes.tokensOfCalldata(), c.entry.pokeFeeGwei(), 0);
    }

    /// @inheritdoc IScheduler
    function runMany(bytes[] calldata items) external returns (uint256 done) {
        uint256 gate = Gate.read();
        if (gate != Gate.FRESH && gate != Gate.SPENT) revert Scheduler_Locked();
        if (gate == Gate.FRESH) Gate.write(Gate.SPENT + items.length);
        for (uint256 i; i < items.length; ++i) {
            bytes calldata item = items[i];
            bool ok;
            // Scratch behind the free memory pointer; copies nothing back. Our own code, so the caller and the lock stay what they are.
            assembly ("memory-safe") {
                let m := mload(0x40)
                calldatacopy(m, item.offset, item.length)
                ok := delegatecall(gas(), address(), m, item.length, 0, 0)
            }
            if (ok) done |= 1 << i;
        }
        Gate.write(Gate.SPENT);
    }

    /// @inheritdoc IScheduler
    function report(
        bytes calldata header,
        bytes calldata step,
        bytes32[] calldata proof,
        Value outcome,
        bytes32 result,
        address payee
    ) external returns (uint256) {
        (Case memory c, StepCase memory s) = _open(header, step, proof);
        // Check
        if (outcome != Value.Done && outcome != Value.Failed) revert Scheduler_Malformed("outcome", uint256(outcome));
        uint256 due = _admitReport(c, s);
        // Effect, payment
        emit Reported(c.id, uint8(s.index), outcome, result);
        Next memory next = _turn(c, c.word.withValue(s.bit, outcome), payee);
        return _pay(c, next, s.head.tokens(), _premium(s.pos + 32, s.head.ramp(), c.nowAt - due), 0);
    }

    /// @inheritdoc IScheduler
    function learn(
        bytes calldata header,
        bytes32 root,
        bytes calldata route,
        bytes32[] calldata routeProof,
        bytes calldata evidence
    ) external returns (uint256) {
        Case memory c = _enter(header, Hashes.planId(header, root));
        // Check: a route of this plan to this chain, and something new
        Status status = c.word.status();
        if (status == Status.NotScheduled || status == Status.Void) revert Scheduler_WrongStatus(c.id, status);
        _requireRoute(header, route, routeProof);
        address verifier = address(uint160(bytes20(route[36:56])));
        PlanWord foreign = PlanWord.wrap(IRoute(verifier).word(route, c.id, evidence));
        PlanWord word = _merge(c, foreign);
        // Effect, payment
        Next memory next = _turn(c, word, msg.sender);
        return _pay(c, next, Hashes.tokensOfCalldata(), c.entry.pokeFeeGwei(), 0);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IScheduler
    function plan(PlanId id) external view returns (PlanWord word, uint256 stamps) {
        return (_plans[id], _stamps[id]);
    }

    /// @inheritdoc IScheduler
    function runnable(bytes calldata header, bytes calldata step, bytes32[] calldata proof, address keeper_, uint256 time)
        external
        view
    {
        Case memory c = _case(header, Hashes.planId(header, Hashes.rootOf(step, proof)));
        StepCase memory s = _step(c, step);
        if (c.word.status() == Status.Aborting && c.word.valueOf(s.index) == Value.Done) _admitUndo(c, s, keeper_, time);
        else _admitRun(c, s, keeper_, time);
    }

    /// @inheritdoc IScheduler
    function quote(bytes calldata header, bytes calldata step, uint256 dueAt, uint256 baseFee)
        external
        view
        returns (uint256 worst, uint256 premium)
    {
        Entry entry = _entry(header);
        uint256 pos = _pos(step);
        StepHead s = StepHead.wrap(calldataWord(pos));
        uint256 nowAt_ = _now(_head(header).inSeconds());
        premium = _premium(pos + 32, s.ramp(), nowAt_ > dueAt ? nowAt_ - dueAt : 0) * 1 gwei;
        uint256 gas_ = BASE_GAS + OVERHEAD_GAS + FRAME_GAS + 4 * s.tokens() + s.gasLimit();
        pos += STEP_BYTES;
        for (uint256 n = s.conditions(); n != 0; --n) {
            gas_ += calldataWord(pos) >> 72 & type(uint24).max;
            pos = afterCondition(pos);
        }
        pos += s.callsLength();
        for (uint256 n = s.reads(); n != 0; --n) {
            gas_ += calldataWord(pos) >> 72 & type(uint24).max;
            pos = afterRead(pos);
        }
        worst = gas_ * (baseFee < entry.capWei() ? baseFee : entry.capWei()) + premium;
    }

    /// @inheritdoc IScheduler
    function accountOf(address owner) public view returns (address account) {
        return address(
            uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), uint256(uint160(owner)), ACCOUNT_HASH))))
        );
    }

    // ------------------------------------------------------------------ finding the plan

    /// @dev Lock, and find the plan. Gas is counted from here.
    function _enter(bytes calldata header, PlanId id) private returns (Case memory c) {
        uint256 gasAt = gasleft();
        uint256 gate = Gate.enter();
        c = _case(header, id);
        (c.gasAt, c.gate) = (gasAt, gate);
    }

    function _open(bytes calldata header, bytes calldata step, bytes32[] calldata proof)
        private
        returns (Case memory c, StepCase memory s)
    {
        uint256 gasAt = gasleft();
        c = _enter(header, Hashes.planId(header, Hashes.rootOf(step, proof)));
        c.gasAt = gasAt;
        s = _step(c, step);
    }

    function _case(bytes calldata header, PlanId id) private view returns (Case memory c) {
        c.id = id;
        c.word = _plans[id];
        if (c.word.status() == Status.NotScheduled) revert Scheduler_WrongStatus(id, Status.NotScheduled);
        c.head = _head(header);
        c.entry = _entry(header);
        c.own = c.entry.mask();
        c.nowAt = _now(c.head.inSeconds());
    }

    function _step(Case memory c, bytes calldata step) private view returns (StepCase memory s) {
        s.pos = _pos(step);
        // Calldata offsets do not overflow.
        unchecked {
            s.end = s.pos + step.length;
        }
        s.head = StepHead.wrap(calldataWord(s.pos));
        s.index = s.head.index();
        s.bit = 1 << s.index;
        s.callsAt = callsOf(s.head, s.pos);
        if (c.own & s.bit == 0) revert Scheduler_WrongChain(block.chainid);
        if (s.callsAt + s.head.callsLength() > s.end) revert Scheduler_Malformed("step", s.index);
    }

    function _pos(bytes calldata data) private pure returns (uint256 pos) {
        // Only names the offset.
        assembly ("memory-safe") {
            pos := data.offset
        }
    }

    function _head(bytes calldata header) private pure returns (Head) {
        return Head.wrap(calldataWord(_pos(header)));
    }

    function _length(bytes calldata header) private pure returns (uint256) {
        return calldataWord(_pos(header) + 32) >> 224;
    }

    function _day(Head head) private pure returns (uint256) {
        return head.inSeconds() ? DAY_S : DAY_B;
    }

    /// @dev This chain's entry. What follows the last entry is at most a routes root, which is shorter than an entry.
    function _entry(bytes calldata header) private view returns (Entry entry) {
        uint256 pos = _pos(header) + HEAD_BYTES;
        for (uint256 end = pos + header.length - HEAD_BYTES; pos + ENTRY_BYTES <= end; pos += ENTRY_BYTES) {
            entry = Entry.wrap(pos);
            if (entry.chainId() == block.chainid) return entry;
        }
        revert Scheduler_WrongChain(block.chainid);
    }

    function _isOwner(Entry entry, address who) private view returns (bool) {
        return who == entry.owner() || who == _account(entry);
    }

    /// @dev The Account that acts for the plan: this Scheduler's, or another's if the header says so and it names the owner.
    function _account(Entry entry) private view returns (address account) {
        address factory = entry.factory();
        if (factory == address(0)) return accountOf(entry.owner());
        account = IScheduler(factory).accountOf(entry.owner());
        if (account.code.length == 0 || IAccount(account).owner() != entry.owner()) revert Scheduler_NoAccount(account);
    }

    // ------------------------------------------------------------------ admission

    /// @dev S1 but the conditions and the calls. Returns when the step was due.
    function _admitRun(Case memory c, StepCase memory s, address who, uint256 time) private view returns (uint256 due) {
        if (s.head.isClaim()) revert Scheduler_NotReferee(_referee(s), who);
        uint256 closes;
        (due, closes) = _ready(c, s, time);
        if (time >= closes) revert Scheduler_WindowClosed(uint8(s.index), closes, time);
        if (s.head.conditions() == 0 && who != c.entry.owner()) {
            _checkTurn(c.id, c.word.runNumber(), s.index, c.head.inSeconds(), due, time, _keepers[who]);
        }
    }

    /// @dev S4. Returns since when the undo is due.
    function _admitUndo(Case memory c, StepCase memory s, address who, uint256 time) private view returns (uint256 due) {
        uint256 closes;
        (due, closes) = _undoWindow(c, s);
        if (time >= closes) revert Scheduler_WindowClosed(uint8(s.index), closes, time);
        if (who != c.entry.owner()) {
            _checkTurn(c.id, c.word.runNumber(), s.index + 128, c.head.inSeconds(), due, time, _keepers[who]);
        }
    }

    /// @dev A report needs what a run needs; a referee may take until closes + hold.
    function _admitReport(Case memory c, StepCase memory s) private view returns (uint256 due) {
        address referee = s.head.isClaim() ? _referee(s) : address(0);
        if (msg.sender != referee) revert Scheduler_NotReferee(referee, msg.sender);
        uint256 closes;
        (due, closes) = _ready(c, s, c.nowAt);
        closes += _hold(s);
        if (c.nowAt >= closes) revert Scheduler_WindowClosed(uint8(s.index), closes, c.nowAt);
    }

    /// @dev Status, value, needs and the window's beginning.
    function _ready(Case memory c, StepCase memory s, uint256 time) private view returns (uint256 opens, uint256 closes) {
        _requirePending(c, s);
        (bool met, bool failed, uint256 pending) = _needs(c.word, s.head);
        if (failed) revert Scheduler_NeedsFailed(uint8(s.index), uint32(s.head.needs()));
        if (!met) revert Scheduler_NeedsPending(uint8(s.index), uint32(pending));
        (opens, closes) = _window(c, s);
        if (time < opens) revert Scheduler_TooEarly(uint8(s.index), opens, time);
    }

    /// @dev The step is Pending, and its part of the run is on.
    function _requirePending(Case memory c, StepCase memory s) private pure {
        if (c.word.settled() & s.bit != 0) revert Scheduler_Settled(uint8(s.index), c.word.valueOf(s.index));
        Status status = c.word.status();
        bool on = c.head.forwardMask() & s.bit != 0 ? status == Status.Active : Rules.finishing(c.word, c.head, c.own);
        if (!on) revert Scheduler_WrongStatus(c.id, status);
    }

    /// @dev All fails as soon as one is known not Done; the others are decided when every need is known.
    function _needs(PlanWord word, StepHead s) private pure returns (bool met, bool failed, uint256 pending) {
        uint256 needs = s.needs();
        if (needs == 0) return (true, false, 0);
        uint256 join = s.join();
        uint256 done = word.done() & needs;
        pending = needs & ~word.settled();
        if (join == 0) return (done == needs, needs & ~done & ~pending != 0, pending);
        if (pending != 0) return (false, false, pending);
        met = join == 3 || (done != 0) == (join == 1);
        failed = !met;
    }

    /// @dev From the run's start, from the latest of the stamps that the step names, or for a finally step from the last change.
    function _window(Case memory c, StepCase memory s) private view returns (uint256 opens, uint256 closes) {
        uint256 base;
        uint256 since = s.head.since();
        if (c.head.finalMask() & s.bit != 0) {
            base = c.word.changedAt();
        } else if (since == 0) {
            base = _runStart(c);
        } else {
            uint256 pending = since & ~(c.word.settled() & c.head.stamped());
            if (pending != 0) revert Scheduler_NeedsPending(uint8(s.index), uint32(pending));
            uint256 stamps = _stamps[c.id];
            for (uint256 i; since >> i != 0; ++i) {
                if (since >> i & 1 == 0) continue;
                uint256 stamp = stamps >> 32 * c.head.laneOf(i) & type(uint32).max;
                if (stamp > base) base = stamp;
            }
        }
        return (base + s.head.opens(), base + s.head.closes());
    }

    function _undoWindow(Case memory c, StepCase memory s) private pure returns (uint256 opens, uint256 closes) {
        if (c.word.valueOf(s.index) != Value.Done || c.head.undoable() & s.bit == 0) {
            revert Scheduler_Settled(uint8(s.index), c.word.valueOf(s.index));
        }
        if (c.word.status() != Status.Aborting) revert Scheduler_WrongStatus(c.id, c.word.status());
        uint256 head = calldataWord(undoOf(s.head, s.pos));
        uint256 dependents = calldataWord(undoOf(s.head, s.pos) + 20) >> 224;
        uint256 blocking = dependents & (~c.word.settled() | (c.word.done() & c.head.undoable()));
        if (blocking != 0) revert Scheduler_DependentsStand(uint8(s.index), uint32(blocking));
        opens = c.word.changedAt();
        closes = opens + (head >> 200 & type(uint32).max);
    }

    /// @dev Every condition is true, or it reverts with the first that is not.
    function _requireTrue(StepCase memory s) private view {
        uint256 pos = s.pos + STEP_BYTES;
        uint256 count = s.head.conditions();
        for (uint256 i; i < count; ++i) {
            (Calls.Truth truth, uint256 value) = Calls.test(pos);
            if (truth == Calls.Truth.Unreadable) revert Scheduler_Unreadable(uint8(s.index), i);
            if (truth == Calls.Truth.False) {
                uint256 op = calldataWord(pos) >> 64 & 0xff;
                revert Scheduler_ConditionFalse(uint8(s.index), i, op, bytes32(value), bytes32(calldataWord(pos + 25)));
            }
            pos = afterCondition(pos);
        }
    }

    /// @dev S2, and the lapse of an undo: what the step becomes without being run.
    function _verdict(Case memory c, StepCase memory s) private view returns (Value) {
        uint256 opens;
        uint256 closes;
        if (c.word.valueOf(s.index) == Value.Done) {
            (, closes) = _undoWindow(c, s);
            if (c.nowAt < closes) revert Scheduler_NotLapsed(uint8(s.index), closes);
            return Value.UndoFailed;
        }
        _requirePending(c, s);
        (bool met, bool failed, uint256 pending) = _needs(c.word, s.head);
        if (failed) return Value.Skipped;
        if (pending & c.own != 0) revert Scheduler_NeedsPending(uint8(s.index), uint32(pending & c.own));
        (opens, closes) = _window(c, s);
        bool over = c.nowAt >= closes;
        if (met && c.nowAt >= opens && s.head.skipsIfFalse() && _isFalse(s, over)) return Value.Skipped;
        if (!over) revert Scheduler_NotLapsed(uint8(s.index), closes);
        if (s.head.isClaim()) _requireNotHeld(c, s, closes);
        return c.head.optional() & s.bit != 0 ? Value.Skipped : Value.Failed;
    }

    /// @dev Whether a condition is known to be false. One that cannot be read stops the answer while the window is open.
    function _isFalse(StepCase memory s, bool over) private view returns (bool) {
        uint256 pos = s.pos + STEP_BYTES;
        uint256 count = s.head.conditions();
        for (uint256 i; i < count; ++i) {
            (Calls.Truth truth,) = Calls.test(pos);
            if (truth == Calls.Truth.False) return true;
            if (truth == Calls.Truth.Unreadable && !over) revert Scheduler_Unreadable(uint8(s.index), i);
            pos = afterCondition(pos);
        }
        return false;
    }

    function _requireNotHeld(Case memory c, StepCase memory s, uint256 closes) private view {
        uint256 until = closes + _hold(s);
        if (c.nowAt >= until) return;
        Calls.requireGas(HOLDS_GAS);
        bytes memory input = abi.encodeCall(IReferee.holds, (c.id, uint32(c.word.runNumber()), uint8(s.index)));
        address referee = _referee(s);
        bool held;
        // Copies back one word.
        assembly ("memory-safe") {
            held := staticcall(HOLDS_GAS, referee, add(input, 32), mload(input), 0, 32)
            held := and(held, and(gt(returndatasize(), 31), eq(mload(0), 1)))
        }
        if (held) revert Scheduler_Held(uint8(s.index), until);
    }

    function _referee(StepCase memory s) private pure returns (address) {
        return address(uint160(calldataWord(tailOf(s.head, s.pos)) >> 96));
    }

    function _hold(StepCase memory s) private pure returns (uint256) {
        return calldataWord(tailOf(s.head, s.pos) + 20) >> 224;
    }

    /// @dev When this run was due.
    function _runStart(Case memory c) private view returns (uint256) {
        return Rules.dueOf(c.head, _origin(c), c.word.runNumber());
    }

    function _origin(Case memory c) private view returns (uint256) {
        return c.head.isRelative() ? _stamps[c.id] >> 32 * ORIGIN_LANE : c.head.start();
    }

    // ------------------------------------------------------------------ other chains

    /// @dev X3: values move from Pending to what is known there, and from Done to Undone or UndoFailed; an abort there is one here.
    function _merge(Case memory c, PlanWord foreign) private pure returns (PlanWord word) {
        word = c.word;
        uint256 news = foreign.settled() & ~c.own & (~word.settled() | (word.done() & foreign.undone()));
        word = word.withPlanes(news, foreign);
        Status there = foreign.status();
        bool aborts = there == Status.Aborting || there == Status.Aborted || there == Status.Void;
        if (aborts && word.status() == Status.Active) word = Rules.abort(word, c.head, c.own);
        else if (news == 0) revert Scheduler_NoNews(c.id);
    }

    /// @dev The route's leaf is under the header's routes root, and it leads here.
    function _requireRoute(bytes calldata header, bytes calldata route, bytes32[] calldata proof) private view {
        bytes32 routes = header.length > HEAD_BYTES + ENTRY_BYTES + 32 ? bytes32(header[header.length - 32:]) : bytes32(0);
        bool ours = route.length >= 56 && uint64(bytes8(route[:8])) == block.chainid;
        if (!ours || Hashes.rootOf(route, proof) != routes) revert Scheduler_BadRoute(keccak256(route));
    }

    // ------------------------------------------------------------------ change and payment

    function _schedule(bytes calldata header, bytes32 root, bytes calldata body, PlanId id, Entry entry)
        private
        returns (PlanId)
    {
        Head head = _head(header);
        PlanWord word = _plans[id];
        // Check
        if (word.status() != Status.NotScheduled) revert Scheduler_WrongStatus(id, word.status());
        Headers.requireSound(header, head);
        uint256 time = _now(head.inSeconds());
        if (time > head.scheduleBy()) revert Scheduler_ScheduleByPassed(head.scheduleBy(), time);
        // Effect
        if (head.isRelative()) _stamps[id] = (time + head.start()) << 32 * ORIGIN_LANE;
        word = word.withStatus(Status.Active).withChanged(time).withDeposit(_wholeGwei()).moved();
        _plans[id] = word;
        emit Scheduled(id, entry.owner(), word, root, header, body);
        return id;
    }

    /// @dev The value that came, in gwei.
    function _wholeGwei() private view returns (uint256 gwei_) {
        gwei_ = msg.value / 1 gwei;
        if (gwei_ * 1 gwei != msg.value || gwei_ > type(uint64).max) revert Scheduler_BadDeposit(msg.value);
    }

    function _store(PlanId id, PlanWord word, address by) private {
        word = word.moved();
        _plans[id] = word;
        emit Moved(id, by, word);
    }

    /// @dev Effect: the values have changed to `word`; what follows from it happens here, before anything outside is called. The payee's
    /// word is written now, so that crediting it later costs the same whoever it is.
    function _turn(Case memory c, PlanWord word, address payee) private returns (Next memory next) {
        next.ended = Rules.advance(word, c.head, c.own, c.nowAt);
        next.word = Rules.recur(next.ended, c.head, _origin(c), c.nowAt);
        next.payee = payee;
        next.keeper = _keepers[payee].worked(block.timestamp);
        uint256 stamped = c.head.stamped();
        if (stamped != 0) _stamp(c, stamped & word.settled() & ~c.word.settled());
        _plans[c.id] = next.word;
        _keepers[payee] = next.keeper;
    }

    /// @dev Keep the time at which these steps were settled here.
    function _stamp(Case memory c, uint256 steps) private {
        if (steps == 0) return;
        uint256 stamps = _stamps[c.id];
        for (uint256 i; steps >> i != 0; ++i) {
            if (steps >> i & 1 == 0) continue;
            uint256 shift = 32 * c.head.laneOf(i);
            stamps = stamps & ~(uint256(type(uint32).max) << shift) | (c.nowAt & type(uint32).max) << shift;
        }
        _stamps[c.id] = stamps;
    }

    /// @dev G6: cost plus premium, as far as the deposit reaches. Deposits made meanwhile count.
    function _pay(Case memory c, Next memory next, uint256 tokens, uint256 premiumGwei, uint256 minPay)
        private
        returns (uint256 pay)
    {
        PlanWord word = _plans[c.id];
        uint256 deposit_ = word.depositGwei();
        uint256 price = c.entry.capWei();
        if (block.basefee < price) price = block.basefee;
        uint256 fee = _dataFee(c.gate == Gate.FRESH);
        // Gas, tokens and prices are far from overflowing: 2^64 wei x 2^32 gas.
        unchecked {
            if (tokens > 4 * msg.data.length) tokens = 4 * msg.data.length;
            uint256 used = c.gasAt - gasleft() + OVERHEAD_GAS;
            if (c.gate == Gate.FRESH) {
                // EIP-7623: a transaction pays at least 10 a token.
                if (used < 6 * tokens) used = 6 * tokens;
                used += BASE_GAS;
            } else if (c.gate > Gate.SPENT) {
                used += (BASE_GAS + BATCH_GAS) / (c.gate - Gate.SPENT) + ITEM_GAS;
            }
            pay = (price * (used + 4 * tokens) + fee) / 1 gwei + premiumGwei;
            if (pay > deposit_) pay = deposit_;
            word = word.withDeposit(deposit_ - pay).moved();
        }
        if (pay * 1 gwei < minPay) revert Scheduler_PaysTooLittle(pay * 1 gwei, minPay);
        if (PlanWord.unwrap(next.ended) != PlanWord.unwrap(next.word)) {
            emit Moved(c.id, next.payee, next.ended.withTally(word));
            word = word.moved();
        }
        _plans[c.id] = word;
        _keepers[next.payee] = next.keeper.credited(pay);
        emit Moved(c.id, next.payee, word);
        Gate.write(c.gate > Gate.SPENT ? c.gate : Gate.SPENT);
        return pay * 1 gwei;
    }

    /// @dev A premium in gwei: from feeMin to feeMax (40 bits each at `at`) over `ramp`.
    function _premium(uint256 pos, uint256 ramp, uint256 elapsed) private pure returns (uint256) {
        uint256 fees = calldataWord(pos);
        uint256 feeMin = fees >> 216;
        uint256 feeMax = fees >> 176 & type(uint40).max;
        if (elapsed >= ramp) return ramp == 0 ? feeMin : feeMax;
        if (feeMax <= feeMin) return feeMin;
        // 40 bits x 24 bits.
        unchecked {
            return feeMin + (feeMax - feeMin) * elapsed / ramp;
        }
    }
}
