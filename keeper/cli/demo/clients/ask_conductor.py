"""The project's own client: chooses by weight, and leaves alone for a while whoever did not answer it.

`ask_conductor.py RPC_URL CHAIN_ID REGISTRY SERVICE NAME..` says the names' addresses first, then each question.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from random import Random
from typing import Any

import aiohttp
from eth_utils.address import to_canonical_address, to_checksum_address

from keeper.chain.endpoints import EndpointPool
from keeper.registry import HealthMemory, NoInstance, RegistryClient, choose
from keeper.wire.types import Address

_EVERY_S = 0.5
_SEED = 7


async def main(url: str, chain_id: str, registry: str, service: str, *names: str) -> None:
    pool = EndpointPool.over_http(int(chain_id), [url])
    address = Address(bytes(to_canonical_address(registry)))
    found = await RegistryClient(await pool.pin(), address).resolve_many(names)
    say({"names": {name: one and to_checksum_address(one) for name, one in found.items()}})
    memory, random = HealthMemory(first_s=10.0), Random(_SEED)  # noqa: S311 - a choice by weight, not a secret
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while True:
            view = await pool.pin()
            client = RegistryClient(view, address)
            instances = await client.instances(service)
            answered = False
            while not answered:  # whoever failed is left alone, so another is asked at once
                try:
                    one = choose(instances, memory.at(time.monotonic()), random, time_s=view.head.time_s)
                except NoInstance:
                    break
                said: dict[str, Any] = {"at": time.time(), "block": view.head.number, "asked": one.label}
                said["told"] = sorted(instance.label for instance in instances)
                try:
                    async with session.get(f"{one.endpoint}/price") as answer:
                        said["price"] = await answer.json()
                    memory.succeeded(one.id)
                    answered = True
                except (aiohttp.ClientError, TimeoutError) as error:
                    said["failed"] = type(error).__name__
                    memory.failed(one.id, time.monotonic())
                say(said)
            await asyncio.sleep(_EVERY_S)


def say(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
