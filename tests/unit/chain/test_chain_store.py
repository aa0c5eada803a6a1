"""The store's suite on SQLite, in memory and on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keeper.chain.store import Store
from keeper.wire.errors import BadInput
from tests.unit.chain.store_suite import StoreSuite, contents, due, put


@pytest.fixture(params=["memory", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open("sqlite://" if request.param == "memory" else str(tmp_path / "keeper.db"))
    yield store
    await store.close()


class TestSqlite(StoreSuite):
    pass


async def test_a_file_survives_its_process_and_is_migrated_once(tmp_path: Path) -> None:
    for _ in range(2):
        store = await Store.open(str(tmp_path / "keeper.db"))
        await put(store, due(0, 1))
        before = await contents(store)
        await store.close()
    store = await Store.open(f"sqlite:///{tmp_path / 'keeper.db'}")
    assert await contents(store) == before
    await store.close()


@pytest.mark.parametrize("url", ["mysql://host/db", "://"])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        await Store.open(url)
