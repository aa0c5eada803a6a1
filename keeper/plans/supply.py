"""A rehearsal that is given what it lacks, grant after grant, until only what nobody can grant is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.plans.grants import Grant, find_grant
from keeper.plans.port import Chain, Message
from keeper.plans.rehearse import Action, Stage, Tried, opening, perform, rehearse
from keeper.wire.types import Address, Step

MAX_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Supplied:
    """What the actions came to once `grants` were made.

    Those still not `ok` fail for another reason, or lack what nobody known can grant, which is then in `lacks`.
    """

    tried: tuple[Tried, ...]
    before: tuple[Message, ...]
    grants: tuple[Grant, ...]
    lacks: tuple[Grant, ...]


async def supply(
    chain: Chain, stage: Stage, steps: Sequence[Step], actions: Sequence[Action], tokens: Sequence[Address] = ()
) -> Supplied:
    """Rehearse `actions`, with each thing that the Account lacks granted beforehand."""
    first = await opening(chain, stage)
    grants: list[Grant] = []
    lacks: list[Grant] = []
    hopeless: set[Action] = set()
    before: list[Message] = []
    tried: tuple[Tried, ...] = ()
    for _ in range(MAX_ROUNDS):
        before = [*first, *(g.message for g in grants if g.message is not None)]
        tried = await rehearse(chain, stage, steps, actions, before)
        failed = next((i for i, one in enumerate(tried) if not one.ok and one.action not in hopeless), None)
        if failed is None:
            return Supplied(tried, tuple(before), tuple(grants), tuple(lacks))
        made = [*(one.calls for one in tried[:failed]), tried[failed].calls[: tried[failed].failed_at or 0]]
        state = [*before, *(perform(stage, calls) for calls in made)]
        grant = await find_grant(chain, stage, tried[failed], state, tokens)
        if grant is None or (grant.of is None and grant in grants):
            hopeless.add(tried[failed].action)
        elif grant.message is None:
            lacks.append(grant)
            hopeless.add(tried[failed].action)
        else:
            _add(grants, grant)
    return Supplied(tried, tuple(before), tuple(grants), tuple(lacks))


def _add(grants: list[Grant], grant: Grant) -> None:
    for index, old in enumerate(grants):
        both = old.plus(grant)
        if both is not None:
            grants[index] = both
            return
    grants.append(grant)
