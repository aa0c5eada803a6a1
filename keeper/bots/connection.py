"""From settings to a chain, a database and a key: what every keeper command stands on."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from keeper.chain.endpoints import EndpointPool
from keeper.chain.follower import Source
from keeper.chain.health import Policy
from keeper.chain.keystores import Folders, unlock
from keeper.chain.reads import Reads
from keeper.chain.rpc import EndpointFailed, HttpTransport
from keeper.chain.settings import Settings
from keeper.chain.signer import LocalSigner, Signer
from keeper.chain.store import Store
from keeper.chain.values import hexed
from keeper.wire.errors import BadInput
from keeper.wire.hashing import deployed_address
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class Connection:
    """An open chain, database and Scheduler. `signer` is None if the settings name no key."""

    settings: Settings
    pool: EndpointPool
    store: Store
    source: Source
    signer: Signer | None

    @property
    def scheduler(self) -> Address:
        return Address(self.source.addresses[0])

    @property
    def worker(self) -> str:
        """The same after a restart, and another's nowhere: leases and transactions are held under it."""
        key = self.signer.address.hex() if self.signer else "nobody"
        return self.settings.worker or f"{socket.gethostname()}/{key}"

    def key(self) -> Signer:
        """The signer. Errors: BadInput if there is none."""
        if self.signer is None:
            remedy = "give --account, or set CONDUCTOR_ACCOUNT or CONDUCTOR_PRIVATE_KEY_FILE"
            raise BadInput("no key to sign with", field="account", remedy=remedy)
        return self.signer


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Connection]:
    """Everything open, and closed again at the end. Errors: BadInput for settings that lead nowhere, NoEndpoint."""
    signer = await signer_of(settings)
    async with open_chain(settings) as pool:
        source = await find_scheduler(settings, pool)
        async with open_store(settings) as store:
            yield Connection(settings, pool, store, source, signer)


@asynccontextmanager
async def open_chain(settings: Settings) -> AsyncIterator[EndpointPool]:
    """The settings' endpoints. Errors: BadInput for settings that lead nowhere."""
    chain_id = settings.chain or await _only_chain(settings)
    pool = EndpointPool(
        chain_id, _transports(settings.urls(chain_id)), policy=Policy(probe_every_s=settings.poll_s / 2)
    )
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The settings' database. Errors: BadInput for a URL that is none."""
    store = await Store.open(settings.database)
    try:
        yield store
    finally:
        await store.close()


async def signer_of(settings: Settings) -> Signer | None:
    """The key the settings name. Errors: BadInput for an unknown account, a wrong or a missing password."""
    if settings.private_key is not None:
        text = settings.private_key.get_secret_value().strip().removeprefix("0x")
        try:
            return LocalSigner(bytes.fromhex(text))
        except ValueError:
            remedy = "give 32 bytes in hexadecimal"
            raise BadInput("the private key is not usable", field="private_key", remedy=remedy) from None
    if settings.account is None:
        return None
    keystore = Folders().find(settings.account)
    if settings.password is None:
        remedy = "set CONDUCTOR_PASSWORD_FILE"
        raise BadInput(f"account {settings.account} needs a password", field="password", remedy=remedy)
    return await unlock(keystore, settings.password.get_secret_value())


def scheduler_address(salt: bytes = bytes(32)) -> Address:
    """Where the Scheduler of this version is on every chain."""
    return deployed_address("Scheduler", salt)


async def find_scheduler(settings: Settings, pool: EndpointPool) -> Source:
    """The Scheduler and the block it was deployed in. Errors: BadInput if there is none, NoEndpoint."""
    address = _address(settings.scheduler) if settings.scheduler else scheduler_address()
    if not await pool.reads.code(address):
        remedy = "deploy it with `conductor deploy`, or set CONDUCTOR_SCHEDULER"
        where = f"there is no Scheduler at {hexed(address)} on chain {pool.chain_id}"
        raise BadInput(where, field="scheduler", value=hexed(address), remedy=remedy)
    start = settings.start_block
    return Source(await first_block(pool.reads, address) if start is None else start, (address,))


async def first_block(reads: Reads, address: Address) -> int:
    """The block in which there was code first, by halving; block 0 of nodes that forgot the old state."""
    low, high = 0, await reads.block_number()
    while low < high:
        middle = (low + high) // 2
        try:
            there = bool(await reads.code(address, middle))
        except EndpointFailed:
            return 0
        low, high = (low, middle) if there else (middle + 1, high)
    return low


async def _only_chain(settings: Settings) -> int:
    """The one chain there are endpoints for; of ETH_RPC_URL what the node says."""
    if len(settings.rpc) == 1:
        return next(iter(settings.rpc))
    if settings.rpc:
        known = ", ".join(str(chain) for chain in sorted(settings.rpc))
        raise BadInput("there are endpoints of several chains", field="chain", remedy=f"choose with --chain: {known}")
    for transport in _transports(settings.eth_rpc_url):
        try:
            return await Reads(transport).chain_id()
        finally:
            await transport.close()
    raise BadInput("no endpoint", field="rpc", remedy="set CONDUCTOR_RPC_<CHAINID>, or ETH_RPC_URL")


def _transports(urls: tuple[str, ...]) -> list[HttpTransport]:
    return [HttpTransport(url) for url in urls]


def _address(text: str) -> Address:
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 20:
        raise BadInput("the Scheduler's address has 20 bytes", field="scheduler", value=text, remedy="write 0x..")
    return Address(found)
