// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {Rules} from "../../contracts/libraries/Rules.sol";
import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {Head} from "../../contracts/types/Head.sol";
import {PlanId, Status, Value} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";
import {Attacks} from "./Attacks.sol";

interface StoreVm {
    function store(address where, bytes32 slot, bytes32 value) external;
}

/// @notice To have a run decided otherwise than the rules say: each rule is written here once more, as plainly as it can be.
contract AttacksOnDecisionsTest is Attacks {
    uint256 private constant PLANS_SLOT = 6;

    function _packed(uint8[4] memory values, Status status, uint256 changed) private pure returns (uint256 w) {
        for (uint256 i; i < 4; ++i) {
            uint256 v = values[i];
            w |= (v & 1) << 224 + i | (v >> 1 & 1) << 192 + i | (v >> 2) << 160 + i;
        }
        w |= uint256(status) << 152 | 1 << 104 | changed << 64 | 1e9;
    }

    function _put(Plan memory p, uint256 w) private {
        bytes32 slot = keccak256(abi.encode(p.id, PLANS_SLOT));
        StoreVm(address(VM)).store(address(_scheduler), slot, bytes32(w));
        require(PlanWord.unwrap(_word(p)) == w, "another slot");
    }

    // ------------------------------------------------------------------ needs

    /// @dev All: failed as soon as one is settled and not Done, met if all are Done. Any, none, settled: decided once all are settled. Every join and
    /// mask, every value of three needs, on this chain and on others, of a forward and of a finally step, by `run` and by `settle`, in and after the window.
    function test_needsAreWhatTheySay() external {
        for (uint256 kind; kind < 2; ++kind) {
            for (uint256 own; own < 2; ++own) {
                for (uint8 join; join < 4; ++join) {
                    for (uint32 needs; needs < 8; ++needs) _everyValue(kind == 1, own == 1, join, needs);
                }
            }
        }
    }

    function _everyValue(bool last, bool own, uint8 join, uint32 needs) private {
        VM.warp(NOW);
        VM.deal(OWNER, DEPOSIT);
        Header memory h = _header();
        (h.flags, h.forward, h.finals) = (0x29, last ? 3 : 4, last ? 1 : 0);
        uint32 here = own ? 9 + (needs & 2) : 8;
        h.chains = bytes.concat(_chain(here), abi.encodePacked(uint64(10), uint32(15 & ~here), OWNER, uint64(1), uint32(1)));
        h.routes = new bytes(32);
        bytes[] memory steps = new bytes[](4);
        Step memory s = _step();
        for (s.index = 0; s.index < 3; ++s.index) steps[s.index] = _bytes(s);
        (s.needs, s.flags) = (needs, join << 1);
        steps[3] = _bytes(s);
        Plan memory p = _scheduled(h, steps);
        bytes memory item = _item(p, 3);
        for (uint256 k; k < 216; ++k) {
            uint256 free;
            // What one turn allocates, the next may overwrite.
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            _oneValue(p, item, [uint8(k % 6), uint8(k / 6 % 6), uint8(k / 36), 0], last, here, join, needs);
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    function _oneValue(Plan memory p, bytes memory item, uint8[4] memory values, bool last, uint32 here, uint8 join, uint32 needs) private {
        (bool met, bool failed, bool pendingHere) = _plainly(values, join, needs, here);
        VM.warp(NOW);
        _put(p, _packed(values, last ? Status.Finishing : Status.Active, NOW));
        (bool ok,) = _try(abi.encodeCall(_scheduler.runnable, (item, THIEF, NOW)));
        require(ok == met, "another admission");
        (ok,) = _try(abi.encodeCall(_scheduler.settle, (item)));
        require(ok == failed && (!ok || _word(p).valueOf(3) == Value.Skipped), "another verdict");
        if (failed) return;
        VM.warp(NOW + LENGTH);
        (ok,) = _try(abi.encodeCall(_scheduler.settle, (item)));
        require(ok == !pendingHere && (!ok || _word(p).valueOf(3) == Value.Failed), "another lapse");
    }

    function _plainly(uint8[4] memory values, uint8 join, uint32 needs, uint32 here)
        private
        pure
        returns (bool met, bool failed, bool pendingHere)
    {
        uint256 done;
        uint256 count;
        bool known = true;
        bool broken;
        for (uint256 i; i < 3; ++i) {
            if (needs >> i & 1 == 0) continue;
            ++count;
            if (values[i] == 1) ++done;
            else if (values[i] != 0) broken = true;
            if (values[i] != 0) continue;
            known = false;
            if (here >> i & 1 != 0) pendingHere = true;
        }
        if (count == 0) return (true, false, false);
        if (join == 0) return (done == count, broken, pendingHere);
        if (!known) return (false, false, pendingHere);
        met = join == 3 || (join == 1 ? done != 0 : done == 0);
        failed = !met;
    }

    // ------------------------------------------------------------------ what follows from a change

    /// @dev The decision, the turn and the end, from any word at all, finals of every kind included.
    function testFuzz_theDecisionIsTheRules(uint256 noise, uint8 status, uint256 head, uint32 own, uint40 time) external pure {
        uint256 forward = (head >> 240 & 0xff) % 33;
        uint256 finals = (head >> 232 & 0xff) % (33 - forward);
        head = head & ~(uint256(0xffff) << 232) | forward << 240 | finals << 232;
        // Values above UndoFailed do not occur.
        uint256 hi = noise >> 160 & type(uint32).max & ~(noise >> 192);
        uint256 w = noise & ~(uint256(type(uint32).max) << 160) & ~(uint256(7) << 152) | hi << 160 | uint256(status % 7) << 152;
        PlanWord found = Rules.advance(PlanWord.wrap(w), Head.wrap(head), own, time);
        require(PlanWord.unwrap(found) == PlanWord.unwrap(_advanced(PlanWord.wrap(w), forward, finals, uint32(head >> 200), own, time)), "another decision");
    }

    function _advanced(PlanWord w, uint256 forward, uint256 finals, uint32 undoable, uint32 own, uint40 time) private pure returns (PlanWord) {
        w = w.withChanged(time);
        bool failed;
        bool all = true;
        bool last = true;
        bool undos;
        for (uint256 i; i < forward; ++i) {
            Value v = w.valueOf(i);
            if (v == Value.Failed) failed = true;
            if (v == Value.Pending) all = false;
        }
        for (uint256 i = forward; i < forward + finals; ++i) if (own >> i & 1 != 0 && w.valueOf(i) == Value.Pending) last = false;
        for (uint256 i; i < 32; ++i) if (own >> i & undoable >> i & 1 != 0 && w.valueOf(i) == Value.Done) undos = true;
        if (w.status() == Status.Active) {
            if (failed) {
                for (uint256 i; i < forward; ++i) {
                    if (own >> i & 1 != 0 && w.valueOf(i) == Value.Pending) w = w.withValue(1 << i, Value.Skipped);
                }
                w = w.withStatus(Status.Aborting);
            } else if (all) {
                w = w.withStatus(Status.Finishing);
            }
        }
        if (w.status() == Status.Finishing && last) w = w.withStatus(Status.Completed);
        if (w.status() == Status.Aborting && last && !undos) w = w.withStatus(Status.Aborted);
        return w;
    }

    /// @dev The next run is the first whose time lies ahead, and later than this one; found here by trying them all.
    function testFuzz_theNextRunIsTheFirstAhead(uint32 origin, uint16 run, uint8 interval, uint24 runs, uint32 late, bool monthly) external pure {
        uint256 step = uint256(interval) % 14 + 1;
        if (!monthly) step *= 1 days;
        uint256 k0 = run % 40;
        uint256 head = uint256(monthly ? 5 : 1) << 248 | step << 64 | uint256(runs) % 90 << 40;
        uint256 time = Rules.dueOf(Head.wrap(head), origin, k0) + late % (40 * 31 * 14 days);
        PlanWord w = PlanWord.wrap(uint256(Status.Completed) << 152 | k0 << 128 | 5e9);
        PlanWord next = Rules.recur(w, Head.wrap(head), origin, time);
        uint256 k = k0 + 1;
        while (k < uint256(runs) % 90 && _due(monthly, origin, k, step) <= time) ++k;
        if (k >= uint256(runs) % 90) require(PlanWord.unwrap(next) == PlanWord.unwrap(w), "a run too many");
        else require(next.status() == Status.Active && next.runNumber() == k && next.settled() == 0, "another run");
    }

    /// @dev Counted day by day.
    function _due(bool monthly, uint256 origin, uint256 k, uint256 step) private pure returns (uint256) {
        if (!monthly) return origin + k * step;
        (uint256 year, uint256 month, uint256 day) = _civil(origin / 1 days);
        month += k * step;
        (year, month) = (year + month / 12, month % 12);
        uint256 length = _daysIn(year, month);
        uint256 days_;
        for (uint256 y = 1970; y < year; ++y) days_ += _leap(y) ? 366 : 365;
        for (uint256 m; m < month; ++m) days_ += _daysIn(year, m);
        return (days_ + (day < length ? day : length - 1)) * 1 days + origin % 1 days;
    }

    function _civil(uint256 day) private pure returns (uint256 year, uint256 month, uint256) {
        for (year = 1970; day >= (_leap(year) ? 366 : 365); ++year) day -= _leap(year) ? 366 : 365;
        for (; day >= _daysIn(year, month); ++month) day -= _daysIn(year, month);
        return (year, month, day);
    }

    function _daysIn(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 1) return _leap(year) ? 29 : 28;
        return month == 3 || month == 5 || month == 8 || month == 10 ? 30 : 31;
    }

    function _leap(uint256 year) private pure returns (bool) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    /// @dev Far away nothing wraps: a run that can never come waits, and its owner can cancel it.
    function testFuzz_monthsFarAheadNeverComeEarly(uint40 origin, uint24 run, uint32 interval) external pure {
        uint256 months = (uint256(run) + 1) * (uint256(interval) + 1);
        uint256 due = Calendar.addMonths(origin, months);
        require(due >= uint256(origin) + months * 28 days - 3 days && due <= uint256(origin) + months * 31 days, "wrapped");
    }
}

/// @notice To have the chains of one plan come to different decisions, with nothing but what is true: each chain has its own Scheduler, and every
/// word that is learnt is the one that stands there.
contract AttacksOnAgreementTest is Attacks {
    uint64 private constant HERE = 31_337;
    uint64 private constant THERE = 20;
    uint64 private constant END = 10;

    mapping(uint64 chain => Scheduler) private _on;
    bytes[] private _routes;

    function setUp() public override {
        super.setUp();
        _on[HERE] = _scheduler;
        _on[THERE] = new Scheduler();
        _on[END] = new Scheduler();
        _on[THERE].createAccount(OWNER);
    }

    function _entryOf(uint64 chain, uint32 mask) private pure returns (bytes memory) {
        return abi.encodePacked(chain, mask, OWNER, uint64(100 gwei), uint32(2_000));
    }

    function _wordOn(uint64 chain, Plan memory p) private view returns (PlanWord found) {
        (found,) = _on[chain].plan(p.id);
    }

    function _leaf(bytes memory route) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(route)));
    }

    function _learn(uint64 to, uint64 from, Plan memory p) private {
        uint256 i = from == END ? 1 : to == HERE ? 0 : 2;
        bytes32[] memory proof = new bytes32[](2);
        bytes32[3] memory leaves = [_leaf(_routes[0]), _leaf(_routes[1]), _leaf(_routes[2])];
        if (i == 2) {
            proof = new bytes32[](1);
            proof[0] = _node(leaves[0], leaves[1]);
        } else {
            (proof[0], proof[1]) = (leaves[1 - i], leaves[2]);
        }
        bytes memory evidence = abi.encode(_wordOn(from, p));
        VM.chainId(to);
        VM.prank(THIEF);
        _on[to].learn(p.short, _routes[i], proof, evidence);
    }

    /// @dev Step 0 here, step 1 with an undo there, a finally step at the end, where nobody ever schedules the plan. Here the run is committed; then
    /// a stranger voids it at the end, and brings that to the chain that has not heard of the commit yet.
    function test_voidingAChainWithoutForwardStepsTurnsNoRun() external {
        _routes.push(abi.encodePacked(HERE, THERE, address(_on[THERE]), address(this)));
        _routes.push(abi.encodePacked(THERE, END, address(_on[END]), address(this)));
        _routes.push(abi.encodePacked(THERE, HERE, address(_on[HERE]), address(this)));
        Header memory h = _header();
        (h.flags, h.forward, h.finals, h.undoable) = (0x49, 2, 1, 2);
        h.chains = bytes.concat(_entryOf(HERE, 1), _entryOf(THERE, 2), _entryOf(END, 4));
        h.routes = abi.encodePacked(_node(_node(_leaf(_routes[0]), _leaf(_routes[1])), _leaf(_routes[2])));
        bytes[] memory steps = new bytes[](3);
        Step memory s = _step();
        steps[0] = _bytes(s);
        s.index = 2;
        steps[2] = _bytes(s);
        s.index = 1;
        bytes memory call_ = _call(abi.encodeCall(this.ping, ()));
        s.sections = bytes.concat(
            s.sections, abi.encodePacked(uint24(200_000), uint32(LENGTH), uint24(900), uint40(0), uint40(0), uint32(0), uint24(call_.length)), call_
        );
        steps[1] = _bytes(s);
        Plan memory p = _plan(h, steps);
        uint64[2] memory chains = [HERE, THERE];
        for (uint256 i; i < 2; ++i) {
            VM.chainId(chains[i]);
            VM.prank(OWNER);
            _on[chains[i]].schedule{value: DEPOSIT}(p.short);
            VM.prank(THIEF);
            _on[chains[i]].run(_item(p, i), 0);
        }
        _learn(HERE, THERE, p);
        require(_wordOn(HERE, p).status() == Status.Completed, "not committed");
        VM.warp(NOW + LENGTH + 1 days);
        VM.chainId(END);
        VM.prank(THIEF);
        _on[END].void(p.short);
        _learn(THERE, END, p);
        require(_wordOn(THERE, p).status() == Status.Active, "a stranger turned a run that is committed elsewhere");
        _learn(THERE, HERE, p);
        PlanWord word = _wordOn(THERE, p);
        require(word.status() == Status.Completed && word.valueOf(1) == Value.Done && word.valueOf(2) == Value.Failed, "no agreement");
    }
}
