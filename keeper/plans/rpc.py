"""The `Chain` of plans over a real endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from keeper.chain.reads import Reads
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.plans.meter import METER_CALLER, metered
from keeper.plans.names import Answered, Service
from keeper.plans.port import Message, Now, Outcome
from keeper.plans.services import Names
from keeper.wire.errors import ConductorError
from keeper.wire.hashing import tokens
from keeper.wire.types import Address

PLENTY_GAS = 16_000_000
_TX_GAS = 21_000


class RpcChain:
    """See `keeper.plans.port.Chain`. Simulations need eth_simulateV1: geth, reth, nethermind, erigon, anvil have it.

    `registry` is where the chain's Registry would be; without it names are ENS's alone.
    """

    def __init__(self, reads: Reads, registry: Address | None = None) -> None:
        self._reads = reads
        self._names = Names(reads, registry)

    async def chain_id(self) -> int:
        return await self._reads.chain_id()

    async def now(self) -> Now:
        block = await self._reads.block("latest")
        if block is None:
            raise ConductorError("the endpoint has no blocks", field="endpoint", remedy="try again when it is synced")
        return Now(block.number, block.time_s)

    async def name_services(self) -> frozenset[Service]:
        return await self._names.there()

    async def resolve(self, service: Service, name: str) -> Answered | None:
        return await self._names.resolve(service, name)

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
