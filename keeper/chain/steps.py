"""Where a process may die: the awaits of what has to survive that go through here, and tests pull the plug at each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Checkpoint = Callable[[str], Awaitable[None]]


class Steps:
    """Awaits by name; the `checkpoint` hook hears of each before and after."""

    def __init__(self, checkpoint: Checkpoint | None = None, prefix: str = "") -> None:
        self._checkpoint = checkpoint
        self._prefix = prefix

    async def __call__(self, name: str, do: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        await self.reached(f"before {self._prefix}{name}")
        result = await do(*args, **kwargs)
        await self.reached(f"after {self._prefix}{name}")
        return result

    async def reached(self, name: str) -> None:
        if self._checkpoint is not None:
            await self._checkpoint(name)
