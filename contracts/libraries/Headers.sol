// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../interfaces/IScheduler.sol";
import {Entry, HEAD_BYTES, Head} from "../types/Head.sol";

/// @notice What a header must be so that the rules hold. Checked once, when a plan is scheduled.
library Headers {
    uint256 private constant MAX_STEPS = 32;
    uint256 private constant MAX_LANES = 8;
    /// @dev Number of chains, months, stamps, runs: the plans that have one chain, no months, no stamps and one run need not be asked more.
    uint256 private constant UNUSUAL = 7 << 253 | 4 << 248 | uint256(type(uint32).max) << 136 | uint256(type(uint24).max) << 40;
    uint256 private constant USUAL = 1 << 40;

    /// @param pos calldata offset of the header
    function requireSound(uint256 pos, Head h) internal pure {
        // Bytes and words of calldata: no sum overflows.
        unchecked {
            uint256 forward = Head.unwrap(h) >> 240 & 0xff;
            uint256 steps = forward + (Head.unwrap(h) >> 232 & 0xff);
            if (forward == 0 || steps > MAX_STEPS) _malformed("steps", steps);
            if (h.undoable() >> forward != 0) _malformed("undoable", h.undoable());
            uint256 mask = Entry.wrap(pos + HEAD_BYTES).mask();
            if (Head.unwrap(h) & UNUSUAL != USUAL) mask = _requireRest(pos, h);
            if (mask != (1 << steps) - 1) _malformed("mask", mask);
        }
    }

    /// @return seen all steps of all chains
    function _requireRest(uint256 pos, Head h) private pure returns (uint256 seen) {
        if (h.runs() != 1 && (h.runs() == 0 || h.interval() == 0)) _malformed("runs", h.runs());
        if (h.isMonthly() && !h.inSeconds()) _malformed("clock", 0);
        if (h.laneOf(MAX_STEPS) > (h.isRelative() ? MAX_LANES - 1 : MAX_LANES)) _malformed("stamped", h.stamped());
        // Several chains share one clock and one run; no step is on two of them.
        uint256 n = h.chainCount();
        if (n > 1 && (!h.inSeconds() || h.isRelative() || h.runs() != 1)) _malformed("chains", n);
        for (pos += HEAD_BYTES; n != 0; --n) {
            uint256 mask = Entry.wrap(pos).mask();
            if (mask & seen != 0) _malformed("mask", mask);
            seen |= mask;
            pos += h.entryBytes();
        }
    }

    function _malformed(bytes32 what, uint256 value) private pure {
        revert IScheduler.Scheduler_Malformed(what, value);
    }
}
