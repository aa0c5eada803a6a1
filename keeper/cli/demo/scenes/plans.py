"""A DAO votes, five calls happen at one block, keepers are paid; then three ticks, a branch, a plan that is undone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from keeper.cli.demo.anvil import BASE_FEE_WEI, GWEI, beside
from keeper.cli.demo.dao import found, pass_vote
from keeper.cli.demo.report import ROLLBACK, SALARY, Story, coin
from keeper.cli.demo.scenes.outcome import read_story
from keeper.cli.demo.scenes.script import PEOPLE, Script, write_script
from keeper.cli.demo.scenes.strike import strike
from keeper.cli.demo.stage import Stage
from keeper.cli.demo.wallet import Wallet
from keeper.plans import owner_calls
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.errors import ConductorError, NotNow
from keeper.wire.word import decode_word

KEEPERS = ("ada", "bo", "cleo")
_FOUNDER, _COUNCIL, _FIRST_KEEPER = 0, 1, 2
_VOTE_B = 720
"""From compiling to block X: 606 for the vote to pass, and some for us to send it."""
_RUN_UP_B, _LEAST_RUN_UP_B = 8, 3
"""So many blocks before X the keepers are left alone."""
_PATIENCE_S = 100.0


async def play(stage: Stage) -> Story:
    """The whole scene. Errors: ConductorError if it cannot go on."""
    founder, council = stage.wallet(_FOUNDER), stage.wallet(_COUNCIL)
    keepers = [stage.keeper(name, _FIRST_KEEPER + i) for i, name in enumerate(KEEPERS)]
    dao, _ = await asyncio.gather(
        found(founder, stage.account_of(council.address), PEOPLE["alice"]),
        stage.deploy(),
    )
    stage.say("the protocol, and a DAO: token, governor, timelock, access manager, vault, vesting wallet")
    seats, script = await asyncio.gather(
        asyncio.gather(*(stage.join(keeper) for keeper in keepers)),
        write_script(stage, dao, council.address, stage.chain.block + _VOTE_B, len(keepers)),
    )
    stage.say(f"keepers {', '.join(KEEPERS)} have seats {', '.join(map(str, seats))}")
    proposal = await _propose(stage, script)
    for keeper in keepers:
        await stage.run(keeper)
    block = await pass_vote(stage.chain, founder, dao, proposal)
    stage.say(f"voted, queued and executed in block {block}: the treasury plan is scheduled")
    _, estimate_wei = await asyncio.gather(_schedule(stage, council, script), _estimate(stage, script))
    await _jump(stage, script.start - _RUN_UP_B)
    stage.say(f"three keepers wait for block {script.start}, in which five calls are due")
    salary, rollback = script.plans[SALARY].plan_id, script.plans[ROLLBACK].plan_id
    targets = [(rollback, 0), (rollback, 1), (salary, 0)]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await stage.chain.until(script.start + 1)
            async with beside(strike(stage, keepers, targets)) as waiting:
                await _until_final(stage, script)
                struck = waiting.result() if waiting.done() else None
    except TimeoutError:
        raise ConductorError(f"the plans have not ended after {_PATIENCE_S:g} s") from None
    for keeper in keepers:
        if struck is None or keeper.name != struck.keeper:
            await stage.programs.end(keeper.name)
    return await read_story(stage, dao, script, keepers, struck, estimate_wei)


async def _propose(stage: Stage, script: Script) -> dict[str, str]:
    """governor.json as `conductor plan propose --with-grants` writes it."""
    flags = [flag for name, value in script.sets.items() for flag in ("--set", f"{name}={value}")]
    path = script.treasury.plan.path
    said = await stage.programs.conductor(
        "plan", "propose", path, "--with-grants", *flags, environment=stage.environment
    )
    if said["plan"] != f"0x{script.treasury.plan_id.hex()}":
        raise ConductorError("`plan propose` compiled another plan", field="plan", value=said["plan"])
    stage.say(f"`plan propose --with-grants` wrote a proposal of {len(said['calls'])} calls")
    proposal: dict[str, str] = json.loads(Path(said["files"]["governor.json"]).read_bytes())  # noqa: ASYNC240 - a small file
    return proposal


async def _estimate(stage: Stage, script: Script) -> int:
    """What `conductor plan estimate` expects the treasury plan to pay at this base fee, in wei."""
    flags = ("--base-fee", str(BASE_FEE_WEI // GWEI))
    path = script.treasury.plan.path
    said = await stage.programs.conductor("plan", "estimate", path, *flags, environment=stage.environment)
    stage.say(f"`plan estimate` expects the five calls to cost {coin(int(said['expected_wei']))} ether")
    return int(said["expected_wei"])


async def _schedule(stage: Stage, council: Wallet, script: Script) -> None:
    """The council's own plans, by its own key."""
    await council.send("account", stage.protocol.scheduler, encode_call("createAccount", council.address))
    for plan in script.councils:
        for call in owner_calls(plan):
            await council.send(call.what, call.target, call.data, value_wei=call.value_wei)
    await council.settled()
    stage.say(f"the council scheduled {', '.join(plan.plan.name for plan in script.councils)}")


async def _jump(stage: Stage, block: int) -> None:
    """Forward to a block. Errors: NotNow if the time has gone already."""
    await stage.chain.until(stage.chain.block + 1)
    ahead = block - stage.chain.block
    if ahead < _LEAST_RUN_UP_B - _RUN_UP_B:
        remedy = "run the demo on a machine with less to do"
        raise NotNow(f"block {stage.chain.block} came before all was ready", field="block", remedy=remedy)
    if ahead > 0:
        await stage.chain.mine(ahead, 1)


async def _until_final(stage: Stage, script: Script) -> None:
    """Until every plan has ended."""
    still = set(script.plans)
    while still:
        stage.programs.require_alive()
        await stage.chain.until(stage.chain.block + 1)
        for name in sorted(still):
            data = encode_call("plan", script.plans[name].plan_id)
            answer = await stage.chain.pool.reads.call(stage.protocol.scheduler, data)
            word = decode_word(decode_result("plan", answer)[0])
            if word.is_final:
                stage.say(f"{name}: {word.status.name.lower()}")
                still.remove(name)
