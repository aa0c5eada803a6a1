"""Builds, as forge leaves them: ABI, code, and the settings that made it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from web3.contract import AsyncContract

from bench.chain import Chain


@dataclass(frozen=True)
class Build:
    """One compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    links: dict[str, dict[str, list[dict[str, int]]]]
    deployed_bytes: int
    settings: str

    def linked(self, libraries: dict[str, ChecksumAddress]) -> str:
        """The creation code with each library's address in its places."""
        code = self.bytecode.removeprefix("0x")
        for names in self.links.values():
            for name, places in names.items():
                for place in places:
                    at = 2 * place["start"]
                    code = code[:at] + libraries[name][2:].lower() + code[at + 40 :]
        return "0x" + code


def load(out: Path, name: str, file: str | None = None) -> Build:
    """The build of contract `name` (in `file`.sol) from a forge output folder."""
    path = out / f"{file or name}.sol" / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path}: not built; run `make build`")
    raw = json.loads(path.read_text())
    meta = raw["metadata"]["settings"]
    pipeline = "via_ir" if meta.get("viaIR") else "legacy pipeline"
    compiler = raw["metadata"]["compiler"]["version"].split("+")[0]
    return Build(
        name=name,
        abi=raw["abi"],
        bytecode=raw["bytecode"]["object"],
        links=raw["bytecode"].get("linkReferences", {}),
        deployed_bytes=len(raw["deployedBytecode"]["object"].removeprefix("0x")) // 2,
        settings=f"solc {compiler}, {pipeline}, optimizer runs {meta['optimizer']['runs']:,}",
    )


async def deploy(
    chain: Chain, build: Build, *args: Any, libraries: dict[str, ChecksumAddress] | None = None
) -> AsyncContract:
    """Deploy from the first account."""
    factory = chain.w3.eth.contract(abi=build.abi, bytecode=build.linked(libraries or {}))
    data = bytes.fromhex(factory.constructor(*args).data_in_transaction[2:])
    receipt = await chain.send(chain.accounts[0], None, data)
    address = receipt["contractAddress"]
    if address is None:
        raise RuntimeError(f"{build.name}: no contract was created")
    return chain.w3.eth.contract(address=address, abi=build.abi)


def data_of(contract: AsyncContract, function: str, *args: Any) -> bytes:
    """The calldata of a call."""
    return bytes.fromhex(contract.encode_abi(function, args=list(args)).removeprefix("0x"))
