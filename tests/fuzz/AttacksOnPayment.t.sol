// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scheduler} from "../../contracts/Scheduler.sol";
import {IScheduler} from "../../contracts/interfaces/IScheduler.sol";
import {Status} from "../../contracts/types/PlanTypes.sol";
import {Attacks} from "./Attacks.sol";

/// @notice What a rollup keeps at its fixed addresses, at a price of 1 gwei a byte: this transaction's own data are said to be a megabyte.
contract DearData {
    function getL1Fee(bytes calldata data) external pure returns (uint256) {
        return data.length * 1 gwei;
    }

    function getL1BaseFeeEstimate() external pure returns (uint256) {
        return 1 gwei / 16;
    }

    function getCurrentTxL1GasFees() external pure returns (uint256) {
        return 1e6 * 1 gwei;
    }

    function arbBlockNumber() external view returns (uint256) {
        return block.number;
    }
}

/// @notice To be paid more than it costs. The thief is a contract, so its calldata cost it next to nothing: all that it may earn on it is what the
/// plan commits to.
contract AttacksOnPaymentTest is Attacks {
    address private constant OP_ORACLE = 0x420000000000000000000000000000000000000F;
    uint256 private constant JUNK = 50_000;
    uint256 private constant POKE = 2_000 gwei;
    uint256 private constant PREMIUM = 1_000 gwei;
    uint256 private constant TOKENS_GAS = 3_600;
    /// @dev What a call costs around its frame that a test's contract does not see.
    uint256 private constant SLACK = 2_000;

    function _junk() private pure returns (bytes memory junk) {
        junk = new bytes(JUNK);
        for (uint256 i; i < JUNK; ++i) junk[i] = 0xff;
    }

    function _expired() private returns (Plan memory p) {
        p = _simple();
        VM.warp(NOW + LENGTH + 1 days);
    }

    // ------------------------------------------------------------------ calldata

    function test_junkBehindAPokeIsNotPaid() external {
        (uint256 earned, uint256 spent) = _earn(bytes.concat(abi.encodeCall(_scheduler.expire, (_expired().short)), _junk()));
        require(earned <= (spent + 21_000 + TOKENS_GAS + SLACK) * 1 gwei + POKE, "paid for junk");
    }

    function test_aPlanStringIsNeitherLongerNorShorter() external {
        Plan memory p = _expired();
        _refused(abi.encodeCall(_scheduler.expire, (bytes.concat(p.short, _junk()))), IScheduler.Scheduler_Malformed.selector);
        _refused(abi.encodeCall(_scheduler.cancel, (bytes.concat(p.short, hex"00"))), IScheduler.Scheduler_Malformed.selector);
        bytes memory cut = p.short;
        assembly ("memory-safe") {
            mstore(cut, sub(mload(cut), 1))
        }
        _refused(abi.encodeCall(_scheduler.expire, (cut)), IScheduler.Scheduler_Malformed.selector);
    }

    /// @dev Items of a batch that lie inside one another: one piece of calldata, counted once for each.
    function test_itemsThatOverlapAreNotPaidTwice() external {
        Plan[3] memory plans = [_simple(), _simple(), _simple()];
        VM.warp(NOW + LENGTH + 1 days);
        bytes memory nest = _junk();
        uint256[3] memory sizes;
        for (uint256 i = 3; i != 0; --i) {
            bytes memory item = abi.encodeCall(_scheduler.expire, (plans[i - 1].short));
            nest = bytes.concat(bytes32(item.length + nest.length), item, nest);
            sizes[i - 1] = nest.length;
        }
        uint256 first = 0x60;
        bytes memory input = bytes.concat(
            abi.encodePacked(Scheduler.runMany.selector, uint256(32), uint256(3)),
            abi.encodePacked(first, first + sizes[0] - sizes[1], first + sizes[0] - sizes[2]),
            nest
        );
        (uint256 earned, uint256 spent) = _earn(input);
        for (uint256 i; i < 3; ++i) require(_status(plans[i]) == Status.Aborted, "not expired");
        require(earned <= (spent + 21_000 + 3 * TOKENS_GAS) * 1 gwei + 3 * POKE, "paid for the same bytes thrice");
    }

    /// @dev Evidence is the caller's to choose. Even a route that takes anything for evidence gives a thief no more than a proof's worth.
    function test_junkInEvidenceIsPaidAsAProofAtMost() external {
        (Plan memory p, bytes memory route) = _foreign();
        bytes memory evidence = bytes.concat(bytes32(uint256(1) << 225), _junk());
        (uint256 earned, uint256 spent) = _earn(abi.encodeCall(_scheduler.learn, (p.short, route, new bytes32[](0), evidence)));
        require(earned <= (spent + 21_000 + 6_144 * 40 + 3 * TOKENS_GAS) * 1 gwei + POKE, "paid for junk");
    }

    function test_evidenceIsPaid() external {
        (Plan memory p, bytes memory route) = _foreign();
        bytes memory proof = new bytes(4_000);
        for (uint256 i; i < 4_000; ++i) proof[i] = 0xff;
        bytes memory evidence = bytes.concat(bytes32(uint256(1) << 225), proof);
        (uint256 earned,) = _earn(abi.encodeCall(_scheduler.learn, (p.short, route, new bytes32[](0), evidence)));
        require(earned >= (21_000 + 4_000 * 16) * 1 gwei + POKE, "not paid");
    }

    /// @dev A plan whose first step is another chain's, told by a route that believes anything.
    function _foreign() private returns (Plan memory p, bytes memory route) {
        route = abi.encodePacked(uint64(block.chainid), uint64(10), address(this), address(this));
        Header memory h = _header();
        h.flags = 0x29;
        h.forward = 2;
        h.chains = bytes.concat(_chain(1), abi.encodePacked(uint64(10), uint32(2), OWNER, uint64(1), uint32(1)));
        h.routes = abi.encodePacked(keccak256(bytes.concat(keccak256(route))));
        bytes[] memory steps = new bytes[](2);
        Step memory s = _step();
        steps[0] = _bytes(s);
        s.index = 1;
        steps[1] = _bytes(s);
        p = _scheduled(h, steps);
    }

    // ------------------------------------------------------------------ rollups

    /// @dev A call's data can be made in memory: the oracle is asked about bytes that were never published.
    function test_onOptimismDataThatNobodyPublishedIsNotPaid() external {
        VM.etch(OP_ORACLE, address(new DearData()).code);
        setUp();
        Plan memory p = _simple();
        bytes memory input = abi.encodeCall(_scheduler.run, (_item(p, 0), 0));
        (uint256 earned, uint256 spent) = _earn(bytes.concat(input, _junk()));
        require(earned <= (spent + 21_000 + TOKENS_GAS + SLACK + input.length) * 1 gwei + PREMIUM, "paid for junk behind");
        p = _simple();
        (earned, spent) = _earn(_detour(Scheduler.run.selector, _item(p, 0)));
        require(earned <= (spent + 21_000 + TOKENS_GAS + SLACK + input.length) * 1 gwei + PREMIUM, "paid for junk before");
        p = _expired();
        (earned, spent) = _earn(_detour(Scheduler.expire.selector, p.short));
        require(earned <= (spent + TOKENS_GAS + SLACK + input.length) * 1 gwei + POKE, "paid for junk in a poke");
    }

    /// @dev Arbitrum's figure is the whole transaction's, whatever else is in it.
    function test_onArbitrumSomebodysOwnDataAreNotPaid() external {
        bytes memory code = address(new DearData()).code;
        VM.etch(address(0x64), code);
        VM.etch(address(0x6C), code);
        setUp();
        Plan memory p = _simple();
        bytes memory input = abi.encodeCall(_scheduler.run, (_item(p, 0), 0));
        (uint256 earned, uint256 spent) = _earn(bytes.concat(input, _junk()));
        require(earned <= (spent + 21_000 + TOKENS_GAS + SLACK + input.length + 120) * 1 gwei + PREMIUM, "paid for its own data");
    }

    /// @dev Calldata whose only string stands behind junk.
    function _detour(bytes4 selector, bytes memory data) private pure returns (bytes memory) {
        return bytes.concat(abi.encodePacked(selector, 64 + JUNK, uint256(0)), _junk(), abi.encodePacked(data.length, data));
    }

    // ------------------------------------------------------------------ the 21,000

    /// @dev Runs, batches, empty ones, batches in batches, failing items, withdrawals among them: the transaction's own gas is repaid once.
    function testFuzz_noOrderOfBatchesRepaysTheBaseTwice(uint256 seed) external {
        uint256 earned;
        uint256 spent;
        uint256 moves;
        for (uint256 k; k < 5; ++k) {
            bytes memory input;
            uint256 kind = seed >> 8 * k & 7;
            uint256 size = (seed >> 8 * k + 3 & 3) + 1;
            if (kind < 2) {
                input = abi.encodeCall(_scheduler.run, (_item(_simple(), 0), 0));
                ++moves;
            } else if (kind == 2) {
                input = abi.encodeCall(_scheduler.runMany, (new bytes[](0)));
            } else {
                bytes[] memory items = new bytes[](size);
                for (uint256 i; i < size; ++i) items[i] = abi.encodeCall(_scheduler.run, (_item(_simple(), 0), 0));
                moves += size;
                if (kind == 3) (items[0], moves) = (hex"deadbeef", moves - 1);
                if (kind == 4) items = _wrapped(items);
                if (kind == 5) (items[size - 1], moves) = (abi.encodeCall(_scheduler.createAccount, (THIEF)), moves - 1);
                if (kind == 6) items = _wrapped(_wrapped(items));
                input = abi.encodeCall(_scheduler.runMany, (items));
            }
            (uint256 more, uint256 gas_) = _earn(input);
            (earned, spent) = (earned + more, spent + gas_);
        }
        require(earned <= (spent + 21_000 + SLACK) * 1 gwei + moves * (PREMIUM + TOKENS_GAS * 1 gwei), "the base gas was repaid twice");
    }

    function _wrapped(bytes[] memory items) private view returns (bytes[] memory outer) {
        outer = new bytes[](1);
        outer[0] = abi.encodeCall(_scheduler.runMany, (items));
    }

    /// @dev The first batch of a transaction is sealed; one in a later batch may be nested, and earns no base gas either.
    function test_aBatchInTheFirstBatchIsRefused() external {
        Plan memory p = _simple();
        bytes[] memory items = new bytes[](1);
        items[0] = abi.encodeCall(_scheduler.run, (_item(p, 0), 0));
        (bool ok, bytes memory answer) = _try(abi.encodeCall(_scheduler.runMany, (_wrapped(items))));
        require(ok && abi.decode(answer, (uint256)) == 0 && pings == 0, "a batch in a batch");
    }

    /// @dev Nothing in a batch carries coin: no seat, no deposit, for nothing.
    function test_aBatchConjuresNoCoin() external {
        Plan memory p = _simple();
        bytes[] memory items = new bytes[](3);
        items[0] = abi.encodeCall(_scheduler.join, (THIEF));
        items[1] = abi.encodeCall(_scheduler.deposit, (p.id));
        items[2] = abi.encodeCall(_scheduler.withdraw, (payable(THIEF)));
        (bool ok, bytes memory answer) = _try(abi.encodeCall(_scheduler.runMany, (items)));
        require(ok && abi.decode(answer, (uint256)) == 0, "something for nothing");
        VM.prank(THIEF);
        (ok,) = address(_scheduler).call{value: 1 ether}(abi.encodeCall(_scheduler.runMany, (items)));
        require(!ok, "one bond for several items");
    }

    // ------------------------------------------------------------------ prices

    /// @dev With gas for nothing, a run earns the premium to the gwei, whatever the fees and the ramp are.
    function testFuzz_thePremiumIsALine(uint40 feeMin, uint40 feeMax, uint24 ramp, uint32 waited) external {
        VM.fee(0);
        Step memory s = _step();
        (s.feeMin, s.feeMax, s.ramp, s.closes) = (feeMin, feeMax, ramp, type(uint32).max);
        VM.assume(waited < type(uint32).max);
        VM.deal(OWNER, 1e6 ether);
        Header memory h = _header();
        Plan memory p = _plan(h, _one(_bytes(s)));
        VM.prank(OWNER);
        _scheduler.schedule{value: 1e5 ether}(p.short);
        VM.warp(NOW + waited);
        (uint256 earned,) = _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
        uint256 line = ramp == 0 || feeMax <= feeMin
            ? feeMin
            : feeMin + uint256(feeMax - feeMin) * (waited < ramp ? waited : ramp) / ramp;
        require(earned == line * 1 gwei, "another premium");
    }

    /// @dev Above the cap the keeper's loss is its own.
    function testFuzz_thePriceIsCapped(uint64 baseFee) external {
        VM.fee(baseFee);
        (uint256 earned, uint256 spent) = _earn(abi.encodeCall(_scheduler.run, (_item(_simple(), 0), 0)));
        uint256 price = baseFee < 100 gwei ? baseFee : 100 gwei;
        require(earned <= (spent + 21_000 + TOKENS_GAS + SLACK) * price + PREMIUM, "above the cap");
    }

    /// @dev Leaves may lie about their tokens; four a byte is all that can be true.
    function testFuzz_tokensAreBounded(uint24 tokens) external {
        Step memory s = _step();
        s.tokens = tokens;
        Plan memory p = _scheduled(_header(), _one(_bytes(s)));
        bytes memory input = abi.encodeCall(_scheduler.run, (_item(p, 0), 0));
        (uint256 earned, uint256 spent) = _earn(input);
        require(earned <= (spent + 21_000 + 40 * input.length + SLACK) * 1 gwei + PREMIUM, "paid for tokens that cannot be");
    }

    /// @dev A deposit pays once for each thing that is learnt, settled or expired; the same again is refused.
    function test_noPokeIsPaidTwice() external {
        (Plan memory p, bytes memory route) = _foreign();
        bytes memory input =
            abi.encodeCall(_scheduler.learn, (p.short, route, new bytes32[](0), abi.encode(uint256(1) << 225)));
        _earn(input);
        _refused(input, IScheduler.Scheduler_NoNews.selector);
        p = _simple();
        VM.warp(NOW + LENGTH);
        input = abi.encodeCall(_scheduler.settle, (_item(p, 0)));
        _earn(input);
        (bool again,) = _try(input);
        require(!again, "settled twice");
        p = _simple();
        VM.warp(block.timestamp + LENGTH + 1 days);
        input = abi.encodeCall(_scheduler.expire, (p.short));
        _earn(input);
        _refused(input, IScheduler.Scheduler_WrongStatus.selector);
    }

    /// @dev A batch of nothing, and one that only says how long it is: neither is a lock, or a key to one, or a share of anything.
    function test_batchesOfNothingAndOfEverything() external {
        Plan memory p = _simple();
        uint256[4] memory lengths = [uint256(1) << 254, 1 << 64, type(uint256).max, 1 << 32];
        for (uint256 i; i < 4; ++i) {
            (bool went,) = _try(abi.encodePacked(Scheduler.runMany.selector, uint256(32), lengths[i]));
            require(!went, "a batch without items");
        }
        bytes[] memory none = new bytes[](0);
        (bool ok,) = _try(abi.encodeCall(_scheduler.runMany, (none)));
        require(ok, "a batch of nothing");
        (uint256 earned, uint256 spent) = _earn(abi.encodeCall(_scheduler.run, (_item(p, 0), 0)));
        require(earned <= (spent + TOKENS_GAS + SLACK) * 1 gwei + PREMIUM, "the base gas after a batch of nothing");
    }
}
