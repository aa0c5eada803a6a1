"""The client and the watch on the contract itself: what passes in memory passes on anvil."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.registry.writer import OnAnvil, on_anvil
from tests.unit.registry.registry_suite import RegistrySuite


class TestOnAnvil(RegistrySuite):
    @pytest.fixture
    async def writer(self) -> AsyncIterator[OnAnvil]:
        async with on_anvil() as writer:
            yield writer
