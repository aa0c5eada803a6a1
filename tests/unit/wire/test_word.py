"""The plan word: 256 bits, 32 values of three bits each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.wire.errors import BadInput
from keeper.wire.types import Address, ChainEntry, Header, Status, Value
from keeper.wire.word import ORIGIN_LANE, PlanWord, decode_word, encode_word, lane, origin, with_lane
from tests.unit.wire import draws


@draws.quick
@given(draws.words())
def test_a_word_round_trips(word: PlanWord) -> None:
    assert decode_word(encode_word(word)) == word


@draws.quick
@given(draws.bits(256))
def test_bits_that_are_accepted_mean_themselves(packed: int) -> None:
    packed &= ~(0xF0 << 152)  # the status byte's unused bits are seldom all zero by chance
    try:
        word = decode_word(packed)
    except BadInput:
        return
    assert encode_word(word) == packed


@draws.quick
@given(draws.words())
def test_masks_say_what_the_values_say(word: PlanWord) -> None:
    def mask(*values: Value) -> int:
        return sum(1 << i for i, value in enumerate(word.values) if value in values)

    assert word.settled == mask(*Value) - mask(Value.PENDING)
    assert word.done == mask(Value.DONE)
    assert word.failed == mask(Value.FAILED)
    assert word.undone == mask(Value.UNDONE, Value.UNDO_FAILED)
    assert [word.mask(value) for value in Value] == [mask(value) for value in Value]


@draws.quick
@given(draws.words(), draws.bits(32), st.sampled_from(Value))
def test_values_are_set_under_a_mask_only(word: PlanWord, mask: int, value: Value) -> None:
    after = word.with_value(mask, value)
    assert after.values == tuple(value if mask >> i & 1 else old for i, old in enumerate(word.values))
    assert encode_word(after) & ((1 << 160) - 1) == encode_word(word) & ((1 << 160) - 1)


@draws.quick
@given(draws.bits(256), st.integers(0, 7), draws.bits(40))
def test_a_lane_is_32_bits_of_its_own(stamps: int, number: int, at: int) -> None:
    after = with_lane(stamps, number, at)
    assert lane(after, number) == at % 2**32
    assert all(lane(after, other) == lane(stamps, other) for other in range(8) if other != number)


def test_fields_stand_where_the_wire_says() -> None:
    word = PlanWord(status=Status.FINISHING, cancelled=True, run=2, move=3, changed=4, deposit_gwei=5)
    packed = encode_word(word.with_value(1, Value.FAILED).with_value(1 << 31, Value.UNDO_FAILED))
    assert packed.to_bytes(32, "big").hex() == (
        "80000001" + "00000001" + "80000000" + "0b" + "000002" + "000003" + "0000000004" + "0000000000000005"
    )


def test_words_that_no_contract_writes_are_refused() -> None:
    for packed, field in (((1 << 192) | (1 << 160), "values"), (7 << 152, "status"), (16 << 152, "status")):
        with pytest.raises(BadInput) as error:
            decode_word(packed)
        assert error.value.field == field


@pytest.mark.parametrize(
    ("word", "field"), [(PlanWord(lo=1 << 32), "lo"), (PlanWord(run=1 << 24), "run"), (PlanWord(changed=-1), "changed")]
)
def test_a_word_that_does_not_fit_is_refused_by_field(word: PlanWord, field: str) -> None:
    with pytest.raises(BadInput) as error:
        encode_word(word)
    assert error.value.field == field


def test_the_move_number_starts_again() -> None:
    assert PlanWord(move=2**24 - 1).moved() == PlanWord(move=0)


def test_a_relative_start_keeps_its_origin() -> None:
    header = Header(1, 0, 100, 200, 50, (ChainEntry(1, 1, Address(bytes(20))),))
    relative = Header(1, 0, 100, 200, 50, header.chains, relative_start=True)
    stamps = with_lane(0, ORIGIN_LANE, 777)
    assert (origin(header, stamps), origin(relative, stamps)) == (100, 777)
