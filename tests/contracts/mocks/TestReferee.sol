// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IReferee} from "../../../contracts/interfaces/IReferee.sol";
import {IScheduler} from "../../../contracts/interfaces/IScheduler.sol";
import {PlanId, Value} from "../../../contracts/types/PlanTypes.sol";

/// @notice A referee that says what it is told to say, or answers badly.
contract TestReferee is IReferee {
    enum Mood {
        No,
        Yes,
        Reverts,
        Burns,
        Short,
        Bombs
    }

    Mood public mood;

    error TestReferee_Moody();

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @inheritdoc IReferee
    function holds(PlanId, uint32, uint8) external view returns (bool) {
        if (mood == Mood.Reverts) revert TestReferee_Moody();
        // Each of these ends the call; memory is not used again.
        if (mood == Mood.Burns) {
            assembly {
                invalid()
            }
        }
        if (mood == Mood.Short) {
            assembly {
                mstore(0, not(0))
                return(0, 31)
            }
        }
        if (mood == Mood.Bombs) {
            assembly {
                mstore(0, 1)
                return(0, 0x4000)
            }
        }
        return mood == Mood.Yes;
    }

    /// @notice Report as the step's referee; the Scheduler's errors pass through.
    function report(IScheduler scheduler, bytes calldata item, Value outcome, bytes32 result, address payee)
        external
        returns (uint256 pay)
    {
        return scheduler.report(item, outcome, result, payee);
    }
}
