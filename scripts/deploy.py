"""`ape run deploy --network ..`: what `conductor deploy` does, signed by an ape account.

Both are `keeper.cli.deployment.deploy`, so the addresses are the same whoever deploys, and however.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option
from ape_ethereum.provider import Web3Provider
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from keeper.chain.endpoints import EndpointPool
from keeper.chain.signer import Signed, Unsigned
from keeper.cli.deployment import Placed, deploy, record
from keeper.cli.sending import Spending


class ApeSigner:
    """An ape account as a `keeper.chain.signer.Signer`: hardware wallets and ape's plugins sign too."""

    def __init__(self, account: AccountAPI, provider: Web3Provider) -> None:
        self._account = account
        self._ecosystem = provider.network.ecosystem

    @property
    def address(self) -> bytes:
        return to_canonical_address(self._account.address)

    async def sign(self, transaction: Unsigned) -> Signed:
        wanted: dict[str, Any] = {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": to_checksum_address(transaction.to),
            "data": transaction.data,
            "value": transaction.value_wei,
            "gas": transaction.gas_limit,
            "maxFeePerGas": transaction.fees.max_fee_wei,
            "maxPriorityFeePerGas": transaction.fees.tip_wei,
        }
        signed = self._account.sign_transaction(self._ecosystem.create_transaction(**wanted))
        if signed is None:
            raise click.ClickException("the account did not sign")
        raw = bytes(signed.serialize_transaction())
        return Signed(raw, keccak(raw))

    async def sign_digest(self, digest: bytes) -> bytes:
        signature = self._account.sign_raw_msghash(digest)
        if signature is None:
            raise click.ClickException("the account did not sign")
        return bytes(signature.encode_rsv())


@click.command(cls=ConnectedProviderCommand)
@account_option()
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("deployments"), show_default=True
)
def cli(provider: Web3Provider, account: AccountAPI, folder: Path) -> None:
    """Put Scheduler, Facts and Registry on the network, unless they are there, and write <folder>/<chain-id>.json."""

    chain_id = int(provider.make_request("eth_chainId", []), 16)  # ape's own idea of a local network's id is another

    async def main() -> tuple[Placed, ...]:
        pool = EndpointPool.over_http(chain_id, [provider.http_uri or ""])
        try:
            return await deploy(pool, ApeSigner(account, provider), Spending())
        finally:
            await pool.close()

    placed = asyncio.run(main())
    for one in placed:
        how = "was there already" if one.transaction is None else f"deployed in block {one.block}"
        click.echo(f"{one.name}  {to_checksum_address(one.address)}  {how}")
    click.echo(f"wrote {record(folder, chain_id, placed)}")
