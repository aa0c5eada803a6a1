"""How late steps run: a hundred due in one block, one keeper, as `conductor keeper run` runs it, blocks by the clock.

python -m bench.latency
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_typing import HexStr
from eth_utils.address import to_canonical_address
from pydantic import SecretStr

from bench.artifacts import data_of, deploy, load
from bench.chain import Chain, started
from bench.ours import CHAIN_ID, Conductor, Plan, step
from keeper.bots.keeper import log_to, run_keeper
from keeper.chain.settings import Settings
from keeper.chain.values import hexed
from keeper.wire.types import Address, Call

STEPS = 100
ROUNDS = 3
BLOCK_S = 2
POLL_S = 0.4
"""A fifth of a block's time, as docs/keepers.md advises."""
AHEAD = 6
"""Blocks between the last plan's scheduling and the one in which all are due."""
PATIENCE = 20
"""Blocks after which a step that did not run counts as that late."""
ALLOWED = 0
OUT = Path(__file__).resolve().parent.parent / "build" / "forge"
KEY = "0x" + "5c" * 32


async def measured() -> dict[str, Any]:
    """Of each step how many blocks late it was, over all rounds, as JSON."""
    late: Counter[int] = Counter()
    for _ in range(ROUNDS):
        late.update(await _round())
    return {
        "what": f"{STEPS} steps due in one block, one keeper, blocks of {BLOCK_S} s, {ROUNDS} rounds: by blocks late",
        "late_blocks": {str(blocks): late[blocks] for blocks in sorted(late)},
        "goal": f"no step late by more than {ALLOWED} blocks",
        "met": max(late) <= ALLOWED,
    }


async def _round() -> list[int]:
    async with started() as chain:
        conductor = await Conductor.deployed(chain, OUT)
        target = await deploy(chain, load(OUT, "Target"))
        to = Address(to_canonical_address(target.address))
        due = await chain.w3.eth.block_number + STEPS + AHEAD
        plans = []
        for number in range(STEPS):
            call = Call(to, 0, data_of(target, "ping", number))
            plan = conductor.plan([step([call])], start=due, seconds_clock=False)
            await conductor.schedule(plan, publish=True)
            plans.append(plan)
        await chain.rpc("evm_setAutomine", False)
        await chain.rpc("evm_setIntervalMining", BLOCK_S)
        return await _watched(chain, conductor, plans, due)


async def _watched(chain: Chain, conductor: Conductor, plans: list[Plan], due: int) -> list[int]:
    """A keeper at work until every plan has run, or patience ends."""
    await chain.rpc("anvil_setBalance", Account.from_key(KEY).address, hex(10**24))
    url = str(chain.w3.provider.endpoint_uri)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            rpc={CHAIN_ID: (url,)},
            chain=CHAIN_ID,
            scheduler=conductor.address,
            start_block=0,
            private_key=SecretStr(KEY),
            database=str(Path(folder) / "keeper.db"),
            poll_s=POLL_S,
            log_level="error",
        )
        log_to(settings)
        stop, ran = asyncio.Event(), dict[bytes, int]()
        keeper = asyncio.create_task(run_keeper(settings, stop))
        try:
            while not keeper.done() and await chain.w3.eth.block_number < due + PATIENCE:
                if len(ran := await _ran(chain, conductor)) == len(plans):
                    break
                await asyncio.sleep(BLOCK_S / 4)
        finally:
            stop.set()
            await keeper
    return [ran.get(plan.id, due + PATIENCE) - due for plan in plans]


async def _ran(chain: Chain, conductor: Conductor) -> dict[bytes, int]:
    """The block of each plan's move."""
    moved = HexStr(hexed(conductor.moved))
    logs = await chain.w3.eth.get_logs({"address": conductor.address, "fromBlock": 0, "topics": [moved]})
    return {bytes(log["topics"][1]): log["blockNumber"] for log in logs}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured()), indent=2))  # noqa: T201 - this is its output
