"""`ape run verify --network ..`: whether the code on the chain is that of a fresh build of these sources.

Build first: `make build`. What a contract senses or computes as it is created (its immutables) is left out of the
comparison; the address itself commits to the rest of the creation code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand
from ape_ethereum.provider import Web3Provider
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.cli.deployment import CONTRACTS, DEPLOYER, SALT, address_of
from keeper.wire.hashing import create2_address

BUILD = Path(__file__).resolve().parents[1] / "build/forge"


def artifact(name: str) -> dict[str, Any]:
    """forge's output for a contract. Raises ClickException where it was not built."""
    path = BUILD / f"{name}.sol" / f"{name}.json"
    if not path.exists():
        raise click.ClickException(f"{path} is missing: run `make build`")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def findings(name: str, code: bytes) -> list[str]:
    """How `code` on the chain differs from a fresh build; nothing if it does not."""
    built = artifact(name)
    found = []
    creation = bytes.fromhex(built["bytecode"]["object"].removeprefix("0x"))
    if create2_address(DEPLOYER, SALT, keccak(creation)) != address_of(name):
        found.append("the sources give another address than the package: run `make abi`")
    if not code:
        return [*found, "there is no code"]
    if masked(code, built) != masked(bytes.fromhex(built["deployedBytecode"]["object"].removeprefix("0x")), built):
        found.append("the code on the chain is not what the sources give")
    return found


def masked(code: bytes, built: dict[str, Any]) -> bytes:
    """The code with its immutables zeroed."""
    clean = bytearray(code)
    for places in built["deployedBytecode"].get("immutableReferences", {}).values():
        for place in places:
            clean[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    return bytes(clean)


@click.command(cls=ConnectedProviderCommand)
def cli(provider: Web3Provider) -> None:
    """Compare the code of each contract on the network with a fresh build. Exit code 1 if it differs."""
    failed = False
    for name in CONTRACTS:
        address = to_checksum_address(address_of(name))
        found = findings(name, bytes(provider.get_code(address)))
        failed = failed or bool(found)
        click.echo(f"{name}  {address}  {'; '.join(found) or 'is exactly these sources'}")
    if failed:
        raise SystemExit(1)
