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
    function chainId(uint256 id) external;
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
        Reclaim,
        Mood
    }

    struct Plan {
        bytes header;
        bytes32 root;
        PlanId id;
        bytes[] steps;
        bytes32[][] proofs;
        bytes route;
        bytes32[] routeProof;
    }

    struct Action {
        Kind kind;
        uint256 index;
        address actor;
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
        for (; ; ++line) {
            string memory text = VM.readLine(path);
            if (bytes(text).length == 0) break;
            // A frame of its own, so that memory is given back.
            try this.replay(text) {}
            catch (bytes memory why) {
                revert Trace_Line(line, why);
            }
        }
        VM.closeFile(path);
        if (line == 0) revert Trace_Empty(path);
        _log("traces", line);
        _log("actions", _actions);
        _log("refusals", _refusals);
    }

    /// @notice One trace, in hexadecimal: chain id, plan, actions with what each must come to.
    function replay(string calldata text) external {
        bytes memory data = VM.parseBytes(text);
        uint256 pos;
        uint256 count;
        (count, pos) = _uint(data, pos, 8);
        VM.chainId(count);
        Plan memory plan;
        (plan, pos) = _plan(data, pos);
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
        bytes memory input;
        uint256 value;
        bytes memory step = p.steps[a.index];
        bytes32[] memory proof = p.proofs[a.index];
        if (a.kind == Kind.Schedule) {
            _scheduler.createAccount(a.actor);
            value = a.arg * 1 gwei;
            input = abi.encodeCall(_scheduler.schedule, (bytes.concat(p.header, p.root)));
        } else if (a.kind == Kind.Run) {
            input = abi.encodeCall(_scheduler.run, (p.header, step, proof, 0));
        } else if (a.kind == Kind.Undo) {
            input = abi.encodeCall(_scheduler.undo, (p.header, step, proof, 0));
        } else if (a.kind == Kind.Settle) {
            input = abi.encodeCall(_scheduler.settle, (p.header, step, proof));
        } else if (a.kind == Kind.Expire) {
            input = abi.encodeCall(_scheduler.expire, (p.header, p.root));
        } else if (a.kind == Kind.Cancel) {
            input = abi.encodeCall(_scheduler.cancel, (p.header, p.root));
        } else if (a.kind == Kind.Void) {
            input = abi.encodeCall(_scheduler.void, (p.header, p.root));
        } else if (a.kind == Kind.Report) {
            Value outcome = Value(a.arg & 0xff);
            input = abi.encodeCall(_scheduler.report, (p.header, step, proof, outcome, bytes32(a.arg), address(0xFEE)));
        } else if (a.kind == Kind.Learn) {
            input = abi.encodeCall(_scheduler.learn, (p.header, p.root, p.route, p.routeProof, abi.encode(a.arg)));
        } else if (a.kind == Kind.Deposit) {
            value = a.arg * 1 gwei;
            input = abi.encodeCall(_scheduler.deposit, (p.id));
        } else {
            input = abi.encodeCall(_scheduler.reclaim, (p.header, p.root));
        }
        VM.deal(a.actor, value);
        VM.prank(a.actor);
        return address(_scheduler).call{value: value}(input);
    }

    // ------------------------------------------------------------------ the line's bytes

    function _plan(bytes memory data, uint256 pos) private pure returns (Plan memory p, uint256) {
        uint256 n;
        (p.header, pos) = _bytes(data, pos, 2);
        (n, pos) = _uint(data, pos, 32);
        p.root = bytes32(n);
        p.id = PlanId.wrap(keccak256(bytes.concat(p.header, p.root)));
        (n, pos) = _uint(data, pos, 1);
        p.steps = new bytes[](n);
        p.proofs = new bytes32[][](n);
        for (uint256 i; i < n; ++i) {
            (p.steps[i], pos) = _bytes(data, pos, 2);
            (p.proofs[i], pos) = _words(data, pos);
        }
        (p.route, pos) = _bytes(data, pos, 2);
        (p.routeProof, pos) = _words(data, pos);
        return (p, pos);
    }

    function _action(bytes memory data, uint256 pos) private pure returns (Action memory a, uint256) {
        uint256 n;
        (n, pos) = _uint(data, pos, 1);
        a.kind = Kind(n);
        (a.index, pos) = _uint(data, pos, 1);
        (n, pos) = _uint(data, pos, 20);
        a.actor = address(uint160(n));
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

    function _words(bytes memory data, uint256 pos) private pure returns (bytes32[] memory words, uint256) {
        uint256 n;
        (n, pos) = _uint(data, pos, 1);
        words = new bytes32[](n);
        for (uint256 i; i < words.length; ++i) {
            (n, pos) = _uint(data, pos, 32);
            words[i] = bytes32(n);
        }
        return (words, pos);
    }

    /// @dev forge prints this with -vv.
    function _log(string memory what, uint256 n) private view {
        (bool ok,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(abi.encodeWithSignature("log(string,uint256)", what, n));
        ok;
    }
}
