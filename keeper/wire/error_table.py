"""Every error of the contracts: what it is, why it comes, what to do. docs/errors.md is written from this table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """Each error of the contracts by its Solidity name; Solidity's own two; and everything else."""

    MALFORMED = "Scheduler_Malformed"
    WRONG_CHAIN = "Scheduler_WrongChain"
    WRONG_STATUS = "Scheduler_WrongStatus"
    SCHEDULE_BY_PASSED = "Scheduler_ScheduleByPassed"
    NOT_OWNER = "Scheduler_NotOwner"
    BAD_SIGNATURE = "Scheduler_BadSignature"
    SETTLED = "Scheduler_Settled"
    NEEDS_PENDING = "Scheduler_NeedsPending"
    NEEDS_FAILED = "Scheduler_NeedsFailed"
    TOO_EARLY = "Scheduler_TooEarly"
    WINDOW_CLOSED = "Scheduler_WindowClosed"
    CONDITION_FALSE = "Scheduler_ConditionFalse"
    UNREADABLE = "Scheduler_Unreadable"
    READ_FAILED = "Scheduler_ReadFailed"
    TOO_LITTLE_GAS = "Scheduler_TooLittleGas"
    NO_ACCOUNT = "Scheduler_NoAccount"
    CALLS_FAILED = "Scheduler_CallsFailed"
    NOT_YOUR_TURN = "Scheduler_NotYourTurn"
    NOT_LAPSED = "Scheduler_NotLapsed"
    HELD = "Scheduler_Held"
    NOT_REFEREE = "Scheduler_NotReferee"
    DEPENDENTS_STAND = "Scheduler_DependentsStand"
    NOT_EXPIRED = "Scheduler_NotExpired"
    NOTHING_PENDING = "Scheduler_NothingPending"
    BAD_ROUTE = "Scheduler_BadRoute"
    NO_NEWS = "Scheduler_NoNews"
    PAYS_TOO_LITTLE = "Scheduler_PaysTooLittle"
    BAD_DEPOSIT = "Scheduler_BadDeposit"
    LOCKED = "Scheduler_Locked"
    BAD_BOND = "Scheduler_BadBond"
    BAD_SEAT = "Scheduler_BadSeat"
    BOND_HELD = "Scheduler_BondHeld"
    NOTHING_DUE = "Scheduler_NothingDue"
    PAYMENT_REFUSED = "Scheduler_PaymentRefused"
    ACCOUNT_NOT_ALLOWED = "Account_NotAllowed"
    ACCOUNT_CALL_FAILED = "Account_CallFailed"
    ACCOUNT_MALFORMED_CALLS = "Account_MalformedCalls"
    FACTS_UNREADABLE = "Facts_Unreadable"
    REGISTRY_BAD_LABEL = "Registry_BadLabel"
    REGISTRY_RESERVED = "Registry_Reserved"
    REGISTRY_NO_NAME = "Registry_NoName"
    REGISTRY_TAKEN = "Registry_Taken"
    REGISTRY_TOO_DEEP = "Registry_TooDeep"
    REGISTRY_NOT_ALLOWED = "Registry_NotAllowed"
    REGISTRY_NO_COMMITMENT = "Registry_NoCommitment"
    REGISTRY_BAD_DEPOSIT = "Registry_BadDeposit"
    REGISTRY_NOT_OFFERED = "Registry_NotOffered"
    REGISTRY_CHANGED = "Registry_Changed"
    REGISTRY_LOCKED_OUT = "Registry_LockedOut"
    REGISTRY_BAD_LENGTH = "Registry_BadLength"
    REGISTRY_BAD_VALUE = "Registry_BadValue"
    REGISTRY_OLD_VERSION = "Registry_OldVersion"
    REGISTRY_NOT_PROPOSED = "Registry_NotProposed"
    REGISTRY_OTHER_CODE = "Registry_OtherCode"
    REGISTRY_NO_INSTANCE = "Registry_NoInstance"
    REGISTRY_TOO_LATE = "Registry_TooLate"
    REGISTRY_NOTHING_RENEWED = "Registry_NothingRenewed"
    REGISTRY_COOLING_DOWN = "Registry_CoolingDown"
    REGISTRY_NOTHING_DUE = "Registry_NothingDue"
    REGISTRY_PAYMENT_REFUSED = "Registry_PaymentRefused"
    RESOLVER_NOT_FOUND = "ResolverNotFound"
    UNSUPPORTED_RESOLVER_PROFILE = "UnsupportedResolverProfile"
    REVERSE_ADDRESS_MISMATCH = "ReverseAddressMismatch"
    ERROR = "Error"
    PANIC = "Panic"
    UNKNOWN = "Unknown"


class Row(NamedTuple):
    """What a user should know of an error. `later`: the same request may go through at another moment."""

    what: str
    why: str
    remedy: str
    later: bool = False


ROWS: Mapping[Code, Row] = {
    Code.MALFORMED: Row(
        "A field of a header, a step or an argument cannot be.",
        "`what` names the field in ASCII, `value` is what was given.",
        "Compile the plan with `conductor plan check`; it never makes such bytes.",
    ),
    Code.WRONG_CHAIN: Row(
        "The plan, or this step, does not belong to this chain.",
        "The header lists each chain of the plan and the steps that are its own.",
        "Use an endpoint of one of the plan's chains.",
    ),
    Code.WRONG_STATUS: Row(
        "The plan is not in a status in which this can be done.",
        "`status`: 0 not scheduled, 1 active, 2 aborting, 3 finishing, 4 completed, 5 aborted, 6 void.",
        "See what it waits for with `conductor plan why`; a final plan takes nothing more.",
    ),
    Code.SCHEDULE_BY_PASSED: Row(
        "It is too late to schedule this plan.",
        "The plan says until when it may be scheduled, so that an old signature cannot start it.",
        "Set a later `schedule_by`, and have the new plan approved.",
    ),
    Code.NOT_OWNER: Row(
        "Only the owner, or its Account, may do this; the guardian may cancel.",
        "The header names the owner on this chain.",
        "Send it from the owner, or propose it to the owner's governance.",
    ),
    Code.BAD_SIGNATURE: Row(
        "The signature is not the owner's.",
        "It was made by another key, for another plan or Scheduler, or the owner's contract does not accept it.",
        "Sign the plan's id again with `conductor plan sign`.",
    ),
    Code.SETTLED: Row(
        "The step is settled already, or there is nothing to undo.",
        "Somebody else did it first, or its window lapsed. `value`: 0 pending, 1 done, 2 skipped, 3 failed, 4 undone, "
        "5 undo failed.",
        "Nothing: read the plan's state again.",
    ),
    Code.NEEDS_PENDING: Row(
        "Steps that must be known first are not.",
        "`pending` is their mask, bit i for step i.",
        "Run or settle those first; steps of other chains must be learnt.",
        later=True,
    ),
    Code.NEEDS_FAILED: Row(
        "The step's needs can no longer be met.",
        "One of the steps in `needs` did not end as this step wants.",
        "Settle it: it will be skipped.",
    ),
    Code.TOO_EARLY: Row(
        "The step's window is not open yet.",
        "It opens at `opensAt`, in the plan's clock.",
        "Wait until then.",
        later=True,
    ),
    Code.WINDOW_CLOSED: Row(
        "The window is over.",
        "It closed at `closedAt`, in the plan's clock.",
        "Settle the step: what then happens is its `on_miss`. A missed undo is the owner's to finish by hand.",
    ),
    Code.CONDITION_FALSE: Row(
        "A condition of the step is false now.",
        "The word read there is `read`; the plan wants it compared by `operator` with `wanted`.",
        "Wait until it holds; a step that skips on false can be settled.",
        later=True,
    ),
    Code.UNREADABLE: Row(
        "A condition cannot be read.",
        "The contract it asks reverted, used more than its gas, or answered too little.",
        "Check that contract; once the window is over, the step can be settled all the same.",
        later=True,
    ),
    Code.READ_FAILED: Row(
        "A value that the step's calls need cannot be read.",
        "The contract it asks reverted or answered too little, or the word does not fit where it should go.",
        "Check that contract; the step can run as soon as it answers.",
        later=True,
    ),
    Code.TOO_LITTLE_GAS: Row(
        "The transaction has too little gas to give a call what the plan commits to.",
        "A call gets exactly its gas or is not made at all, so that too little gas never counts as an answer.",
        "Send it again with a higher gas limit; nothing was changed.",
    ),
    Code.NO_ACCOUNT: Row(
        "The owner's Account does not exist, is not the owner's, or does not answer as one.",
        "Plans act through the owner's Account, which must be created once.",
        "Create it with `createAccount`, or `conductor plan propose --with-grants`.",
    ),
    Code.CALLS_FAILED: Row(
        "The step's calls reverted, so nothing happened and nobody was paid.",
        "`reason` is the first 512 bytes of what the Account returned; `Account_CallFailed` in it names the call.",
        "See the call's own reason with `conductor plan why`; keepers try again until the window closes.",
        later=True,
    ),
    Code.NOT_YOUR_TURN: Row(
        "It is another keeper's turn.",
        "Until `until` the work is reserved: first for `seat`, then for all seats.",
        "Wait until then.",
        later=True,
    ),
    Code.NOT_LAPSED: Row(
        "There is nothing to settle: the step can still run, or be undone.",
        "Its window is open until `until`, in the plan's clock.",
        "Run it, or wait until then.",
        later=True,
    ),
    Code.HELD: Row(
        "The referee holds the step: a claim made in time is still open.",
        "It can hold at most until `until`.",
        "Wait for the claim's end.",
        later=True,
    ),
    Code.NOT_REFEREE: Row(
        "Only the step's referee settles it.",
        "It is a claim: a fact that the chain cannot see.",
        "Claim it at `referee`.",
    ),
    Code.DEPENDENTS_STAND: Row(
        "Steps that built on this one must be settled, or undone, first.",
        "`blocking` is their mask, bit i for step i.",
        "Undo those first, the last one first.",
        later=True,
    ),
    Code.NOT_EXPIRED: Row(
        "The plan cannot be ended from outside yet.",
        "It can be from `from` on, in the plan's clock: a day after the last window must have closed.",
        "Settle its steps one by one, or wait until then.",
        later=True,
    ),
    Code.NOTHING_PENDING: Row(
        "There is nothing left to cancel or expire.",
        "No own step of this stage is pending.",
        "Nothing: what is left, if anything, is other chains' news.",
    ),
    Code.BAD_ROUTE: Row(
        "The route is not one of the plan's routes to this chain.",
        "The header commits to every way in which its chains learn of each other.",
        "Use a route of the plan, with its proof.",
    ),
    Code.NO_NEWS: Row(
        "The other chain's word says nothing that is not known here.",
        "It was learnt before, or is older than what is known.",
        "Bring a newer word.",
        later=True,
    ),
    Code.PAYS_TOO_LITTLE: Row(
        "The payment would be below the keeper's own minimum.",
        "The base fee is above the plan's price cap, or the deposit is short.",
        "Top up the deposit, or wait for lower fees or a higher premium.",
        later=True,
    ),
    Code.BAD_DEPOSIT: Row(
        "Deposits are whole gwei, and not nothing.",
        "Deposits are kept in gwei.",
        "Send a positive multiple of 1 gwei.",
    ),
    Code.LOCKED: Row(
        "A call came back into the Scheduler while a step was running.",
        "While a step runs, its calls may only schedule, deposit and publish.",
        "Make that call from outside the plan.",
    ),
    Code.BAD_BOND: Row(
        "The seat bond must be exact.",
        "A seat costs `bond` wei; `valueWei` came.",
        "Send exactly `bond`.",
    ),
    Code.BAD_SEAT: Row(
        "The seat is not in the state for this, or the address already has one.",
        "`seat` is its number; 256 means that all are taken.",
        "See `conductor keeper check`.",
    ),
    Code.BOND_HELD: Row(
        "The bond cannot be taken out yet.",
        "Leaving takes longer than the longest challenge; `from` is in unix seconds.",
        "Wait until then.",
        later=True,
    ),
    Code.NOTHING_DUE: Row(
        "There is nothing to pay out.",
        "The credit, or the plan's deposit, is zero.",
        "Nothing.",
    ),
    Code.PAYMENT_REFUSED: Row(
        "The receiver refused the payment.",
        "It is a contract that takes no coin, or reverts.",
        "Name another receiver.",
    ),
    Code.ACCOUNT_NOT_ALLOWED: Row(
        "The caller may not act through this Account.",
        "The owner revoked this executor, or never allowed it.",
        "The owner allows it with `conductor account allow`.",
    ),
    Code.ACCOUNT_CALL_FAILED: Row(
        "One of the calls reverted.",
        "`index` counts the calls from 0; `reason` is the first 256 bytes of what it returned.",
        "Check balance, allowance and role of the Account with `conductor plan check`.",
        later=True,
    ),
    Code.ACCOUNT_MALFORMED_CALLS: Row(
        "The packed calls do not parse.",
        "Each is target 20, value 12, length 2, data; nothing may be left over.",
        "Compile the plan with `conductor plan check`.",
    ),
    Code.FACTS_UNREADABLE: Row(
        "A fact cannot be read.",
        "`target` reverted, or its answer has no word `word`.",
        "Check the target and the word.",
        later=True,
    ),
    Code.REGISTRY_BAD_LABEL: Row(
        "This is no label.",
        "Labels have 1 to 63 of a-z, 0-9 and `-`: no `-` first or last, nor `--` at the third and fourth place.",
        "Choose another label; write names in lower case.",
    ),
    Code.REGISTRY_RESERVED: Row(
        "The label is not given away.",
        "At the top level eth, reverse and addr mean something elsewhere; canary, v1, v2 and so on are no instances.",
        "Choose another label.",
    ),
    Code.REGISTRY_NO_NAME: Row(
        "The name is not live.",
        "Nobody has it, it expired, or a name above it ended; `node` is its hash.",
        "Check how it is written, and who has it with `conductor name show`; renew it if it is in its grace.",
    ),
    Code.REGISTRY_TAKEN: Row(
        "Somebody has the name.",
        "`freeAt` in unix seconds is when it can be claimed, if it is not renewed; 0 while it has an owner below the "
        "top level.",
        "Choose another, or ask its owner to offer it.",
    ),
    Code.REGISTRY_TOO_DEEP: Row(
        "The name would have too many labels.",
        "A name has at most `most`.",
        "Create it further up.",
    ),
    Code.REGISTRY_NOT_ALLOWED: Row(
        "The caller may not do this with the name.",
        "Its owner may; for records, services and names below also its operators; for a removal its parent's; for an "
        "instance its own operator; for a measurement the meter.",
        "See who may with `conductor name show`.",
    ),
    Code.REGISTRY_NO_COMMITMENT: Row(
        "Nothing was committed to that can be claimed now.",
        "A commitment is good `from` 60 seconds `until` a day after it, once, for the label, owner and secret in it; "
        "both are 0 if there is none.",
        "Commit, wait a minute, then claim; `conductor name claim` does.",
        later=True,
    ),
    Code.REGISTRY_BAD_DEPOSIT: Row(
        "The deposit is not what a claim takes.",
        "`wanted` and `given` are in wei.",
        "Send exactly `wanted`.",
    ),
    Code.REGISTRY_NOT_OFFERED: Row(
        "The name was not offered to the caller.",
        "An offer is for one address, can be taken back, and ends when it is accepted.",
        "Ask its owner to offer it.",
    ),
    Code.REGISTRY_CHANGED: Row(
        "The name changed after it was looked at.",
        "`expected` is the revision that the caller saw, `revision` that of the last change.",
        "Look at it again, then accept what it is now.",
    ),
    Code.REGISTRY_LOCKED_OUT: Row(
        "The parent cannot remove this name.",
        "Its owner locked itself out, for as long as the name lives.",
        "Only the name's own owner can.",
    ),
    Code.REGISTRY_BAD_LENGTH: Row(
        "Something is too long, or empty where it cannot be.",
        "`what` names it in ASCII; it had `length` bytes, and may have `most`. An EVM chain's address has 20, or none.",
        "Shorten it.",
    ),
    Code.REGISTRY_BAD_VALUE: Row(
        "Something cannot have this value.",
        "`what` names it in ASCII, `value` is what was given.",
        "Give another.",
    ),
    Code.REGISTRY_OLD_VERSION: Row(
        "The version is not higher than all before.",
        "`release`.`build` is the highest ever proposed under this name, whoever had it then.",
        "Give it a higher number; to go back, propose the old code as a new build.",
    ),
    Code.REGISTRY_NOT_PROPOSED: Row(
        "Another version is proposed, or none.",
        "`release`.`build` is the one that is; 0.0 if none.",
        "Look at what is proposed, then confirm that.",
    ),
    Code.REGISTRY_OTHER_CODE: Row(
        "The code at the target is not what was meant.",
        "`found` is its hash, `wanted` the digest; an account without code, or one that points to code (EIP-7702), is "
        "no target.",
        "Deploy the code first, and give its hash.",
    ),
    Code.REGISTRY_NO_INSTANCE: Row(
        "There is no such instance.",
        "It was evicted, its service ended, or, with `id` 0, none of the service's is live.",
        "List them with `conductor service instances`; ask its owner to admit the instance.",
        later=True,
    ),
    Code.REGISTRY_TOO_LATE: Row(
        "The heartbeat came too late.",
        "It was not to arrive after `notAfter`; the block's time is `nowAt`.",
        "Send a new one.",
    ),
    Code.REGISTRY_NOTHING_RENEWED: Row(
        "No lease was renewed.",
        "None of the instances is the caller's, or none said yet where it serves.",
        "Check the ids; say first where they serve; ask the service's owner whether they are admitted.",
    ),
    Code.REGISTRY_COOLING_DOWN: Row(
        "The count changed a moment ago.",
        "It follows the metric again `from` then on, in unix seconds.",
        "Wait until then.",
        later=True,
    ),
    Code.REGISTRY_NOTHING_DUE: Row(
        "There is nothing to pay out.",
        "A deposit comes back when its name ended: removed, or claimed anew after its grace.",
        "Nothing.",
    ),
    Code.REGISTRY_PAYMENT_REFUSED: Row(
        "The receiver refused the payment.",
        "`to` is a contract that takes no coin, or reverts.",
        "Name another receiver.",
    ),
    Code.RESOLVER_NOT_FOUND: Row(
        "Nobody answers for the name.",
        "`name` in DNS's encoding does not exist, expired, or is an instance whose lease is over; or the call asks for "
        "another name than the one given.",
        "Check how it is written.",
        later=True,
    ),
    Code.UNSUPPORTED_RESOLVER_PROFILE: Row(
        "This is no question that the Registry answers.",
        "`selector` is none of the resolver's functions, or the bytes behind it are cut short.",
        "Ask for addr, text, contenthash, ABI, interfaceImplementer, name, or several by multicall.",
    ),
    Code.REVERSE_ADDRESS_MISMATCH: Row(
        "The account says it has a name that does not say so.",
        "`primary` resolves to `primaryAddress`, not to the account.",
        "Take the account for nameless.",
    ),
    Code.ERROR: Row(
        "A contract refused with a text.",
        "`reason` is what it says.",
        "Look at the contract that was called.",
    ),
    Code.PANIC: Row(
        "A contract failed a check of its compiler.",
        "`panic`: 0x01 assert, 0x11 overflow, 0x12 division by zero, 0x32 index out of range.",
        "Look at the contract that was called.",
    ),
    Code.UNKNOWN: Row(
        "A contract reverted with something that is no error of these contracts.",
        "`data` is what it returned; empty often means no such function, or out of gas.",
        "Look at the contract that was called.",
    ),
}
