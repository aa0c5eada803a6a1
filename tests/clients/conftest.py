"""What the tests of clients share."""

from __future__ import annotations

import pytest

from tests.clients.user import User
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def clients() -> None:
    """That `make clients` was run."""
    folders = [f"build/clients/{pins.stem}" for pins in sorted((ROOT / "tests/clients").glob("web3-*.txt"))]
    missing = [one for one in (*folders, "tests/clients/node_modules") if not (ROOT / one / ".ready").exists()]
    assert not missing, f"{missing}: run `make clients`"


@pytest.fixture(scope="module")
def user(clients: None, tmp_path_factory: pytest.TempPathFactory) -> User:
    """A folder with the package installed, new for each file of tests."""
    return User(tmp_path_factory.mktemp("npm"))
