"""Pulls a keeper's plug between its send and the receipt, and loses its transaction with it, as a node's pool may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keeper.bots.calls import Work, works_of
from keeper.bots.chances import Action
from keeper.cli.demo.stage import Keeper, Stage
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.types import PlanId
from keeper.wire.word import decode_word

_LATEST_S = 0.6
"""A transaction first seen later than this after a block could be mined too soon; then the next one is taken."""


@dataclass(frozen=True, slots=True)
class Struck:
    """`work` of run `run` is what `transaction` would have done."""

    keeper: str
    exit_code: int
    transaction: bytes
    work: Work
    run: int


async def strike(stage: Stage, keepers: Sequence[Keeper], targets: Sequence[tuple[PlanId, int]]) -> Struck:
    """As soon as a keeper has sent the run of one of `targets` (plan, step), kill it, before a block has it."""
    wanted, by_address = set(targets), {bytes(keeper.address): keeper.name for keeper in keepers}
    while True:
        if time.monotonic() - stage.chain.seen_s > _LATEST_S:
            await stage.chain.until(stage.chain.block + 1)
        for sender, tx_hash, data in _pending(await stage.chain.pool.request("txpool_content", [])):
            work = next((one for one in works_of(data) if one.action is Action.RUN), None)
            if work is None or (work.plan, work.index) not in wanted or sender not in by_address:
                continue
            name = by_address[sender]
            exit_code = await stage.programs.kill(name)
            await stage.chain.pool.request("anvil_dropTransaction", [f"0x{tx_hash.hex()}"])
            answer = await stage.chain.pool.reads.call(stage.protocol.scheduler, encode_call("plan", work.plan))
            stage.say(f"SIGKILL to {name}, which had sent a step and had no receipt for it yet")
            return Struck(name, exit_code, tx_hash, work, decode_word(decode_result("plan", answer)[0]).run)
        await asyncio.sleep(0.025)


def _pending(content: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Sender, hash and calldata of what waits for a block."""
    for sender, queue in content["pending"].items():
        for transaction in queue.values():
            yield _raw(sender), _raw(transaction["hash"]), _raw(transaction["input"])


def _raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])
