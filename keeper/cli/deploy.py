"""`conductor deploy`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
from eth_utils.address import to_checksum_address

from keeper.bots.connection import signer_of
from keeper.chain.settings import Settings
from keeper.cli import deployment
from keeper.cli.command import command
from keeper.cli.network import open_network
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.sending import Spending


@dataclass(frozen=True)
class DeployedContract:
    """`transaction` and `block` are null for what was there already."""

    name: str
    address: str
    code_hash: str
    transaction: str | None
    block: int | None
    gas_used: int


@dataclass(frozen=True)
class Deployed(Result):
    schema = "conductor/deploy/1"

    chain_id: int
    contracts: tuple[DeployedContract, ...]
    record: str | None

    def text(self) -> str:
        rows = []
        for one in self.contracts:
            how = f"deployed in block {one.block}, {one.gas_used} gas" if one.transaction else "was there already"
            rows.append((one.name, f"{one.address}  {how}"))
        return fields([("chain", str(self.chain_id)), *rows, *([("record", self.record)] if self.record else [])])


@command(
    "deploy",
    Deployed,
    settings_options(key=True),
    click.option("--record", type=click.Path(file_okay=False), default="deployments", show_default=True,
                 help="Folder for <chain-id>.json."),
    click.option("--no-record", is_flag=True, help="Write no file."),
)  # fmt: skip
async def deploy(settings: Settings, record: str, no_record: bool) -> Deployed:
    """Put Scheduler, Facts and Registry on a chain, unless they are there.

    They go through the canonical CREATE2 deployer, so their addresses are the same on every chain, whoever deploys.
    """

    async with open_network(settings) as network:
        placed = await deployment.deploy(network.pool, await signer_of(settings), Spending.of(settings))
        path = None if no_record else deployment.record(Path(record), network.chain_id, placed)
        contracts = tuple(
            DeployedContract(
                one.name,
                to_checksum_address(one.address),
                f"0x{one.code_hash.hex()}",
                None if one.transaction is None else f"0x{one.transaction.hex()}",
                one.block,
                one.gas_used,
            )
            for one in placed
        )
        return Deployed(network.chain_id, contracts, None if path is None else str(path))
