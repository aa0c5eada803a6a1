// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlanId, Value, Status} from "../types/PlanTypes.sol";
import {PlanWord} from "../types/PlanWord.sol";

/// @title Scheduler: holds everyone to a plan
/// @notice An owner schedules a plan of up to 32 steps; keepers run each step inside its window, in order, exactly as committed,
/// and are paid at cost plus a premium. No admin, no pause, no fee. Byte formats: docs/wire.md. Rules S1-S7, X1-X6: docs/protocol.md.
/// @dev A plan is given as the string `plan_` = header ‖ root (Merkle root over its steps), one of its steps as the string
/// `item` = header ‖ length 3 ‖ step ‖ proof 32n. Either leads to the plan's id, or to none.
/// Warning: the owner can always withdraw the Account's funds or revoke this executor; keepers simulate before they pay for gas.
/// Warning: gas is repaid before refunds; targets that earn refunds make a run cheaper than what is repaid.
interface IScheduler {
    // ------------------------------------------------------------------ events

    /// @notice A plan was scheduled on this chain. `word` holds its first state, `packed` is header ‖ root ‖ body; the body may be empty.
    event Scheduled(PlanId indexed plan, PlanWord word, bytes packed);
    /// @notice The plan's word changed; `by` is who did it, or for a report the payee. Moves are numbered without a gap.
    event Moved(PlanId indexed plan, address indexed by, PlanWord word);
    /// @notice Somebody published what may be the plan's body. A reader checks it against the root.
    event Published(PlanId indexed plan, address indexed by, bytes body);
    /// @notice A referee settled a Claim step; comes just before the plan's `Moved`.
    event Reported(PlanId indexed plan, uint8 index, Value outcome, bytes32 result);
    /// @notice An Account was created for `owner`.
    event AccountCreated(address indexed owner, address account);
    /// @notice `keeper` pulled its credit.
    event Withdrawn(address indexed keeper, address to, uint256 amountWei);
    /// @notice A seat changed hands or dates: used by `hot`, owned by `cold`, active in epochs [from, until) of the seconds clock
    /// and of the blocks clock.
    event SeatSet(uint256 indexed seat, address indexed hot, address indexed cold, uint32 fromS, uint32 untilS, uint32 fromB, uint32 untilB);

    // ------------------------------------------------------------------ errors

    /// @notice `what` (a field of the header, step, or argument) cannot be; `value` is what was given.
    error Scheduler_Malformed(bytes32 what, uint256 value);
    /// @notice The plan has no steps on this chain.
    error Scheduler_WrongChain(uint256 chainId);
    /// @notice The plan is not in a status in which this can be done. `status` is the current one.
    error Scheduler_WrongStatus(PlanId plan, Status status);
    /// @notice Too late to schedule it.
    error Scheduler_ScheduleByPassed(uint256 scheduleBy, uint256 nowAt);
    /// @notice Only this address (or its Account, or for a cancel the guardian) may do this.
    error Scheduler_NotOwner(address owner, address caller);
    /// @notice The signature is not the owner's.
    error Scheduler_BadSignature(address owner);
    /// @notice The step is not Pending (or, to undo, not Done); `value` is what it is.
    error Scheduler_Settled(uint8 index, Value value);
    /// @notice Steps that must be known first are not; `pending` is their mask.
    error Scheduler_NeedsPending(uint8 index, uint32 pending);
    /// @notice The step's needs can no longer be met; `settle` will skip it.
    error Scheduler_NeedsFailed(uint8 index, uint32 needs);
    /// @notice The step's window opens at `opensAt`.
    error Scheduler_TooEarly(uint8 index, uint256 opensAt, uint256 nowAt);
    /// @notice The step's window closed at `closedAt`.
    error Scheduler_WindowClosed(uint8 index, uint256 closedAt, uint256 nowAt);
    /// @notice Condition number `condition` is false: the word read there is `read`, compared with `operator` to `wanted`.
    error Scheduler_ConditionFalse(uint8 index, uint256 condition, uint256 operator, bytes32 read, bytes32 wanted);
    /// @notice Condition number `condition` reverted or answered too little.
    error Scheduler_Unreadable(uint8 index, uint256 condition);
    /// @notice Read number `read` reverted, answered too little, or does not fit where it should go.
    error Scheduler_ReadFailed(uint8 index, uint256 read);
    /// @notice There is too little gas left to give this call the `wanted` gas that the plan commits to.
    error Scheduler_TooLittleGas(uint256 wanted, uint256 left);
    /// @notice The Account does not exist, is not the owner's, or does not answer as one.
    error Scheduler_NoAccount(address account);
    /// @notice The step's calls failed; `reason` is the first 512 bytes of what the Account returned.
    error Scheduler_CallsFailed(uint8 index, bytes reason);
    /// @notice It is the turn of seat `seat` until `until`, then of all seats, and only later anyone's.
    error Scheduler_NotYourTurn(uint256 seat, uint256 until);
    /// @notice Nothing can be settled here now; the step can still run (or undo) until `until`.
    error Scheduler_NotLapsed(uint8 index, uint256 until);
    /// @notice The referee holds the lapse, at most until `until`.
    error Scheduler_Held(uint8 index, uint256 until);
    /// @notice Only the step's referee may report.
    error Scheduler_NotReferee(address referee, address caller);
    /// @notice Dependents must be settled first, or undone first; `blocking` is their mask.
    error Scheduler_DependentsStand(uint8 index, uint32 blocking);
    /// @notice The plan can be expired from `from` on.
    error Scheduler_NotExpired(uint256 from);
    /// @notice There is nothing to cancel: no own forward step is Pending.
    error Scheduler_NothingPending(PlanId plan);
    /// @notice The route is not one of the plan's routes to this chain.
    error Scheduler_BadRoute(bytes32 routeLeaf);
    /// @notice The foreign word says nothing that is not known here.
    error Scheduler_NoNews(PlanId plan);
    /// @notice The payment would be `pay`, less than the keeper's own minimum. Both in wei.
    error Scheduler_PaysTooLittle(uint256 pay, uint256 minPay);
    /// @notice Deposits are whole gwei, and not nothing.
    error Scheduler_BadDeposit(uint256 valueWei);
    /// @notice A call came back into the Scheduler while a step was running.
    error Scheduler_Locked();
    /// @notice The seat bond is exactly `bond`.
    error Scheduler_BadBond(uint256 bond, uint256 valueWei);
    /// @notice The address already has a seat, or `seat` is not in the state for this.
    error Scheduler_BadSeat(uint256 seat);
    /// @notice The bond can be taken out from `from` on.
    error Scheduler_BondHeld(uint256 from);
    /// @notice There is nothing to pay out.
    error Scheduler_NothingDue();
    /// @notice The receiver refused the payment.
    error Scheduler_PaymentRefused(address to);

    // ------------------------------------------------------------------ owners

    /// @notice Schedule a plan on this chain, by its owner or the owner's Account. Value is the first deposit, in whole gwei.
    /// @param packed header ‖ root ‖ body; the body is published with the event and may be empty, to publish it later or never
    function schedule(bytes calldata packed) external payable returns (PlanId);

    /// @notice The same by anyone who holds the owner's EIP-712 signature over `Schedule(bytes32 plan)`.
    /// @dev A plain signature is tried first, so that EIP-7702 owners can sign; then ERC-1271.
    function scheduleFor(bytes calldata packed, bytes calldata signature) external payable returns (PlanId);

    /// @notice Turn the plan: own Pending forward steps become Failed, what is Done is undone, no run follows. By the owner, its
    /// Account or the guardian, while an own forward step is Pending.
    function cancel(bytes calldata plan_) external;

    /// @notice Refuse for ever a plan that was never scheduled here; its steps here are Failed. By the owner at any time, by anyone
    /// after (the absolute start of a plan with one run, else scheduleBy) + length + a day (7,200 blocks).
    function void(bytes calldata plan_) external;

    /// @notice Add to a plan's deposit. By anyone, in whole gwei.
    function deposit(PlanId plan) external payable;

    /// @notice Move what is left of the deposit to the owner's Account of this Scheduler: of a final plan by anyone, of a plan whose own steps are all
    /// settled and that waits for other chains by the owner.
    function reclaim(bytes calldata plan_) external;

    /// @notice Publish what is said to be a plan's body.
    function publish(PlanId plan, bytes calldata body) external;

    /// @notice Create the Account of `owner`, by anyone. It does nothing if it exists.
    function createAccount(address owner) external returns (address account);

    // ------------------------------------------------------------------ keepers

    /// @notice Run a step.
    /// @param minPay the least payment, in wei, for which the caller does it; else it reverts
    /// @return pay what was credited, in wei
    function run(bytes calldata item, uint256 minPay) external returns (uint256 pay);

    /// @notice Run the undo of a Done step of an aborting run.
    function undo(bytes calldata item, uint256 minPay) external returns (uint256 pay);

    /// @notice Settle a step that cannot or will not run: skip it, or lapse it. Also lapses an undo (UndoFailed).
    function settle(bytes calldata item) external returns (uint256 pay);

    /// @notice End what nobody settled, from the header alone, long after the run should have ended.
    function expire(bytes calldata plan_) external returns (uint256 pay);

    /// @notice Several calls of this contract in one transaction. A failing one is undone and spoils nothing.
    /// @param items complete calldata of `run`, `undo`, `settle`, `expire` or `learn`
    /// @return done a bit for each item that succeeded
    function runMany(bytes[] calldata items) external returns (uint256 done);

    /// @notice Settle a Claim step; only its referee.
    /// @param outcome Done or Failed
    /// @param result what the referee vouches for; recorded in the event only
    /// @param payee who is credited with the step's premium
    function report(bytes calldata item, Value outcome, bytes32 result, address payee) external returns (uint256 pay);

    /// @notice Merge what another chain's Scheduler knows of this plan.
    /// @param route to chain 8 ‖ from chain 8 ‖ foreign Scheduler 20 ‖ verifier 20 ‖ config, one of the header's routes
    /// @param evidence what the verifier wants to see; the calldata of its first 6,144 bytes is paid
    function learn(bytes calldata plan_, bytes calldata route, bytes32[] calldata proof, bytes calldata evidence)
        external
        returns (uint256 pay);

    /// @notice Pull the caller's credit.
    function withdraw(address payable to) external returns (uint256 amountWei);

    // ------------------------------------------------------------------ seats

    /// @notice Take the lowest free seat, used by the caller and owned by `cold`. Value is exactly SEAT_BOND.
    function join(address cold) external payable returns (uint256 seat);

    /// @notice Offer the seat to another hot key, by its cold owner; the key takes it with `accept`.
    function rotate(uint256 seat, address hot) external;

    /// @notice Take over the seat that was offered to the caller.
    function accept(uint256 seat) external;

    /// @notice Leave: inactive from the next epoch but one. By the cold owner.
    function vacate(uint256 seat) external;

    /// @notice Take the bond out and free the seat, EXIT_DELAY after leaving. By the cold owner.
    function release(uint256 seat, address payable to) external;

    // ------------------------------------------------------------------ views

    /// @notice The plan's word and stamps word.
    function plan(PlanId id) external view returns (PlanWord word, uint256 stamps);

    /// @notice Returns if `run` (or, for a Done step, `undo`) by `keeper` would be admitted at `time` in today's state; otherwise
    /// reverts with the very error that it would meet. It makes no calls of the step.
    function runnable(bytes calldata item, address keeper, uint256 time) external view;

    /// @notice What a run of this step costs the plan at most, and its premium now, both in wei.
    function quote(bytes calldata item, uint256 dueAt, uint256 baseFee)
        external
        view
        returns (uint256 worst, uint256 premium);

    /// @notice The Account of `owner` under this Scheduler, whether it exists yet or not.
    function accountOf(address owner) external view returns (address);

    /// @notice A keeper's credit in wei, its seat + 1 (0: none), the time of its last own work, its number of paid moves.
    function keeper(address hot) external view returns (uint256 creditWei, uint256 seatPlusOne, uint256 lastAt, uint256 moves);

    /// @notice A seat: who uses and owns it, which epochs it is active in, on each clock, and from when its bond can be taken.
    function seatOf(uint256 seat)
        external
        view
        returns (address hot, address cold, uint32 fromS, uint32 untilS, uint32 fromB, uint32 untilB, uint40 releaseAt);

    /// @notice The number of seats that share the turns of steps due at `dueAt` on the given clock, as known now.
    function seatsAt(bool secondsClock, uint256 dueAt) external view returns (uint256);

    /// @notice This chain's time on a clock: its own block number, or its timestamp.
    function nowAt(bool secondsClock) external view returns (uint256);
}
