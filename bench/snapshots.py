"""Code sizes and storage layouts of the contracts, kept in the repository so that a change shows in the diff.

`python -m bench.snapshots` writes `snapshots/code.json` and `snapshots/storage.json` from the build.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "forge"
FOLDER = ROOT / "snapshots"
CONTRACTS = ("Account", "Facts", "Registry", "Resolver", "Scheduler")


def taken(build: Path = BUILD) -> dict[str, dict[str, Any]]:
    """What the build is like, by the name of the snapshot: JSON-ready."""
    artifacts = {name: json.loads((build / f"{name}.sol" / f"{name}.json").read_text()) for name in CONTRACTS}
    return {
        "code": {name: _code(artifact) for name, artifact in artifacts.items()},
        "storage": {name: _storage(artifact["storageLayout"]) for name, artifact in artifacts.items()},
    }


def kept(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """What is in the repository."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def write(folder: Path = FOLDER) -> None:
    """Keep the build's."""
    folder.mkdir(exist_ok=True)
    for name, snapshot in taken().items():
        (folder / f"{name}.json").write_text(json.dumps(snapshot, indent=2) + "\n")


def _code(artifact: dict[str, Any]) -> dict[str, Any]:
    """Sizes in bytes, and the hash of the creation code, from which addresses follow."""
    creation = bytes.fromhex(artifact["bytecode"]["object"].removeprefix("0x"))
    deployed = artifact["deployedBytecode"]["object"].removeprefix("0x")
    settings = artifact["metadata"]["settings"]
    return {
        "deployed_bytes": len(deployed) // 2,
        "creation_bytes": len(creation),
        "creation_hash": "0x" + keccak(creation).hex(),
        "compiler": artifact["metadata"]["compiler"]["version"],
        "via_ir": settings.get("viaIR", False),
        "optimizer_runs": settings["optimizer"]["runs"],
        "evm": settings["evmVersion"],
    }


def _storage(layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Every variable with slot, offset and type; a struct behind a mapping or array is taken apart."""
    types = layout["types"] or {}
    return [_variable(item, types) for item in layout["storage"]]


def _variable(item: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    kind = types[item["type"]]
    shown = {"slot": int(item["slot"]), "offset": item["offset"], "name": item["label"], "type": kind["label"]}
    while "value" in kind or "base" in kind:
        kind = types[kind.get("value") or kind["base"]]
    if "members" in kind:
        shown["members"] = [_variable(member, types) for member in kind["members"]]
    return shown


if __name__ == "__main__":
    write()
