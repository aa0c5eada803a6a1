"""Sorts intents by trying them out: those that would succeed now, and what becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keeper.bots.decide import Intent, Moment, Policy, View, Wait, settle_instead
from keeper.bots.parcels import Limits, parcels
from keeper.bots.simulate import Simulator
from keeper.bots.waits import settles, wait_after
from keeper.chain import reads
from keeper.wire.contract_errors import ContractError


@dataclass(frozen=True, slots=True)
class Trial:
    ready: tuple[Intent, ...]
    waits: tuple[Wait, ...]
    refusals: tuple[tuple[Intent, ContractError], ...]
    """Why the waits, for people."""


async def try_out(
    simulator: Simulator,
    chain: reads.View,
    view: View,
    now: Moment,
    intents: Sequence[Intent],
    policy: Policy,
    limits: Limits,
) -> Trial:
    """A step whose false condition skips it comes back as its settlement. Errors: EndpointFailed."""
    first = await _refusals(simulator, chain, view, now, intents, limits)
    skipped = [
        settle_instead(intent, view, policy)
        for intent, refusal in first
        if refusal is not None and settles(intent, refusal, view.plans[intent.work.plan])
    ]
    second = await _refusals(simulator, chain, view, now, skipped, limits)
    instead = {intent.job.id for intent in skipped}
    answers = [*((intent, refusal) for intent, refusal in first if intent.job.id not in instead), *second]
    refused = tuple((intent, refusal) for intent, refusal in answers if refusal is not None)
    return Trial(
        ready=tuple(intent for intent, refusal in answers if refusal is None),
        waits=tuple(
            wait_after(intent, refusal, view.plans[intent.work.plan], view.seats, now, policy)
            for intent, refusal in refused
        ),
        refusals=refused,
    )


async def _refusals(
    simulator: Simulator, chain: reads.View, view: View, now: Moment, intents: Sequence[Intent], limits: Limits
) -> list[tuple[Intent, ContractError | None]]:
    """As they would be sent, so that what gets into another's way shows."""
    tried = parcels(intents, view.market, limits)
    answers = await asyncio.gather(*(simulator.refusals(chain, now, parcel.intents) for parcel in tried))
    pairs = zip(tried, answers, strict=True)
    return [pair for parcel, answer in pairs for pair in zip(parcel.intents, answer, strict=True)]
