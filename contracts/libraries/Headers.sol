// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IScheduler} from "../interfaces/IScheduler.sol";
import {ENTRY_BYTES, Entry, HEAD_BYTES, Head} from "../types/Head.sol";

/// @notice What a header must be so that the rules hold. Checked once, when a plan is scheduled.
library Headers {
    uint256 private constant MAX_STEPS = 32;
    uint256 private constant MAX_LANES = 8;

    function requireSound(uint256 pos, Head h) internal pure {
        uint256 all = h.forwardMask() | h.finalMask();
        // Bytes and words of calldata: no sum overflows.
        unchecked {
            uint256 steps = (Head.unwrap(h) >> 240 & 0xff) + (Head.unwrap(h) >> 232 & 0xff);
            if (steps > MAX_STEPS || h.forwardMask() == 0) _malformed("steps", steps);
            if (h.undoable() & ~h.forwardMask() != 0) _malformed("undoable", h.undoable());
            if (h.runs() != 1 && (h.runs() == 0 || h.interval() == 0)) _malformed("runs", h.runs());
            if (h.isMonthly() && !h.inSeconds()) _malformed("clock", 0);
            if (h.stamped() != 0 && h.laneOf(MAX_STEPS) > (h.isRelative() ? MAX_LANES - 1 : MAX_LANES)) {
                _malformed("stamped", h.stamped());
            }
            // Several chains share one clock and one run; no step is on two of them, none on no one.
            uint256 n = h.chainCount();
            if (n > 1 && (!h.inSeconds() || h.isRelative() || h.runs() != 1)) _malformed("chains", n);
            uint256 seen;
            for (pos += HEAD_BYTES; n != 0; --n) {
                uint256 mask = Entry.wrap(pos).mask();
                if (mask & seen != 0) _malformed("mask", mask);
                seen |= mask;
                pos += ENTRY_BYTES;
            }
            if (seen != all) _malformed("mask", seen);
        }
    }

    function _malformed(bytes32 what, uint256 value) private pure {
        revert IScheduler.Scheduler_Malformed(what, value);
    }
}
