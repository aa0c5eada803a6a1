"""Scene services' last line: green only if everything is as it has to be, and each single thing can turn it red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keeper.cli.demo.failover import (
    CLIENTS,
    OWN,
    Client,
    Lease,
    Round,
    Story,
    Struck,
    failures,
    figures,
    line,
    rows,
    summary,
)

FEE = 20 * 10**9
NAMES = {"registry.demo": "0xAb"}
KILLED, LAPSED = 30, 80


def asked(block: int, whom: str, *, dead: bool = False) -> Round:
    """At each block by second `block`; after the lapse only the living are told."""
    told = ("a", "b", "c") if block < LAPSED else ("a", "c")
    if dead:
        return Round(float(block), block, told, whom, failed="ECONNREFUSED")
    return Round(float(block), block, told, whom, whom, FEE, block)


def client(name: str) -> Client:
    before = [asked(20 + i, "abc"[i % 3]) for i in range(9)]
    during = [asked(31 + i, "abc"[i % 3], dead=i % 3 == 1) for i in range(9)]
    if name == OWN:
        during = [asked(31, "b", dead=True), asked(31, "a"), *(asked(32 + i, "ac"[i % 2]) for i in range(8))]
    return Client(name, NAMES, (*before, *during, *(asked(LAPSED + i, "ac"[i % 2]) for i in range(4))))


GOOD = Story(
    names=NAMES,
    leases=(Lease("a", (18, 58), 60), Lease("b", (20,), 60), Lease("c", (19, 59), 60)),
    live=("a", "c"),
    clients=tuple(client(name) for name in (*CLIENTS, OWN)),
    base_fees_wei=dict.fromkeys(range(100), FEE),
    struck=Struck("b", (-9, -9), 30.0, KILLED, 30, LAPSED),
    ended_s=85,
    missing=(),
    seconds=88,
)


def on(name: str, change: Callable[[Client], Client]) -> Callable[[Story], Story]:
    return lambda story: replace(story, clients=tuple(change(c) if c.name == name else c for c in story.clients))


def with_round(index: int, **fields: object) -> Callable[[Client], Client]:
    def change(one: Client) -> Client:
        found = list(one.rounds)
        found[index] = replace(found[index], **fields)  # type: ignore[arg-type]  # by the tests' own names
        return replace(one, rounds=tuple(found))

    return change


def struck(**fields: object) -> Callable[[Story], Story]:
    return lambda story: replace(story, struck=replace(story.struck, **fields))  # type: ignore[arg-type]  # likewise


def lease(label: str, *renewed_s: int) -> Callable[[Story], Story]:
    return lambda story: replace(
        story, leases=tuple(replace(one, renewed_s=renewed_s) if one.label == label else one for one in story.leases)
    )


def test_the_line_is_exactly_this() -> None:
    assert failures(GOOD) == ()
    assert line(GOOD) == "demo ok: clients=3 instances=3 failover_s=9 seconds=88"
    assert (figures(GOOD).clients, figures(GOOD).failover_s) == (3, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda story: replace(story, missing=("ethers",)), "ethers could not be started"),
        (lambda story: replace(story, leases=story.leases[:2]), "2 instances, not 3"),
        (struck(exit_codes=(-9, 0)), "b and its heartbeat ended with (-9, 0), not by SIGKILL"),
        (lease("b", 20, 32), "b was renewed after it was killed"),
        (lease("b", 26), "the lease of b has not lapsed"),
        (lease("a", 18), "a was not live for 7 s"),
        (lambda story: replace(story, live=("a",)), "a is live in the end, not a, c"),
        (on("viem", lambda one: replace(one, names={})), "viem: registry.demo is None, not 0xAb"),
        (on("ethers", lambda one: replace(one, rounds=one.rounds[2:3] + one.rounds[9:])),
         "ethers: it did not get an answer of each instance before one was killed"),
        (on("viem", with_round(0, failed="ECONNREFUSED")), "viem: a did not answer at block 20: ECONNREFUSED"),
        (on("viem", with_round(0, price_wei=1)),
         "viem: a said that gas costs 1 wei at block 20: the chain says 20000000000"),
        (on("viem", with_round(0, answered_by="c")), "viem: it asked a, and c answered"),
        (on("web3.py", with_round(-1, told=("a", "b", "c"))),
         "web3.py: at block 83, after the lapse, it was told of a, b, c"),
        (on("web3.py", lambda one: replace(one, rounds=one.rounds[:-2])),
         "web3.py: it asked 2 times after the lapse, not 3"),
        (on("web3.py", lambda one: replace(one, rounds=tuple(r for r in one.rounds if not r.failed))),
         "web3.py: it was never told of b while its lease lasted"),
        (on("web3.py", with_round(-1, asked="b", failed="ECONNREFUSED")), "web3.py: it never moved over"),
        (on(OWN, lambda one: replace(one, rounds=one.rounds[:9] + 7 * one.rounds[9:10] + one.rounds[10:])),
         "conductor: it asked b 7 times after it was killed, though it remembers who failed"),
    ],
)  # fmt: skip
def test_each_thing_alone_turns_it_red(change: Callable[[Story], Story], said: str) -> None:
    story = change(GOOD)
    assert failures(story)[0] == said
    assert line(story).startswith(f"demo failed: {said}; clients=")


def test_people_see_each_client_and_when_it_moved_over() -> None:
    shown = {row[0]: row for row in rows(GOOD)}
    assert shown["ethers"] == ("ethers", "22", "a 8, b 3, c 8", "3", "41.0 s", "9.0 s after the kill")
    assert shown[OWN][-1] == "1.0 s after the kill"
    assert "b was killed at block 30; its lease of 60 s ended 50 s later, at block 80" in summary(GOOD)
