// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../interfaces/IScheduler.sol";
import {ENTRY_BYTES, Entry, HEAD_BYTES, Head} from "../types/Head.sol";

/// @notice What a header must be so that the rules hold. Checked once, when a plan is scheduled.
library Headers {
    uint256 private constant MAX_STEPS = 32;
    uint256 private constant MAX_LANES = 8;

    function requireSound(bytes calldata header, Head h) internal pure {
        uint256 all = h.forwardMask() | h.finalMask();
        uint256 steps = (Head.unwrap(h) >> 240 & 0xff) + (Head.unwrap(h) >> 232 & 0xff);
        if (steps > MAX_STEPS || h.forwardMask() == 0) _malformed("steps", steps);
        if (h.undoable() & ~h.forwardMask() != 0) _malformed("undoable", h.undoable());
        if (h.runs() == 0 || (h.runs() > 1 && h.interval() == 0)) _malformed("runs", h.runs());
        if (h.isMonthly() && !h.inSeconds()) _malformed("clock", 0);
        if (h.stamped() != 0 && h.laneOf(MAX_STEPS) > (h.isRelative() ? MAX_LANES - 1 : MAX_LANES)) _malformed("stamped", h.stamped());
        // One entry, or several and the routes root; no step on two chains, none on no chain.
        uint256 pos;
        assembly ("memory-safe") {
            pos := header.offset
        }
        uint256 rest = header.length - HEAD_BYTES;
        bool several = rest != ENTRY_BYTES;
        if (several) {
            if (rest % ENTRY_BYTES != 32 || rest < 2 * ENTRY_BYTES) _malformed("header", header.length);
            if (!h.inSeconds() || h.isRelative() || h.runs() != 1) _malformed("chains", rest / ENTRY_BYTES);
        }
        pos += HEAD_BYTES;
        uint256 seen;
        for (uint256 n = rest / ENTRY_BYTES; n != 0; --n) {
            uint256 mask = Entry.wrap(pos).mask();
            if (mask & seen != 0) _malformed("mask", mask);
            seen |= mask;
            pos += ENTRY_BYTES;
        }
        if (seen != all) _malformed("mask", seen);
    }

    function _malformed(bytes32 what, uint256 value) private pure {
        revert IScheduler.Scheduler_Malformed(what, value);
    }
}
