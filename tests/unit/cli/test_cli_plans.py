"""Plan commands that need no chain: a file whose text leaves nothing open, and its lock."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from keeper.bots.chances import PlanView
from keeper.chain.settings import Settings
from keeper.chain.values import Log
from keeper.cli.account import _calldata
from keeper.cli.deployment import address_of
from keeper.cli.plan_watch import PlanAlert, alerts
from keeper.cli.planfile import compile_alone, read_source
from keeper.cli.planview import Followed, Named, _move, _told
from keeper.plans import Compiled, Grant, Lock, compile_plan, propose, read_plan, schedule_call
from keeper.plans.contracts import calldata
from keeper.plans.draft import draft
from keeper.wire import machine
from keeper.wire.abi import interface
from keeper.wire.codec import encode_packed
from keeper.wire.errors import BadInput
from keeper.wire.rules import Plan, State
from keeper.wire.types import Status, Value
from keeper.wire.word import PlanWord, encode_word
from tests.unit.cli.shell import Shell

ONE_THING = "there must be one thing to compare the file with: give one of --proposal, --tx, --safe-tx and --plan"
AS_JSON = "a file with the transaction as JSON"
LOCK_AGAIN = "leave --scheduler out, or delete the lock and compile again"
SCHEDULER = to_checksum_address(address_of("Scheduler"))
OWNER_KEY = "0x" + "11" * 32
OWNER = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
PLAN = f"""conductor: 1
name: sample
owner: "{OWNER}"
chain: 1
at: block 1_000
schedule_by: block 1_000
within: 50 blocks
pay: {{deposit: 0.2 ether, premium: 0.001 ether, max_gas_price: 40 gwei}}
contracts:
  pool: {{at: "0x00000000000000000000000000000000000000b1", abi: ["function open(uint256 amount)", "function close()"]}}
values: {{size: 5}}
steps:
  - {{id: a, call: "pool.open(size)", gas: 50_000, undo: {{call: pool.close(), gas: 40_000}}}}
  - {{id: b, needs: a, call: "pool.open(2)", gas: 50_000}}
"""


@pytest.fixture
def plan(shell: Shell, tmp_path: Path) -> Path:
    del shell
    path = tmp_path / "sample.yaml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def compiled(plan: Path) -> Compiled:
    return compile_alone(read_source(str(plan)), Settings())


def lock(plan: Path, compiled: Compiled) -> None:
    plan.with_suffix(".lock.json").write_text(compiled.lock.as_json())


def test_check_graph_simulate_and_estimate_need_no_chain(shell: Shell, plan: Path, compiled: Compiled) -> None:
    said = shell.json("plan", "check", str(plan))
    assert (said["plan"], said["ready"], said["asked_chain"]) == (f"0x{compiled.plan_id.hex()}", True, False)
    assert said["notes"] == ["no endpoint: balances, allowances and roles were not looked at"]
    assert shell.run("plan", "check", str(plan)).out.endswith("\nready\n")
    assert shell.json("plan", "graph", str(plan), "--format", "mermaid")["graph"].startswith("flowchart TD\n")
    paths = {one["name"]: one for one in shell.json("plan", "simulate", str(plan))["paths"]}
    assert [one["step"] for one in paths["b is missed"]["actions"]] == ["a", "a"]
    assert paths["b is missed"]["status"] == "aborted"
    assert "b is missed" in shell.run("plan", "simulate", str(plan)).out
    cost = shell.json("plan", "estimate", str(plan), "--base-fee", "10")
    assert (cost["base_fee_wei"], cost["measured"]) == (str(10 * 10**9), False)
    assert [(one["step"], one["undo"]) for one in cost["steps"]] == [("a", False), ("a", True), ("b", False)]
    assert int(cost["expected_wei"]) < int(cost["worst_wei"])
    assert "by the plan's limits" in shell.run("plan", "estimate", str(plan)).out


def test_a_small_deposit_is_said_with_what_is_missing(shell: Shell, plan: Path, compiled: Compiled) -> None:
    worst = int(shell.json("plan", "check", str(plan))["first_run_worst_wei"])
    plan.write_text(PLAN.replace("0.2 ether", "0.001 ether"))
    said = shell.json("plan", "check", str(plan), code=2)
    missing = f"{(worst - 10**15) // 10**9} gwei more"
    assert said["errors"][0].startswith("the deposit of 0.001 ether is too small: the first run may cost ")
    assert said["errors"][0].endswith(missing)
    assert not said["ready"]
    line = shell.refused(2, "plan", "propose", str(plan))
    assert line == f"{said['errors'][0]}: raise `pay: deposit`, or give --allow-short-deposit"
    assert not plan.with_suffix(".proposal").exists()
    assert shell.json("plan", "propose", str(plan), "--allow-short-deposit")["plan"] == f"0x{compiled.plan_id.hex()}"


def test_a_proposal_is_written_and_verified(shell: Shell, plan: Path, compiled: Compiled, tmp_path: Path) -> None:
    made = shell.json("plan", "propose", str(plan), "--timelock-delay", "60")
    assert sorted(made["files"]) == ["description.md", "governor.json", "safe.json", "timelock.json"]
    governor = json.loads(Path(made["files"]["governor.json"]).read_text())
    assert made["governor_proposal_id"] == governor["proposalId"]
    assert shell.refused(2, "plan", "verify", str(plan), "--proposal", made["files"]["safe.json"]).startswith(
        f"{plan.with_suffix('.lock.json')} is missing: compile it with `conductor plan check"
    )
    lock(plan, compiled)
    files = [made["files"][name] for name in ("governor.json", "safe.json", "timelock.json")]
    for wanted in (*files, governor["proposalId"]):
        assert shell.json("plan", "verify", str(plan), "--proposal", wanted)["exact"]
    assert shell.json("plan", "verify", str(plan), "--plan", made["plan"])["exact"]
    assert shell.run("plan", "verify", str(plan), "--plan", made["plan"]).out.startswith("exact: it schedules plan 0x")
    call = made["calls"][0]
    inner = {"to": call["to"], "value": call["value_wei"], "data": call["data"], "operation": 0}
    safe = tmp_path / "safe-tx.json"
    safe.write_text(json.dumps(inner))
    assert shell.json("plan", "verify", str(plan), "--safe-tx", str(safe))["exact"]
    safe.write_text(json.dumps(inner | {"value": "1"}))
    other = shell.json("plan", "verify", str(plan), "--safe-tx", str(safe), code=2)
    assert other["findings"] == ["it schedules this plan with a deposit of 1 wei: the file says 0.2 ether"]
    said = shell.run("plan", "verify", str(plan), "--safe-tx", str(safe)).out
    assert said.startswith("NOT exactly this file's plan")
    assert "1. NOT part of the plan: schedules this plan with a deposit of 1 wei" in said
    assert shell.json("plan", "verify", str(plan), "--proposal", "12345", code=2)["exact"] is False
    assert shell.json("plan", "verify", str(plan), "--set", "size=6", "--proposal", governor["proposalId"], code=2)


def test_a_proposal_with_grants_is_explained_without_a_chain(shell: Shell, plan: Path, compiled: Compiled) -> None:
    lock(plan, compiled)
    pool = to_canonical_address("0x00000000000000000000000000000000000000b1")
    grants = [
        Grant("", "own the pool", compiled.owner, pool, calldata("ownable", "transferOwnership", compiled.account)),
        Grant("", "send coin", compiled.owner, compiled.account, b"", 7),
    ]
    made = propose(compiled, grants[:1], create_account=True)
    Path("governor.json").write_text(made.governor_json)
    said = shell.json("plan", "verify", str(plan), "--proposal", "governor.json")
    account = to_checksum_address(compiled.account)
    assert [(one["part"], one["what"]) for one in said["calls"]] == [
        (True, f"creates the owner's Account {account}"),
        (True, f"gives the owner's Account {account} the ownership of pool ({to_checksum_address(pool)})"),
        (True, "schedules this plan with a deposit of 0.2 ether"),
    ]
    assert (said["exact"], said["findings"], said["notes"]) == (True, [], [])
    Path("safe.json").write_text(propose(compiled, grants).safe_json)
    other = shell.json("plan", "verify", str(plan), "--proposal", "safe.json", code=2)
    assert [one["part"] for one in other["calls"]] == [True, False, True]
    assert other["findings"] == [f"it sends 7 wei to the owner's Account {account}: no call of the plan needs any"]
    text = shell.run("plan", "verify", str(plan), "--proposal", "safe.json").out
    assert f"2. NOT part of the plan: sends 7 wei to the owner's Account {account}" in text


def test_a_transaction_is_verified_from_its_json(shell: Shell, plan: Path, compiled: Compiled) -> None:
    lock(plan, compiled)
    call = schedule_call(compiled)
    sent = {"to": call.to, "value": hex(call.value_wei), "input": f"0x{call.data.hex()}", "chainId": "0x1"}
    Path("tx.json").write_text(json.dumps(sent))
    assert shell.json("plan", "verify", str(plan), "--tx", "tx.json")["exact"]
    Path("tx.json").write_text(json.dumps(sent | {"chainId": "0xa"}))
    other = shell.json("plan", "verify", str(plan), "--tx", "tx.json", code=2)
    assert other["findings"] == ["it is for chain 10, the plan for 1"]
    Path("tx.json").write_text(json.dumps({"to": None}))
    assert shell.json("plan", "verify", str(plan), "--tx", "tx.json", code=2)["findings"] == ["it creates a contract"]
    Path("tx.json").write_text(json.dumps({"to": call.to}))
    assert shell.refused(2, "plan", "verify", str(plan), "--tx", "tx.json") == (
        "this is no transaction: KeyError('value'): give the JSON that eth_getTransactionByHash gives, with to, value "
        "and input"
    )


def test_another_safe_is_told(shell: Shell, plan: Path, compiled: Compiled) -> None:
    lock(plan, compiled)
    call = schedule_call(compiled)
    inner = {"safe": call.to, "to": call.to, "value": str(call.value_wei), "data": f"0x{call.data.hex()}"}
    Path("safe-tx.json").write_text(json.dumps(inner))
    other = shell.json("plan", "verify", str(plan), "--safe-tx", "safe-tx.json", code=2)
    assert other["findings"] == [f"the safe {call.to} would schedule it, but the plan's owner is {OWNER}"]
    Path("safe-tx.json").write_text(json.dumps(inner | {"safe": OWNER, "gasPrice": "1"}))
    paying = shell.json("plan", "verify", str(plan), "--safe-tx", "safe-tx.json", code=2)
    assert paying["calls"][0]["what"].startswith(f"has the Safe {OWNER} pay whoever sends its transaction: ")


def test_names_come_from_the_lock_and_are_told(shell: Shell, plan: Path) -> None:
    plan.write_text(PLAN.replace(f'"{OWNER}"', "dao.example"))
    scheduler, facts = (to_checksum_address(address_of(name)) for name in ("Scheduler", "Facts"))
    known = Lock(1, scheduler, facts, names={"dao.example": OWNER})
    compiled = compile_plan(read_plan(plan), known)
    lock(plan, compiled)
    said = shell.json("plan", "verify", str(plan), "--plan", f"0x{compiled.plan_id.hex()}")
    assert (said["exact"], said["notes"]) == (True, [f"dao.example is {OWNER}, says the lock"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ONE_THING),
        (["--tx", "0x" + "ab" * 32],
         f"only the chain knows what a transaction's hash stands for: give --rpc, or {AS_JSON}"),
        (["--tx", "0xab"], f"'0xab' is no transaction's hash: give a hash, 0x and 64 hex digits, or {AS_JSON}"),
        (["--chain", "10", "--plan", "0x1"], "the plan is for chain 1, not 10: leave --chain 10 out"),
        (["--scheduler", OWNER, "--plan", "0x1"],
         f"the lock is for the Scheduler {SCHEDULER}, not {OWNER}: {LOCK_AGAIN}"),
        (["--plan", "0x1", "--tx", "0x2"], ONE_THING),
        (["--plan", "0x1"], "'0x1' is no plan's id: an id is 0x and 64 hex digits"),
        (["--proposal", "gone.json"],
         "there is no file gone.json: give governor.json, safe.json or timelock.json, or a proposal's id"),
        (["--safe-tx", "bad.json"], "bad.json is not JSON: Expecting value: line 1 column 1 (char 0): check the file"),
        (["--safe-tx", "list.json"],
         "this is no Safe transaction: KeyError('to'): give the JSON with to, value, data and operation"),
        (["--set", "size", "--plan", "0x1"], "--set size has no value: write --set name=value"),
    ],
)  # fmt: skip
def test_what_cannot_be_verified(shell: Shell, plan: Path, compiled: Compiled, words: list[str], said: str) -> None:
    lock(plan, compiled)
    Path("bad.json").write_text("")
    Path("list.json").write_text("[]")
    assert shell.refused(2, "plan", "verify", str(plan), *words) == said


def test_an_owner_signs(shell: Shell, plan: Path, compiled: Compiled) -> None:
    said = shell.json("plan", "sign", str(plan), env={"CONDUCTOR_PRIVATE_KEY": OWNER_KEY})
    assert (said["owner"], len(said["signature"])) == (OWNER, 2 + 130)
    typed = shell.run("plan", "sign", str(plan), "--typed-data")
    assert json.loads(typed.out)["message"] == {"plan": f"0x{compiled.plan_id.hex()}"}
    other = shell.json("plan", "sign", str(plan), "--typed-data", "--scheduler", OWNER)
    assert (other["scheduler"], other["plan"] == said["plan"]) == (OWNER, True)


def test_an_owner_signs_by_the_lock_whatever_the_endpoint(shell: Shell, plan: Path) -> None:
    plan.write_text(PLAN.replace('"pool.open(2)", gas: 50_000', '"pool.open(2)"'))
    measured = Lock(1, SCHEDULER, to_checksum_address(address_of("Facts")))
    key = {"CONDUCTOR_PRIVATE_KEY": OWNER_KEY}
    line = shell.refused(2, "plan", "sign", str(plan), env=key)
    assert line.endswith(
        "the gas of `b` is not in the lock; compile with an endpoint, which measures it, or write `gas:`"
    )
    found = draft(read_plan(plan), measured)
    gas = {question.key: (question.digest, 50_000) for question in found.gas}
    compiled = compile_plan(read_plan(plan), replace(measured, gas=gas))
    lock(plan, compiled)
    for env in (key, key | {"ETH_RPC_URL": "http://127.0.0.1:1"}):
        said = shell.json("plan", "sign", str(plan), env=env)
        assert (said["plan"], said["scheduler"]) == (f"0x{compiled.plan_id.hex()}", SCHEDULER)


def test_values_given_once_stay_with_the_lock(shell: Shell, plan: Path) -> None:
    given = compile_alone(read_source(str(plan), {"size": "6"}), Settings())
    lock(plan, given)
    assert shell.json("plan", "check", str(plan))["plan"] == f"0x{given.plan_id.hex()}"


def test_a_plan_for_another_chain_is_said(shell: Shell, plan: Path) -> None:
    said = shell.refused(2, "plan", "check", str(plan), "--chain", "10", "--rpc", "http://a.example")
    assert said == "the plan is for chain 1, not 10: leave --chain 10 out"


def test_new_writes_a_form_and_a_safes_batch(shell: Shell, tmp_path: Path, plan: Path) -> None:
    assert shell.json("new", "first.yaml") == {"schema": "conductor/new/1", "file": "first.yaml", "name": "first"}
    assert "conductor: 1" in Path("first.yaml").read_text()
    assert shell.refused(2, "new", "first.yaml") == "first.yaml exists: choose another name"
    made = shell.json("plan", "propose", str(plan))
    shell.json("new", "second.yaml", "--from", made["files"]["safe.json"])
    assert OWNER in Path("second.yaml").read_text()
    assert shell.refused(2, "new", "third.yaml", "--from", "gone.json").startswith("cannot read gone.json: ")
    (tmp_path / "bad.json").write_text("{}")
    assert shell.refused(2, "new", "third.yaml", "--from", "bad.json").startswith(
        "this is no Transaction Builder batch"
    )
    assert not Path("third.yaml").exists()


# ---------------------------------------------------------------------- a plan on a chain


def followed(compiled: Compiled, state: State, moves: tuple[PlanWord, ...] = ()) -> Followed:
    plan = Plan.of(compiled.header, compiled.steps, 1)
    view = PlanView(plan, state, compiled.header_bytes, compiled.root, compiled.step_bytes)
    last, told = PlanWord(), []
    for word in moves:
        told.append(_move(LOG, b"\x01" * 20, last, word))
        last = word
    return Followed(view, compiled, tuple(told))


LOG = Log(b"", (), b"", 5, b"", b"\x07" * 32, 0, 0)


def kinds(found: list[PlanAlert]) -> list[tuple[str, str | None]]:
    return [(one.kind, one.step) for one in found]


def test_watch_reports_late_failed_and_short_deposits(compiled: Compiled) -> None:
    plan = Plan.of(compiled.header, compiled.steps, 1)
    rich = machine.schedule(plan, State(PlanWord()), 990, deposit_gwei=2 * 10**8).state
    assert list(alerts(followed(compiled, rich), 1, 1_000, 1_000)) == []
    assert list(alerts(followed(compiled, rich), 1, 1_010, 1_010)) == []
    late = list(alerts(followed(compiled, rich), 1, 1_011, 1_011))
    assert kinds(late) == [("late", "a")]
    assert late[0].message == "the run of step a is due for 11 blocks"
    assert kinds(list(alerts(followed(compiled, rich), 1, 1_003, 1_003, late=2))) == [("late", "a")]
    poor = machine.schedule(plan, State(PlanWord()), 990, deposit_gwei=10**6).state
    short = list(alerts(followed(compiled, poor), 1, 995, 995))
    assert kinds(short) == [("deposit", None)]
    assert short[0].message.startswith("the deposit of 0.001 ether is ")
    done = machine.run(plan, rich, 0, 1_001).state
    lapsed = machine.settle(plan, done, 1, 1_060).state
    failed = list(alerts(followed(compiled, lapsed, (rich.word, done.word, lapsed.word)), 1, 1_060, 1_060))
    assert kinds(failed) == [("failed", "b")]
    undone = machine.undo(plan, lapsed, 0, 1_061).state
    ended = list(alerts(followed(compiled, undone, (rich.word, done.word, lapsed.word, undone.word)), 1, 1_062, 1_062))
    assert kinds(ended) == [("failed", "b"), ("ended", None)]
    assert undone.word.status is Status.ABORTED


def test_failures_of_earlier_runs_are_not_told(compiled: Compiled) -> None:
    plan = Plan.of(compiled.header, compiled.steps, 1)
    rich = machine.schedule(plan, State(PlanWord()), 990, deposit_gwei=2 * 10**8).state
    failed = rich.word.with_value(1, Value.FAILED)
    found = followed(compiled, rich, (rich.word, failed))
    assert kinds(list(alerts(found, 1, 1_000, 1_000))) == [("failed", "a")]
    assert list(alerts(found, 1, 1_000, 1_000, since_run=1)) == []


def test_moves_are_told_from_events(compiled: Compiled) -> None:
    plan = Plan.of(compiled.header, compiled.steps, 1)
    first = machine.schedule(plan, State(PlanWord()), 990, deposit_gwei=100).state
    second = machine.run(plan, first, 0, 1_001).state
    scheduled = interface("Scheduler").events["Scheduled"]
    moved = interface("Scheduler").events["Moved"]
    packed = encode_packed(compiled.header_bytes, compiled.root, compiled.full_body)
    keeper = b"\x05" * 20
    begun = encode(["uint256", "bytes"], [encode_word(first.word), packed])
    done = encode(["uint256"], [encode_word(second.word)])
    logs = [
        Log(b"", (scheduled.id, compiled.plan_id), begun, 7, b"", b"\x01" * 32, 0, 0),
        Log(b"", (moved.id, compiled.plan_id, keeper.rjust(32, b"\0")), done, 8, b"", b"\x02" * 32, 0, 1),
    ]
    row, moves = _told(Named(compiled.plan_id, None), logs, second.word)
    assert row is not None
    assert row.body == compiled.full_body
    assert [(one.block, one.by, one.changes) for one in moves] == [(7, b"", ()), (8, keeper, ((0, Value.DONE),))]
    assert _told(Named(compiled.plan_id, None), [], PlanWord()) == (None, ())


# ---------------------------------------------------------------------- calls by hand


@pytest.mark.parametrize(
    ("function", "arguments", "types", "values"),
    [
        ("go()", (), [], []),
        ("go(uint256)", ("1_000",), ["uint256"], [1000]),
        ("go(int8)", ("-1",), ["int8"], [-1]),
        ("function go(bool, address)", ("true", "0x" + "0a" * 20), ["bool", "address"], [True, "0x" + "0a" * 20]),
        ("go(uint8[])", ("[1, 2]",), ["uint8[]"], [[1, 2]]),
        ("go((uint8, bytes4))", ('["7", "0x01020304"]',), ["(uint8,bytes4)"], [(7, b"\x01\x02\x03\x04")]),
    ],
)
def test_a_call_by_hand_is_encoded(
    function: str, arguments: tuple[str, ...], types: list[str], values: list[object]
) -> None:
    selector = keccak(text=f"go({','.join(types)})")[:4]
    assert _calldata(function, arguments, None) == selector + encode(types, values)


@pytest.mark.parametrize(
    ("function", "arguments", "data", "said"),
    [
        ("go(uint8)", ("300",), None, "the arguments do not fit"),
        ("go(bool)", ("maybe",), None, "the arguments do not fit"),
        ("go(uint8[])", ("1, 2",), None, "the arguments do not fit"),
        ("go(uint8", (), None, "signature"),
        ("go()", (), "0x12", "both a function and --data"),
        (None, (), "0x1", "--data is not hexadecimal"),
    ],
)
def test_a_call_by_hand_that_cannot_be(
    function: str | None, arguments: tuple[str, ...], data: str | None, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        _calldata(function, arguments, data)
