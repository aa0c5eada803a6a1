"""A chain with the protocol on it, deployed by the command line itself, and shells of an owner and a keeper."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.shell import Shell

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OWNER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
KEEPER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
KEEPER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
POOR_KEY = "0x" + "77" * 32


class World:
    """One anvil on which each transaction is mined at once. `owner` has a key; `keeper` has another, and a database."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home
        network = {"ETH_RPC_URL": url, "CONDUCTOR_POLL_S": "0.1"}
        self.owner = Shell(str(home), **network, CONDUCTOR_PRIVATE_KEY=OWNER_KEY)
        database = str(home / "keeper.db")
        self.keeper = Shell(str(home), **network, CONDUCTOR_PRIVATE_KEY=KEEPER_KEY, CONDUCTOR_DATABASE=database)
        self.nobody = Shell(str(home), **network)
        self.keeper.spoken = self.nobody.spoken = self.owner.spoken

    def rpc(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        asked = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own node
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - likewise
            found = json.loads(answer.read())
        assert "error" not in found, found
        return found["result"]

    def later(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def plan(self, name: str, **changes: str) -> str:
        """A plan file of two payments and an undo; its lock is gone. Returns its path."""
        lines = {
            "at": "+10s",
            "deposit": "0.1 ether",
            "publish": "full",
            "first": "- {id: first, call: bob.receive(), value: 1 gwei}",
            "second": "- {id: second, needs: first, call: bob.receive(), value: 2 gwei, on_miss: skip}",
        } | changes
        path = self.home / f"{name}.yaml"
        path.write_text(
            f"""conductor: 1
name: {name}
owner: "{OWNER}"
at: {lines["at"]}
within: 1h
publish: {lines["publish"]}
pay: {{deposit: {lines["deposit"]}, premium: 0.0001..0.001 ether over 10m, max_gas_price: 40 gwei}}
contracts:
  bob: {{at: "0x00000000000000000000000000000000000000b1", abi: ["function receive() payable"]}}
steps:
  {lines["first"]}
  {lines["second"]}
"""
        )
        path.with_suffix(".lock.json").unlink(missing_ok=True)
        return str(path)


@pytest.fixture(scope="module")
def world(start_anvil: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("cli")
    for name in [*os.environ]:
        if name.startswith("CONDUCTOR_") or name == "ETH_RPC_URL":
            del os.environ[name]
    before = Path.cwd()
    os.chdir(home)
    yield World(start_anvil("--block-base-fee-per-gas", "1000000000"), home)
    os.chdir(before)
