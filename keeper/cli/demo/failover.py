"""The verdict over scene `services`, from the chain, the logs of the clients, and the answers they got. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

CLIENTS = ("web3.py", "ethers", "viem")
"""Clients of others, as they come; the project's own is asked beside them."""
OWN = "conductor"
INSTANCES = 3
LEAST_ROUNDS = 3
"""So many questions after the lapse each client has to have asked."""


@dataclass(frozen=True, slots=True)
class Round:
    """One question of a client: the head before it, whom the chain told it of, whom it asked and what came back.

    `answered_by` and `price_wei` are of the answer, for block `priced`; `failed` is why there is none.
    """

    at_s: float
    block: int
    told: tuple[str, ...]
    asked: str
    answered_by: str = ""
    price_wei: int = 0
    priced: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """What one client said. `names` are the addresses that it found."""

    name: str
    names: Mapping[str, str]
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Lease:
    """An instance's heartbeats: the times of the blocks that have them, and how long each lasts."""

    label: str
    renewed_s: tuple[int, ...]
    ttl_s: int

    @property
    def until_s(self) -> int:
        return max(self.renewed_s, default=0) + self.ttl_s

    def gap_s(self, first_s: int, last_s: int) -> int:
        """For how long it was not live between these times, once it was."""
        begun = [time_s for time_s in self.renewed_s if time_s <= first_s]
        ends = [*(time_s for time_s in self.renewed_s if time_s > first_s), last_s]
        gone, until_s = 0, max(begun, default=first_s) + self.ttl_s
        for time_s in ends:
            gone += max(time_s - until_s, 0)
            until_s = time_s + self.ttl_s
        return gone


@dataclass(frozen=True, slots=True)
class Struck:
    """The instance that was killed: how its process and its heartbeat's ended, when by our clock, at which block."""

    label: str
    exit_codes: tuple[int, int]
    at_s: float
    block: int
    time_s: int
    lapsed: int
    """The first block in which its lease is over."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that was seen. `names` are the protocol's addresses; `base_fees_wei` the chain's, by block."""

    names: Mapping[str, str]
    leases: tuple[Lease, ...]
    live: tuple[str, ...]
    """Who is live in the end, as `conductor service instances` says."""
    clients: tuple[Client, ...]
    base_fees_wei: Mapping[int, int]
    struck: Struck
    ended_s: int
    """The time of the last block looked at."""
    missing: tuple[str, ...]
    """Clients that could not be started here."""
    seconds: int

    @property
    def stock(self) -> tuple[Client, ...]:
        return tuple(client for client in self.clients if client.name in CLIENTS)

    def moved_s(self, client: Client) -> float | None:
        """How long after the kill it got its next answer that was not followed by a failure; None: never."""
        moved = None
        for one in client.rounds:
            if one.at_s > self.struck.at_s:
                moved = None if one.failed else moved if moved is not None else one.at_s - self.struck.at_s
        return moved

    def longest_s(self, client: Client) -> float:
        """The longest time after the kill that it went from one answer to the next."""
        times_s = [one.at_s for one in client.rounds if not one.failed]
        gaps = [later - sooner for sooner, later in pairwise(times_s) if later > self.struck.at_s]
        return max(gaps, default=0.0)


@dataclass(frozen=True, slots=True)
class Figures:
    clients: int
    instances: int
    failover_s: int
    seconds: int


def figures(story: Story) -> Figures:
    """`clients`: those of others that found every instance; `failover_s`: until the last of them had moved over."""
    labels = {lease.label for lease in story.leases}
    found = [client for client in story.stock if labels <= {one.asked for one in client.rounds if not one.failed}]
    moved = [story.moved_s(client) for client in story.stock]
    slowest = max((one for one in moved if one is not None), default=0.0)
    return Figures(len(found), len(story.leases), math.ceil(slowest), story.seconds)


def line(story: Story) -> str:
    """The scene's last line."""
    wrong = failures(story)
    one = figures(story)
    said = f"clients={one.clients} instances={one.instances} failover_s={one.failover_s} seconds={one.seconds}"
    return f"demo failed: {wrong[0]}; {said}" if wrong else f"demo ok: {said}"


def failures(story: Story) -> tuple[str, ...]:
    """Everything that is not as it has to be."""
    return tuple(_failures(story))


def _failures(story: Story) -> Iterator[str]:
    struck = story.struck
    if story.missing:
        yield f"{' and '.join(story.missing)} could not be started"
    if len(story.leases) != INSTANCES:
        yield f"{len(story.leases)} instances, not {INSTANCES}"
    if struck.exit_codes != (-9, -9):
        yield f"{struck.label} and its heartbeat ended with {struck.exit_codes}, not by SIGKILL"
    for lease in story.leases:
        yield from _lease_failures(story, lease)
    left = tuple(sorted(lease.label for lease in story.leases if lease.label != struck.label))
    if story.live != left:
        yield f"{', '.join(story.live) or 'nobody'} is live in the end, not {', '.join(left)}"
    for client in story.clients:
        yield from (f"{client.name}: {said}" for said in _client_failures(story, client, left))


def _lease_failures(story: Story, lease: Lease) -> Iterator[str]:
    struck = story.struck
    if lease.label != struck.label:
        if gap_s := lease.gap_s(struck.time_s, story.ended_s):
            yield f"{lease.label} was not live for {gap_s} s"
        return
    if any(time_s > struck.time_s + 1 for time_s in lease.renewed_s):
        yield f"{lease.label} was renewed after it was killed"
    if lease.until_s > story.ended_s:
        yield f"the lease of {lease.label} has not lapsed"


def _client_failures(story: Story, client: Client, left: Sequence[str]) -> Iterator[str]:
    struck = story.struck
    for name, address in story.names.items():
        if client.names.get(name) != address:
            yield f"{name} is {client.names.get(name)}, not {address}"
    before = [one for one in client.rounds if one.at_s <= struck.at_s]
    if {one.asked for one in before if not one.failed} != {lease.label for lease in story.leases}:
        yield "it did not get an answer of each instance before one was killed"
    for one in client.rounds:
        yield from _round_failures(story, one)
    yield from _moving_failures(story, client, left)


def _moving_failures(story: Story, client: Client, left: Sequence[str]) -> Iterator[str]:
    struck = story.struck
    after = [one for one in client.rounds if one.block >= struck.lapsed]
    if len([one for one in after if not one.failed]) < LEAST_ROUNDS:
        yield f"it asked {len(after)} times after the lapse, not {LEAST_ROUNDS}"
    for one in after:
        if one.told != tuple(left):
            yield f"at block {one.block}, after the lapse, it was told of {', '.join(one.told) or 'nobody'}"
    if story.moved_s(client) is None:
        yield "it never moved over"
    met = [one for one in client.rounds if one.at_s > struck.at_s and one.failed]
    if client.name == OWN and len(met) > _OWN_FAILURES:
        yield f"it asked {struck.label} {len(met)} times after it was killed, though it remembers who failed"
    if client.name != OWN and not met:
        yield f"it was never told of {struck.label} while its lease lasted"


_OWN_FAILURES = 6
"""In a minute, pauses of 10, 20 and 40 s leave room for three or four, and for one that was under way."""


def _round_failures(story: Story, one: Round) -> Iterator[str]:
    struck = story.struck
    if one.failed:
        if one.asked != struck.label or one.at_s < struck.at_s - 1:
            yield f"{one.asked} did not answer at block {one.block}: {one.failed}"
        return
    if one.answered_by != one.asked:
        yield f"it asked {one.asked}, and {one.answered_by} answered"
    known = story.base_fees_wei.get(one.priced)
    if known != one.price_wei:
        yield f"{one.asked} said that gas costs {one.price_wei} wei at block {one.priced}: the chain says {known}"


# ---------------------------------------------------------------------- for people


HEAD = ("client", "asked", "answers of", "unanswered", "longest wait", "last time unanswered")


def rows(story: Story) -> list[Sequence[str]]:
    """A row for each client, as `HEAD` says."""
    shown: list[Sequence[str]] = []
    for client in story.clients:
        answers = [sum(one.asked == lease.label and not one.failed for one in client.rounds) for lease in story.leases]
        counts = ", ".join(f"{lease.label} {count}" for lease, count in zip(story.leases, answers, strict=True))
        failed = sum(bool(one.failed) for one in client.rounds)
        moved_s = story.moved_s(client)
        moved = "to the end" if moved_s is None else f"{moved_s:.1f} s after the kill"
        wait = f"{story.longest_s(client):.1f} s"
        shown.append((client.name, str(len(client.rounds)), counts, str(failed), wait, moved))
    return shown


def summary(story: Story) -> list[str]:
    """What the table does not say."""
    struck = story.struck
    lease = next(one for one in story.leases if one.label == struck.label)
    said = [f"{name} -> {address}" for name, address in story.names.items()]
    said.append(
        f"{struck.label} was killed at block {struck.block}; its lease of {lease.ttl_s} s ended "
        f"{lease.until_s - struck.time_s} s later, at block {struck.lapsed}"
    )
    return [*said, *(f"{one.label}: {len(one.renewed_s)} heartbeats" for one in story.leases)]
