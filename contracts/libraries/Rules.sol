// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Calendar} from "./Calendar.sol";
import {Head} from "../types/Head.sol";
import {PlanWord} from "../types/PlanWord.sol";
import {Status, Value} from "../types/PlanTypes.sol";

/// @notice The rules of a run that need nothing but its word and its header (design S3, S5, S6).
library Rules {
    /// @notice What follows at once from a change of values, at `time`: the decision, the turn, the end.
    /// @param own mask of this chain's steps
    function advance(PlanWord w, Head h, uint256 own, uint256 time) internal pure returns (PlanWord) {
        w = w.withChanged(time);
        uint256 unsettled = ~w.settled();
        if (w.stands(Status.Active)) {
            uint256 forward = h.forwardMask();
            if (w.failed() & forward != 0) w = abort(w, h, own);
            else if (forward & unsettled != 0) return w;
            else w = w.withStatus(Status.Finishing);
        }
        if (own & h.finalMask() & unsettled != 0) return w;
        // A word that is final stays what it is: facts may still come, decisions not.
        if (w.stands(Status.Finishing)) return w.withStatus(Status.Completed);
        return w.stands(Status.Aborting) && w.done() & own & h.undoable() == 0 ? w.withStatus(Status.Aborted) : w;
    }

    /// @notice Turn a run: own Pending forward steps become Skipped.
    function abort(PlanWord w, Head h, uint256 own) internal pure returns (PlanWord) {
        return w.withValue(own & h.forwardMask() & ~w.settled(), Value.Skipped).withStatus(Status.Aborting);
    }

    /// @notice Whether finally steps may run: after commit, or after abort once own undos are settled.
    function finishing(PlanWord w, Head h, uint256 own) internal pure returns (bool) {
        return w.stands(Status.Finishing) || (w.stands(Status.Aborting) && w.done() & own & h.undoable() == 0);
    }

    /// @notice The next run if `w` is the end of one and another follows; else `w`.
    /// @param origin when run 0 was due
    function recur(PlanWord w, Head h, uint256 origin, uint256 time) internal pure returns (PlanWord) {
        bool again = w.stands(Status.Aborted) ? !h.stopsOnAbort() && !w.cancelled() : w.stands(Status.Completed);
        if (!again) return w;
        uint256 k = w.runNumber() + 1;
        uint256 runs = h.runs();
        if (k >= runs) return w;
        uint256 step = h.interval();
        // Skip what has passed; what is due now is passed too.
        if (time >= dueOf(h, origin, k)) {
            uint256 passed = h.isMonthly() ? Calendar.monthsBetween(origin, time) : time - origin;
            k = passed / step;
            while (dueOf(h, origin, k) <= time) ++k;
        }
        return k < runs ? w.nextRun(k, time) : w;
    }

    /// @notice When run `k` of a plan that starts at `origin` is due.
    function dueOf(Head h, uint256 origin, uint256 k) internal pure returns (uint256) {
        uint256 step = h.interval();
        return h.isMonthly() ? Calendar.addMonths(origin, k * step) : origin + k * step;
    }
}
