"""`world`: the Scheduler, deployed once; each test gets its own view of it, at a time of its own. `names`: the Registry in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractContainer, ContractInstance
from ape_foundry import FoundryProvider

from tests.contracts.names import Names
from tests.contracts.world import World


@pytest.fixture(scope="session")
def parts(
    chain: FoundryProvider, accounts: list[TestAccountAPI], compiled: Callable[..., ContractContainer]
) -> tuple[ContractInstance, ...]:
    """Scheduler, Target, Answers."""
    del chain
    return tuple(accounts[0].deploy(compiled(name)) for name in ("Scheduler", "Target", "Answers"))


@pytest.fixture
def world(chain: FoundryProvider, accounts: list[TestAccountAPI], parts: tuple[ContractInstance, ...]) -> World:
    """The owner's Account exists and has 10 ether; nobody has a seat."""
    scheduler, target, answers = parts
    latest = chain.get_block("latest").timestamp
    world = World(chain, accounts, scheduler, target, answers, time=latest - latest % 86_400 + 10 * 86_400)
    world.call(scheduler, "createAccount", world.owner.address)
    world.send(world.account.address, b"", world.owner, value=10 * 10**18)
    return world


@pytest.fixture(scope="session")
def registry(
    chain: FoundryProvider, accounts: list[TestAccountAPI], compiled: Callable[..., ContractContainer]
) -> str:
    """The Registry, deployed once."""
    del chain
    return str(accounts[0].deploy(compiled("Registry")).address)


@pytest.fixture
def names(world: World, registry: str) -> Names:
    """The owner has `acme`, and below it the service `pay.acme`."""
    names = Names(world, registry)
    names.claim("acme")
    names.create("pay.acme")
    return names
