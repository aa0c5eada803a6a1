"""Records and answers: what a name says, whom it says it to, and what an account says its name is."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.contracts.names import HERE, NOBODY, YEAR_S, Names, calldata, dns, low, node_of, reverse_of
from tests.contracts.world import Refusal, Refused

SOMEWHERE = "0x" + "5e" * 20
BITCOIN = 0
ETHEREUM = 60
OPTIMISM = 0x80000000 | 10
SUPPORTED = "01ffc9a7 3b3b57de f1cb7e06 59d1d43c 691f3431 9061b923 bc1c58d1 2203ab56 124a319c".split()


def whole(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def test_a_name_has_an_address_on_every_chain(names: Names) -> None:
    """`addr(node)` is the address here; coin 60 that on Ethereum's main chain; each chain has its own."""
    pay = node_of("pay.acme")
    assert names.resolve("pay.acme") == NOBODY
    names.do("setAddr", pay, SOMEWHERE)
    names.do("setAddr", pay, OPTIMISM, b"\x0a" * 20)
    names.do("setAddr", pay, BITCOIN, b"\x00\x14" + bytes(20))
    assert names.resolve("pay.acme") == names.ask("addr", pay) == SOMEWHERE
    assert names.resolve("pay.acme", "addr", HERE) == names.ask("addr", pay, HERE) == bytes.fromhex("5e" * 20)
    assert names.resolve("pay.acme", "addr", OPTIMISM) == b"\x0a" * 20
    assert names.resolve("pay.acme", "addr", BITCOIN) == b"\x00\x14" + bytes(20)
    assert names.resolve("pay.acme", "addr", ETHEREUM) == b""
    names.do("setAddr", pay, HERE, bytes(20))
    assert names.resolve("pay.acme") == NOBODY
    assert names.resolve("pay.acme", "addr", HERE) == b""
    bad = Refusal("Registry_BadLength", (whole("address"), 21, 20))
    assert names.refusal("setAddr", pay, OPTIMISM, bytes(21)) == bad


def test_a_name_has_texts_hashes_abis_and_interfaces(names: Names) -> None:
    pay = node_of("pay.acme")
    names.do("setText", pay, "url", "https://pay")
    names.do("setContenthash", pay, b"\xe3\x01")
    names.do("setABI", pay, 4, b"cbor")
    names.do("setInterface", pay, b"\x01\x02\x03\x04", SOMEWHERE)
    assert names.resolve("pay.acme", "text", "url") == names.ask("text", pay, "url") == "https://pay"
    assert names.resolve("pay.acme", "contenthash") == names.ask("contenthash", pay) == b"\xe3\x01"
    assert names.resolve("pay.acme", "ABI", 7) == names.ask("ABI", pay, 7) == (4, b"cbor")
    assert names.resolve("pay.acme", "ABI", 3) == (0, b"")
    assert names.resolve("pay.acme", "interfaceImplementer", b"\x01\x02\x03\x04") == SOMEWHERE
    names.do("setInterface", pay, b"\x01\x02\x03\x04", NOBODY)
    assert names.ask("interfaceImplementer", pay, b"\x01\x02\x03\x04") == NOBODY
    assert names.refusal("setABI", pay, 3, b"") == Refusal("Registry_BadValue", (whole("content type"), 3))
    assert names.refusal("setText", pay, "", "x") == Refusal("Registry_BadLength", (whole("text key"), 0, 64))


def test_records_are_changed_by_owner_and_operators(names: Names) -> None:
    world, pay = names.world, node_of("pay.acme")
    refused = Refusal("Registry_NotAllowed", (pay, low(world.keeper)))
    assert names.refusal("setText", pay, "k", "v", by=world.keeper) == refused
    names.do("approve", pay, world.keeper.address, True)
    names.do("setText", pay, "k", "v", by=world.keeper)
    assert names.resolve("pay.acme", "text", "k") == "v"


def test_every_change_of_a_record_is_two_events(names: Names) -> None:
    """Ours with the next revision and the bytes that are kept; ENS's."""
    pay = node_of("pay.acme")
    receipt = names.do("setAddr", pay, SOMEWHERE)
    (event,) = names.events(receipt)
    assert event.values == {
        "revision": names.ask("revision"),
        "node": pay,
        "kind": bytes.fromhex("f1cb7e06"),
        "key": HERE.to_bytes(32, "big"),
        "value": bytes.fromhex("5e" * 20),
    }
    assert names.name_of("pay.acme")["revision"] == event.values["revision"]
    ens = ("AddressChanged(bytes32,uint256,bytes)", "AddrChanged(bytes32,address)")
    topics = [log["topics"][0].hex().removeprefix("0x") for log in receipt.logs[1:]]
    assert topics == [keccak(text=signature).hex() for signature in ens]


def test_an_account_has_a_name_while_the_name_has_the_account(names: Names) -> None:
    """Both must say so, by every path, at this moment."""
    world, pay = names.world, node_of("pay.acme")
    who = world.keeper
    node, account = node_of(reverse_of(who)), bytes.fromhex(who.address[2:])
    names.do("setName", "pay.acme", by=who)
    assert names.ask("name", node) == ""
    assert names.ask("resolver", node) == NOBODY
    with pytest.raises(Refused, match="ReverseAddressMismatch"):
        names.ask("reverse", account, ETHEREUM)
    names.do("setAddr", pay, who.address)
    for coin in (HERE, ETHEREUM, 0x80000000):
        assert names.ask("reverse", account, coin) == ("pay.acme", low(names.address), low(names.address))
    assert names.ask("reverse", account, OPTIMISM) == ("", NOBODY, low(names.address))
    assert names.ask("name", node) == names.resolve(reverse_of(who), "name") == "pay.acme"
    assert names.ask("resolver", node) == low(names.address)
    assert names.resolve(reverse_of(world.stranger), "name") is None
    world.at(world.time + YEAR_S)
    assert names.ask("name", node) == ""
    assert names.resolve(reverse_of(who), "name") is None


def test_what_clients_ask_first(names: Names) -> None:
    """The registry's and the resolver's own questions."""
    pay, me = node_of("pay.acme"), low(names.address)
    assert names.ask("owner", pay) == low(names.world.owner)
    assert names.ask("resolver", pay) == me
    assert names.ask("resolver", node_of("no.acme")) == NOBODY
    assert names.ask("recordExists", pay) is True
    assert names.ask("ttl", pay) == 0
    assert names.ask("isApprovedForAll", me, me) is False
    assert all(names.ask("supportsInterface", bytes.fromhex(i)) for i in SUPPORTED)
    assert not names.ask("supportsInterface", b"\xff" * 4)
    assert names.ask("findResolver", dns("pay.acme")) == (me, pay, 0)
    assert names.ask("requireResolver", dns("pay.acme")) == (dns("pay.acme"), 0, pay, me, True)
    assert names.ask("findResolver", dns("no.acme"))[0] == NOBODY
    with pytest.raises(Refused, match="ResolverNotFound"):
        names.ask("requireResolver", dns("no.acme"))


def test_several_questions_in_one(names: Names) -> None:
    """A multicall of the resolver's calls; with gateways, which nobody needs here, the same."""
    pay = node_of("pay.acme")
    names.do("setAddr", pay, SOMEWHERE)
    questions = calldata("multicall", [calldata("addr", pay), calldata("text", pay, "url")])
    answer, _ = names.ask("resolve", dns("pay.acme"), questions)
    assert names.ask("resolveWithGateways", dns("pay.acme"), questions, ["https://x"])[0] == answer
    assert bytes.fromhex("5e" * 20) in answer
    for data in (b"", b"\x01\x02\x03\x04" + pay, calldata("addr", pay)[:30]):
        with pytest.raises(Refused, match="UnsupportedResolverProfile"):
            names.ask("resolve", dns("pay.acme"), data)


def test_the_registry_alone_knows_names(names: Names) -> None:
    """The contract that answers for it reads the Registry's store; asked itself, it knows nothing."""
    part = names.world.chain.web3.eth.get_storage_at(names.address, 0)
    assert int.from_bytes(part, "big") & (2**64 - 1) == names.ask("revision")
    logic = "0x" + keccak(b"\xd6\x94" + bytes.fromhex(names.address[2:]) + b"\x01")[12:].hex()
    assert len(names.world.chain.web3.eth.get_code(names.world.chain.web3.to_checksum_address(logic))) > 1_000
    alone = Names(names.world, logic)
    assert alone.resolve("pay.acme") is None
    assert alone.ask("owner", node_of("pay.acme")) == NOBODY
