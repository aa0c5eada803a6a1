"""What plans ask of a chain. Nothing here changes it: messages are tried on the state of the moment and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from keeper.plans.names import Answered, Service
from keeper.plans.values import Clock
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class Now:
    """The newest block's number and unix time."""

    block: int
    timestamp: int

    def on(self, clock: Clock) -> int:
        return self.block if clock == "blocks" else self.timestamp


@dataclass(frozen=True, slots=True)
class Message:
    """A call to try. `sender` needs no key and no coin for gas; `gas_limit` is of the call itself, None for plenty.

    A `metered` one is sent by a contract without value, and its gas is told before refunds, as the Scheduler repays it.
    """

    sender: Address
    target: Address
    data: bytes
    value_wei: int = 0
    gas_limit: int | None = None
    metered: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message came to. `gas_used` is of the call itself, without the base and calldata cost of a transaction;
    `returned` is what it returned, or the revert's data."""

    ok: bool
    gas_used: int
    returned: bytes


class Chain(Protocol):
    """Errors of the way there are ConductorError."""

    async def chain_id(self) -> int: ...

    async def now(self) -> Now: ...

    async def name_services(self) -> frozenset[Service]:
        """Which services that answer names are on this chain."""

    async def resolve(self, service: Service, name: str) -> Answered | None:
        """The address of a name, without its prefix, by one service; None if it has none there."""

    async def balance(self, address: Address) -> int:
        """In wei."""

    async def has_code(self, address: Address) -> bool: ...

    async def simulate(self, messages: Sequence[Message]) -> list[Outcome]:
        """Try the messages one after the other, each on what the ones before left. A failing one changes nothing."""
