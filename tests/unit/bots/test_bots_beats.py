"""Which leases are renewed when: each in time even if one try fails, none twice, and in few transactions."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keeper.bots.beats import BeatPolicy, Lease, decide, due_from_s
from keeper.bots.decide import Moment

NOW = 1_000_000
POLICY = BeatPolicy()
leases = st.lists(
    st.builds(Lease, st.integers(1, 500), st.integers(60, 86_400), st.integers(NOW - 100, NOW + 86_400)),
    max_size=130,
    unique_by=lambda lease: lease.id,
)
moments = st.builds(Moment, st.just(9), st.just(NOW), st.floats(0.25, 15))
outs = st.frozensets(st.integers(1, 500), max_size=200)


def is_due(lease: Lease, moment: Moment) -> bool:
    return lease.until_s - moment.time_s <= due_from_s(lease.ttl_s, moment.block_s, POLICY)


@given(leases, moments, outs, st.integers(1, 60))
def test_whoever_is_due_is_renewed_once_in_as_few_transactions_as_can_be(
    known: list[Lease], moment: Moment, out: frozenset[int], batch: int
) -> None:
    beats = decide(known, moment, BeatPolicy(batch=batch), out)
    ids = [id_ for beat in beats for id_ in beat.ids]
    due = {lease.id for lease in known if lease.id not in out and is_due(lease, moment)}
    assert len(ids) == len(set(ids))
    assert due <= set(ids)
    assert not set(ids) & out
    assert len(beats) == math.ceil(len(due) / batch)
    assert all(len(beat.leases) <= batch for beat in beats)
    worn = {one.id for one in known if one.until_s - NOW <= 2 / 3 * one.ttl_s}
    assert set(ids) <= due | worn


@given(leases, moments)
def test_the_most_urgent_go_first(known: list[Lease], moment: Moment) -> None:
    untils = [lease.until_s for beat in decide(known, moment, BeatPolicy(batch=7)) for lease in beat.leases]
    assert untils == sorted(untils)


@given(leases, moments)
def test_a_heartbeat_has_two_to_three_blocks_or_a_few_seconds(known: list[Lease], moment: Moment) -> None:
    for beat in decide(known, moment, POLICY):
        ahead_s = beat.not_after_s - (NOW - moment.block_s)
        assert ahead_s >= min(2 * moment.block_s, 4)
        assert ahead_s <= max(3 * moment.block_s + 2, 4 + 2 * math.ceil(moment.block_s))


def test_a_lone_lease_is_renewed_at_a_third() -> None:
    moment = Moment(9, NOW, 1.0)
    assert decide([Lease(1, 600, NOW + 201)], moment, POLICY) == ()
    (beat,) = decide([Lease(1, 600, NOW + 200)], moment, POLICY)
    assert (beat.ids, beat.not_after_s) == ((1,), NOW + 4)
    (beat,) = decide([Lease(1, 600, NOW + 200), Lease(2, 600, NOW + 400), Lease(3, 600, NOW + 401)], moment, POLICY)
    assert beat.ids == (1, 2), "one that is worn joins"
    (new,) = decide([Lease(1, 600, 0)], moment, POLICY)
    assert new.ids == (1,), "and one that has not begun to live begins"


@settings(max_examples=60)
@given(
    ttl_s=st.integers(60, 900),
    block_s=st.integers(1, 15),
    fails=st.integers(0, 3),
    late=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_a_lease_survives_any_one_failed_try(ttl_s: int, block_s: int, fails: int, late: list[int]) -> None:
    """A chain with a block every `block_s`; a try lands up to two blocks late, and one of them never."""
    assume(ttl_s >= 2 * max(3 * block_s, 4 + block_s) + 2 * block_s)
    head_s, until_s = NOW, NOW + ttl_s
    lands_s, not_after_s, tries = 0, 0, 0
    while tries < len(late):
        moment = Moment(0, head_s + block_s, float(block_s))
        out = {1} if not_after_s >= moment.time_s else set()
        for beat in decide([Lease(1, ttl_s, until_s)], moment, POLICY, out):
            lands_s = moment.time_s + late[tries] * block_s if tries != fails else 0
            not_after_s, tries = beat.not_after_s, tries + 1
        head_s += block_s
        if head_s == lands_s and head_s <= not_after_s:
            until_s, not_after_s = head_s + ttl_s, 0
        assert head_s < until_s, f"lapsed after {tries} tries"


@pytest.mark.parametrize(("ttl_s", "block_s", "from_s"), [(3_600, 12.0, 1_200), (60, 1.0, 20), (60, 12.0, 84)])
def test_short_leases_on_slow_chains_are_renewed_earlier(ttl_s: int, block_s: float, from_s: float) -> None:
    assert due_from_s(ttl_s, block_s, POLICY) == from_s
