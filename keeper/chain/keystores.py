"""Encrypted keys on disk (V3 JSON): our own, ape's and Foundry's, all read without those tools."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account

from keeper.chain.signer import LocalSigner
from keeper.wire.errors import BadInput


@dataclass(frozen=True, slots=True)
class Keystore:
    """An encrypted key. `address` is None where the file does not say (Foundry's do not)."""

    name: str
    kind: str
    path: Path
    address: bytes | None


@dataclass(frozen=True, slots=True)
class Folders:
    """Where keystores are looked for, by kind; the first that has a name wins."""

    folders: Mapping[str, Path] = field(
        default_factory=lambda: {
            "conductor": Path.home() / ".conductor" / "keystores",
            "ape": Path.home() / ".ape" / "accounts",
            "foundry": Path.home() / ".foundry" / "keystores",
        }
    )

    def all(self) -> tuple[Keystore, ...]:
        """Every readable keystore, in the order of the folders, then by name."""
        found = []
        for kind, folder in self.folders.items():
            for path in sorted(folder.glob("*")) if folder.is_dir() else ():
                content = _read(path)
                if content is not None:
                    address = str(content.get("address") or "").removeprefix("0x")
                    found.append(Keystore(path.stem, kind, path, bytes.fromhex(address) if address else None))
        return tuple(found)

    def find(self, name: str) -> Keystore:
        """By name, by kind:name, by address or by path. Errors: BadInput, which names those that exist."""
        stores = self.all()
        path = Path(name).expanduser()
        if path.is_file() and (content := _read(path)) is not None:
            address = str(content.get("address") or "").removeprefix("0x")
            return Keystore(path.stem, "file", path, bytes.fromhex(address) if address else None)
        for store in stores:
            said = "0x" + store.address.hex() if store.address else None
            if name in (store.name, f"{store.kind}:{store.name}") or name.lower() == said:
                return store
        known = ", ".join(f"{store.kind}:{store.name}" for store in stores) or "none"
        raise BadInput(f"there is no account {name!r}", field="account", value=name, remedy=f"known accounts: {known}")


async def unlock(store: Keystore, password: str) -> LocalSigner:
    """Decrypts in a thread of its own: it is made to be slow. Errors: BadInput if the password is wrong."""
    try:
        key = await asyncio.to_thread(lambda: Account.decrypt(store.path.read_text(), password))
    except ValueError:
        raise BadInput(
            f"the password does not open {store.path}", field="password", remedy="check the password"
        ) from None
    return LocalSigner(bytes(key))


async def create(folder: Path, name: str, key: bytes, password: str) -> Keystore:
    """Writes a new keystore that only its owner can read. Errors: BadInput if the name is taken."""
    path = folder / f"{name}.json"
    taken = BadInput(f"{path} exists", field="account", value=name, remedy="choose another name")
    if await asyncio.to_thread(path.exists):
        raise taken
    content = await asyncio.to_thread(Account.encrypt, key, password)
    try:
        await asyncio.to_thread(_write_new, path, json.dumps(content))
    except FileExistsError:  # made meanwhile
        raise taken from None
    return Keystore(name, "conductor", path, bytes.fromhex(content["address"].removeprefix("0x")))


def secret(name: str, environment: Mapping[str, str]) -> str | None:
    """A secret from the variable `name`, or from the file that `name`_FILE names, less its last line break.

    Errors: BadInput if both are given or the file cannot be read.
    """
    value, file = environment.get(name), environment.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise BadInput(f"both {name} and {name}_FILE are set", field=name, remedy="keep one of them")
    if file is None:
        return value
    try:
        return Path(file).read_text().removesuffix("\n")
    except OSError as error:
        remedy = "check the path and its permissions"
        raise BadInput(
            f"{name}_FILE cannot be read: {error.strerror}", field=f"{name}_FILE", value=file, remedy=remedy
        ) from None


def _write_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _read(path: Path) -> dict[str, Any] | None:
    """The file's content if it is a V3 keystore."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("version") == 3 and "crypto" in content else None
