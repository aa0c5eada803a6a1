"""The `Chain` of plans over a real endpoint, and names by web3.py's ens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from ens.async_ens import AsyncENS  # type: ignore[import-untyped]  # ens ships no types
from ens.exceptions import ENSException  # type: ignore[import-untyped]
from eth_utils.address import to_canonical_address
from web3.exceptions import Web3Exception
from web3.providers.async_base import AsyncBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from keeper.chain.reads import Asks, Reads
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.plans.meter import METER_CALLER, metered
from keeper.plans.port import Message, Now, Outcome
from keeper.wire.errors import ConductorError
from keeper.wire.hashing import tokens
from keeper.wire.types import Address

PLENTY_GAS = 16_000_000
_TX_GAS = 21_000
Resolver = Callable[[str], Awaitable[Address | None]]


class RpcChain:
    """See `keeper.plans.port.Chain`. Simulations need eth_simulateV1: geth, reth, nethermind, erigon, anvil have it."""

    def __init__(self, reads: Reads, resolve: Resolver | None = None) -> None:
        self._reads = reads
        self._resolve = resolve or ens_resolver(reads)

    async def chain_id(self) -> int:
        return await self._reads.chain_id()

    async def now(self) -> Now:
        block = await self._reads.block("latest")
        if block is None:
            raise ConductorError("the endpoint has no blocks", field="endpoint", remedy="try again when it is synced")
        return Now(block.number, block.time_s)

    async def resolve(self, name: str) -> Address | None:
        return await self._resolve(name)

    async def balance(self, address: Address) -> int:
        return await self._reads.balance_wei(address)

    async def has_code(self, address: Address) -> bool:
        return bool(await self._reads.code(address))

    async def simulate(self, messages: Sequence[Message]) -> list[Outcome]:
        if not messages:
            return []
        overrides: dict[str, dict[str, str]] = {}
        for sender in {message.sender for message in messages if message.metered}:
            overrides |= metered(sender, await self._reads.code(sender))
        block = {
            "blockOverrides": {"gasLimit": hex((1 << 40) - 1)},
            "stateOverrides": overrides,
            "calls": [_call(message) for message in messages],
        }
        wanted = {"blockStateCalls": [block], "validation": False}
        try:
            answer = await self._reads.request("eth_simulateV1", [wanted, "latest"])
        except EndpointFailed as error:
            if error.trouble is not Trouble.UNABLE:
                raise
            raise ConductorError(
                "the endpoint cannot simulate (eth_simulateV1)",
                field="endpoint",
                remedy="use another, or write each `gas:`",
            ) from None
        results = cast(list[dict[str, Any]], answer[0]["calls"])
        return [_outcome(message, result) for message, result in zip(messages, results, strict=True)]


def _call(message: Message) -> dict[str, str]:
    sender, target, data = message.sender, message.target, message.data
    gas = PLENTY_GAS if message.gas_limit is None else _intrinsic(data) + message.gas_limit
    if message.metered:
        limit = message.gas_limit or PLENTY_GAS
        sender, target, data = METER_CALLER, sender, target.rjust(32, b"\0") + limit.to_bytes(32, "big") + data
        gas = PLENTY_GAS
    return {
        "from": f"0x{sender.hex()}",
        "to": f"0x{target.hex()}",
        "input": f"0x{data.hex()}",
        "value": hex(message.value_wei),
        "gas": hex(gas),
    }


def _intrinsic(data: bytes) -> int:
    return _TX_GAS + 4 * tokens(data)


def _outcome(message: Message, result: dict[str, Any]) -> Outcome:
    ok = int(str(result["status"]), 16) == 1
    error = result.get("error") or {}
    said = str(result.get("returnData") or "0x") if ok else str(error.get("data") or result.get("returnData") or "0x")
    returned = bytes.fromhex(said[2:])
    if message.metered and ok:
        return Outcome(any(returned[:32]), int.from_bytes(returned[32:64], "big"), returned[64:])
    used = int(str(result["gasUsed"]), 16)
    return Outcome(ok, max(0, used - _intrinsic(message.data)), returned)


# ---------------------------------------------------------------------- names


class _Provider(AsyncBaseProvider):
    """web3.py's way of asking, over ours."""

    def __init__(self, asks: Asks) -> None:
        super().__init__()
        self._asks = asks

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            result = await self._asks.request(method, params)
        except EndpointFailed as error:
            if error.trouble is not Trouble.REVERTED:
                raise
            failure = {"code": 3, "message": error.said, "data": f"0x{error.revert_data.hex()}"}
            return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "error": failure})
        return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "result": result})


def ens_resolver(asks: Asks) -> Resolver:
    """Names by the endpoint's chain's ENS. A chain without ENS has no names."""
    ens = AsyncENS(_Provider(asks), middleware=())
    ens.w3.middleware_onion.remove("stalecheck")  # it would refuse an idle chain

    async def resolve(name: str) -> Address | None:
        try:
            found = await ens.address(name)
        except (Web3Exception, ENSException, ValueError):  # no registry there, or no such name
            return None
        return Address(bytes(to_canonical_address(found))) if found else None

    return resolve
