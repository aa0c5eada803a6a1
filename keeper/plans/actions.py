"""What an owner sends to make a plan happen: the schedule call, and with grants all that the Account needs for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keeper.plans.compile import Compiled
from keeper.plans.contracts import calldata
from keeper.plans.grants import Grant
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class OwnerCall:
    """One call by the owner, and what it is for."""

    target: Address
    value_wei: int
    data: bytes
    what: str

    @property
    def to(self) -> str:
        return to_checksum_address(self.target)


def schedule_call(compiled: Compiled) -> OwnerCall:
    """`schedule` with the plan's deposit; a hidden plan's body stays out."""
    data = calldata("scheduler", "schedule", compiled.packed)
    return OwnerCall(compiled.scheduler, compiled.deposit_wei, data, f"schedule the plan `{compiled.plan.name}`")


def owner_calls(
    compiled: Compiled, grants: Sequence[Grant] = (), *, create_account: bool = False
) -> tuple[OwnerCall, ...]:
    """Everything the owner sends, in order. Grants that somebody else must make are left out; see `others_grants`."""
    calls = []
    if create_account:
        data = calldata("scheduler", "createAccount", compiled.owner)
        calls.append(OwnerCall(compiled.scheduler, 0, data, "create the owner's Account"))
    granted = [OwnerCall(g.target, g.value_wei, g.data, g.remedy) for g in grants if g.by == compiled.owner]
    return (*calls, *granted, schedule_call(compiled))


def others_grants(compiled: Compiled, grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Grants that the owner cannot make."""
    return tuple(grant for grant in grants if grant.by != compiled.owner)
