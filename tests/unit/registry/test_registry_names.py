"""Labels, hashes and bytes of names: against fixed vectors, and against web3.py's own ens."""

from __future__ import annotations

import pytest
from ens.utils import dns_encode_name, normalize_name, raw_name_to_hash  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.registry import names
from keeper.registry.names import BadLabel, BadName
from keeper.wire.errors import BadInput

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
LABELS = st.text(CHARACTERS, min_size=1, max_size=12).filter(names.fits)
NAMES = st.lists(LABELS, min_size=1, max_size=9).map(".".join)


@pytest.mark.parametrize(
    ("name", "node"),
    [  # EIP-137
        ("", "0000000000000000000000000000000000000000000000000000000000000000"),
        ("eth", "93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae"),
        ("foo.eth", "de9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f"),
        ("addr.reverse", "91d1777781884d03a6757a803996e38de2a42967fb37eeaca72729271025a9e2"),
    ],
)
def test_hashes_are_those_of_eip_137(name: str, node: str) -> None:
    assert names.namehash(name).hex() == node


def test_bytes_are_those_of_dns() -> None:
    assert names.dns_encode("") == b"\0"
    assert names.dns_encode("api.acme") == b"\x03api\x04acme\0"


@settings(deadline=None)  # the first normalisation of web3.py's reads a table
@given(NAMES)
def test_hash_and_bytes_are_those_of_web3_py(name: str) -> None:
    assert normalize_name(name) == name
    assert names.namehash(name) == bytes(raw_name_to_hash(name))
    assert names.dns_encode(name) == bytes(dns_encode_name(name))


@given(NAMES)
def test_bytes_give_the_name_again(name: str) -> None:
    assert names.dns_decode(names.dns_encode(name)) == name


@given(st.binary(max_size=40))
def test_any_bytes_are_a_name_or_refused(data: bytes) -> None:
    try:
        name = names.dns_decode(data)
    except BadInput:
        return
    assert names.dns_encode(name) == data


@given(st.text(st.sampled_from(f"{CHARACTERS}AZ_.é "), max_size=8))
def test_a_label_fits_or_says_why_not(label: str) -> None:
    if names.fits(label):
        assert names.check_label(label) == label
        return
    with pytest.raises(BadLabel) as caught:
        names.check_label(label)
    assert (caught.value.label, caught.value.field, caught.value.value) == (label, "label", label)
    assert caught.value.reason
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a..b", "the label '' of 'a..b' is empty: write a label on both sides of each dot"),
        ("Api.acme", "the label 'Api' of 'Api.acme' has 'A' at position 1: write api"),
        ("a_b", "the label 'a_b' has '_' at position 2: use a-z, 0-9 and `-`"),
        ("-a.b", "the label '-a' of '-a.b' begins with `-`: use `-` only between other characters"),
        ("a-.b", "the label 'a-' of 'a-.b' ends with `-`: use `-` only between other characters"),
        (
            "xn--a",
            "the label 'xn--a' has `--` as its third and fourth characters: use a single `-`",
        ),
        ("1.2.3.4.5.6.7.8.9.a", "the name '1.2.3.4.5.6.7.8.9.a' has 10 labels: write at most 9"),
    ],
)  # fmt: skip
def test_a_bad_name_says_what_and_what_to_do(name: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        names.namehash(name)
    assert str(caught.value) == said


def test_long_labels_and_names_are_counted() -> None:
    assert names.fits("a" * 63)
    with pytest.raises(BadLabel, match="has 64 characters: use at most 63"):
        names.check_label("a" * 64)
    with pytest.raises(BadName, match="takes 257 bytes"):
        names.namehash(".".join(["a" * 63] * 4))


def test_coin_types_are_those_of_ensip_9_and_11() -> None:
    assert [names.coin_type(chain) for chain in (1, 10, 8453)] == [60, 0x8000000A, 0x80002105]
    for chain in (0, -1, 1 << 31):
        with pytest.raises(BadInput, match="has no coin type"):
            names.coin_type(chain)


def test_a_node_is_a_name_or_32_bytes() -> None:
    assert names.node_of("foo.eth") == names.node_of(names.namehash("foo.eth"))
    with pytest.raises(BadInput, match="a node has 32 bytes, not 20"):
        names.node_of(bytes(20))
