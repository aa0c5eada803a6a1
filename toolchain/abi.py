"""The protocol's ABIs and code, as the package ships them: keeper/wire/abi/<Contract>.json.

`python -m toolchain.abi` writes them from build/forge, one for each deployable contract right under contracts/;
`--check` writes nothing and names each file that differs. Their shape is EIP-2678's contract type (contractName,
sourceId, abi, deploymentBytecode, runtimeBytecode), which ape reads as it is, without compiling. Beside them the
creation code of the example DAO, which the demo deploys: keeper/cli/demo/dao.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/forge"
ABI = ROOT / "keeper/wire/abi"
DAO = ROOT / "keeper/cli/demo/dao.json"
# Whose fallback answers as another contract, at the same address: the ABI is of both.
ANSWERED_BY = {"Registry": "Resolver"}
DAO_PARTS = ("Votes", "TimelockController", "Dao", "AccessManager", "Vault", "ERC1967Proxy", "VestingWallet")


def contract_type(name: str, file: str | None = None) -> dict[str, Any]:
    """Contract `name` of `file`.sol (the same name unless given) in EIP-2678's shape, from forge's output.

    Raises FileNotFoundError where forge has not built it.
    """
    path = BUILD / f"{file or name}.sol" / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path.relative_to(ROOT)} is missing: run `make build`")
    artifact = json.loads(path.read_text())
    abi = artifact["abi"]
    if name in ANSWERED_BY:
        known = [item for item in abi if item["type"] != "fallback"]
        abi = known + [item for item in contract_type(ANSWERED_BY[name])["abi"] if item not in known]
    return {
        "contractName": name,
        "sourceId": next(iter(artifact["metadata"]["settings"]["compilationTarget"])),
        "deploymentBytecode": {"bytecode": artifact["bytecode"]["object"]},
        "runtimeBytecode": {"bytecode": artifact["deployedBytecode"]["object"]},
        "abi": abi,
    }


def shipped() -> dict[Path, str]:
    """Every file that should be in keeper/wire/abi, with its text."""
    types = [contract_type(source.stem) for source in sorted((ROOT / "contracts").glob("*.sol"))]
    deployable = [entry for entry in types if entry["deploymentBytecode"]["bytecode"] != "0x"]
    return {ABI / f"{entry['contractName']}.json": _text(entry) for entry in deployable}


def dao() -> str:
    """The text of dao.json: creation code by contract."""
    code = {name: contract_type(name)["deploymentBytecode"]["bytecode"] for name in DAO_PARTS}
    return json.dumps(code, indent=2) + "\n"


def _text(entry: dict[str, Any]) -> str:
    """JSON with a line for each part and each entry of the ABI, so that a changed interface reads well in a diff."""
    parts = [f'  "{key}": {json.dumps(value)}' for key, value in entry.items() if key != "abi"]
    abi = ",\n".join(f"    {json.dumps(item)}" for item in entry["abi"])
    return "{\n" + ",\n".join([*parts, f'  "abi": [\n{abi}\n  ]']) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Write the files, or check them. Returns the exit code."""
    files = {**shipped(), DAO: dao()}
    extra = sorted(set(ABI.glob("*.json")) - files.keys())
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in [*stale, *extra]:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not what contracts/ gives: run `make abi`\n")
        return 1 if stale or extra else 0
    ABI.mkdir(parents=True, exist_ok=True)
    for path in extra:
        path.unlink()
    for path in stale:
        path.write_text(files[path])
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
