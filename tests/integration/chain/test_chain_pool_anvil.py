"""The pool's suite on a real anvil."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from keeper.chain.signer import LocalSigner
from tests.integration.chain.anvil import CHAIN_ID, EMITTER, anvil
from tests.unit.chain.pool_suite import KEY, PoolSuite, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with anvil() as node:
        await node.prepare(LocalSigner(KEY).address)
        yield World(node.transport, CHAIN_ID, EMITTER, node.mine, node.reorg)


class TestAnvil(PoolSuite):
    pass
