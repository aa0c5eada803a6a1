"""Contracts on a real anvil, through ape, from forge's artifacts: nothing is compiled here.

`compiled(name)` is an ape ContractContainer; `deployed(name, *args)` puts one on the chain. What a test does to the
chain is undone after it; what module and session fixtures deploy stays, as pytest makes those before the snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ape
import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractContainer, ContractInstance
from ape_foundry import FoundryProvider
from ethpm_types import ContractType

from toolchain.abi import contract_type


@pytest.fixture(scope="session")
def chain() -> Iterator[FoundryProvider]:
    """Anvil under ape for the whole session: set time, mine, send raw requests with `chain.make_request`."""
    ape.logging.logger.set_level("WARNING")
    with ape.networks.parse_network_choice("ethereum:local:foundry", disconnect_after=True) as provider:
        yield provider


@pytest.fixture(autouse=True)
def _undone(chain: FoundryProvider) -> Iterator[None]:
    del chain
    snapshot = ape.chain.snapshot()
    yield
    ape.chain.restore(snapshot)


@pytest.fixture(scope="session")
def accounts(chain: FoundryProvider) -> list[TestAccountAPI]:
    """Twelve funded accounts."""
    del chain
    return list(ape.accounts.test_accounts)


@pytest.fixture(scope="session")
def compiled() -> Callable[..., ContractContainer]:
    """`compiled("Target")`, or `compiled("GoodToken", "Tokens")` where the file has another name."""

    def load(name: str, file: str | None = None) -> ContractContainer:
        return ContractContainer(ContractType.model_validate(contract_type(name, file)))

    return load


@pytest.fixture(scope="session")
def deployed(
    accounts: list[TestAccountAPI], compiled: Callable[..., ContractContainer]
) -> Callable[..., ContractInstance]:
    """`deployed("Target", *args, file=None, **transaction)` by the first account."""

    def deploy(name: str, *args: Any, file: str | None = None, **transaction: Any) -> ContractInstance:
        return accounts[0].deploy(compiled(name, file), *args, **transaction)

    return deploy
