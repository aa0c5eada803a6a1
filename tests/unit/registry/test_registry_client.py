"""The client and the watch on the Registry in memory."""

from __future__ import annotations

import pytest

from tests.unit.registry.registry_suite import RegistrySuite
from tests.unit.registry.twin import Twin


class TestInMemory(RegistrySuite):
    @pytest.fixture
    def writer(self) -> Twin:
        return Twin()
