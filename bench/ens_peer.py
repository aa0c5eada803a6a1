"""ENS beside the Registry: its own contracts from npm, on the same chain, asked for the same name and records.

They are the last that npm has, and run as they come: the packages' artifacts were compiled without the optimizer.
Today's resolver on mainnet also keeps a version of each name's records and asks for operators; that is in the
published figures, which are not measured here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.contract import AsyncContract

from bench.artifacts import Build, data_of, deploy
from bench.chain import Chain

NPM = Path(__file__).resolve().parent.parent / "node_modules/@ensdomains"
PUBLISHED = {"setSubnodeRecord": 76_037, "setAddr": 60_177, "setText": 59_786}
"""Today's ENS on mainnet, measured elsewhere; each a transaction."""
PUBLISHED_GAS = PUBLISHED["setSubnodeRecord"] + PUBLISHED["setAddr"] + 2 * PUBLISHED["setText"]


@dataclass(frozen=True)
class Service:
    """What is registered, in ENS as in the Registry."""

    parent: bytes
    """The node above; its owner is who registers."""
    label: str
    address: ChecksumAddress
    texts: Sequence[tuple[str, str]]

    @property
    def node(self) -> bytes:
        return keccak(self.parent + keccak(text=self.label))


class Ens:
    """Registry and resolver, in which the owner has one top-level name."""

    def __init__(self, chain: Chain, owner: ChecksumAddress, registry: AsyncContract, resolver: AsyncContract) -> None:
        self.chain = chain
        self.owner = owner
        self.registry = registry
        self.resolver = resolver

    @classmethod
    async def deployed(cls, chain: Chain, owner: ChecksumAddress, label: str) -> tuple[Ens, dict[str, Build]]:
        builds = {
            f"ENS {build.name}": build for build in (npm("ens", "ENSRegistry"), npm("resolver", "PublicResolver"))
        }
        of_registry, of_resolver = builds.values()
        registry = await deploy(chain, of_registry)
        resolver = await deploy(chain, of_resolver, registry.address)
        own = data_of(registry, "setSubnodeOwner", bytes(32), keccak(text=label), owner)
        await chain.send(chain.accounts[0], registry.address, own)
        return cls(chain, owner, registry, resolver), builds

    async def register(self, service: Service) -> int:
        """What the name with its resolver, the address and each text took, a transaction each."""
        gas = await self._name(service)
        for data in self._records(service):
            gas += await self.chain.gas(self.owner, self.resolver.address, data)
        return gas

    async def register_in_two(self, service: Service) -> int:
        """What the name with its resolver took, and the records in one multicall."""
        records = data_of(self.resolver, "multicall", self._records(service))
        return await self._name(service) + await self.chain.gas(self.owner, self.resolver.address, records)

    async def resolve(self, node: bytes) -> int:
        """What a client asks for: the resolver of a name, and that one for the address."""
        asked = ((self.registry, "resolver"), (self.resolver, "addr(bytes32)"))
        return sum([await self.chain.read_gas(each.address, data_of(each, what, node)) for each, what in asked])

    async def _name(self, service: Service) -> int:
        label, resolver = keccak(text=service.label), self.resolver.address
        data = data_of(self.registry, "setSubnodeRecord", service.parent, label, self.owner, resolver, 0)
        return await self.chain.gas(self.owner, self.registry.address, data)

    def _records(self, service: Service) -> list[bytes]:
        address = data_of(self.resolver, "setAddr(bytes32,address)", service.node, service.address)
        return [address, *(data_of(self.resolver, "setText", service.node, *text) for text in service.texts)]


def npm(package: str, name: str) -> Build:
    """A build as truffle left it in the package."""
    folder = NPM / package
    raw = json.loads((folder / f"build/contracts/{name}.json").read_text())
    version = json.loads((folder / "package.json").read_text())["version"]
    settings = json.loads(raw["metadata"])["settings"]["optimizer"]
    compiler = raw["compiler"]["version"].split("+")[0]
    optimizer = f"optimizer runs {settings['runs']:,}" if settings["enabled"] else "no optimizer"
    return Build(
        name=name,
        abi=raw["abi"],
        bytecode=raw["bytecode"],
        links={},
        deployed_bytes=len(raw["deployedBytecode"].removeprefix("0x")) // 2,
        settings=f"@ensdomains/{package} {version} as npm has it: solc {compiler}, {optimizer}",
    )
