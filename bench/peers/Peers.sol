// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

// Whom the benchmark runs beside the Scheduler, as they come from npm; imported to be compiled.
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Timelock} from "solady/accounts/Timelock.sol";
import {Cron} from "@chainlink/contracts/src/v0.8/automation/libraries/external/Cron.sol";
import {CronUpkeep} from "@chainlink/contracts/src/v0.8/automation/upkeeps/CronUpkeep.sol";
import {CronUpkeepDelegate} from "@chainlink/contracts/src/v0.8/automation/upkeeps/CronUpkeepDelegate.sol";
import {Multicall3} from "@chainlink/contracts/src/v0.8/vendor/multicall/ebd8b64/src/Multicall3.sol";
