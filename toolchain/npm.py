"""The npm package in js/: the shipped ABIs as constants that TypeScript reads, and where the contracts are.

`python -m toolchain.npm` writes js/abi, js/addresses.* and js/index.*; `--check` writes nothing and names each file
that differs. The Solidity that the package brings along is copied into it when it is packed (js/package.json).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from keeper.wire.hashing import DEPLOYER, deployed_address

ROOT = Path(__file__).resolve().parent.parent
ABI = ROOT / "keeper/wire/abi"
DEPLOYMENTS = ROOT / "deployments"
PACKAGE = ROOT / "js"
HEAD = "// Written by `make abi` from the contracts.\n"
SINGLE = ("Scheduler", "Facts", "Registry")
"""Contracts that are once on a chain; of the others there are many."""


def shipped() -> dict[Path, str]:
    """Every generated file of the package, with its text."""
    abis = {path.stem: json.loads(path.read_text())["abi"] for path in sorted(ABI.glob("*.json"))}
    files: dict[str, str] = {}
    for name, abi in abis.items():
        exported = constant(name)
        files[f"abi/{name}.js"] = f"{HEAD}export const {exported} = {_rows(abi, typed=False)};\n"
        files[f"abi/{name}.d.ts"] = f"{HEAD}export declare const {exported}: {_rows(abi, typed=True)};\n"
    files |= _addresses([name for name in SINGLE if name in abis])
    modules = [f"abi/{name}" for name in abis] + ["addresses"]
    index = HEAD + "".join(f'export * from "./{module}.js";\n' for module in modules)
    files |= {"index.js": index, "index.d.ts": index}
    return {PACKAGE / name: text for name, text in files.items()}


def constant(name: str) -> str:
    """schedulerAbi of Scheduler, as TypeScript names constants."""
    return f"{name[0].lower()}{name[1:]}Abi"


def _rows(abi: list[Any], *, typed: bool) -> str:
    """An ABI, a line for each entry: as a value, or as the type of exactly that value, as `as const` has it."""
    rows = ",\n".join(f"  {_literal(_bare(entry)) if typed else json.dumps(_bare(entry))}" for entry in abi)
    return ("readonly " if typed else "") + f"[\n{rows},\n]"


def _bare(entry: Any) -> Any:
    """Without the compiler's own names of types, which are neither for ABIs nor for readers."""
    if isinstance(entry, list):
        return [_bare(one) for one in entry]
    if isinstance(entry, dict):
        return {key: _bare(value) for key, value in entry.items() if key != "internalType"}
    return entry


def _literal(value: Any) -> str:
    """The narrowest type of a JSON value."""
    if isinstance(value, list):
        return f"readonly [{', '.join(_literal(one) for one in value)}]"
    if isinstance(value, dict):
        return "{ " + "; ".join(f"readonly {key}: {_literal(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def _addresses(names: list[str]) -> dict[str, str]:
    everywhere = {name: to_checksum_address(deployed_address(name)) for name in names}
    records = sorted(DEPLOYMENTS.glob("*.json"), key=lambda path: int(path.stem))
    chains = {int(path.stem): json.loads(path.read_text())["contracts"] for path in records}
    values = {
        "addresses": everywhere,
        "deployer": to_checksum_address(DEPLOYER),
        "deployments": {chain: {name: entry["address"] for name, entry in of.items()} for chain, of in chains.items()},
    }
    about = {
        "addresses": "Where this version's contracts are on every chain on which somebody has deployed them.",
        "deployer": "The CREATE2 deployer that puts them there.",
        "deployments": "By chain id: the contracts of which deployments/ has a record.",
    }
    script, types = [HEAD], [HEAD]
    for name, value in values.items():
        script += [f"/** {about[name]} */\n", f"export const {name} = {json.dumps(value, indent=2)};\n"]
        types += [f"/** {about[name]} */\n", f"export declare const {name}: {_declared(name, value)};\n"]
    return {"addresses.js": "".join(script), "addresses.d.ts": "".join(types)}


def _declared(name: str, value: Any) -> str:
    if name == "deployments":
        return "{ readonly [chainId: number]: { readonly [contract: string]: `0x${string}` } }"
    return _literal(value)


def problems() -> Iterator[Path]:
    """Each generated file that is not what the contracts give, or is no longer made from any."""
    files = shipped()
    yield from (path for path, text in files.items() if not path.exists() or path.read_text() != text)
    yield from sorted(set((PACKAGE / "abi").glob("*")) - files.keys())


def main(arguments: list[str]) -> int:
    """Write the files, or check them. Returns the exit code."""
    wrong = list(problems())
    if "--check" in arguments:
        for path in wrong:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not what contracts/ gives: run `make abi`\n")
        return 1 if wrong else 0
    files = shipped()
    (PACKAGE / "abi").mkdir(parents=True, exist_ok=True)
    for path in wrong:
        if path in files:
            path.write_text(files[path])
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
