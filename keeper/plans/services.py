"""Who answers names on a chain: ENS, by web3.py's ens, and the Registry. Each answer is of one block."""

from __future__ import annotations

from typing import Any, cast

from ens.async_ens import AsyncENS  # type: ignore[import-untyped]  # ens ships no types
from ens.exceptions import ENSException  # type: ignore[import-untyped]
from eth_utils.address import to_canonical_address
from web3.exceptions import Web3Exception
from web3.providers.async_base import AsyncBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from keeper.chain.reads import Asks, Reads
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Block, block_param
from keeper.plans.names import Answered, Service
from keeper.registry.asking import ReadsAt
from keeper.registry.client import RegistryClient
from keeper.registry.errors import NoName, NoRecord
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address


class Names:
    """The names of a chain. `registry` is where a Registry would be; None: there is none."""

    def __init__(self, reads: Reads, registry: Address | None) -> None:
        self._reads = reads
        self._registry = registry
        self._there: frozenset[Service] | None = None

    async def there(self) -> frozenset[Service]:
        """Which services are on the chain: those with code where they are asked. Errors: EndpointFailed."""
        if self._there is None:
            places: dict[Service, Address | None] = {"ens": _asked_at(_ens(self._reads)), "reg": self._registry}
            found = [service for service, at in places.items() if at is not None and await self._reads.code(at)]
            self._there = frozenset(found)
        return self._there

    async def resolve(self, service: Service, name: str) -> Answered | None:
        """The name's address at the newest block, by one service; None if it has none there. Errors: EndpointFailed,
        RegistryRefused where something else stands in the Registry's place."""
        head = await self._reads.block("latest")
        if head is None:
            raise ConductorError("the endpoint has no blocks", field="endpoint", remedy="try again when it is synced")
        if service == "ens":
            return await self._by_ens(name, head)
        if self._registry is None or "reg" not in await self.there():
            return None
        try:
            address = await RegistryClient(ReadsAt(self._reads, head), self._registry).resolve(name)
        except (NoName, NoRecord):
            return None
        return Answered(address, service, self._registry, head.number)

    async def _by_ens(self, name: str, head: Block) -> Answered | None:
        ens = _ens(self._reads, head)
        try:
            found = await ens.address(name)
        except (Web3Exception, ENSException, ValueError):  # no registry there, or no such name
            return None
        return Answered(_bytes(found), "ens", _asked_at(ens), head.number) if found else None


class _Provider(AsyncBaseProvider):
    """web3.py's way of asking, over ours; calls are at `head`."""

    def __init__(self, asks: Asks, head: Block | None) -> None:
        super().__init__()
        self._asks = asks
        self._head = head

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method == "eth_call" and self._head is not None:
            params = [params[0], block_param(self._head.hash), *params[2:]]
        try:
            result = await self._asks.request(method, params)
        except EndpointFailed as error:
            if error.trouble is not Trouble.REVERTED:
                raise
            failure = {"code": 3, "message": error.said, "data": f"0x{error.revert_data.hex()}"}
            return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "error": failure})
        return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "result": result})


def _ens(asks: Asks, head: Block | None = None) -> Any:
    ens = AsyncENS(_Provider(asks, head), middleware=())
    ens.w3.middleware_onion.remove("stalecheck")  # it would refuse an idle chain
    return ens


def _asked_at(ens: Any) -> Address:
    """The contract that this web3.py asks first: a Universal Resolver, before 7.16 the registry."""
    return _bytes(getattr(ens, "_universal_resolver", ens.ens).address)


def _bytes(address: str) -> Address:
    return Address(bytes(to_canonical_address(address)))
