"""What an endpoint is worth right now: a state machine over what was observed of it. Pure.

from        observed                              to
any         another chain id                      WRONG_CHAIN   asked again rarely
any         a head it cannot back                 LYING         asked again rarely
any         no answer in time                     HANGING       back-off, doubling
any         a failed request                      ERRORING      back-off, doubling
any         a head far behind the others'         LAGGING       last resort for reads, still sent to
any         a good head, no finalized block       NO_FINALITY   everything but "finalized"
any         a good head                           HEALTHY
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from keeper.chain.rpc import Trouble
from keeper.chain.values import Block


class Health(StrEnum):
    NEW = "new"
    HEALTHY = "healthy"
    NO_FINALITY = "no finality"
    LAGGING = "lagging"
    ERRORING = "erroring"
    HANGING = "hanging"
    LYING = "lying"
    WRONG_CHAIN = "wrong chain"


@dataclass(frozen=True, slots=True)
class Policy:
    """All times in seconds, all distances in blocks."""

    probe_every_s: float = 0.5
    back_off_s: float = 1.0
    back_off_max_s: float = 60.0
    banished_s: float = 300.0
    """How long an endpoint of another chain, or one caught lying, is left alone."""
    patience_s: float = 2.0
    """How long a probe or a send waits for one of several endpoints; reads wait for the transport's limit."""
    lag: int = 5
    """Further behind the best head than this is lagging."""
    tries: int = 3
    """On how many endpoints a read is tried."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Of one endpoint. `retry_at_s` is on the pool's monotonic clock."""

    health: Health = Health.NEW
    head: Block | None = None
    failures: int = 0
    retry_at_s: float = 0.0
    said: str = ""

    @property
    def usable(self) -> bool:
        return self.health in (Health.HEALTHY, Health.NO_FINALITY)


_ENDPOINT_FAULTS = (Trouble.HANGING, Trouble.BROKEN, Trouble.BUSY)


def failed(was: Condition, trouble: Trouble, said: str, now_s: float, policy: Policy) -> Condition:
    """After a request that got no answer. Answers that only concern the request leave the endpoint as it was."""
    if trouble not in _ENDPOINT_FAULTS:
        return was
    health = Health.HANGING if trouble is Trouble.HANGING else Health.ERRORING
    wait_s = min(policy.back_off_s * 2**was.failures, policy.back_off_max_s)
    return replace(was, health=health, failures=was.failures + 1, retry_at_s=now_s + wait_s, said=said)


def banished(was: Condition, health: Health, said: str, now_s: float, policy: Policy) -> Condition:
    return replace(was, health=health, retry_at_s=now_s + policy.banished_s, said=said)


def without_finality(was: Condition) -> Condition:
    return replace(was, health=Health.NO_FINALITY)


def answered(head: Block, best: int, has_finality: bool, policy: Policy) -> Condition:
    """After a plausible head; `best` is the highest plausible head of all endpoints."""
    if head.number + policy.lag < best:
        return Condition(Health.LAGGING, head, said=f"{best - head.number} blocks behind")
    return Condition(Health.HEALTHY if has_finality else Health.NO_FINALITY, head)
