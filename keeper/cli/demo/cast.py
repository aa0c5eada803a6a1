"""Who plays in scene `services`: three instances, each with a key and a heartbeat, and the clients that there are."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import to_checksum_address

from keeper.cli.demo.anvil import CHAIN_ID
from keeper.cli.demo.failover import OWN
from keeper.cli.demo.stage import Keeper, Stage
from keeper.wire.types import Address

HERE = Path(__file__).parent / "clients"
PRICE = HERE / "price.py"
TOP = "demo"
SERVICE = f"price.{TOP}"
LABELS = ("a", "b", "c")
TTL_S = 60
NPM = {"ethers": "ask_ethers.mjs", "viem": "ask_viem.mjs"}
HOW = "`npm install ethers viem` in this folder, with node 20 or later on the path, or `make demo-services` in a clone"


@dataclass(frozen=True, slots=True)
class Instance:
    """One of three. Its HTTP process is the program of its name, its heartbeat's `<name>-heartbeat`."""

    label: str
    operator: Keeper

    @property
    def name(self) -> str:
        return f"{self.label}.{SERVICE}"

    @property
    def heartbeat(self) -> str:
        return f"{self.name}-heartbeat"


@dataclass(frozen=True, slots=True)
class Started:
    """`command` runs a client."""

    name: str
    command: tuple[str, ...]


def clients(stage: Stage, registry: Address, names: tuple[str, ...]) -> tuple[tuple[Started, ...], tuple[str, ...]]:
    """The clients that can be started here, and the names of those that cannot."""
    rest = (to_checksum_address(registry), SERVICE, *names)
    python = (sys.executable, "-W", "ignore")
    found = [
        Started("web3.py", (*python, str(HERE / "ask_web3.py"), stage.chain.url, *rest)),
        Started(OWN, (*python, str(HERE / "ask_conductor.py"), stage.chain.url, str(CHAIN_ID), *rest)),
    ]
    node, missing = shutil.which("node"), []
    for package, script in NPM.items():
        modules = _modules_with(package)
        if node is None or modules is None:
            missing.append(package)
            continue
        folder = stage.folder / package  # node looks for packages beside the script
        folder.mkdir()
        (folder / "node_modules").symlink_to(modules)
        shutil.copy(HERE / script, folder / script)
        found.append(Started(package, (node, str(folder / script), stage.chain.url, str(CHAIN_ID), *rest)))
    return tuple(found), tuple(missing)


def _modules_with(package: str) -> Path | None:
    """The folder of installed npm packages that has this one: here, or a clone's."""
    clone = Path(__file__).parents[3]
    folders = (Path.cwd() / "node_modules", clone / "node_modules", clone / "tests/clients/node_modules")
    return next((folder for folder in folders if (folder / package / "package.json").exists()), None)
