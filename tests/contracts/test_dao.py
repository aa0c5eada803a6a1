"""The example DAO is real: a vote moves its vault, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ape
import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractInstance
from ape_foundry import FoundryProvider
from eth_utils.crypto import keccak

SUPPLY = 1_000 * 10**18
DELAY, PERIOD, WAIT_S = 1, 5, 60
KEEPER_OF_VAULT = 7


@dataclass(frozen=True)
class Orchard:
    """The DAO's parts, put together as the demo does."""

    votes: ContractInstance
    timelock: ContractInstance
    governor: ContractInstance
    manager: ContractInstance
    vault: ContractInstance


@pytest.fixture
def orchard(deployed: Callable[..., ContractInstance], compiled: Any, accounts: list[TestAccountAPI]) -> Orchard:
    boss = accounts[0]
    votes = deployed("Votes", boss, SUPPLY)
    # Not votes.delegate: that is what ape calls an EIP-7702 delegation.
    votes.invoke_transaction("delegate", boss, sender=boss)
    nobody = "0x" + 40 * "0"
    timelock = deployed("TimelockController", WAIT_S, [], [nobody], boss)
    governor = deployed("Dao", votes, timelock, DELAY, PERIOD, 4, file="Dao")
    timelock.grantRole(timelock.PROPOSER_ROLE(), governor, sender=boss)
    manager = deployed("AccessManager", timelock)
    logic = deployed("Vault")
    proxy = deployed("ERC1967Proxy", logic, logic.initialize.encode_input(manager, 100))
    vault = compiled("Vault").at(proxy.address)
    votes.transfer(vault, SUPPLY // 2, sender=boss)
    return Orchard(votes, timelock, governor, manager, vault)


def test_what_was_voted_is_done_and_nothing_before(
    orchard: Orchard, chain: FoundryProvider, accounts: list[TestAccountAPI]
) -> None:
    boss, friend = accounts[0], accounts[3]
    grant = orchard.manager.grantRole.encode_input(KEEPER_OF_VAULT, friend, 0)
    allow = orchard.manager.setTargetFunctionRole.encode_input(
        orchard.vault, [orchard.vault.setCap.encode_input(0)[:4], orchard.vault.pay.encode_input(boss, boss, 0)[:4]], 7
    )
    with ape.reverts():
        orchard.vault.setCap(500, sender=friend)
    _pass(orchard, chain, boss, [orchard.manager.address] * 2, [allow, grant])
    orchard.vault.setCap(500, sender=friend)
    orchard.vault.pay(orchard.votes, friend, 500, sender=friend)
    assert (orchard.vault.cap(), orchard.votes.balanceOf(friend)) == (500, 500)
    with ape.reverts():
        orchard.vault.pay(orchard.votes, friend, 501, sender=friend)
    with ape.reverts():
        orchard.vault.pay(orchard.votes, friend, 1, sender=boss)


def _pass(
    orchard: Orchard, chain: FoundryProvider, voter: TestAccountAPI, targets: list[str], calldatas: list[bytes]
) -> None:
    """Propose, vote, queue, execute."""
    text = "let a friend keep the vault"
    what = (targets, [0] * len(targets), calldatas)
    receipt = orchard.governor.propose(*what, text, sender=voter)
    proposal = receipt.events[0].proposalId
    chain.mine(DELAY + 1)
    orchard.governor.castVote(proposal, 1, sender=voter)
    chain.mine(PERIOD + 1)
    orchard.governor.queue(*what, keccak(text=text), sender=voter)
    chain.set_timestamp(chain.get_block("latest").timestamp + WAIT_S + 1)
    chain.mine()
    orchard.governor.execute(*what, keccak(text=text), sender=voter)
