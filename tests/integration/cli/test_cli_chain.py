"""The command line on a real chain: deploy, schedule, status, run, show, cancel; and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from keeper.cli.deployment import CONTRACTS, address_of
from keeper.cli.reference import commands
from tests.integration.cli.conftest import KEEPER, OWNER, POOR_KEY, World

BOB = "0x00000000000000000000000000000000000000b1"
ELSEWHERE = {("demo",), ("new",), ("completion",), ("config", "show")}
"""Commands with a chain of their own, or none: tests/e2e and tests/unit/cli."""


def test_one_plan_from_deployment_to_its_end_every_command_speaking_its_schema(world: World) -> None:
    deploys(world)
    plan = world.plan("pay")
    proposes(world, plan)
    schedules(world, plan)
    earns(world, plan)
    ends(world, plan)
    cancels(world, world.plan("hidden", publish="hidden", at="+1d"))
    guards(world)
    assert {words for words, _ in commands()} - ELSEWHERE - world.owner.spoken == set()


def deploys(world: World) -> None:
    """Once, at the addresses that everybody can compute."""
    deployed = world.owner.json("deploy")
    assert {one["name"]: one["address"].lower() for one in deployed["contracts"]} == {
        name: f"0x{address_of(name).hex()}" for name in CONTRACTS
    }
    record = Path(deployed["record"]).read_text()
    assert json.loads(record)["contracts"]["Scheduler"]["block"] == deployed["contracts"][0]["block"]
    again = world.nobody.json("deploy")
    assert [one["transaction"] for one in again["contracts"]] == [None] * len(CONTRACTS)
    assert Path(again["record"]).read_text() == record


def proposes(world: World, plan: str) -> None:
    """What the Account lacks is named, and granted in the proposal."""
    owner = world.owner
    lacking = owner.json("plan", "check", plan, code=3)
    assert [one["call"]["sender"] for one in lacking["lacks"]] == [OWNER, OWNER]
    assert lacking["lacks"][1]["lack"] == "the Account lacks 3000000000 wei"
    made = owner.json("plan", "propose", plan, "--with-grants", "-o", "proposal")
    assert [one["what"].split()[0] for one in made["calls"]] == ["create", "send", "schedule"]
    governor = made["files"]["governor.json"]
    assert [one["part"] for one in owner.json("plan", "verify", plan, "--proposal", governor)["calls"]] == [True] * 3
    without = {"ETH_RPC_URL": None}
    assert owner.json("plan", "verify", plan, "--proposal", governor, env=without)["exact"]
    id_ = made["governor_proposal_id"]
    assert owner.json("plan", "verify", plan, "--proposal", id_)["exact"], "the chain tells the grants"
    assert owner.json("plan", "verify", plan, "--proposal", id_, env=without, code=2)["findings"] == [
        "the id is of another proposal, or of another description, or of one with other grants"
    ]
    gone = {"ETH_RPC_URL": "http://127.0.0.1:1"}
    [note] = owner.json("plan", "verify", plan, "--proposal", governor, env=gone)["notes"]
    assert note.startswith("the chain was not asked: no endpoint of chain 31337")
    assert owner.json("plan", "estimate", plan)["measured"]
    assert owner.json("plan", "simulate", plan)["paths"][0]["status"] == "completed"
    assert owner.json("plan", "graph", plan)["plan"] == made["plan"]
    assert not owner.json("account", "show")["exists"]


def schedules(world: World, plan: str) -> None:
    """By signature: the keeper sends what the owner signed. `why` follows the plan until nothing stands in its way."""
    nobody = world.nobody
    signature = world.owner.json("plan", "sign", plan)["signature"]
    before = nobody.json("plan", "status", plan)
    assert (before["status"], before["moves"]) == ("not scheduled", [])
    scheduled = world.keeper.json("plan", "schedule", plan, "--signature", signature)
    assert scheduled["plan"] == before["plan"]
    assert nobody.json("plan", "verify", plan, "--tx", scheduled["transactions"][-1]["hash"], code=2)["findings"]
    early = nobody.json("plan", "why", plan)["steps"]
    assert [one["code"] for one in early] == ["Scheduler_TooEarly", "Scheduler_NeedsPending"]
    assert early[1]["on_chain"] == "pending: first"
    world.later(20)

    def first() -> str | None:
        code: str | None = nobody.json("plan", "why", plan, "--step", "first")["steps"][0]["code"]
        return code

    assert first() == "Scheduler_NoAccount"
    made = world.owner.json("account", "call", BOB)
    assert made["created"]
    assert first() == "Scheduler_CallsFailed"
    world.rpc("eth_sendTransaction", {"from": OWNER, "to": made["account"], "value": hex(3 * 10**9)})
    assert first() is None


def earns(world: World, plan: str) -> None:
    """A keeper: key, seat, work, pay."""
    keeper = world.keeper
    assert keeper.json("keeper", "init", "bot", env={"CONDUCTOR_PASSWORD": "pass"})["address"] == KEEPER
    lacks = keeper.json("keeper", "check", code=3)
    assert [one["name"] for one in lacks["checks"] if not one["ok"]] == ["seat"]
    seat = keeper.json("keeper", "join")["seat"]
    assert (seat["seat"], seat["hot"]) == (0, KEEPER)
    assert keeper.json("keeper", "check")["ok"]
    assert keeper.json("keeper", "why", plan, "first")["code"] is None
    assert work(world, plan)["keeper"] == KEEPER
    keeper.spoken.add(("keeper", "run"))
    done = world.nobody.json("plan", "status", plan)
    assert (done["status"], [one["value"] for one in done["steps"]]) == ("completed", ["done", "done"])
    assert [one["by"] for one in done["moves"]] == [None, KEEPER, KEEPER]
    assert [one["changes"] for one in done["moves"]] == [{}, {"first": "done"}, {"second": "done"}]
    status = keeper.json("keeper", "status")
    assert (status["moves"], status["seat"]["seat"]) == (2, 0)
    earned = keeper.json("keeper", "earnings")
    paid_wei = sum(int(one["paid_wei"]) for one in done["moves"])
    assert int(earned["paid_wei"]) == int(earned["credit_wei"]) == paid_wei > 0
    assert keeper.json("keeper", "withdraw")["amount_wei"] == earned["credit_wei"]
    assert keeper.refused(3, "keeper", "withdraw") == "there is nothing to withdraw: earn something first"
    assert keeper.json("keeper", "leave")["release_at_s"] > 0
    assert keeper.refused(3, "keeper", "leave").startswith("the bond of seat 0 comes out from ")


def ends(world: World, plan: str) -> None:
    """The chain's plan is a file again; what is left goes back."""
    nobody = world.nobody
    assert nobody.json("plan", "why", plan)["steps"] == []
    id_ = nobody.json("plan", "status", plan)["plan"]
    shown = nobody.json("plan", "show", id_, "-o", "again.yaml")
    assert (shown["doubt"], shown["files"]) == ("", ["again.yaml", "again.lock.json"])
    assert nobody.json("plan", "verify", "again.yaml", "--plan", id_)["exact"]
    assert world.keeper.json("plan", "reclaim", plan)["deposit_wei"] == "0"


def cancels(world: World, plan: str) -> None:
    """A hidden plan: published, topped up, watched, cancelled."""
    nobody = world.nobody
    world.owner.json("plan", "schedule", plan, "--with-grants")
    id_ = nobody.json("plan", "status", plan)["plan"]
    assert nobody.json("plan", "status", id_)["steps"][0]["opens"] is None
    assert nobody.refused(2, "plan", "show", id_) == (
        "the plan cannot be shown as a file: its steps are not published: see its state with `conductor plan status`"
    )
    world.keeper.json("plan", "publish", plan)
    assert nobody.json("plan", "status", id_)["steps"][0]["opens"] is not None
    assert world.keeper.json("plan", "deposit", id_, "0.2 ether")["deposit_wei"] == str(3 * 10**17)
    assert nobody.json("plan", "watch", id_, "--once") is None
    assert world.owner.json("plan", "cancel", id_)["status"] == "aborted"
    assert nobody.json("plan", "watch", id_)["kind"] == "ended"


def guards(world: World) -> None:
    """The Account's executors come and go."""
    assert not world.owner.json("account", "revoke")["allowed"]
    assert not world.owner.json("account", "show")["scheduler_allowed"]
    assert world.owner.json("account", "allow", f"0x{address_of('Scheduler').hex()}")["allowed"]


def work(world: World, plan: str) -> Any:
    """`conductor keeper run` as a process, until the plan has ended; what it printed as it began."""
    world.rpc("evm_setIntervalMining", 1)
    process = subprocess.Popen(
        [sys.executable, "-c", "from keeper.cli import main; main()", "keeper", "run", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**world.keeper.environment, "PATH": ""},
    )
    try:
        ends_at = time.monotonic() + 30
        while world.nobody.json("plan", "status", plan)["status"] != "completed":
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < ends_at
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
        world.rpc("evm_setIntervalMining", 0)
        world.rpc("evm_setAutomine", True)
    assert process.returncode == 0, log
    assert {json.loads(line)["event"] for line in log.splitlines()} >= {
        "keeper works",
        "sent",
        "done",
        "keeper stopped",
    }
    return json.loads(out)


# ---------------------------------------------------------------------- refusals


@pytest.fixture(scope="module")
def protocol(world: World) -> World:
    world.owner.json("deploy", "--no-record")
    return world


def test_wrong_chain_and_dead_endpoints(protocol: World) -> None:
    node = protocol.url.removeprefix("http://")
    assert protocol.owner.refused(2, "deploy", "--chain", "5") == (
        f"wrong chain: {node}: its chain id is 31337, not 5: "
        "give an endpoint of chain 5, or choose the chain with --chain"
    )
    dead = protocol.owner.refused(1, "deploy", "--rpc", "http://127.0.0.1:1")
    assert dead.startswith("no endpoint answers: 127.0.0.1:1: no connection")
    named = protocol.owner.refused(1, "deploy", "--rpc", "http://127.0.0.1:1", "--chain", "31337")
    assert named.startswith("no endpoint of chain 31337 can be used: 127.0.0.1:1 is ")


def test_no_protocol_and_no_seat(protocol: World) -> None:
    plan = protocol.plan("refused")
    elsewhere = "0x00000000000000000000000000000000000000c1"
    assert protocol.owner.refused(2, "plan", "check", plan, "--scheduler", elsewhere) == (
        f"there is no Scheduler at {elsewhere} on chain 31337: deploy it with `conductor deploy`, or give --scheduler"
    )
    seat = protocol.owner.refused(2, "keeper", "leave")
    assert seat == f"{OWNER} has no seat: name the seat, or take one with `conductor keeper join`"


def test_a_key_without_coin_is_told_what_it_needs(protocol: World) -> None:
    poor = {"CONDUCTOR_PRIVATE_KEY": POOR_KEY}
    said = protocol.nobody.refused(3, "account", "allow", "0x00000000000000000000000000000000000000c1", env=poor)
    assert said.startswith("0x")
    assert " has 0 wei and needs " in said
    assert ": send it at least " in said


def test_only_the_owner_schedules_and_cancels(protocol: World) -> None:
    plan = protocol.plan("mine", at="+1d")
    protocol.nobody.json("plan", "graph", plan)  # compiles it: its lock is written
    assert protocol.keeper.refused(2, "plan", "schedule", plan) == (
        f"the plan's owner is {OWNER}, the key is {KEEPER}: "
        "use the owner's key, give --signature, or propose it with `conductor plan propose`"
    )
    assert protocol.nobody.refused(2, "plan", "schedule", plan).startswith("there is no key to sign with")
    bad = protocol.keeper.refused(4, "plan", "schedule", plan, "--signature", "0x" + "00" * 65)
    assert bad.startswith("The signature is not the owner's.")
    assert protocol.keeper.refused(2, "plan", "schedule", plan, "--signature", "0xzz").startswith(
        "the signature is not hex"
    )
    protocol.owner.json("plan", "schedule", plan)
    assert protocol.keeper.refused(4, "plan", "cancel", plan).startswith("Only the owner, or its Account, may do this;")
    twice = protocol.owner.refused(4, "plan", "schedule", plan)
    assert twice.startswith("The plan is not in a status in which this can be done.")
    assert protocol.nobody.json("plan", "status", plan)["status"] == "active"


def test_a_small_deposit_is_refused_before_anything_is_sent(protocol: World) -> None:
    plan = protocol.plan("small", deposit="0.0001 ether", at="+1d")
    protocol.nobody.json("plan", "graph", plan)
    said = protocol.owner.refused(2, "plan", "schedule", plan)
    assert said.startswith("the deposit of 100000 gwei is too small: the first run may cost ")
    assert said.endswith(" more: raise `pay: deposit`, or give --allow-short-deposit")
    assert protocol.nobody.json("plan", "status", plan)["status"] == "not scheduled"
    protocol.owner.json("plan", "schedule", plan, "--allow-short-deposit")
    with webhook() as (url, posted):
        low = protocol.nobody.json("plan", "watch", plan, "--once", "--webhook", url, code=3)
    assert low["kind"] == "deposit"
    assert posted == [low | {"text": f"plan {low['plan']}: {low['message']}"}]


def test_watch_tells_what_is_late_and_why(protocol: World) -> None:
    plan = protocol.plan("late", at="now", first="- {id: first, call: bob.receive(), value: 900 ether}", second=SECOND)
    protocol.owner.json("account", "call", BOB)
    protocol.owner.json("plan", "schedule", plan, "--allow-short-deposit")
    protocol.later(200)
    said = protocol.nobody.run("plan", "watch", plan, "--once")
    assert said.code == 3
    assert "late  the run of step first is due for " in said.out
    assert "the step's calls reverted" in said.out


SECOND = "- {id: second, needs: first, call: bob.receive(), value: 1 gwei, gas: 50_000}"


def test_an_unknown_plan_and_step(protocol: World) -> None:
    unknown = "0x" + "ab" * 32
    assert protocol.nobody.refused(2, "plan", "status", unknown) == (
        f"no plan {unknown} was scheduled on chain 31337: "
        "check the id and the chain; a plan that is not scheduled yet is known by its file"
    )
    plan = protocol.plan("steps", at="+1d")
    protocol.owner.json("plan", "schedule", plan)
    assert protocol.nobody.refused(2, "plan", "why", plan, "--step", "third") == (
        "the plan has no step 'third': its steps are first, second"
    )
    assert protocol.nobody.refused(2, "plan", "verify", plan, "--tx", unknown) == (
        f"chain 31337 has no transaction {unknown}: check the hash and the chain"
    )


@contextmanager
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A server that keeps what is posted to it."""
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
