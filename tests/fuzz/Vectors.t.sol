// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {Calls} from "../../contracts/libraries/Calls.sol";
import {PlanHashes} from "../../contracts/libraries/PlanHashes.sol";
import {BookWord, newBook} from "../../contracts/types/BookWord.sol";
import {Entry, HEAD_BYTES, Head, headAt, headerBytes, lengthAt} from "../../contracts/types/Head.sol";
import {LeaseWord, newLease} from "../../contracts/types/LeaseWord.sol";
import {LifeWord, reborn} from "../../contracts/types/LifeWord.sol";
import {PlanId, Value} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";
import {StepHead, callsOf, tailOf, undoOf} from "../../contracts/types/StepRef.sol";

interface VectorVm {
    function warp(uint256 time) external;
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function parseJsonBytesArray(string calldata json, string calldata key) external pure returns (bytes[] memory);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);
    function parseJsonAddressArray(string calldata json, string calldata key) external pure returns (address[] memory);
    function parseJsonBoolArray(string calldata json, string calldata key) external pure returns (bool[] memory);
}

/// @notice Solidity reads the bytes of tests/vectors/wire.json as Python wrote them (docs/wire.md).
contract VectorsTest {
    VectorVm private constant VM = VectorVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Vectors_Differ(string key, uint256 row, uint256 got, uint256 wanted);
    error Vectors_Empty(string key);

    string private _json;

    function setUp() public {
        _json = VM.readFile("tests/vectors/wire.json");
    }

    // ------------------------------------------------------------------ headers

    function test_headers() external view {
        bytes[] memory data = _bytes(".headerData");
        uint256[][15] memory got;
        for (uint256 k; k < 15; ++k) got[k] = new uint256[](data.length);
        for (uint256 i; i < data.length; ++i) {
            uint256[15] memory fields = this.header(data[i]);
            for (uint256 k; k < 15; ++k) got[k][i] = fields[k];
        }
        _same(".headerChains", got[0]);
        _same(".headerForwardMask", got[1]);
        _same(".headerFinalMask", got[2]);
        _same(".headerUndoable", got[3]);
        _same(".headerOptional", got[4]);
        _same(".headerStamped", got[5]);
        _same(".headerStart", got[6]);
        _same(".headerInterval", got[7]);
        _same(".headerRuns", got[8]);
        _same(".headerScheduleBy", got[9]);
        _same(".headerLength", got[10]);
        _sameFlags(".headerSecondsClock", got[11]);
        _sameFlags(".headerRelativeStart", got[12]);
        _sameFlags(".headerMonthly", got[13]);
        _sameFlags(".headerStopOnAbort", got[14]);
    }

    function header(bytes calldata data) external pure returns (uint256[15] memory) {
        Head h = headAt(_pos(data));
        _require(headerBytes(h) == data.length, "headerBytes", data.length);
        return [
            h.chainCount(), h.forwardMask(), h.finalMask(), h.undoable(), h.optional(), h.stamped(), h.start(), h.interval(), h.runs(),
            h.scheduleBy(), lengthAt(_pos(data)), _bit(h.inSeconds()), _bit(h.isRelative()), _bit(h.isMonthly()), _bit(h.stopsOnAbort())
        ];
    }

    function test_lanes() external view {
        bytes[] memory data = _bytes(".headerData");
        bytes[] memory lanes = _bytes(".headerLanes");
        for (uint256 i; i < data.length; ++i) {
            for (uint256 index; index < 32; ++index) {
                _equal(".headerLanes", i, this.lane(data[i], index), uint8(lanes[i][index]));
            }
        }
    }

    function lane(bytes calldata data, uint256 index) external pure returns (uint256) {
        return headAt(_pos(data)).laneOf(index);
    }

    function test_entries() external view {
        bytes[] memory data = _bytes(".headerData");
        uint256[] memory parent = _numbers(".entryHeader");
        uint256[] memory number = _numbers(".entryNumber");
        uint256[][7] memory got;
        for (uint256 k; k < 7; ++k) got[k] = new uint256[](parent.length);
        for (uint256 i; i < parent.length; ++i) {
            uint256[7] memory fields = this.entry(data[parent[i]], number[i]);
            for (uint256 k; k < 7; ++k) got[k][i] = fields[k];
        }
        _same(".entryChainId", got[0]);
        _same(".entryMask", got[1]);
        _same(".entryCapWei", got[2]);
        _same(".entryPokeFeeGwei", got[3]);
        _sameAddresses(".entryOwner", got[4]);
        _sameAddresses(".entryGuardian", got[5]);
        _sameAddresses(".entryFactory", got[6]);
    }

    function entry(bytes calldata data, uint256 number) external pure returns (uint256[7] memory) {
        Head h = headAt(_pos(data));
        Entry e = Entry.wrap(_pos(data) + HEAD_BYTES + h.entryBytes() * number);
        return [
            e.chainId(), e.mask(), e.capWei(), e.pokeFeeGwei(), uint160(e.owner()), uint160(e.guardian(h)), uint160(e.factory(h))
        ];
    }

    // ------------------------------------------------------------------ steps

    function test_steps() external view {
        bytes[] memory data = _bytes(".stepData");
        bytes[] memory calls = _bytes(".stepCalls");
        uint256[][16] memory got;
        for (uint256 k; k < 16; ++k) got[k] = new uint256[](data.length);
        for (uint256 i; i < data.length; ++i) {
            uint256[16] memory fields = this.step(data[i]);
            for (uint256 k; k < 16; ++k) got[k][i] = fields[k];
            _equal(".stepCalls", i, this.callsLength(data[i]), calls[i].length);
        }
        _same(".stepIndex", got[0]);
        _same(".stepJoin", got[1]);
        _same(".stepNeeds", got[2]);
        _same(".stepSince", got[3]);
        _same(".stepOpens", got[4]);
        _same(".stepCloses", got[5]);
        _same(".stepGasLimit", got[6]);
        _same(".stepTokens", got[7]);
        _same(".stepConditions", got[8]);
        _same(".stepReads", got[9]);
        _same(".stepRamp", got[10]);
        _same(".stepCallsAt", got[11]);
        _same(".stepTailAt", got[12]);
        _same(".stepUndoAt", got[13]);
        _sameFlags(".stepIsClaim", got[14]);
        _sameFlags(".stepSkipIfFalse", got[15]);
    }

    function step(bytes calldata data) external pure returns (uint256[16] memory) {
        uint256 pos = _pos(data);
        StepHead s = _head(pos);
        return [
            s.index(), s.join(), s.needs(), s.since(), s.opens(), s.closes(), s.gasLimit(), s.tokens(), s.conditions(), s.reads(),
            s.ramp(), callsOf(s, pos) - pos, tailOf(s, pos) - pos, undoOf(s, pos) - pos, _bit(s.isClaim()), _bit(s.skipsIfFalse())
        ];
    }

    function callsLength(bytes calldata data) external pure returns (uint256) {
        return _head(_pos(data)).callsLength();
    }

    // ------------------------------------------------------------------ hashes

    function test_proofs() external view {
        bytes[] memory leaves = _bytes(".leafData");
        bytes32[] memory roots = _words(".treeRoot");
        uint256[] memory size = _numbers(".proofSize");
        uint256[] memory index = _numbers(".proofIndex");
        bytes[] memory siblings = _bytes(".proofSiblings");
        for (uint256 i; i < size.length; ++i) {
            bytes32 root = this.rootOf(bytes.concat(leaves[index[i]], siblings[i]), leaves[index[i]].length);
            _equal(".proofSiblings", i, uint256(root), uint256(roots[size[i] - 1]));
        }
    }

    function rootOf(bytes calldata item, uint256 length) external pure returns (bytes32) {
        uint256 pos = _pos(item);
        return PlanHashes.rootOf(pos, pos + length, pos + item.length);
    }

    function test_plan_ids() external view {
        bytes[] memory headers = _bytes(".planHeader");
        bytes32[] memory roots = _words(".planRoot");
        bytes32[] memory ids = _words(".planId");
        bytes[] memory items = _bytes(".planItem");
        bytes[] memory packed = _bytes(".planPacked");
        for (uint256 i; i < headers.length; ++i) {
            _equal(".planId", i, uint256(this.planId(headers[i], roots[i])), uint256(ids[i]));
            _equal(".planItem", i, uint256(this.planOfItem(items[i])), uint256(ids[i]));
            _equal(".planPacked", i, uint256(this.planOfPacked(packed[i])), uint256(ids[i]));
        }
    }

    function planId(bytes calldata data, bytes32 root) external pure returns (bytes32) {
        return PlanId.unwrap(PlanHashes.planId(_pos(data), data.length, root));
    }

    function planOfPacked(bytes calldata packed) external pure returns (bytes32) {
        uint256 length = headerBytes(headAt(_pos(packed)));
        return PlanId.unwrap(PlanHashes.planId(_pos(packed), length, bytes32(packed[length:length + 32])));
    }

    function planOfItem(bytes calldata item) external pure returns (bytes32) {
        uint256 pos = _pos(item);
        uint256 length = headerBytes(headAt(pos));
        uint256 end = length + 3 + uint24(bytes3(item[length:length + 3]));
        return PlanId.unwrap(PlanHashes.planId(pos, length, PlanHashes.rootOf(pos + length + 3, pos + end, pos + item.length)));
    }

    function test_turns() external view {
        bytes32[] memory plans = _words(".turnPlan");
        uint256[] memory runs = _numbers(".turnRun");
        uint256[] memory indexes = _numbers(".turnIndex");
        uint256[] memory seats = _numbers(".turnSeats");
        uint256[] memory got = new uint256[](plans.length);
        for (uint256 i; i < plans.length; ++i) got[i] = PlanHashes.turn(PlanId.wrap(plans[i]), runs[i], indexes[i], seats[i]);
        _same(".turnResult", got);
    }

    function test_accounts_are_create2() external view {
        address[] memory deployer = VM.parseJsonAddressArray(_json, ".accountDeployer");
        bytes32[] memory salt = _words(".accountSalt");
        bytes32[] memory codeHash = _words(".accountCodeHash");
        uint256[] memory got = new uint256[](salt.length);
        for (uint256 i; i < got.length; ++i) {
            got[i] = uint160(uint256(keccak256(abi.encodePacked(hex"ff", deployer[i], salt[i], codeHash[i]))));
        }
        _sameAddresses(".accountResult", got);
    }

    function test_signatures_are_eip_712() external view {
        address[] memory scheduler = VM.parseJsonAddressArray(_json, ".signedScheduler");
        bytes32[] memory plan = _words(".signedPlan");
        bytes32[] memory wanted = _words(".signedResult");
        bytes32 domainType = keccak256("EIP712Domain(string name,string version,address verifyingContract)");
        for (uint256 i; i < plan.length; ++i) {
            bytes32 domain =
                keccak256(abi.encode(domainType, keccak256("Conductor Scheduler"), keccak256("1"), scheduler[i]));
            bytes32 message = keccak256(abi.encode(keccak256("Schedule(bytes32 plan)"), plan[i]));
            bytes32 got = keccak256(abi.encodePacked(hex"1901", domain, message));
            _equal(".signedResult", i, uint256(got), uint256(wanted[i]));
        }
    }

    // ------------------------------------------------------------------ words

    function test_words() external view {
        bytes32[] memory packed = _words(".wordPacked");
        bytes[] memory values = _bytes(".wordValues");
        uint256[][9] memory got;
        for (uint256 k; k < 9; ++k) got[k] = new uint256[](packed.length);
        uint256[] memory cancelled = new uint256[](packed.length);
        for (uint256 i; i < packed.length; ++i) {
            PlanWord w = PlanWord.wrap(uint256(packed[i]));
            uint256[9] memory fields = [
                uint256(w.status()), w.runNumber(), w.move(), w.changedAt(), w.depositGwei(), w.settled(), w.done(), w.failed(), w.undone()
            ];
            for (uint256 k; k < 9; ++k) got[k][i] = fields[k];
            cancelled[i] = _bit(w.cancelled());
            for (uint256 index; index < 32; ++index) {
                _equal(".wordValues", i, uint256(w.valueOf(index)), uint8(values[i][index]));
                _equal(".wordValues", i, uint256(w.withValue(1 << index, Value.Failed).valueOf(index)), uint256(Value.Failed));
            }
        }
        _same(".wordStatus", got[0]);
        _same(".wordRun", got[1]);
        _same(".wordMove", got[2]);
        _same(".wordChanged", got[3]);
        _same(".wordDepositGwei", got[4]);
        _same(".wordSettled", got[5]);
        _same(".wordDone", got[6]);
        _same(".wordFailed", got[7]);
        _same(".wordUndone", got[8]);
        _sameFlags(".wordCancelled", cancelled);
    }

    // ------------------------------------------------------------------ words of the Registry

    function test_lives() external {
        bytes32[] memory packed = _words(".lifePacked");
        address[] memory owners = VM.parseJsonAddressArray(_json, ".lifeOwner");
        uint256[] memory expires = _numbers(".lifeExpires");
        uint256[] memory generations = _numbers(".lifeGeneration");
        uint256[] memory parents = _numbers(".lifeParentGeneration");
        for (uint256 i; i < packed.length; ++i) {
            LifeWord w = LifeWord.wrap(uint256(packed[i]));
            _equal(".lifeOwner", i, uint160(w.owner()), uint160(owners[i]));
            _equal(".lifeExpires", i, w.expires(), expires[i]);
            _equal(".lifeGeneration", i, w.generation(), generations[i]);
            LifeWord before = LifeWord.wrap((generations[i] - 1) << 32);
            _equal(".lifePacked", i, LifeWord.unwrap(reborn(before, owners[i], expires[i], parents[i])), uint256(packed[i]));
            _equal(".lifePacked", i, LifeWord.unwrap(w.withOwner(address(this)).withOwner(owners[i])), uint256(packed[i]));
            _equal(".lifePacked", i, LifeWord.unwrap(w.withExpires(~expires[i]).withExpires(expires[i])), uint256(packed[i]));
            _livesUntil(w, i, expires[i], parents[i]);
        }
    }

    /// @dev Up to the second before it expires, and under no other life of its parent.
    function _livesUntil(LifeWord w, uint256 i, uint256 expires, uint256 parent) private {
        uint256 owned = _bit(w.owner() != address(0));
        VM.warp(expires == 0 ? type(uint40).max : expires - 1);
        _equal(".lifeParentGeneration", i, _bit(this.isLive(w, parent)), owned);
        _equal(".lifeParentGeneration", i, _bit(this.isLive(w, parent ^ 1)), 0);
        if (expires == 0) return;
        VM.warp(expires);
        _equal(".lifeExpires", i, _bit(this.isLive(w, parent)), 0);
    }

    /// @dev In a call of its own: the compiler takes the time of one call for the same throughout.
    function isLive(LifeWord w, uint256 parent) external view returns (bool) {
        return w.isLiveUnder(parent);
    }

    function test_books() external view {
        bytes32[] memory packed = _words(".bookPacked");
        bytes[] memory names = _bytes(".bookName");
        uint256[] memory lengths = _numbers(".bookLabelLength");
        uint256[][5] memory got;
        for (uint256 k; k < 5; ++k) got[k] = new uint256[](packed.length);
        for (uint256 i; i < packed.length; ++i) {
            BookWord b = BookWord.wrap(uint256(packed[i]));
            (got[0][i], got[1][i], got[2][i], got[3][i], got[4][i]) = (b.revision(), b.transfers(), b.index(), _bit(b.locked()), b.length());
            bytes32 label = lengths[i] == 0 ? keccak256("") : keccak256(names[i]);
            _equal(".bookLabel", i, uint256(keccak256(bytes(b.shortLabel()))), uint256(label));
            BookWord made = this.book(b.index(), b.length(), names[i]);
            if (b.locked()) made = made.withLock();
            uint256 rest = BookWord.unwrap(made.withRevision(b.revision())) | b.transfers() << 160;
            _equal(".bookPacked", i, rest, uint256(packed[i]));
            _equal(".bookPacked", i, BookWord.unwrap(b.withIndex(~b.index()).withIndex(b.index())), uint256(packed[i]));
        }
        _same(".bookRevision", got[0]);
        _same(".bookTransfers", got[1]);
        _same(".bookIndex", got[2]);
        _same(".bookLocked", got[3]);
        _same(".bookLength", got[4]);
    }

    function book(uint256 index, uint256 length, bytes calldata label) external pure returns (BookWord) {
        return newBook(index, length, label);
    }

    function test_leases() external view {
        bytes32[] memory packed = _words(".leasePacked");
        bytes32[] memory renewed = _words(".leaseRenewed");
        uint256[] memory times = _numbers(".leaseTime");
        uint256[][6] memory got;
        for (uint256 k; k < 6; ++k) got[k] = new uint256[](packed.length);
        for (uint256 i; i < packed.length; ++i) {
            LeaseWord w = LeaseWord.wrap(uint256(packed[i]));
            (got[0][i], got[1][i], got[2][i]) = (uint160(w.operator()), w.until(), w.granted());
            (got[3][i], got[4][i], got[5][i]) = (w.weight(), _bit(w.served()), w.ttl());
            _equal(".leaseRenewed", i, LeaseWord.unwrap(w.renewed(times[i])), uint256(renewed[i]));
            LeaseWord made = newLease(w.operator(), w.granted(), w.ttl(), false).withWeight(w.weight());
            if (w.served()) made = made.withServed();
            _equal(".leasePacked", i, LeaseWord.unwrap(made.renewed(times[i])), uint256(renewed[i]));
        }
        _sameAddresses(".leaseOperator", got[0]);
        _same(".leaseUntil", got[1]);
        _same(".leaseGranted", got[2]);
        _same(".leaseWeight", got[3]);
        _same(".leaseServed", got[4]);
        _same(".leaseTtl", got[5]);
    }

    // ------------------------------------------------------------------ arithmetic

    function test_months() external view {
        uint256[] memory at = _numbers(".monthAt");
        uint256[] memory months = _numbers(".monthMonths");
        uint256[] memory later = new uint256[](at.length);
        uint256[] memory between = new uint256[](at.length);
        for (uint256 i; i < at.length; ++i) {
            later[i] = Calendar.addMonths(at[i], months[i]);
            between[i] = Calendar.monthsBetween(at[i], later[i]);
        }
        _same(".monthResult", later);
        _same(".monthBetween", between);
    }

    function test_comparisons() external view {
        uint256[] memory op = _numbers(".compareOp");
        uint256[] memory word = _numbers(".compareWord");
        uint256[] memory constant_ = _numbers(".compareConstant");
        uint256[] memory got = new uint256[](op.length);
        for (uint256 i; i < op.length; ++i) got[i] = _bit(Calls.compare(op[i], word[i], constant_[i]));
        _sameFlags(".compareResult", got);
    }

    // ------------------------------------------------------------------ parts

    function _pos(bytes calldata data) private pure returns (uint256 pos) {
        // Only names the offset.
        assembly ("memory-safe") {
            pos := data.offset
        }
    }

    function _head(uint256 pos) private pure returns (StepHead s) {
        // Reads calldata only.
        assembly ("memory-safe") {
            s := calldataload(pos)
        }
    }

    function _bit(bool flag) private pure returns (uint256) {
        return flag ? 1 : 0;
    }

    function _bytes(string memory key) private view returns (bytes[] memory found) {
        found = VM.parseJsonBytesArray(_json, key);
        if (found.length == 0) revert Vectors_Empty(key);
    }

    function _words(string memory key) private view returns (bytes32[] memory found) {
        found = VM.parseJsonBytes32Array(_json, key);
        if (found.length == 0) revert Vectors_Empty(key);
    }

    function _numbers(string memory key) private view returns (uint256[] memory found) {
        found = VM.parseJsonUintArray(_json, key);
        if (found.length == 0) revert Vectors_Empty(key);
    }

    function _same(string memory key, uint256[] memory got) private view {
        uint256[] memory wanted = _numbers(key);
        _equal(key, 0, got.length, wanted.length);
        for (uint256 i; i < got.length; ++i) _equal(key, i, got[i], wanted[i]);
    }

    function _sameFlags(string memory key, uint256[] memory got) private view {
        bool[] memory wanted = VM.parseJsonBoolArray(_json, key);
        _equal(key, 0, got.length, wanted.length);
        for (uint256 i; i < got.length; ++i) _equal(key, i, got[i], _bit(wanted[i]));
    }

    function _sameAddresses(string memory key, uint256[] memory got) private view {
        address[] memory wanted = VM.parseJsonAddressArray(_json, key);
        _equal(key, 0, got.length, wanted.length);
        for (uint256 i; i < got.length; ++i) _equal(key, i, got[i], uint160(wanted[i]));
    }

    function _equal(string memory key, uint256 row, uint256 got, uint256 wanted) private pure {
        if (got != wanted) revert Vectors_Differ(key, row, got, wanted);
    }

    function _require(bool holds, string memory key, uint256 value) private pure {
        if (!holds) revert Vectors_Differ(key, 0, value, 0);
    }
}
