"""The store's suite on SQLite, in memory and on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, column, create_engine, insert, table

import keeper.chain.migrations
from keeper.chain.entries import Entries
from keeper.chain.retention import Retention
from keeper.chain.store import Store
from keeper.chain.tables import outbox
from keeper.wire.errors import BadInput
from tests.unit.chain.store_suite import CHAIN, SIGNER, StoreSuite, contents, counted, due, new_row, put


@pytest.fixture(params=["memory", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open("sqlite://" if request.param == "memory" else str(tmp_path / "keeper.db"))
    yield store
    await store.close()


class TestSqlite(StoreSuite):
    pass


def migrate(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(keeper.chain.migrations.__file__)).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_a_file_survives_its_process_and_is_migrated_once(tmp_path: Path) -> None:
    for _ in range(2):
        store = await Store.open(str(tmp_path / "keeper.db"))
        await put(store, due(0, 1))
        before = await contents(store)
        await store.close()
    store = await Store.open(f"sqlite:///{tmp_path / 'keeper.db'}")
    assert await contents(store) == before
    await store.close()


async def test_what_was_final_before_rows_knew_since_when_leaves_too(tmp_path: Path) -> None:
    """A database of the first version: its final rows count from when they were made."""
    path = tmp_path / "keeper.db"
    rows = [new_row(key, nonce) | {"chain_id": CHAIN, "state": key, "created": 50.0, "raw": b"", "hash": b"",
            "max_fee_wei": 1, "tip_wei": 1} for nonce, key in enumerate(("final", "sent"))]  # fmt: skip
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection, "0001")
        first_signers = table("signers", *map(column, ("chain_id", "signer", "next_nonce")))
        connection.execute(first_signers.insert(), {"chain_id": CHAIN, "signer": SIGNER, "next_nonce": 2})
        connection.execute(insert(outbox), rows)
    engine.dispose()
    store = await Store.open(str(path))
    retention = Retention(store, CHAIN)
    assert await retention.prune(49.0, limit=9) == 0
    assert await retention.prune(50.0, limit=9) == 1
    assert [entry.key for entry in await Entries(store, CHAIN).live()] == ["sent"]
    await store.close()


async def test_old_rows_are_found_by_an_index(tmp_path: Path) -> None:
    store = await Store.open(str(tmp_path / "keeper.db"))
    with counted(store) as statements:
        await Retention(store, 1).prune(0.0, limit=9)
    (statement,) = statements
    async with store.read() as tx:
        plan = (await tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1, 0.0, 9, 0))).all()
    assert ["ix_outbox_final (chain_id=? AND settled<?)" in row[-1] for row in plan] == [True]
    await store.close()


@pytest.mark.parametrize("url", ["mysql://host/db", "://"])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        await Store.open(url)
