"""Names and services on a real chain, by the command line alone: each command's schema, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from keeper.chain.endpoints import EndpointPool
from keeper.cli.deployment import address_of
from keeper.cli.reference import commands
from keeper.registry import RegistryClient
from keeper.wire.types import Address
from tests.integration.cli.conftest import KEEPER, KEEPER_KEY, OWNER, World

GROUPS = {"name", "service", "resolve"}
BELOW = "then create names below it with `conductor service create`"
ELSEWHERE_CHAIN = "0x00000000000000000000000000000000000000b1"


@pytest.fixture(scope="module")
def protocol(world: World) -> World:
    world.owner.json("deploy", "--no-record")
    return world


def test_a_service_from_its_name_to_its_instances_every_command_speaking_its_schema(protocol: World) -> None:
    world = protocol
    claims(world)
    changes_hands(world)
    releases(world)
    serves(world)
    scales(world)
    measures(world)
    operates(world)
    watches(world)
    acts_through_an_account(world)
    ends(world)
    wanted = {words for words, _ in commands() if words[0] in GROUPS}
    assert wanted - world.owner.spoken == set()


def claims(world: World) -> None:
    """Committed, interrupted, gone on with; once it is ours the command changes nothing."""
    owner = world.owner
    assert owner.refused(3, "name", "claim", "acme", "--no-wait").startswith("committed; the claim counts from ")
    world.later(61)
    claimed = owner.json("name", "claim", "acme")
    assert (claimed["owner"], claimed["deposit_wei"]) == (OWNER, str(10**17))
    assert owner.json("name", "claim", "acme")["transaction"] is None
    taken = world.keeper.refused(3, "name", "claim", "acme")
    assert taken.startswith(f"acme is {OWNER}'s: choose another, or come back on ")
    world.later(5)
    assert owner.json("name", "renew", "acme")["expires_s"] > claimed["expires_s"]


def changes_hands(world: World) -> None:
    """Records, a name below with its own, an offer that is accepted as it was seen."""
    owner, keeper, nobody = world.owner, world.keeper, world.nobody
    abi = Path("price.abi.json")
    abi.write_text(json.dumps({"abi": [{"type": "function", "name": "price", "inputs": [], "outputs": []}]}))
    made = owner.json("service", "create", "price.acme", "--addr", KEEPER, "--text", "url=https://a", "--abi", str(abi))
    assert {one["kind"] for one in made["records"]} == {"addr", "text", "abi"}
    on_ten = f"10={ELSEWHERE_CHAIN}"
    more = ("--addr-on", on_ten, "--contenthash", "0xe301", "--interface", f"0x01ffc9a7={KEEPER}", "--text", "url=")
    kept = owner.json("name", "set", "price.acme", *more)["records"]
    assert [one["kind"] for one in kept] == ["abi", "addr", "addr", "contenthash", "interface"]
    assert nobody.json("resolve", "price.acme")["address"] == KEEPER
    for chain in ("10", "optimism"):
        assert nobody.json("resolve", "price.acme", "--chain", chain)["address"].lower() == ELSEWHERE_CHAIN
    assert nobody.json("resolve", "price.acme", "--chain", "31337")["address"] == KEEPER
    assert nobody.refused(2, "resolve", "price.acme", "--chain", "base").startswith(
        "price.acme has no address on chain 8453 at block "
    )
    assert len(nobody.json("resolve", "price.acme", "--all")["records"]) == 5
    assert nobody.refused(2, "resolve", "price.acme", "--key", "url").startswith(
        "price.acme has no text 'url' at block "
    )
    assert nobody.refused(2, "resolve", "gone.acme").startswith("gone.acme is no live name at block ")
    owner.json("name", "lock", "price.acme")
    offered = owner.json("name", "transfer", "price.acme", KEEPER)
    shown = nobody.json("name", "show", "price.acme")
    assert (shown["offered_to"], shown["locked"], shown["revision"]) == (KEEPER, True, offered["revision"])
    assert owner.refused(3, "name", "accept", "price.acme").startswith(f"price.acme is offered to {KEEPER}: ")
    owner.json("name", "set", "price.acme", "--text", "url=https://b")
    keeper.refused(4, "name", "accept", "price.acme", "--revision", str(offered["revision"]))
    assert keeper.json("name", "accept", "price.acme")["owner"] == KEEPER
    assert nobody.json("name", "show", "acme")["children"] == ["price.acme"]
    keeper.json("name", "set", "price.acme", "--primary")
    world.owner.refused(4, "name", "set", "price.acme", "--text", "url=x")


def releases(world: World) -> None:
    """Proposed, looked at as canary, confirmed; versions only grow."""
    keeper, nobody = world.keeper, world.nobody
    scheduler = f"0x{address_of('Scheduler').hex()}"
    keeper.json("service", "propose", "price.acme", "1.0", "--target", scheduler)
    assert nobody.json("resolve", "canary.price.acme")["address"].lower() == scheduler
    assert nobody.json("resolve", "price.acme")["address"] == KEEPER
    keeper.refused(4, "service", "confirm", "price.acme", "1.1")
    assert keeper.json("service", "confirm", "price.acme", "1.0")["current"]["version"] == "1.0"
    assert nobody.json("resolve", "price.acme")["address"].lower() == scheduler
    keeper.refused(4, "service", "propose", "price.acme", "1.0", "--target", scheduler)
    Path("image.tar").write_bytes(b"an image")
    keeper.json("service", "propose", "price.acme", "2.0", "--file", "image.tar")
    assert keeper.json("service", "propose", "price.acme", "--retract")["proposed"] is None
    shown = nobody.json("service", "release", "price.acme", "--number", "1")
    assert (shown["highest"], [one["version"] for one in shown["releases"]]) == ("2.0", ["1.0"])


def serves(world: World) -> None:
    """Admitted, served, kept alive once and as a process; drained."""
    keeper, nobody = world.keeper, world.nobody
    admitted = keeper.json("service", "admit", "price.acme", "a", OWNER, "--ttl", "1m")["instance"]
    assert (admitted["id"], admitted["left_s"]) == (1, 0)
    owner = world.owner
    assert owner.json("service", "heartbeat", "--once", code=3)["instances"][0]["state"] == "not live yet"
    owner.json("service", "serve", "a.price.acme", "http://127.0.0.1:9", "--zone", "eu-1")
    beaten = owner.json("service", "heartbeat", "--once")["instances"]
    assert [(one["name"], one["renewed"], one["state"]) for one in beaten] == [("a.price.acme", True, "live")]
    assert not owner.json("service", "heartbeat", "price.acme", "--once")["instances"][0]["renewed"]
    assert [one["left_s"] for one in nobody.json("service", "instances", "price.acme")["instances"]] == [60]
    assert nobody.json("resolve", "a.price.acme", "--key", "url")["value"] == "http://127.0.0.1:9"
    nowhere = nobody.refused(2, "resolve", "a.price.acme")
    assert nowhere.startswith("a.price.acme has no address at block ")
    assert nowhere.endswith(": it has a url: ask with --key url")
    assert owner.json("service", "drain", "1")["instance"]["weight"] == 0
    assert owner.json("service", "drain", "a.price.acme", "--weight", "100")["instance"]["weight"] == 100
    assert nobody.json("service", "instances", "price.acme", "--all")["instances"][0]["zone"] == "eu-1"
    beats(world)
    world.later(61)
    assert nobody.json("service", "instances", "price.acme")["instances"] == []
    assert nobody.refused(2, "resolve", "a.price.acme", "--key", "url").startswith("a.price.acme is no live name")
    sick = ("service", "heartbeat", "--once", "--health", "*=false")
    assert owner.json(*sick, code=3)["instances"][0]["state"] == "unwell"
    assert owner.refused(2, "service", "heartbeat", "pirce.acme").startswith("pirce.acme is no live name at block ")
    assert nobody.refused(2, "service", "drain", "b.price.acme").startswith("there is no key to sign with")
    assert owner.refused(2, "service", "drain", "b.price.acme").startswith("there is no instance b.price.acme")


def beats(world: World) -> None:
    """`service heartbeat` as a process over a term and more: asked over HTTP how it is, it renews."""
    world.rpc("evm_setIntervalMining", 1)
    with served() as url:
        command = ["service", "heartbeat", "--json", "--health", f"a.price.acme={url}"]
        process = subprocess.Popen(
            [sys.executable, "-c", "from keeper.cli import main; main()", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**world.owner.environment, "PATH": ""},
        )
        try:
            ends_at = time.monotonic() + 30
            world.later(45)
            while world.nobody.json("service", "instances", "price.acme")["instances"][0]["left_s"] < 50:
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
    assert (process.returncode, json.loads(out)["operator"]) == (0, OWNER), log
    events = {json.loads(line)["event"] for line in log.splitlines()}
    assert events >= {"heartbeat works", "sent", "renewed", "heartbeat stopped"}


class served:  # noqa: N801 - reads as a word where it is used
    """A page that is well."""

    def __enter__(self) -> str:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def scales(world: World) -> None:
    keeper = world.keeper
    rule = ("--least", "1", "--most", "5", "--cooldown", "1m", "--target", "80", "--meter", OWNER)
    assert keeper.json("service", "scale", "price.acme", *rule)["wanted"] == 1
    assert keeper.json("service", "scale", "price.acme", "4")["wanted"] == 4
    keeper.refused(4, "service", "scale", "price.acme", "6")
    shown = world.nobody.json("service", "scale", "price.acme")
    assert (shown["meter"], shown["cooldown_s"], shown["most"]) == (OWNER, 60, 5)


def measures(world: World) -> None:
    """By the meter alone; the count follows the rule within its bounds."""
    said = world.keeper.refused(3, "service", "measure", "price.acme", "100")
    assert said == (
        f"the metric of price.acme is reported by {OWNER}: have its owner run "
        f"`conductor service scale price.acme --meter {KEEPER}`"
    )
    world.later(61)
    measured = world.owner.json("service", "measure", "price.acme", "100")
    assert (measured["wanted"], measured["transaction"] is not None) == (5, True)
    assert world.owner.refused(2, "service", "measure", "pirce.acme", "1").startswith("pirce.acme is no live name")


def operates(world: World) -> None:
    """Who is approved acts for the name until revoked, and is shown; it does not own."""
    owner, keeper, nobody = world.owner, world.keeper, world.nobody
    keeper.refused(4, "name", "approve", "acme", KEEPER)
    keeper.refused(4, "name", "set", "acme", "--text", "url=https://keeper")
    assert owner.json("name", "approve", "acme", KEEPER)["operators"] == [KEEPER]
    assert nobody.json("name", "show", "acme")["operators"] == [KEEPER]
    assert f"operator  {KEEPER}" in nobody.run("name", "show", "acme").out
    keeper.json("name", "set", "acme", "--text", "url=https://keeper")
    keeper.refused(4, "name", "remove", "acme")
    assert owner.json("name", "revoke", "acme", KEEPER)["operators"] == []
    keeper.refused(4, "name", "set", "acme", "--text", "url=https://again")
    assert owner.refused(2, "name", "approve", "acme", "0x12").startswith("'0x12' is no address")


def ends(world: World) -> None:
    """An own name is given up; an instance is evicted; names end, and their deposits are paid out once."""
    owner, keeper, nobody = world.owner, world.keeper, world.nobody
    keeper.json("name", "set", "price.acme", "--addr", KEEPER, "--primary")
    assert own_name(world, KEEPER) == "price.acme"
    keeper.json("name", "set", "price.acme", "--no-primary")
    assert own_name(world, KEEPER) is None
    keeper.json("service", "admit", "price.acme", "b", KEEPER)
    nobody.refused(2, "service", "evict", "b.price.acme")
    assert keeper.json("service", "evict", "a.price.acme")["name"] == "a.price.acme"
    assert [one["name"] for one in nobody.json("service", "instances", "price.acme", "--all")["instances"]] == [
        "b.price.acme"
    ]
    assert keeper.refused(2, "service", "evict", "a.price.acme").startswith("there is no instance a.price.acme: ")
    assert owner.refused(4, "name", "remove", "price.acme").startswith("The parent cannot remove this name. [")
    assert keeper.json("name", "remove", "price.acme")["credit_wei"] == "0"
    assert nobody.refused(2, "resolve", "price.acme").startswith("price.acme is no live name at block ")
    assert keeper.refused(2, "name", "remove", "price.acme").startswith("price.acme is no live name at block ")
    assert owner.refused(3, "name", "withdraw") == (
        f"nothing is due to {OWNER}: a deposit comes back once its name is removed, or claimed anew after its grace"
    )
    assert owner.json("name", "remove", "acme")["credit_wei"] == str(10**17)
    before = int(world.rpc("eth_getBalance", ELSEWHERE_CHAIN, "latest"), 16)
    paid = owner.json("name", "withdraw", "--to", ELSEWHERE_CHAIN)
    assert (paid["to"].lower(), paid["amount_wei"]) == (ELSEWHERE_CHAIN, str(10**17))
    assert int(world.rpc("eth_getBalance", ELSEWHERE_CHAIN, "latest"), 16) - before == 10**17
    account = owner.json("account", "show")["account"]
    world.later(400 * 86_400)
    assert owner.json("name", "remove", "council", "--from-account")["credit_wei"] == str(10**17), "it had expired"
    assert owner.json("name", "withdraw", "--from-account")["to"] == account


def own_name(world: World, address: str) -> str | None:
    """What an address is shown by, as clients ask."""

    async def asked() -> str | None:
        pool = EndpointPool.over_http(31337, [world.url])
        try:
            return await RegistryClient(await pool.pin(), address_of("Registry")).name_of(
                Address(bytes.fromhex(address[2:]))
            )
        finally:
            await pool.close()

    return asyncio.run(asked())


def watches(world: World) -> None:
    nobody = world.nobody
    lines = nobody.run("service", "watch", "price.acme", "--since", "0", "--once", "--json").out.splitlines()
    events = [json.loads(line) for line in lines]
    assert [one["revision"] for one in events] == sorted({one["revision"] for one in events})
    assert {one["event"] for one in events} >= {"NameSet", "RecordSet", "Accepted", "Confirmed", "Renewed", "Scaled"}
    text = next(one for one in events if one["values"].get("kind") == "text")["values"]
    assert (text["key"], text["value"]) == ("url", "https://a")
    assert nobody.json("service", "watch", "--since", "0", "--once")["revision"] >= events[-1]["revision"]
    last = str(nobody.json("service", "watch", "--since", "0", "--once")["revision"])
    assert nobody.json("service", "watch", "--since", last, "--once", code=3) is None


def acts_through_an_account(world: World) -> None:
    """The Account, which is created first, owns the name and pays the deposit with what came along."""
    owner = world.owner
    account = owner.json("account", "show")["account"]
    owner.refused(3, "name", "claim", "council", "--from-account", "--no-wait")
    world.later(61)
    assert owner.json("name", "claim", "council", "--from-account")["owner"] == account
    made = owner.json("service", "create", "pay.council", "--from-account", "--text", "url=https://pay")
    assert made["owner"] == account
    owner.refused(4, "service", "create", "other.council")
    owner.refused(4, "service", "create", "x.price.acme", "--from-account")


def test_a_claim_waits_for_its_commitment_and_says_so(protocol: World) -> None:
    """Stopped while it waits, the same command goes on where it was."""
    world = protocol
    world.rpc("evm_setIntervalMining", 1)
    command = [sys.executable, "-c", "from keeper.cli import main; main()", "name", "claim", "patience"]
    environment = {**world.owner.environment, "PATH": ""}
    try:
        first = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert first.stderr is not None
        assert first.stderr.readline().startswith("committed; the claim follows in ")
        first.kill()
        first.communicate()
        world.rpc("evm_increaseTime", 50)
        second = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    finally:
        world.rpc("evm_setIntervalMining", 0)
        world.rpc("evm_setAutomine", True)
    assert second.returncode == 0, second.stderr
    assert world.nobody.json("name", "show", "patience")["owner"] == OWNER
    after = [one["event"] for one in committed(world)]
    assert after[-2:] == ["Committed", "NameSet"], "it was committed to once"


def committed(world: World) -> list[Any]:
    said = world.nobody.run("service", "watch", "--since", "0", "--once", "--json").out
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("name claim Acme", "the label 'Acme' has 'A' at position 1: write acme"),
        ("name claim eth", "eth is given to nobody: it means something elsewhere: choose another name"),
        ("name claim a.b", f"'a.b' is no top-level name: claim b, {BELOW}"),
        ("name renew a.b", "'a.b' is no top-level name: a name below another lives as long as that does: renew the "),
        ("name set acme", "there is nothing to set: give --addr, --addr-on, --text, --contenthash, --abi, --interface"),
        ("name set acme --text url", "--text url has no value: write --text name=value"),
        ("name set acme --addr 0x12", "'0x12' is no address: write 0x and 40 hex digits"),
        ("name set acme --contenthash xyz", "'xyz' is not hexadecimal: write 0x.."),
        ("name transfer acme", "there must be one receiver: give an address, or --nobody"),
        ("service create acme", "acme has no name above it: claim it with `conductor name claim acme`, or "),
        ("service propose acme 1 --digest 0x00", "1 is no version: write RELEASE.BUILD, such as 1.0"),
        (f"service admit acme x {OWNER} --ttl 9blocks", "9blocks is no time: write it in s, m, h or d"),
        ("service serve a.b.c", "it must serve somewhere: give an endpoint, --target, or both"),
        ("service serve a.b.c x --zone a-zone-too-long", "the zone has 15 bytes: use at most 12"),
        ("service heartbeat --health *='", "the check of *: No closing quotation: write a URL, or a command"),
        ("resolve a.b --all --key url", "one question at a time: give one of --chain, --key and --all"),
        ("resolve a.b --chain bse", "there is no chain 'bse': write a chain id, or one of "),
    ],
)
def test_what_cannot_be_is_one_line(protocol: World, words: str, said: str) -> None:
    assert protocol.owner.refused(2, *words.split(" ")).startswith(said)


def test_no_registry_is_said_with_what_to_do(protocol: World) -> None:
    env = {"CONDUCTOR_REGISTRY": "0x" + "22" * 20, "CONDUCTOR_PRIVATE_KEY": KEEPER_KEY}
    said = protocol.nobody.refused(2, "name", "show", "acme", env=env)
    assert said == (
        f"there is no Registry at 0x{'22' * 20} on chain 31337: deploy it with `conductor deploy`, or set "
        "CONDUCTOR_REGISTRY"
    )
