"""Unit tests touch no network: a socket that is not the event loop's own is an error."""

from __future__ import annotations

import pytest
from pytest_socket import disable_socket


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Block sockets for the test; pytest-socket lifts the block after it."""
    del item
    disable_socket(allow_unix_socket=True)
