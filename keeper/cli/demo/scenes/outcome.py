"""What became of scene `plans`: everything is read back from the chain, nothing from what we believe we did."""

from __future__ import annotations

from collections.abc import Sequence

from keeper.chain.reads import Reads
from keeper.cli.demo.dao import PAYER, TOKEN, Dao
from keeper.cli.demo.observe import Known, moves_of
from keeper.cli.demo.report import TREASURY, CalledFor, Kill, Move, Story
from keeper.cli.demo.scenes.script import PEOPLE, Script
from keeper.cli.demo.scenes.strike import Struck
from keeper.cli.demo.stage import Keeper, Stage
from keeper.cli.demo.wallet import calldata
from keeper.wire.abi import decode_result, encode_call


async def read_story(
    stage: Stage, dao: Dao, script: Script, keepers: Sequence[Keeper], struck: Struck | None, estimate_wei: int
) -> Story:
    """Errors: ConductorError where logs and receipts do not fit together."""
    moves = await _moves(stage, script, keepers)
    last = max((move.block for move in moves if move.plan == TREASURY), default=script.start)
    calls = await _five_calls(stage.chain.pool.reads, dao, script.start - 1, last)
    kill = None if struck is None else await _kill(stage, script, struck)
    return Story(moves, calls, kill, estimate_wei, await _credits_wei(stage, keepers), stage.seconds)


async def _kill(stage: Stage, script: Script, struck: Struck) -> Kill:
    name = script.name_of(struck.work.plan)
    return Kill(
        keeper=struck.keeper,
        exit_code=struck.exit_code,
        transaction=f"0x{struck.transaction.hex()}",
        has_receipt=await stage.chain.pool.reads.receipt(struck.transaction) is not None,
        plan=name,
        run=struck.run,
        step=script.plans[name].ids[struck.work.index],
    )


async def _moves(stage: Stage, script: Script, keepers: Sequence[Keeper]) -> tuple[Move, ...]:
    reads, scheduler = stage.chain.pool.reads, stage.protocol.scheduler
    logs = await reads.logs(0, stage.chain.block, [scheduler])
    receipts = {}
    for tx_hash in dict.fromkeys(log.tx_hash for log in logs):
        if (receipt := await reads.receipt(tx_hash)) is not None:
            receipts[tx_hash] = receipt
    known = []
    for name, plan in script.plans.items():
        _, stamps = decode_result("plan", await reads.call(scheduler, encode_call("plan", plan.plan_id)))
        known.append(Known(name, plan, stamps))
    return moves_of(known, logs, receipts, {bytes(keeper.address): keeper.name for keeper in keepers})


async def _credits_wei(stage: Stage, keepers: Sequence[Keeper]) -> int:
    """What the Scheduler says that they have earned; nobody has withdrawn anything."""
    credits_wei = 0
    for keeper in keepers:
        data = encode_call("keeper", keeper.address)
        credit_wei, *_ = decode_result("keeper", await stage.chain.pool.reads.call(stage.protocol.scheduler, data))
        credits_wei += credit_wei
    return credits_wei


async def _five_calls(reads: Reads, dao: Dao, before: int, after: int) -> tuple[CalledFor, ...]:
    """Each call's effect: as it was in the block before X, and in the block in which the last of the steps ran."""

    async def word(to: bytes, data: bytes, block: int) -> int:
        return int.from_bytes((await reads.call(to, data, block))[:32], "big")

    calls = []
    for who, step, tokens in (("alice", "payroll", 1_200), ("bob", "payroll", 800), ("carol", "grant", 500)):
        data = calldata("balanceOf(address)", PEOPLE[who])
        seen = [await word(dao.token, data, block) for block in (before, after)]
        calls.append(CalledFor(f"{who}'s tokens", step, seen[0], seen[1], tokens * TOKEN))
    seen = [await reads.balance_wei(dao.vesting, block) for block in (before, after)]
    calls.append(CalledFor("the vesting wallet's coin", "vest", seen[0], seen[1], 3 * TOKEN))
    data = calldata("hasRole(uint64,address)", PAYER, PEOPLE["steward"])
    seen = [await word(dao.manager, data, block) for block in (before, after)]
    return (*calls, CalledFor("whether the steward may pay", "appoint", seen[0], seen[1], 1))
