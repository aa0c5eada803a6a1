"""The database: SQLite by default, PostgreSQL for fleets; one way to write, one way to read, migrations on opening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from keeper.wire.errors import BadInput

_MIGRATIONS_LOCK = 0x436F6E647563746F  # "Conducto": any constant that only our migrations take


class Store:
    """`async with store.write() as tx` is one transaction: all of it or, on any exception, nothing.

    SQLite writers take the lock at the start (BEGIN IMMEDIATE) and, within a process, turns; PostgreSQL's lock rows.
    Warning: transactions do not nest; a task that opens one inside another waits for itself.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._in_memory = self._is_sqlite and engine.url.database in (None, "", ":memory:")
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> Store:
        """Connects and migrates. `url`: a path, sqlite:///path, sqlite:// (in memory) or postgresql://..

        Errors: BadInput for a URL that is neither.
        """
        store = cls(_engine(url))
        await store._migrate()
        return store

    async def close(self) -> None:
        await self._engine.dispose()

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction(reading=False)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A consistent view that waits for no writer."""
        return self._transaction(reading=True)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows ON CONFLICT."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    @asynccontextmanager
    async def _transaction(self, *, reading: bool) -> AsyncIterator[AsyncConnection]:
        waits = self._in_memory or (self._is_sqlite and not reading)
        async with self._turn if waits else nullcontext(), self._engine.connect() as connection:
            if reading:  # in place: the options go to this connection, until it returns to the pool
                await connection.execution_options(**self._reading())
            async with connection.begin():
                yield connection

    def _reading(self) -> dict[str, Any]:
        return (
            {"reading": True}
            if self._is_sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )

    async def _migrate(self) -> None:
        async with self.write() as tx:
            if not self._is_sqlite:
                await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATIONS_LOCK})
            await tx.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except ArgumentError:
        raise BadInput(
            "the database URL cannot be read", field="database", remedy="write a path or postgresql://.."
        ) from None
    if parsed.get_backend_name() == "postgresql":
        return create_async_engine(parsed.set(drivername="postgresql+psycopg"))
    if parsed.get_backend_name() != "sqlite":
        raise BadInput(
            f"{parsed.get_backend_name()} databases are not supported",
            field="database",
            remedy="use SQLite or PostgreSQL",
        )
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"), connect_args={"timeout": 30})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that writers can take the lock at the start
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a signed transaction that was sent must survive a power cut
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")
