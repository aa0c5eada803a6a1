"""Every key of a plan file, once: the loader, the JSON schema and docs/plan-keys.md all read this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """`kind` is a row of KINDS; `default` is empty where nothing stands in; a `later` key is refused by name."""

    name: str
    kind: str
    meaning: str
    default: str = ""
    required: bool = False
    later: bool = False


#: Kind of value -> how it is written.
KINDS = {
    "text": "free text",
    "name": "an address, the name of a value, or a name of the Registry (`reg:api.acme`) or of ENS (`ens:dao.eth`)",
    "chain": "a chain id, or mainnet, sepolia, holesky, hoodi, optimism, base, arbitrum, polygon, gnosis",
    "instant": "`2027-02-01 15:00 UTC`, `2027-02-01T15:00:00+02:00`, `block 23_500_000`, `now`, `+2d`",
    "duration": "`30m`, `7d`, `1w`, `7200 blocks`, or `0`",
    "interval": "a duration, `month`, `quarter`, or `6 months`",
    "amount": "a number and `wei`, `gwei` or `ether`",
    "premium": "`0.001..0.01 ether over 10m`, or one amount",
    "integer": "a whole number; `_` may separate digits",
    "id": "a short name of lower-case letters, digits, `-` and `_`",
    "ids": "an id, a list of ids, or `[]`",
    "call": "`alias.function(arguments)`",
    "calls": "a list of calls, each a call or `{call, value}`",
    "undo": "a call, a list of calls, or `{call | calls, value, gas, within, premium}`",
    "value": "an amount, or a call whose result is read at run",
    "comparisons": "`read op literal`, or a list of them, all of which must hold",
    "abi": "`erc20` and the like, a `.json` file, or a list of signatures",
    "contracts": "{alias: {at, abi}}",
    "values": "{name: text}; an empty one must be given with `--set`",
    "pay": "{deposit, premium, max_gas_price}",
    "steps": "a list of steps",
    "version": "`1`",
    "publish": "`full` or `hidden`",
    "on_abort": "`end` or `next`",
    "on_miss": "`abort` or `skip`",
    "salt": "16 hex digits after `0x`, or any text",
}

TOP = (
    Key("conductor", "version", "version of this format", required=True),
    Key("name", "text", "the plan's name; with the salt, its identity", required=True),
    Key("salt", "salt", "tells plans apart that are otherwise the same", "keccak of the name"),
    Key("about", "text", "for voters; never hashed"),
    Key("note", "text", "for readers of the file; never hashed"),
    Key("owner", "name", "who schedules the plan; its Account makes the calls", required=True),
    Key("guardian", "name", "may abort the plan, and nothing else"),
    Key("chain", "chain", "the chain on which the plan runs", "`--chain`"),
    Key("chains", "text", "plans over several chains", later=True),
    Key("routes", "text", "how chains learn of each other", later=True),
    Key("contracts", "contracts", "the contracts that the plan calls and reads"),
    Key("values", "values", "named constants"),
    Key("at", "instant", "start of the first run", required=True),
    Key("schedule_by", "instant", "latest moment to be scheduled", "`at` + 30 days"),
    Key("every", "interval", "time from the start of a run to that of the next", "once"),
    Key("runs", "integer", "how many runs, skipped ticks included", "1"),
    Key("on_abort", "on_abort", "what follows a run that aborted: the plan ends, or the next run comes", "end"),
    Key("within", "duration", "how long the window of each step is open", required=True),
    Key("pay", "pay", "what keepers are paid", required=True),
    Key("publish", "publish", "whether the steps are shown when the plan is scheduled", "full"),
    Key("steps", "steps", "what is done, in this order", required=True),
    Key("finally", "steps", "what is done at the end, however the run went"),
)

PAY = (
    Key("deposit", "amount", "sent along when the plan is scheduled; gas and premiums are paid from it", required=True),
    Key(
        "premium", "premium", "a keeper's earning for each step, rising from the moment the step is due", required=True
    ),
    Key("max_gas_price", "amount", "the highest base fee that is paid back", required=True),
)

CONTRACT = (
    Key("at", "name", "where the contract is", required=True),
    Key("abi", "abi", "its functions", required=True),
    Key("chain", "chain", "on which chain it is", "the plan's"),
)

STEP = (
    Key("id", "id", "the step's name", required=True),
    Key("note", "text", "for readers of the file; never hashed"),
    Key("call", "call", "the one call of the step"),
    Key("calls", "calls", "the calls of the step, all or nothing"),
    Key("event", "text", "wait for an event", later=True),
    Key("store", "text", "store a file", later=True),
    Key("job", "text", "work outside the chain", later=True),
    Key("value", "value", "coin sent along with `call`, from the Account", "0"),
    Key("chain", "chain", "on which chain the step runs", "the plan's"),
    Key("after", "ids", "runs when these are settled, however they went", "the step above"),
    Key("needs", "ids", "runs when all of these are Done"),
    Key("needs_any", "ids", "runs when any of these is Done"),
    Key("unless", "ids", "runs when none of these is Done"),
    Key("if", "comparisons", "skips the step at once when false"),
    Key("when", "comparisons", "waits until true"),
    Key("from", "duration", "not before this long after the run's start", "0"),
    Key("wait", "duration", "not before this long after the steps it comes after were settled"),
    Key("within", "duration", "how long the step's own window is open", "the plan's"),
    Key("on_miss", "on_miss", "what a missed window does: it aborts the run, or skips the step", "abort"),
    Key("undo", "undo", "calls that take the step back if the run aborts"),
    Key("gas", "integer", "gas for the step's calls", "1.3 x the worst simulated"),
    Key("premium", "premium", "the step's own premium", "the plan's"),
    Key("verify", "text", "who confirms work outside the chain", later=True),
    Key("bond", "text", "what a claimant stakes", later=True),
    Key("challenge", "text", "how long a claim can be challenged", later=True),
    Key("prove", "text", "how long a challenged claim can be proved", later=True),
    Key("challenge_bond", "text", "what a challenger stakes", later=True),
    Key("referee", "text", "who settles the claim", later=True),
)

UNDO = (
    Key("call", "call", "the one call that takes the step back"),
    Key("calls", "calls", "the calls that take it back, all or nothing"),
    Key("value", "amount", "coin sent along with `call`", "0"),
    Key("gas", "integer", "gas for the undo's calls", "1.3 x the worst simulated"),
    Key("within", "duration", "how long the undo may take, from the last change of the run", "the step's"),
    Key("premium", "premium", "the undo's own premium; its ramp is the step's", "the step's"),
)

CALL = (
    Key("call", "call", "the call", required=True),
    Key("value", "value", "coin sent along", "0"),
)

#: Words that are no alias and no value.
RESERVED = frozenset(
    {"account", "now", "true", "false", "ether", "gwei", "wei", "block", "blocks", "month", "months", "quarter"}
)

#: Aliases that are always there.
GIVEN = ("facts", "scheduler")

CHAINS = {
    "mainnet": 1,
    "optimism": 10,
    "gnosis": 100,
    "polygon": 137,
    "base": 8453,
    "holesky": 17000,
    "arbitrum": 42161,
    "hoodi": 560048,
    "sepolia": 11155111,
}

#: Seconds between blocks; chains that are not listed count as 1.
BLOCK_S = {1: 12, 11155111: 12, 17000: 12, 560048: 12, 100: 5, 10: 2, 8453: 2, 137: 2}
