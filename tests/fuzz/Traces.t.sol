// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {IRoute} from "../../contracts/interfaces/IRoute.sol";
import {PlanId, Value} from "../../contracts/types/PlanTypes.sol";
import {PlanWord} from "../../contracts/types/PlanWord.sol";

interface TraceVm {
    function readLine(string calldata path) external view returns (string memory);
    function closeFile(string calldata path) external;
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function deal(address who, uint256 amount) external;
    function etch(address where, bytes calldata code) external;
    function prank(address sender) external;
    function envOr(string calldata name, string calldata otherwise) external returns (string memory);
}

/// @notice What plans in traces call, ask and obey: one bit for each step, in one word that the trace sets.
///
///     | holds 1 | undo fails 32 | call fails 32 | unreadable 32 | false 32 |
contract TraceWorld is IRoute {
    uint256 public mood;

    error TraceWorld_No();

    function setMood(uint256 to) external {
        mood = to;
    }

    /// @notice A step's condition: 1 if true, 0 if false.
    function truth(uint256 i) external view returns (uint256) {
        if (mood >> 32 + i & 1 != 0) revert TraceWorld_No();
        return mood >> i & 1 ^ 1;
    }

    /// @notice A step's call.
    function act(uint256 i) external view {
        if (mood >> 64 + i & 1 != 0) revert TraceWorld_No();
    }

    /// @notice A step's undo.
    function unact(uint256 i) external view {
        if (mood >> 96 + i & 1 != 0) revert TraceWorld_No();
    }

    /// @notice As a referee.
    function holds(PlanId, uint32, uint8) external view returns (bool) {
        return mood >> 128 & 1 != 0;
    }

    /// @notice As a route: it believes its evidence, the foreign word itself.
    function word(bytes calldata, PlanId, bytes calldata evidence) external pure returns (uint256) {
        return uint256(bytes32(evidence));
    }
}

/// @notice Replays histories that `keeper.wire.machine` wrote (tests/contracts/traces.py draws them): after every action the contract's plan
/// word and stamps equal the machine's bit for bit, or the contract refuses with the very error, values included, that the machine names.
/// @dev The base fee is 0, so a payment is its premium and the deposit in the word is exact too.
contract TracesTest {
    TraceVm private constant VM = TraceVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    TraceWorld private constant WORLD = TraceWorld(address(0xC0DE));
    address private constant OWNER = address(0x0817E8);
    address private constant STRANGER = address(0x57A63E8);

    enum Kind {
        Schedule,
        Run,
        Undo,
        Settle,
        Expire,
        Cancel,
        Void,
        Report,
        Learn,
        Deposit,
        Mood
    }

    struct Plan {
        PlanId id;
        bytes short; // header, root
        bytes[] items;
        bytes route;
    }

    struct Action {
        Kind kind;
        uint256 index;
        bool byOwner;
        uint256 time;
        uint256 arg;
    }

    error Trace_Refused(uint256 action, Kind kind, bytes got, uint256 wantedWord);
    error Trace_Allowed(uint256 action, Kind kind, uint256 gotWord, bytes wanted);
    error Trace_OtherError(uint256 action, Kind kind, bytes got, bytes wanted);
    error Trace_OtherWord(uint256 action, Kind kind, uint256 got, uint256 wanted);
    error Trace_OtherStamps(uint256 action, Kind kind, uint256 got, uint256 wanted);
    error Trace_Empty(string path);
    error Trace_Line(uint256 line, bytes why);

    Scheduler private _scheduler;
    uint256 private _actions;
    uint256 private _refusals;

    function setUp() public {
        _scheduler = new Scheduler();
        _scheduler.createAccount(OWNER);
        VM.etch(address(WORLD), address(new TraceWorld()).code);
    }

    function test_traces_0() external {
        _file(0);
    }

    function test_traces_1() external {
        _file(1);
    }

    function test_traces_2() external {
        _file(2);
    }

    function test_traces_3() external {
        _file(3);
    }

    function _file(uint256 part) private {
        string memory folder = VM.envOr("TRACES", "build/traces");
        string memory path = string.concat(folder, "/", string(abi.encodePacked(uint8(48 + part))), ".hex");
        uint256 line;
        // Each line in a frame of its own, so that its memory is given back.
        for (bool more = true; more;) {
            try this.next(path) returns (bool found) {
                more = found;
                if (found) ++line;
            } catch (bytes memory why) {
                revert Trace_Line(line, why);
            }
        }
        VM.closeFile(path);
        if (line == 0) revert Trace_Empty(path);
        _log("traces", line);
        _log("actions", _actions);
        _log("refusals", _refusals);
    }

    /// @notice Replays the file's next line; false if there is none.
    function next(string calldata path) external returns (bool) {
        string memory text = VM.readLine(path);
        if (bytes(text).length == 0) return false;
        _replay(VM.parseBytes(text));
        return true;
    }

    /// @dev A plan, then actions with what each must come to.
    function _replay(bytes memory data) private {
        (Plan memory plan, uint256 pos) = _plan(data, 0);
        uint256 count;
        WORLD.setMood(0);
        (count, pos) = _uint(data, pos, 2);
        for (uint256 i; i < count; ++i) {
            Action memory a;
            (a, pos) = _action(data, pos);
            if (a.kind == Kind.Mood) {
                WORLD.setMood(a.arg);
                continue;
            }
            VM.warp(a.time);
            VM.roll(a.time);
            (bool ok, bytes memory answer) = _act(plan, a);
            ++_actions;
            uint256 wants;
            (wants, pos) = _uint(data, pos, 1);
            (PlanWord word, uint256 stamps) = _scheduler.plan(plan.id);
            if (wants == 1) {
                uint256 wanted;
                (wanted, pos) = _uint(data, pos, 32);
                if (!ok) revert Trace_Refused(i, a.kind, answer, wanted);
                if (PlanWord.unwrap(word) != wanted) revert Trace_OtherWord(i, a.kind, PlanWord.unwrap(word), wanted);
                (wanted, pos) = _uint(data, pos, 32);
                if (stamps != wanted) revert Trace_OtherStamps(i, a.kind, stamps, wanted);
            } else {
                bytes memory wanted;
                (wanted, pos) = _bytes(data, pos, 2);
                if (ok) revert Trace_Allowed(i, a.kind, PlanWord.unwrap(word), wanted);
                if (keccak256(answer) != keccak256(wanted)) revert Trace_OtherError(i, a.kind, answer, wanted);
                ++_refusals;
            }
        }
        require(pos == data.length, "trace has bytes left");
    }

    function _act(Plan memory p, Action memory a) private returns (bool ok, bytes memory answer) {
        address actor = a.byOwner ? OWNER : STRANGER;
        bytes memory input;
        uint256 value;
        if (a.kind == Kind.Schedule) {
            value = a.arg * 1 gwei;
            input = abi.encodeCall(_scheduler.schedule, (p.short));
        } else if (a.kind == Kind.Run) {
            input = abi.encodeCall(_scheduler.run, (p.items[a.index], 0));
        } else if (a.kind == Kind.Undo) {
            input = abi.encodeCall(_scheduler.undo, (p.items[a.index], 0));
        } else if (a.kind == Kind.Settle) {
            input = abi.encodeCall(_scheduler.settle, (p.items[a.index]));
        } else if (a.kind == Kind.Expire) {
            input = abi.encodeCall(_scheduler.expire, (p.short));
        } else if (a.kind == Kind.Cancel) {
            input = abi.encodeCall(_scheduler.cancel, (p.short));
        } else if (a.kind == Kind.Void) {
            input = abi.encodeCall(_scheduler.void, (p.short));
        } else if (a.kind == Kind.Report) {
            actor = address(WORLD);
            input = abi.encodeCall(_scheduler.report, (p.items[a.index], Value(a.arg), bytes32(a.arg), STRANGER));
        } else if (a.kind == Kind.Learn) {
            input = abi.encodeCall(_scheduler.learn, (p.short, p.route, new bytes32[](0), abi.encode(a.arg)));
        } else {
            value = a.arg * 1 gwei;
            input = abi.encodeCall(_scheduler.deposit, (p.id));
        }
        if (value != 0) VM.deal(actor, value);
        VM.prank(actor);
        return address(_scheduler).call{value: value}(input);
    }

    // ------------------------------------------------------------------ the line's bytes

    function _plan(bytes memory data, uint256 pos) private pure returns (Plan memory p, uint256) {
        bytes memory header;
        bytes memory rest;
        uint256 n;
        (header, pos) = _bytes(data, pos, 2);
        (n, pos) = _uint(data, pos, 32);
        p.short = bytes.concat(header, bytes32(n));
        p.id = PlanId.wrap(keccak256(p.short));
        (n, pos) = _uint(data, pos, 1);
        p.items = new bytes[](n);
        for (uint256 i; i < n; ++i) {
            (rest, pos) = _bytes(data, pos, 2);
            p.items[i] = bytes.concat(header, rest);
        }
        (p.route, pos) = _bytes(data, pos, 2);
        return (p, pos);
    }

    function _action(bytes memory data, uint256 pos) private pure returns (Action memory a, uint256) {
        uint256 n;
        (n, pos) = _uint(data, pos, 1);
        a.kind = Kind(n);
        (a.index, pos) = _uint(data, pos, 1);
        (n, pos) = _uint(data, pos, 1);
        a.byOwner = n == 1;
        (a.time, pos) = _uint(data, pos, 5);
        (a.arg, pos) = _uint(data, pos, 32);
        return (a, pos);
    }

    function _uint(bytes memory data, uint256 pos, uint256 size) private pure returns (uint256 value, uint256) {
        require(pos + size <= data.length, "trace ends early");
        // Within the data, as just checked.
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), mload(add(add(data, 32), pos)))
        }
        return (value, pos + size);
    }

    function _bytes(bytes memory data, uint256 pos, uint256 size) private pure returns (bytes memory part, uint256) {
        uint256 length;
        (length, pos) = _uint(data, pos, size);
        require(pos + length <= data.length, "trace ends early");
        part = new bytes(length);
        // Within both.
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), pos), length)
        }
        return (part, pos + length);
    }

    /// @dev forge prints this with -vv.
    function _log(string memory what, uint256 n) private view {
        (bool ok,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(abi.encodeWithSignature("log(string,uint256)", what, n));
        ok;
    }
}
