"""A chain, opened from settings: its endpoints, and where the protocol is on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from keeper.bots.connection import signer_of
from keeper.chain.endpoints import EndpointPool, NoEndpoint
from keeper.chain.health import Health, Policy
from keeper.chain.reads import Reads
from keeper.chain.rpc import EndpointFailed, HttpTransport
from keeper.chain.settings import Settings
from keeper.chain.signer import Signer
from keeper.cli.deployment import deployment_of
from keeper.plans import Deployment, RpcChain
from keeper.wire.errors import BadInput


@dataclass(frozen=True, slots=True)
class Network:
    """An open chain. `deployment` is where the protocol should be; `require_protocol` asks whether it is."""

    settings: Settings
    pool: EndpointPool
    deployment: Deployment

    @property
    def chain_id(self) -> int:
        return self.pool.chain_id

    @property
    def chain(self) -> RpcChain:
        """The chain as plans ask it."""
        return RpcChain(self.pool.reads, self.deployment.registry)

    async def require_protocol(self) -> None:
        """Errors: BadInput if there is no Scheduler."""
        address = self.deployment.scheduler
        if not await self.pool.reads.code(address):
            where = f"there is no Scheduler at 0x{address.hex()} on chain {self.chain_id}"
            remedy = "deploy it with `conductor deploy`, or give --scheduler"
            raise BadInput(where, field="scheduler", value=f"0x{address.hex()}", remedy=remedy)


@asynccontextmanager
async def open_network(
    settings: Settings, chain_id: int | None = None, *, choose: str = "--chain"
) -> AsyncIterator[Network]:
    """`chain_id`: the chain a plan is made for; None: the one that the settings mean, which `choose` sets.

    Errors: BadInput for no endpoint, or those of another chain; NoEndpoint if none answers.
    """
    deployment = deployment_of(settings)
    chosen = await choose_chain(settings, chain_id, choose)
    transports = [HttpTransport(url) for url in settings.urls(chosen)]
    pool = EndpointPool(chosen, transports, policy=Policy(probe_every_s=min(settings.poll_s / 2, 1.0)))
    try:
        await _require_answer(pool, choose)
        yield Network(settings, pool, deployment)
    finally:
        await pool.close()


async def choose_chain(settings: Settings, wanted: int | None = None, choose: str = "--chain") -> int:
    """The chain to work on. Errors: BadInput, which says how to choose."""
    if wanted is not None and settings.chain not in (None, wanted):
        message = f"the plan is for chain {wanted}, not {settings.chain}"
        raise BadInput(message, field="chain", value=settings.chain, remedy=f"leave --chain {settings.chain} out")
    if (chosen := wanted or settings.chain) is not None:
        return chosen
    if settings.eth_rpc_url and not settings.rpc:
        return await _asked(settings.eth_rpc_url)
    if len(settings.rpc) == 1:
        return next(iter(settings.rpc))
    if not settings.rpc:
        raise BadInput("no endpoint", field="rpc", remedy="set CONDUCTOR_RPC_<CHAINID> or ETH_RPC_URL, or give --rpc")
    known = ", ".join(str(chain) for chain in sorted(settings.rpc))
    raise BadInput("there are endpoints of several chains", field="chain", remedy=f"choose one with {choose}: {known}")


def has_endpoint(settings: Settings, chain_id: int | None) -> bool:
    """Whether a chain can be asked at all."""
    chain = chain_id or settings.chain
    return bool(settings.eth_rpc_url or (settings.rpc if chain is None else settings.rpc.get(chain)))


async def require_signer(settings: Settings) -> Signer:
    """The settings' key. Errors: BadInput for none, an unknown account, a wrong or a missing password."""
    signer = await signer_of(settings)
    if signer is None:
        remedy = "give --account, or set CONDUCTOR_ACCOUNT or CONDUCTOR_PRIVATE_KEY_FILE"
        raise BadInput("there is no key to sign with", field="account", remedy=remedy)
    return signer


async def _asked(urls: tuple[str, ...]) -> int:
    """The chain that the first endpoint to answer serves."""
    said = []
    for url in urls:
        transport = HttpTransport(url)
        try:
            return await Reads(transport).chain_id()
        except EndpointFailed as error:
            said.append(error.message)
        finally:
            await transport.close()
    raise NoEndpoint(f"no endpoint answers: {'; '.join(said)}", field="rpc", remedy="check the URL and the network")


async def _require_answer(pool: EndpointPool, choose: str) -> None:
    try:
        await pool.head()
    except NoEndpoint:
        conditions = pool.conditions
        if all(one.health is Health.WRONG_CHAIN for one in conditions.values()):
            said = "; ".join(f"{name}: {one.said}" for name, one in conditions.items())
            remedy = f"give an endpoint of chain {pool.chain_id}, or choose the chain with {choose}"
            raise BadInput(f"wrong chain: {said}", field="chain", value=pool.chain_id, remedy=remedy) from None
        raise
