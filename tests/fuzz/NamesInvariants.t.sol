// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Registry} from "../../contracts/Registry.sol";
import {Town} from "./Town.sol";

/// @notice The rules of names, leases and deposits, in a town of owners, operators and strangers that act at random.
/// @dev An action takes twice what one of the market's does, so CI runs half as many: both take about as long.
/// forge-config: ci.invariant.runs = 500
contract NamesInvariantsTest {
    Town private _town;

    function setUp() public {
        _town = new Town(new Registry());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_town);
    }

    /// @notice Every wei that the contract holds is the deposit of a name that is live or unsettled, or somebody's credit. What is allowed goes
    /// through, what is not is refused. Each change has one event, with the next revision. Each name has the one owner, and each service the live
    /// instances, that a naive model says, by every path.
    function invariant_namesLeasesAndMoney() external view {
        require(address(_town.REGISTRY()).balance == _town.owed(), "a wei is lost or made up");
        require(bytes(_town.broken()).length == 0, _town.broken());
        string memory wrong = _town.check();
        require(bytes(wrong).length == 0, wrong);
    }

    /// @notice In the end all is compared. The town visits something: every action that was tried often succeeds in at least 30% of its calls.
    function afterInvariant() external view {
        string memory wrong = _town.checkAll();
        require(bytes(wrong).length == 0, wrong);
        uint256 n = _town.actionCount();
        uint256 all;
        for (uint256 i; i < n; ++i) {
            string memory action = _town.actions(i);
            uint256 calls = _town.calls(action);
            uint256 successes = _town.successes(action);
            _log(string.concat(action, ": calls, successes"), calls, successes);
            all += calls;
            require(calls < 20 || successes * 10 >= calls * 3, string.concat("too seldom: ", action));
        }
        // There are nineteen; in so many calls, not to meet twelve is as good as impossible.
        require(all < 100 || n >= 12, "most actions were never tried");
    }

    /// @dev forge prints this with -vv.
    function _log(string memory what, uint256 a, uint256 b) private view {
        (bool ok,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(abi.encodeWithSignature("log(string,uint256,uint256)", what, a, b));
        ok;
    }
}
