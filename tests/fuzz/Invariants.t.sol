// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Market} from "./Market.sol";

/// @notice The rules of money and of order, under a market of owners, keepers and strangers that act at random.
contract InvariantsTest {
    Market private _market;

    function setUp() public {
        _market = new Market();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_market);
    }

    /// @notice Every wei that the contract holds is somebody's deposit, bond or credit, and every one of these is held. Nothing runs early,
    /// late, twice, out of order, for another owner; nothing is undone twice or in the wrong order; no plan touches another's word; what
    /// is final stays so; nobody gets in who may not.
    function invariant_moneyAndOrder() external view {
        uint256 held = address(_market.SCHEDULER()).balance;
        require(held == _market.deposits() + _market.bonds() + _market.credits(), "a wei is lost or made up");
        require(bytes(_market.LEDGER().broken()).length == 0, _market.LEDGER().broken());
        require(bytes(_market.broken()).length == 0, _market.broken());
    }

    /// @notice The market visits something: every action that was tried often succeeds in at least 30% of its calls.
    function afterInvariant() external view {
        uint256 n = _market.actionCount();
        for (uint256 i; i < n; ++i) {
            string memory action = _market.actions(i);
            uint256 calls = _market.calls(action);
            uint256 successes = _market.successes(action);
            _log(string.concat(action, ": calls, successes"), calls, successes);
            require(calls < 20 || successes * 10 >= calls * 3, string.concat("too seldom: ", action));
        }
    }

    /// @dev forge prints this with -vv.
    function _log(string memory what, uint256 a, uint256 b) private view {
        (bool ok,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(abi.encodeWithSignature("log(string,uint256,uint256)", what, a, b));
        ok;
    }
}
