"""The build the tests stand on is the build that ships."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import ape
import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractInstance
from ape_foundry import FoundryProvider

from toolchain import abi


def test_the_shipped_abis_are_what_the_contracts_give() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "toolchain.abi", "--check"], cwd=abi.ROOT, capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, "")


def test_a_stale_abi_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: Any) -> None:
    monkeypatch.setattr(abi, "ROOT", tmp_path)
    monkeypatch.setattr(abi, "ABI", tmp_path / "abi")
    monkeypatch.setattr(abi, "shipped", lambda: {tmp_path / "abi/Facts.json": "{}\n"})
    assert abi.main(["--check"]) == 1
    assert "abi/Facts.json is not what contracts/ gives: run `make abi`" in capsys.readouterr().err
    assert not (tmp_path / "abi").exists()


def test_ape_reads_the_shipped_code_without_compiling() -> None:
    for path, text in abi.shipped().items():
        container = getattr(ape.project, path.stem)
        assert container.contract_type.deployment_bytecode.bytecode in text


def test_a_contract_runs_on_anvil_under_ape(chain: FoundryProvider, deployed: Callable[..., ContractInstance]) -> None:
    facts = deployed("Facts")
    assert facts.timestamp() == chain.get_block("latest").timestamp


@pytest.mark.parametrize("_", [1, 2])
def test_a_test_leaves_the_chain_as_it_found_it(_: int, chain: FoundryProvider, accounts: list[TestAccountAPI]) -> None:
    block, balance = chain.get_block("latest").number, accounts[2].balance
    accounts[1].transfer(accounts[2], 5)
    assert chain.get_block("latest").number == block + 1
    assert (accounts[2].balance - balance, accounts[2].balance % 10**18) == (5, 5)
