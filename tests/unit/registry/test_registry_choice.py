"""Who is asked: by weight, and not who failed a moment ago. All chance has a seed, all time is given."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.registry import HealthMemory, Instance, NoInstance, choosable, choose
from keeper.registry.choice import Health

NOW_S = 1_800_000_000


def instance(number: int, weight: int, *, until_s: int = NOW_S + 60) -> Instance:
    return Instance(number, bytes(32), f"i{number}", b"\x01" * 20, weight, weight, 60, until_s, None, "", "")  # type: ignore[arg-type]


def test_choices_follow_the_weights() -> None:
    found = [instance(1, 60), instance(2, 30), instance(3, 10), instance(4, 0), instance(5, 99, until_s=NOW_S)]
    random = Random(7)
    counts = Counter(choose(found, Health(), random, time_s=NOW_S).id for _ in range(20_000))
    assert counts.keys() == {1, 2, 3}
    for number, share in ((1, 0.6), (2, 0.3), (3, 0.1)):
        # Four standard deviations of a binomial: one seed in sixteen thousand would be further off.
        assert abs(counts[number] / 20_000 - share) < 4 * (share * (1 - share) / 20_000) ** 0.5


@given(
    st.lists(st.tuples(st.integers(0, 65_535), st.integers(-5, 5)), max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(0, 1 << 32),
)
def test_only_live_weighed_and_healthy_ones_are_chosen(
    drawn: list[tuple[int, int]], failed: set[int], seed: int
) -> None:
    found = [instance(number, weight, until_s=NOW_S + left) for number, (weight, left) in enumerate(drawn)]
    memory = HealthMemory()
    for number in failed:
        memory.failed(number, 100.0)
    able = [one for one in found if one.weight and one.until_s > NOW_S and one.id not in failed]
    assert {one.id for one in able} == {one.id for one in choosable(found, NOW_S)} - failed
    if able:
        assert choose(found, memory.at(100.5), Random(seed), time_s=NOW_S) in able
    else:
        with pytest.raises(NoInstance):
            choose(found, memory.at(100.5), Random(seed), time_s=NOW_S)


def test_the_same_seed_chooses_the_same() -> None:
    found = [instance(number, 10) for number in range(9)]
    one, two = Random(3), Random(3)
    for _ in range(50):
        assert choose(found, Health(), one, time_s=NOW_S) == choose(found, Health(), two, time_s=NOW_S)


def test_failures_in_a_row_double_the_pause_up_to_the_most() -> None:
    memory, now_s = HealthMemory(first_s=1, most_s=20), 0.0
    pauses = []
    for _ in range(7):
        memory.failed(1, now_s)
        until_s = memory.at(now_s).held_until_s(1)
        assert until_s is not None
        pauses.append(until_s - now_s)
        now_s = until_s
        assert memory.at(now_s).held_until_s(1) is None, "it may be asked again"
    assert pauses == [1, 2, 4, 8, 16, 20, 20]


def test_failures_under_way_together_count_once() -> None:
    memory = HealthMemory()
    for _ in range(50):
        memory.failed(1, 10.0)
    assert memory.at(10.0).held_until_s(1) == 11.0


def test_a_success_forgives() -> None:
    memory = HealthMemory()
    for now_s in (0.0, 5.0, 50.0):
        memory.failed(1, now_s)
    memory.succeeded(1)
    assert memory.at(50.0).held_until_s(1) is None
    memory.failed(1, 50.0)
    assert memory.at(50.0).held_until_s(1) == 51.0


def test_a_view_of_the_memory_does_not_move() -> None:
    memory = HealthMemory()
    before = memory.at(1.0)
    memory.failed(1, 1.0)
    assert before.held_until_s(1) is None


def test_who_is_gone_is_forgotten() -> None:
    memory = HealthMemory()
    memory.failed(1, 0.0)
    memory.failed(2, 0.0)
    memory.keep([2])
    assert (memory.at(0.0).held_until_s(1), memory.at(0.0).held_until_s(2)) == (None, 1.0)


def test_nobody_says_why_and_when() -> None:
    with pytest.raises(NoInstance) as caught:
        choose([instance(1, 0)], Health(), Random(1), time_s=NOW_S)
    assert str(caught.value) == "no instance of 1 can be chosen: none is live with a weight above 0: ask again"
    memory = HealthMemory()
    memory.failed(1, 10.0)
    memory.failed(2, 12.0)
    with pytest.raises(NoInstance) as caught:
        choose([instance(1, 5), instance(2, 5)], memory.at(12.5 - 2), Random(1), time_s=NOW_S)
    assert caught.value.retry_at_s == 11.0
