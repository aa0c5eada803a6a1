// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {PlanId, Status} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";

interface AttacksVm {
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function fee(uint256 baseFee) external;
    function deal(address who, uint256 amount) external;
    function prank(address sender) external;
    function etch(address where, bytes calldata code) external;
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
}

/// @notice A thief's tools: plans of any bytes, sound or not, and somebody to send them.
/// @dev A test is one transaction, so what the Scheduler pays of the 21,000 is paid to its first move.
abstract contract Attacks {
    AttacksVm internal constant VM = AttacksVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address internal constant OWNER = address(0xA11CE);
    address internal constant THIEF = address(0xBAD);
    address internal constant KEEPER = address(0xCAFE);
    uint256 internal constant NOW = 1_700_000_000;
    uint256 internal constant LENGTH = 1_000;
    uint256 internal constant DEPOSIT = 10 ether;

    struct Header {
        uint8 flags;
        uint8 forward;
        uint8 finals;
        uint32 undoable;
        uint32 optional;
        uint32 stamped;
        uint40 start;
        uint32 interval;
        uint24 runs;
        uint40 scheduleBy;
        uint32 length;
        bytes chains;
        bytes routes;
    }

    struct Step {
        uint8 index;
        uint8 flags;
        uint32 needs;
        uint32 since;
        uint32 opens;
        uint32 closes;
        uint24 gasLimit;
        uint24 tokens;
        uint8 conditions;
        uint8 reads;
        uint24 callsLength;
        uint24 ramp;
        uint40 feeMin;
        uint40 feeMax;
        bytes sections;
    }

    struct Plan {
        bytes header;
        bytes[] steps;
        bytes short;
        PlanId id;
    }

    Scheduler internal _scheduler;
    uint64 private _salt;
    /// @notice What steps did, as they do it.
    uint256 public pings;
    uint256 public last;

    function setUp() public virtual {
        VM.warp(NOW);
        VM.roll(1_000_000);
        VM.fee(1 gwei);
        _scheduler = new Scheduler();
        _scheduler.createAccount(OWNER);
        VM.deal(OWNER, 1_000 ether);
        // A keeper's first move writes a fresh word; that is not what is looked at here.
        VM.deal(THIEF, 1_000 ether);
    }

    // ------------------------------------------------------------------ what plans call, ask and believe

    function ping() external {
        ++pings;
    }

    function note(uint256 value) external payable {
        last = value;
    }

    function seven() external pure returns (uint256) {
        return 7;
    }

    /// @notice As a route that believes its evidence. Not declared a view: it may be worse than its interface allows.
    function word(bytes calldata, PlanId, bytes calldata evidence) external virtual returns (uint256) {
        return uint256(bytes32(evidence));
    }

    /// @notice As a referee.
    function holds(PlanId, uint32, uint8) external virtual returns (bool) {
        return false;
    }

    receive() external payable virtual {}

    // ------------------------------------------------------------------ bytes

    function _header() internal view returns (Header memory h) {
        h.flags = 9;
        h.forward = 1;
        h.start = uint40(block.timestamp);
        h.runs = 1;
        h.scheduleBy = type(uint40).max;
        h.length = uint32(LENGTH);
        h.chains = _chain(1);
    }

    /// @dev This chain's entry: the owner, a cap of 100 gwei, 2,000 gwei a poke.
    function _chain(uint32 mask) internal view returns (bytes memory) {
        return abi.encodePacked(uint64(block.chainid), mask, OWNER, uint64(100 gwei), uint32(2_000));
    }

    function _bytes(Header memory h) internal returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(h.flags, h.forward, h.finals, h.undoable, h.optional, h.stamped, h.start),
            abi.encodePacked(h.interval, h.runs, h.scheduleBy, h.length, ++_salt, h.chains, h.routes)
        );
    }

    /// @dev One ping, at any time of the run.
    function _step() internal view returns (Step memory s) {
        s.closes = uint32(LENGTH);
        s.gasLimit = 200_000;
        s.tokens = 900;
        s.feeMin = 1_000;
        s.sections = _call(abi.encodeCall(this.ping, ()));
        s.callsLength = uint24(s.sections.length);
    }

    function _bytes(Step memory s) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(s.index, s.flags, s.needs, s.since, s.opens, s.closes, s.gasLimit, s.tokens),
            abi.encodePacked(s.conditions, s.reads, s.callsLength, s.ramp, s.feeMin, s.feeMax, s.sections)
        );
    }

    function _call(bytes memory data) internal view returns (bytes memory) {
        return abi.encodePacked(address(this), uint96(0), uint16(data.length), data);
    }

    function _read(uint24 into) internal view returns (bytes memory) {
        return abi.encodePacked(address(this), uint24(50_000), uint8(0), into, uint16(4), abi.encodeCall(this.seven, ()));
    }

    function _one(bytes memory step) internal pure returns (bytes[] memory steps) {
        steps = new bytes[](1);
        steps[0] = step;
    }

    function _plan(Header memory h, bytes[] memory steps) internal returns (Plan memory p) {
        p.header = _bytes(h);
        p.steps = steps;
        p.short = bytes.concat(p.header, _tree(steps)[0]);
        p.id = PlanId.wrap(keccak256(p.short));
    }

    function _tree(bytes[] memory steps) internal pure returns (bytes32[] memory tree) {
        uint256 n = steps.length;
        tree = new bytes32[](2 * n - 1);
        for (uint256 i; i < n; ++i) tree[2 * n - 2 - i] = keccak256(bytes.concat(keccak256(steps[i])));
        for (uint256 i = n - 1; i > 0; --i) tree[i - 1] = _node(tree[2 * i - 1], tree[2 * i]);
    }

    function _node(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }

    /// @dev header ‖ length ‖ step ‖ proof.
    function _item(Plan memory p, uint256 i) internal pure returns (bytes memory item) {
        bytes32[] memory tree = _tree(p.steps);
        item = bytes.concat(p.header, bytes3(uint24(p.steps[i].length)), p.steps[i]);
        for (uint256 at = tree.length - 1 - i; at != 0; at = (at - 1) / 2) {
            item = bytes.concat(item, tree[at % 2 == 0 ? at - 1 : at + 1]);
        }
    }

    // ------------------------------------------------------------------ acts

    function _scheduled(Header memory h, bytes[] memory steps) internal returns (Plan memory p) {
        p = _plan(h, steps);
        VM.prank(OWNER);
        _scheduler.schedule{value: DEPOSIT}(p.short);
    }

    function _simple() internal returns (Plan memory) {
        return _scheduled(_header(), _one(_bytes(_step())));
    }

    function _word(Plan memory p) internal view returns (PlanWord found) {
        (found,) = _scheduler.plan(p.id);
    }

    function _status(Plan memory p) internal view returns (Status) {
        return _word(p).status();
    }

    function _credit(address who) internal view returns (uint256 credit) {
        (credit,,,) = _scheduler.keeper(who);
    }

    /// @dev As the thief; says whether it went through.
    function _try(bytes memory input) internal returns (bool ok, bytes memory answer) {
        VM.prank(THIEF);
        return address(_scheduler).call(input);
    }

    function _refused(bytes memory input, bytes4 why) internal {
        (bool ok, bytes memory answer) = _try(input);
        require(!ok, "a thief got through");
        require(bytes4(answer) == why, "refused, but for another reason");
    }

    /// @dev A move by the thief: what it earned, and what its frame took.
    function _earn(bytes memory input) internal returns (uint256 earned, uint256 spent) {
        uint256 before = _credit(THIEF);
        VM.prank(THIEF);
        spent = gasleft();
        (bool ok, bytes memory answer) = address(_scheduler).call(input);
        spent -= gasleft();
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        earned = _credit(THIEF) - before;
    }
}
