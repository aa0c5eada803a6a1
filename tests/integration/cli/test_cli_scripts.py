"""The ape scripts: the same deployment as the command line's, held against a fresh build, and looked at."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from eth_utils.address import to_checksum_address

from keeper.cli.deployment import CONTRACTS, address_of
from toolchain.abi import contract_type

ROOT = Path(__file__).resolve().parents[3]


def ape(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "ape"), "run", *arguments, "--network", f"ethereum:local:{url}"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=100, check=False
    )


def test_ape_deploys_verifies_and_inspects(start_anvil: Callable[..., str], tmp_path: Path) -> None:
    url = start_anvil()
    deployed = ape(url, "deploy", "--account", "TEST::0", "--folder", str(tmp_path))
    assert deployed.returncode == 0, deployed.stderr
    record = json.loads((tmp_path / "31337.json").read_text())
    wanted = {name: to_checksum_address(address_of(name)) for name in CONTRACTS}
    assert {name: one["address"] for name, one in record["contracts"].items()} == wanted
    verified = ape(url, "verify")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("is exactly these sources") == len(CONTRACTS)
    assert "status    NOT_SCHEDULED" in ape(url, "inspect", "0x" + "00" * 32).stdout


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_script", ROOT / "scripts/verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", CONTRACTS)
def test_one_other_byte_on_the_chain_is_seen(verify: ModuleType, name: str) -> None:
    built = bytes.fromhex(contract_type(name)["runtimeBytecode"]["bytecode"].removeprefix("0x"))
    assert verify.findings(name, built) == []
    assert verify.findings(name, b"") == ["there is no code"]
    changed = bytes([built[0] ^ 1]) + built[1:]
    assert verify.findings(name, changed) == ["the code on the chain is not what the sources give"]


def test_what_is_sensed_at_creation_is_left_out(verify: ModuleType) -> None:
    built = bytes.fromhex(contract_type("Scheduler")["runtimeBytecode"]["bytecode"].removeprefix("0x"))
    places = [
        place
        for many in verify.artifact("Scheduler")["deployedBytecode"]["immutableReferences"].values()
        for place in many
    ]
    sensed = bytearray(built)
    for place in places:
        sensed[place["start"] + place["length"] - 1] = 1
    assert places
    assert verify.findings("Scheduler", bytes(sensed)) == []
