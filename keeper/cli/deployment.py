"""Where the protocol is, and how it gets there: by the canonical CREATE2 deployer, so at the same addresses everywhere.

`conductor deploy` and scripts/deploy.py are both `deploy` below.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import is_hex_address, to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from keeper.bots.connection import scheduler_address
from keeper.chain.endpoints import EndpointPool
from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.cli.sending import Spending, send
from keeper.plans import Deployment
from keeper.wire.abi import interface
from keeper.wire.errors import BadInput, NotNow, Refused
from keeper.wire.hashing import DEPLOYER, create2_address
from keeper.wire.types import Address

SALT = bytes(32)
CONTRACTS = ("Scheduler", "Facts", "Registry")
_PRESIGNED = "https://github.com/Arachnid/deterministic-deployment-proxy"


@dataclass(frozen=True, slots=True)
class Placed:
    """One contract of the protocol. `transaction` is None if it was there already."""

    name: str
    address: Address
    code_hash: bytes
    """keccak256 of the code that is there now."""
    transaction: bytes | None
    block: int | None
    gas_used: int


def address_of(contract: str) -> Address:
    """Where "Scheduler", "Facts" or "Registry" of this version is on every chain."""
    if contract == "Scheduler":
        return scheduler_address(SALT)
    return create2_address(DEPLOYER, SALT, keccak(interface(contract).creation_code))


def deployment_of(settings: Settings) -> Deployment:
    """The settings' Scheduler and Registry, else this version's. Errors: BadInput for an address that is none."""
    scheduler, registry = (
        address_of(contract) if given is None else parse_address(given, contract.lower())
        for contract, given in (("Scheduler", settings.scheduler), ("Registry", settings.registry))
    )
    return Deployment(scheduler, address_of("Facts"), registry)


async def deploy(pool: EndpointPool, signer: Signer | None, spending: Spending) -> tuple[Placed, ...]:
    """Puts on the chain what is not there yet. Twice does nothing twice.

    Errors: Refused without the deployer, BadInput without a key if something is missing; see `send` for the rest.
    """
    placed = []
    for name in CONTRACTS:
        address = address_of(name)
        if code := await pool.reads.code(address):
            placed.append(Placed(name, address, keccak(code), None, None, 0))
            continue
        if signer is None:
            remedy = "give --account, or set CONDUCTOR_ACCOUNT or CONDUCTOR_PRIVATE_KEY_FILE"
            raise BadInput("there is no key to deploy with", field="account", remedy=remedy)
        if not await pool.reads.code(DEPLOYER):
            where = f"chain {pool.chain_id} has no CREATE2 deployer at {to_checksum_address(DEPLOYER)}"
            raise Refused(where, field="deployer", remedy=f"send its presigned transaction first ({_PRESIGNED})")
        mined = await send(pool, signer, DEPLOYER, SALT + interface(name).creation_code, spending=spending)
        code = await pool.reads.code(address)
        if not code:
            raise NotNow(f"{name} is not at its address yet", field="deploy", remedy="run `conductor deploy` again")
        placed.append(Placed(name, address, keccak(code), mined.tx_hash, mined.block_number, mined.gas_used))
    return tuple(placed)


def record(folder: Path, chain_id: int, placed: tuple[Placed, ...]) -> Path:
    """Writes `<folder>/<chain-id>.json`; what an earlier deployment wrote there about the same code stays."""
    path = folder / f"{chain_id}.json"
    old = _recorded(path) if path.exists() else {}
    contracts = {}
    for one in placed:
        entry: dict[str, Any] = {
            "address": to_checksum_address(one.address),
            "code_hash": f"0x{one.code_hash.hex()}",
            "transaction": None if one.transaction is None else f"0x{one.transaction.hex()}",
            "block": one.block,
        }
        known = old.get(one.name, {})
        same = (known.get("address"), known.get("code_hash")) == (entry["address"], entry["code_hash"])
        contracts[one.name] = known if same and one.transaction is None else entry
    content = {
        "chain_id": chain_id,
        "deployer": to_checksum_address(DEPLOYER),
        "salt": f"0x{SALT.hex()}",
        "contracts": contracts,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _recorded(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text())["contracts"])
    except (OSError, ValueError, TypeError, KeyError):
        remedy = "move it away, and run this again"
        raise BadInput(f"{path} is no deployment record", field="record", value=str(path), remedy=remedy) from None


def parse_address(text: str, field: str) -> Address:
    """20 bytes of hex; if it has capitals and small letters, its checksum has to be right. Errors: BadInput."""
    if not is_hex_address(text) or not text.startswith("0x") or not _checksum_fits(text):
        remedy = "write 0x and 40 hex digits, all small or with the right checksum"
        raise BadInput(f"{text!r} is no address", field=field, value=text, remedy=remedy)
    return Address(bytes(to_canonical_address(text)))


def _checksum_fits(text: str) -> bool:
    return text[2:] in (text[2:].lower(), text[2:].upper()) or to_checksum_address(text) == text
