"""Keys: where they are found, that they open, and that they show up nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from keeper.chain.fees import Fees
from keeper.chain.keystores import Folders, create, secret, unlock
from keeper.chain.signer import LocalSigner, Unsigned
from keeper.wire.errors import BadInput

KEY = b"\x37" * 32
CHEAP = {"kdf": "pbkdf2", "iterations": 1}


def write(folder: Path, name: str, *, address: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = Account.encrypt(KEY, "open sesame", **CHEAP)
    if not address:
        del content["address"]
    (folder / name).write_text(json.dumps(content))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    write(tmp_path / "own", "main.json")
    write(tmp_path / "ape", "deployer.json")
    write(tmp_path / "foundry", "hot", address=False)
    (tmp_path / "ape" / "hints.json").write_text("{}")
    (tmp_path / "ape" / "notes.txt").write_text("not a key")
    return Folders({"conductor": tmp_path / "own", "ape": tmp_path / "ape", "foundry": tmp_path / "foundry",
                    "absent": tmp_path / "absent"})  # fmt: skip


def test_every_kind_is_found_and_nothing_else(folders: Folders) -> None:
    assert [(store.kind, store.name, store.address is not None) for store in folders.all()] == [
        ("conductor", "main", True),
        ("ape", "deployer", True),
        ("foundry", "hot", False),
    ]


@pytest.mark.parametrize("name", ["main", "conductor:main", "deployer", "foundry:hot"])
async def test_a_name_opens(folders: Folders, name: str) -> None:
    signer = await unlock(folders.find(name), "open sesame")
    assert signer.address == LocalSigner(KEY).address


async def test_an_address_or_a_path_opens(folders: Folders, tmp_path: Path) -> None:
    address = "0x" + LocalSigner(KEY).address.hex()
    assert folders.find(address).name == "main"
    assert folders.find(str(tmp_path / "foundry" / "hot")).kind == "file"


async def test_a_wrong_password_is_one_clear_error(folders: Folders) -> None:
    with pytest.raises(BadInput, match="password"):
        await unlock(folders.find("hot"), "wrong")


def test_an_unknown_name_lists_those_that_exist(folders: Folders) -> None:
    with pytest.raises(BadInput, match="conductor:main, ape:deployer, foundry:hot"):
        folders.find("nobody")


async def test_a_new_keystore_is_private_and_never_overwrites(tmp_path: Path) -> None:
    store = await create(tmp_path / "keys", "main", KEY, "open sesame")
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.address == LocalSigner(KEY).address
    with pytest.raises(BadInput, match="exists"):
        await create(tmp_path / "keys", "main", KEY, "other")


def test_a_secret_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("open sesame\n")
    assert secret("PW", {}) is None
    assert secret("PW", {"PW": "x"}) == "x"
    assert secret("PW", {"PW_FILE": str(tmp_path / "pw")}) == "open sesame"
    with pytest.raises(BadInput, match="both"):
        secret("PW", {"PW": "x", "PW_FILE": str(tmp_path / "pw")})
    with pytest.raises(BadInput, match="PW_FILE cannot be read"):
        secret("PW", {"PW_FILE": str(tmp_path / "nothing")})


async def test_what_is_signed_is_what_was_asked_for() -> None:
    signer = LocalSigner(KEY)
    work = Unsigned(10, 3, b"\x05" * 20, b"data", 7, 60_000, Fees(5, 2))
    signed = await signer.sign(work)
    assert Account.recover_transaction(signed.raw).lower() == "0x" + signer.address.hex()
    assert signed.hash == keccak(signed.raw)
    again = await signer.sign(work)
    assert again == signed


async def test_a_digest_is_signed_as_it_is() -> None:
    digest = keccak(b"anything")
    signature = await LocalSigner(KEY).sign_digest(digest)
    assert len(signature) == 65
    recovered = Account._recover_hash(digest, signature=signature)
    assert recovered.lower() == "0x" + LocalSigner(KEY).address.hex()


def test_the_key_shows_up_nowhere() -> None:
    signer = LocalSigner(KEY)
    assert KEY.hex() not in repr(signer) + str(signer)
    bad = b"\x66" * 31
    with pytest.raises(BadInput) as caught:
        LocalSigner(bad)
    assert bad.hex() not in repr(caught.value) + str(caught.value.as_dict())
    assert caught.value.__cause__ is None
