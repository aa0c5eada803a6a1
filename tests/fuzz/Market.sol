// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {IRoute} from "../../contracts/interfaces/IRoute.sol";
import {PlanId, Status, Value} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";

interface MarketVm {
    function warp(uint256 time) external;
    function fee(uint256 baseFee) external;
    function deal(address who, uint256 amount) external;
    function prank(address sender) external;
}

/// @notice What plans call. It keeps its own books: nothing runs early, late, twice in a run, out of order, or undone in the wrong order.
contract Ledger {
    struct Slot {
        uint256 ranIn; // run + 1
        uint256 undoneIn; // run + 1
    }

    Market private immutable MARKET = Market(msg.sender);
    mapping(uint256 plan => mapping(uint256 step => Slot)) public slots;
    string public broken;

    function act(uint256 plan, uint256 step) external {
        (uint256 run, uint256 opens, uint256 closes, uint256 needs, address account) = MARKET.expected(plan, step);
        if (msg.sender != account) broken = "ran for another owner";
        if (block.timestamp < opens) broken = "ran early";
        if (block.timestamp >= closes) broken = "ran late";
        Slot storage s = slots[plan][step];
        if (s.ranIn == run + 1) broken = "ran twice";
        for (uint256 i; needs >> i != 0; ++i) {
            if (needs >> i & 1 != 0 && slots[plan][i].ranIn != run + 1) broken = "ran out of order";
        }
        s.ranIn = run + 1;
    }

    function unact(uint256 plan, uint256 step, uint256 dependents) external {
        (uint256 run,,,,) = MARKET.expected(plan, step);
        Slot storage s = slots[plan][step];
        if (s.ranIn != run + 1) broken = "undid what never ran";
        if (s.undoneIn == run + 1) broken = "undid twice";
        for (uint256 i; dependents >> i != 0; ++i) {
            Slot storage d = slots[plan][i];
            bool stands = dependents >> i & 1 != 0 && d.ranIn == run + 1 && d.undoneIn != run + 1;
            // An undo that lapsed is over, and its owner's to finish.
            if (stands && !MARKET.lapsed(plan, i)) broken = "undid in the wrong order";
        }
        s.undoneIn = run + 1;
    }
}

/// @notice Owners, keepers and strangers at random: every call is an action of somebody on some plan. Each action looks for a plan on which it can
/// succeed, or makes one, so that few calls are wasted; what it does is counted.
/// @dev Plans have three steps of one chain: 0, then 1 (needs 0, undoable like 0), then 2 (a claim, needs 1), then a finally step.
contract Market is IRoute {
    MarketVm private constant VM = MarketVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant LENGTH = 1_000;
    uint256 private constant DAY = 1 days;

    struct Entry {
        bytes short;
        bytes[4] items;
        PlanId id;
        address owner;
        uint256 start;
        uint256 interval;
        uint256 runs;
        uint256 word;
    }

    Scheduler public immutable SCHEDULER = new Scheduler();
    Ledger public immutable LEDGER = new Ledger();

    Entry[] private _plans;
    /// @dev Sums kept plan by plan and keeper by keeper, as the chain's own words say.
    uint256 public deposits;
    uint256 public bonds;
    string public broken;
    mapping(string action => uint256) public calls;
    mapping(string action => uint256) public successes;
    string[] public actions;
    uint256 private _salt;
    mapping(uint256 seat => address) private _hots;
    uint256 public seats;

    constructor() {
        VM.warp(1_700_000_000);
    }

    // ------------------------------------------------------------------ what the ledger asks

    /// @notice What must hold when a step of a plan runs now.
    function expected(uint256 plan, uint256 step)
        external
        view
        returns (uint256 run, uint256 opens, uint256 closes, uint256 needs, address account)
    {
        Entry storage e = _plans[plan];
        run = PlanWord.wrap(e.word).runNumber();
        opens = e.start + run * e.interval;
        closes = opens + LENGTH / 2;
        needs = step == 0 || step == 3 ? 0 : 1 << step - 1;
        account = SCHEDULER.accountOf(e.owner);
        // A finally step counts from the last change.
        if (step == 3) (opens, closes) = (PlanWord.wrap(e.word).changedAt(), PlanWord.wrap(e.word).changedAt() + LENGTH / 2);
    }

    /// @notice Whether the undo of a step lapsed.
    function lapsed(uint256 plan, uint256 step) external view returns (bool) {
        (PlanWord now_,) = SCHEDULER.plan(_plans[plan].id);
        return now_.valueOf(step) == Value.UndoFailed;
    }

    /// @notice As a route, which no plan of one chain has.
    function word(bytes calldata, PlanId, bytes calldata evidence) external pure returns (uint256) {
        return uint256(bytes32(evidence));
    }

    function planCount() external view returns (uint256) {
        return _plans.length;
    }

    function actionCount() external view returns (uint256) {
        return actions.length;
    }

    // ------------------------------------------------------------------ actions

    function schedule(uint256 seed) external {
        _make(seed, seed % 100, seed >> 8 & 3);
    }

    function deposit(uint256 seed) external {
        (bool found, uint256 i) = _some(seed, Status.Active);
        if (!found) i = _make(seed, 0, 1);
        uint256 value = (seed >> 16) % 1e6 * 1 gwei + 1 gwei;
        VM.deal(_stranger(seed), value);
        VM.prank(_stranger(seed));
        _count("deposit", _send(abi.encodeCall(SCHEDULER.deposit, (_plans[i].id)), value), i);
    }

    function run(uint256 seed) external {
        _fee(seed);
        (bool found, uint256 i) = _some(seed, Status.Active);
        if (!found || !_open(i)) i = _make(seed, 0, seed >> 8 & 3);
        uint256 step = _next(i);
        VM.prank(_keeper(seed));
        if (step == 2) return _report(i, seed);
        _count("run", _send(abi.encodeCall(SCHEDULER.run, (_plans[i].items[step], 0)), 0), i);
    }

    function runMany(uint256 seed) external {
        _fee(seed);
        uint256 a = _make(seed, 0, 1);
        uint256 b = _make(seed >> 1, 0, 1);
        bytes[] memory items = new bytes[](3);
        items[0] = abi.encodeCall(SCHEDULER.run, (_plans[a].items[0], 0));
        items[1] = abi.encodeCall(SCHEDULER.run, (_plans[a].items[0], 0));
        items[2] = abi.encodeCall(SCHEDULER.run, (_plans[b].items[0], 0));
        VM.prank(_keeper(seed));
        bool ok = _send(abi.encodeCall(SCHEDULER.runMany, (items)), 0);
        _refresh(b);
        _count("runMany", ok, a);
    }

    function settle(uint256 seed) external {
        _fee(seed);
        (bool found, uint256 i) = _some(seed, Status.Active);
        if (!found) i = _make(seed, 0, seed >> 8 & 3);
        uint256 closes = _due(i) + LENGTH / 2;
        if (block.timestamp < closes) VM.warp(closes + seed % 50);
        uint256 step = _next(i);
        VM.prank(_stranger(seed));
        _count("settle", _send(abi.encodeCall(SCHEDULER.settle, (_plans[i].items[step])), 0), i);
    }

    function cancel(uint256 seed) external {
        (bool found, uint256 i) = _some(seed, Status.Active);
        if (!found) i = _make(seed, 0, 1);
        VM.prank(_plans[i].owner);
        _count("cancel", _send(abi.encodeCall(SCHEDULER.cancel, (_plans[i].short)), 0), i);
    }

    /// @dev Undo what is Done of an aborting plan, or let it lapse; then the finally step.
    function undo(uint256 seed) external {
        _fee(seed);
        (bool found, uint256 i) = _some(seed, Status.Aborting);
        if (!found) {
            i = _make(seed, 0, 1);
            VM.prank(_plans[i].owner);
            _send(abi.encodeCall(SCHEDULER.run, (_plans[i].items[0], 0)), 0);
            VM.prank(_plans[i].owner);
            _send(abi.encodeCall(SCHEDULER.cancel, (_plans[i].short)), 0);
            _refresh(i);
        }
        uint256 done = PlanWord.wrap(_plans[i].word).done() & 3;
        VM.prank(_keeper(seed));
        if (done == 0) {
            bool ran = _send(abi.encodeCall(SCHEDULER.run, (_plans[i].items[3], 0)), 0);
            if (!ran) ran = _send(abi.encodeCall(SCHEDULER.settle, (_plans[i].items[3])), 0);
            return _count("finally", ran, i);
        }
        uint256 step = done >> 1 & 1;
        bool lapse = seed >> 20 & 7 == 0;
        if (lapse) VM.warp(PlanWord.wrap(_plans[i].word).changedAt() + LENGTH);
        bytes memory input = lapse
            ? abi.encodeCall(SCHEDULER.settle, (_plans[i].items[step]))
            : abi.encodeCall(SCHEDULER.undo, (_plans[i].items[step], 0));
        bool ok = _send(input, 0);
        if (!ok && !lapse) ok = _send(abi.encodeCall(SCHEDULER.settle, (_plans[i].items[step])), 0);
        _count("undo", ok, i);
    }

    function expire(uint256 seed) external {
        _fee(seed);
        (bool found, uint256 i) = _some(seed, seed >> 8 & 1 == 0 ? Status.Aborting : Status.Active);
        if (!found) i = _make(seed, 0, 1);
        uint256 from = PlanWord.wrap(_plans[i].word).stands(Status.Active) ? _due(i) : PlanWord.wrap(_plans[i].word).changedAt();
        if (block.timestamp < from + LENGTH + DAY) VM.warp(from + LENGTH + DAY);
        VM.prank(_stranger(seed));
        _count("expire", _send(abi.encodeCall(SCHEDULER.expire, (_plans[i].short)), 0), i);
    }

    function reclaim(uint256 seed) external {
        (bool found, uint256 i) = _some(seed, seed >> 8 & 1 == 0 ? Status.Completed : Status.Aborted);
        if (!found || PlanWord.wrap(_plans[i].word).depositGwei() == 0) {
            i = _make(seed, 0, 1);
            VM.prank(_plans[i].owner);
            _send(abi.encodeCall(SCHEDULER.cancel, (_plans[i].short)), 0);
            VM.warp(block.timestamp + LENGTH);
            _send(abi.encodeCall(SCHEDULER.settle, (_plans[i].items[3])), 0);
            _refresh(i);
        }
        address account = SCHEDULER.accountOf(_plans[i].owner);
        uint256 before = account.balance;
        uint256 left = PlanWord.wrap(_plans[i].word).depositGwei() * 1 gwei;
        bool ok = _send(abi.encodeCall(SCHEDULER.reclaim, (_plans[i].short)), 0);
        if (ok && account.balance != before + left) broken = "reclaimed another sum";
        _count("reclaim", ok, i);
    }

    function withdraw(uint256 seed) external {
        address hot = _keeper(seed);
        for (uint256 k; k < 4; ++k) {
            (uint256 credit,,,) = SCHEDULER.keeper(hot);
            if (credit != 0) break;
            hot = _keeper(seed + k);
        }
        (uint256 due,,,) = SCHEDULER.keeper(hot);
        uint256 before = hot.balance;
        VM.prank(hot);
        bool ok = _send(abi.encodeCall(SCHEDULER.withdraw, (payable(hot))), 0);
        if (ok && hot.balance != before + due) broken = "withdrew another sum";
        if (due != 0) _tally("withdraw", ok);
    }

    /// @dev Seats are taken, left, and their bonds taken out when the time has come.
    function seat(uint256 seed) external {
        uint256 which = seed % 3;
        address hot = _keeper(seed);
        (, uint256 mine,,) = SCHEDULER.keeper(hot);
        if (mine == 0) {
            VM.deal(hot, hot.balance + 1 ether);
            VM.prank(hot);
            bool ok = _send(abi.encodeCall(SCHEDULER.join, (address(this))), 1 ether);
            if (ok) bonds += 1 ether;
            return _tally("join", ok);
        }
        (,,,,,, uint40 releaseAt) = SCHEDULER.seatOf(mine - 1);
        if (releaseAt == 0) return _tally("vacate", which == 0 ? _send(abi.encodeCall(SCHEDULER.vacate, (mine - 1)), 0) : true);
        if (block.timestamp < releaseAt) VM.warp(releaseAt);
        bool freed = _send(abi.encodeCall(SCHEDULER.release, (mine - 1, payable(hot))), 0);
        if (freed) bonds -= 1 ether;
        _tally("release", freed);
    }

    /// @dev Nobody else can: another's cancel, a proof of another plan, a stranger's report, a void of what stands.
    function trespass(uint256 seed) external {
        if (_plans.length < 2) _make(seed, 0, 1);
        if (_plans.length < 2) _make(seed >> 1, 0, 1);
        uint256 i = seed % _plans.length;
        uint256 j = (i + 1) % _plans.length;
        address who = _stranger(seed);
        bytes memory input;
        uint256 which = seed >> 32 & 3;
        if (which == 0) input = abi.encodeCall(SCHEDULER.cancel, (_plans[i].short));
        else if (which == 1) input = abi.encodeCall(SCHEDULER.void, (_plans[i].short));
        else if (which == 2) input = abi.encodeCall(SCHEDULER.report, (_plans[i].items[2], Value.Done, bytes32(0), who));
        else input = abi.encodeCall(SCHEDULER.run, (_graft(_plans[i].items[0], _plans[j].items[0]), 0));
        VM.prank(who);
        bool ok = _send(input, 0);
        if (ok) broken = "a trespasser got in";
        _count("trespass refused", !ok, i);
    }

    function wait(uint256 seed) external {
        VM.warp(block.timestamp + seed % (LENGTH / 2));
    }

    // ------------------------------------------------------------------ parts

    function _report(uint256 i, uint256 seed) private {
        VM.prank(address(this));
        Value outcome = seed >> 40 & 3 == 0 ? Value.Failed : Value.Done;
        bytes memory input = abi.encodeCall(SCHEDULER.report, (_plans[i].items[2], outcome, bytes32(seed), _keeper(seed)));
        _count("report", _send(input, 0), i);
    }

    function _make(uint256 seed, uint256 delay, uint256 runs) private returns (uint256 i) {
        i = _plans.length;
        Entry storage e = _plans.push();
        e.owner = address(uint160(0x0A0000 + seed % 3));
        e.start = block.timestamp + delay;
        e.runs = runs < 1 ? 1 : runs;
        e.interval = e.runs == 1 ? 0 : LENGTH * 2;
        SCHEDULER.createAccount(e.owner);
        bytes memory header = _header(e);
        bytes[4] memory steps = _steps(i);
        bytes32[4] memory leaves;
        for (uint256 k; k < 4; ++k) leaves[k] = keccak256(bytes.concat(keccak256(steps[k])));
        // OpenZeppelin's tree of four leaves in order: the last two share the first node.
        bytes32 a = _node(leaves[3], leaves[2]);
        bytes32 b = _node(leaves[1], leaves[0]);
        bytes32 root = _node(a, b);
        for (uint256 k; k < 4; ++k) {
            e.items[k] = bytes.concat(header, bytes3(uint24(steps[k].length)), steps[k], leaves[k ^ 1], k < 2 ? a : b);
        }
        e.short = bytes.concat(header, root);
        e.id = PlanId.wrap(keccak256(e.short));
        uint256 value = seed >> 24 & 7 == 0 ? (seed >> 64) % 1e4 * 1 gwei : 0.1 ether;
        VM.deal(e.owner, value);
        VM.prank(e.owner);
        _count("schedule", _send(abi.encodeCall(SCHEDULER.schedule, (e.short)), value), i);
    }

    function _header(Entry storage e) private returns (bytes memory) {
        uint8 flags = e.runs > 1 && _salt % 2 == 0 ? 1 : 9;
        return bytes.concat(
            abi.encodePacked(flags, uint8(3), uint8(1), uint32(3), uint32(_salt % 3 == 0 ? 2 : 0), uint32(0), uint40(e.start)),
            abi.encodePacked(uint32(e.interval), uint24(e.runs), uint40(e.start + 1), uint32(LENGTH), uint64(++_salt)),
            abi.encodePacked(uint64(block.chainid), uint32(15), e.owner, uint64(100 gwei), uint32(2_000))
        );
    }

    function _steps(uint256 i) private view returns (bytes[4] memory steps) {
        for (uint256 k; k < 4; ++k) {
            bytes memory call_ = k == 2 ? bytes("") : _call(abi.encodeCall(LEDGER.act, (i, k)));
            uint32 needs = k == 1 || k == 2 ? uint32(1 << k - 1) : 0;
            bytes memory head = abi.encodePacked(
                uint8(k), uint8(k == 2 ? 1 : 0), needs, uint32(0), uint32(0), uint32(LENGTH / 2), uint24(400_000), uint24(1_200)
            );
            bytes memory pay = abi.encodePacked(
                uint8(0), uint8(0), uint24(call_.length), uint24(100), uint40(1_000), uint40(50_000)
            );
            steps[k] = bytes.concat(head, pay, call_);
            if (k == 2) steps[k] = bytes.concat(steps[k], abi.encodePacked(address(this), uint32(100), uint16(0)));
            if (k < 2) {
                uint32 dependents = k == 0 ? 6 : 4;
                bytes memory back = _call(abi.encodeCall(LEDGER.unact, (i, k, dependents & 3)));
                bytes memory undo_ = abi.encodePacked(
                    uint24(400_000), uint32(LENGTH / 2), uint24(1_200), uint40(1_000), uint40(50_000), dependents, uint24(back.length)
                );
                steps[k] = bytes.concat(steps[k], undo_, back);
            }
        }
    }

    function _call(bytes memory data) private view returns (bytes memory) {
        return abi.encodePacked(address(LEDGER), uint96(0), uint16(data.length), data);
    }

    function _node(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }

    /// @dev One plan's header before another's step and proof.
    function _graft(bytes memory a, bytes memory b) private pure returns (bytes memory out) {
        out = bytes.concat(b);
        for (uint256 k; k < 88; ++k) out[k] = a[k];
    }

    /// @dev A plan in this status among the last eight, from a random one on.
    function _some(uint256 seed, Status s) private view returns (bool, uint256) {
        uint256 n = _plans.length < 8 ? _plans.length : 8;
        for (uint256 k; k < n; ++k) {
            uint256 i = _plans.length - 1 - (seed + k) % n;
            if (PlanWord.wrap(_plans[i].word).stands(s)) return (true, i);
        }
        return (false, 0);
    }

    function _due(uint256 i) private view returns (uint256) {
        return _plans[i].start + PlanWord.wrap(_plans[i].word).runNumber() * _plans[i].interval;
    }

    function _open(uint256 i) private view returns (bool) {
        return block.timestamp >= _due(i) && block.timestamp < _due(i) + LENGTH / 2;
    }

    /// @dev The first step that is not settled.
    function _next(uint256 i) private view returns (uint256 step) {
        uint256 settled = PlanWord.wrap(_plans[i].word).settled();
        while (settled >> step & 1 != 0 && step < 3) ++step;
    }

    function _keeper(uint256 seed) private pure returns (address) {
        return address(uint160(0x0C0000 + (seed >> 4) % 4));
    }

    function _stranger(uint256 seed) private pure returns (address) {
        return address(uint160(0x0E0000 + (seed >> 4) % 4));
    }

    function _fee(uint256 seed) private {
        VM.fee((seed >> 96) % 3 == 0 ? 1 gwei : (seed >> 96) % 300 gwei);
    }

    function _send(bytes memory input, uint256 value) private returns (bool ok) {
        (ok,) = address(SCHEDULER).call{value: value}(input);
    }

    /// @dev Count, and see that only this plan's word has changed.
    function _count(string memory action, bool ok, uint256 i) private {
        _tally(action, ok);
        _refresh(i);
        uint256 j = uint256(keccak256(abi.encode(i, _salt, block.timestamp))) % _plans.length;
        (PlanWord there,) = SCHEDULER.plan(_plans[j].id);
        if (j != i && PlanWord.unwrap(there) != _plans[j].word) broken = "another plan's word changed";
    }

    function _tally(string memory action, bool ok) private {
        if (calls[action]++ == 0) actions.push(action);
        if (ok) ++successes[action];
    }

    function _refresh(uint256 i) private {
        (PlanWord now_,) = SCHEDULER.plan(_plans[i].id);
        PlanWord before = PlanWord.wrap(_plans[i].word);
        deposits = deposits + now_.depositGwei() * 1 gwei - before.depositGwei() * 1 gwei;
        if (before.stands(Status.Completed) || before.stands(Status.Aborted)) {
            if (now_.status() != before.status()) broken = "a final plan moved";
        }
        _plans[i].word = PlanWord.unwrap(now_);
    }

    /// @notice What all keepers and strangers may pull.
    function credits() external view returns (uint256 sum) {
        for (uint256 k; k < 4; ++k) {
            (uint256 a,,,) = SCHEDULER.keeper(_keeper(k << 4));
            (uint256 b,,,) = SCHEDULER.keeper(_stranger(k << 4));
            sum += a + b;
        }
        for (uint256 k; k < 3; ++k) {
            (uint256 a,,,) = SCHEDULER.keeper(address(uint160(0x0A0000 + k)));
            sum += a;
        }
        (uint256 own,,,) = SCHEDULER.keeper(address(this));
        sum += own;
    }
}
