"""The store's suite on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from keeper.chain.store import Store
from tests.integration.chain.postgres import server, url  # noqa: F401 - fixtures
from tests.unit.chain.store_suite import StoreSuite


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:  # noqa: F811 - the fixture
    store = await Store.open(url)
    yield store
    await store.close()


class TestPostgres(StoreSuite):
    pass


async def test_processes_that_start_together_migrate_once(url: str) -> None:  # noqa: F811 - the fixture
    stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
    for store in stores:
        await store.close()
