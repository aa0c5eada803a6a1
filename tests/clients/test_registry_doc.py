"""docs/registry.md, file by file in its order, on a chain of its own; a minute passes at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.user import User, blocks
from tests.clients.world import World, node_of
from tests.conftest import ROOT

DOC = ROOT / "docs/registry.md"
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first
EU = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
OPERATOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
URL = "https://acme.example"


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the page, after its transactions."""

    user: User
    world: World

    def runs(self, *command: str) -> list[str]:
        """What a file of the page prints, line by line."""
        where = {"ETH_RPC_URL": self.world.url, "CHAIN_ID": "31337", "REGISTRY": self.world.registry.address}
        return self.user.run(*command, CONDUCTOR_PRIVATE_KEY=KEY, PYTHONPATH=str(ROOT), **where).splitlines()

    def shell(self, script: str, home: Path) -> str:
        """What a script prints; the commands and python are this environment's."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        where = {"ETH_RPC_URL": self.world.url, "CONDUCTOR_PRIVATE_KEY": KEY, "HOME": str(home), "PATH": path}
        return self.user.run("sh", "-ec", script, **where)


@pytest.fixture(scope="module")
def reader(user: User, start_anvil: Callable[..., str]) -> Reader:
    user.write(DOC)
    reader = Reader(user, World(start_anvil()))
    assert reader.world.registry.functions.revision().call() == 0
    minute = "[w3.provider.make_request(*one) for one in (('evm_increaseTime', [61]), ('evm_mine', []))]"
    text = (user.folder / "claim.py").read_text()
    assert "time.sleep(61)" in text
    (user.folder / "claim.py").write_text(text.replace("time.sleep(61)", minute))
    for name in ("claim.py", "service.py", "instance.py"):
        assert reader.runs(sys.executable, name) == []
    return reader


def test_the_page_has_these_files() -> None:
    assert [*blocks(DOC)] == [
        *(
            "setup.sh",
            "claim.py",
            "service.py",
            "instance.py",
            "resolve.py",
            "attached.py",
            "plain.py",
            "ethers.mjs",
            "viem.ts",
        ),
        *("Caller.sol", "commands.sh"),
    ]
    headings = {
        line.strip("# ").lower().replace(" ", "-") for line in DOC.read_text("utf-8").splitlines() if line[:1] == "#"
    }
    missing = [
        link for link in _links() if not (link[1:] in headings if link[0] == "#" else (DOC.parent / link).exists())
    ]
    assert not missing


def _links() -> list[str]:
    text = DOC.read_text("utf-8")
    return [part.partition(")")[0] for part in text.split("](")[1:] if not part.startswith("http")]


def test_the_setup(reader: Reader, tmp_path: Path) -> None:
    said = reader.shell(". ./setup.sh; echo $CHAIN_ID $REGISTRY", tmp_path)
    assert said.splitlines()[-1] == f"31337 {reader.world.registry.address}"
    assert reader.world.w3.eth.chain_id == 31337


def test_the_registry_client(reader: Reader) -> None:
    assert reader.runs(sys.executable, "resolve.py") == [EU, URL, "eu 80 https://eu.acme.example"]


@pytest.mark.parametrize(
    "python", [sys.executable, *(f"build/clients/web3-{v}/bin/python" for v in ("7.15", "7.16", "8.0"))]
)
def test_web3(reader: Reader, python: str) -> None:
    assert reader.runs(str(ROOT / python), "plain.py") == [EU, URL, "acme"]


def test_web3_as_it_is_attached(reader: Reader) -> None:
    assert reader.runs(sys.executable, "attached.py") == [EU, URL, "acme"]


def test_ethers(reader: Reader) -> None:
    assert reader.runs("node", "ethers.mjs") == [EU, URL, "acme"]


def test_viem(reader: Reader) -> None:
    checked = reader.user.tsc("viem.ts")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert reader.runs("node", "viem.js") == [EU, URL, "eu 80 https://eu.acme.example"]


def test_solidity(reader: Reader) -> None:
    reader.user.forge("Caller.sol")
    built = json.loads((reader.user.folder / "out/Caller.sol/Caller.json").read_text())
    caller = reader.world.deploy_code(built["abi"], built["bytecode"]["object"], reader.world.registry.address)
    assert caller.functions.any(node_of("prices.acme"), 5).call() == EU


def test_the_commands(reader: Reader, tmp_path: Path) -> None:
    said = reader.shell(". ./commands.sh", tmp_path)
    assert said.splitlines()[:2] == [EU, "https://eu.acme.example"]
    for row in (OPERATOR, f"operators    {OPERATOR}", f"operator         {OPERATOR}"):
        assert row in said.splitlines()
    assert "instance 2, one.shop.acme, is gone, transaction " in said
    assert reader.world.registry.functions.nameOf(node_of("shop.acme")).call()[0] == "0x" + "00" * 20


def test_a_lease_ends_for_all_of_them(reader: Reader) -> None:
    """Last: what the page says of a lease's end, as clients see it."""
    reader.world.later(3600)
    answers = reader.world.registry.functions.instances(node_of("prices.acme"), 0, 10, True).call()
    assert answers == [[], 1]
    with pytest.raises(AssertionError, match="NoName"):
        reader.runs(sys.executable, "resolve.py")
    assert reader.world.registry.functions.versionOf(node_of("prices.acme"), 1).call()[2] == EU
