"""`conductor plan watch`: reports what is late, failed, or runs out of deposit, once each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import aiohttp
import click

from keeper.bots.chances import PLAN_WIDE, chances
from keeper.bots.why import explain
from keeper.chain.endpoints import NoEndpoint
from keeper.chain.rpc import EndpointFailed
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import Network, open_network
from keeper.cli.options import PLAN
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, emit, note
from keeper.cli.plan_status import said
from keeper.cli.planview import Followed, Named, named, read_plan_on
from keeper.plans import estimate
from keeper.plans.show_calls import coin_text
from keeper.wire.error_table import Code
from keeper.wire.errors import BadInput
from keeper.wire.types import Status, Value

_POST_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class PlanAlert(Result):
    """`kind`: late, failed, deposit, or ended, which comes last. `step` is null for what concerns the whole plan."""

    schema = "conductor/plan-watch/1"

    plan: str
    chain_id: int
    block: int
    run: int
    kind: str
    step: str | None
    message: str

    def text(self) -> str:
        return f"block {self.block}  {self.kind}  {self.message}"


@command(
    "watch",
    PlanAlert,
    PLAN,
    click.option("--webhook", metavar="URL", help="Where each report is posted, as JSON with a field `text` beside."),
    click.option("--late", type=click.IntRange(min=0), default=None, metavar="TIME",
                 help="Late is what is due for longer, in the plan's clock; default: 120 seconds, or 10 blocks."),
    click.option("--once", is_flag=True, help="Look once; exit code 3 if there is something to report."),
    settings_options(),
)  # fmt: skip
async def watch(plan: str, webhook: str | None, late: int | None, once: bool, settings: Settings) -> None:
    """Report what is late, what failed, and a deposit below the next run's worst case, until the plan ends.

    Each report is one line, and one POST with --webhook; none comes twice in a run.
    """
    if webhook is not None and not webhook.startswith(("http://", "https://")):
        raise BadInput(f"{webhook!r} is no webhook", field="webhook", value=webhook, remedy="write https://..")
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        watching = _Watch(network, wanted, late)
        while True:
            for alert in await _patiently(watching.look, once=once):
                emit(alert)
                await _post(webhook, alert)
            if watching.ended or once:
                break
            await asyncio.sleep(settings.poll_s)
    if once and watching.seen:
        click.get_current_context().exit(3)


class _Watch:
    """What was reported already, and the next look at the plan."""

    def __init__(self, network: Network, plan: Named, late: int | None) -> None:
        self.network, self.plan, self.late = network, plan, late
        self.seen: set[tuple[int, str, str | None]] = set()
        self.since_run: int | None = None
        self.block = -1
        self.ended = False

    async def look(self) -> list[PlanAlert]:
        """What is new at this block."""
        head = await self.network.pool.head()
        if head.number == self.block:
            return []
        found = await read_plan_on(self.network, self.plan)
        run = found.view.state.word.run
        self.since_run = run if self.since_run is None else self.since_run
        now = head.time_s if found.view.in_seconds else head.number
        fresh = []
        for alert in alerts(found, self.network.chain_id, head.number, now, self.late, self.since_run):
            key = (alert.run, alert.kind, alert.step)
            said_now = None if key in self.seen else await _explained(self.network, found, alert)
            if said_now is not None:
                self.seen.add(key)
                fresh.append(said_now)
        self.block, self.ended = head.number, found.view.state.word.is_final
        return fresh


async def _patiently(look: Callable[[], Awaitable[list[PlanAlert]]], *, once: bool) -> list[PlanAlert]:
    """An endpoint's trouble is said, and the next look tries again."""
    try:
        return await look()
    except (EndpointFailed, NoEndpoint) as error:
        if once:
            raise
        note(f"cannot look: {error}")
        return []


def alerts(
    found: Followed, chain_id: int, block: int, now: int, late: int | None = None, since_run: int = 0
) -> Iterator[PlanAlert]:
    """Everything there is to report about a plan at this moment, `now` on its clock. Pure.

    Failures are told of every run from `since_run` on: a recurring plan may have gone on since.
    """
    view, word = found.view, found.view.state.word

    def alert(kind: str, step: int | None, message: str, run: int = word.run) -> PlanAlert:
        name = None if step is None else found.ids[step]
        return PlanAlert(f"0x{view.id.hex()}", chain_id, block, run, kind, name, message)

    for move in found.moves:
        for index, value in move.changes if move.word.run >= since_run else ():
            if value in (Value.FAILED, Value.UNDO_FAILED):
                yield alert("failed", index, f"step {found.ids[index]} is {said(value)}", move.word.run)
    grace = late if late is not None else 120 if view.in_seconds else 10
    unit = "seconds" if view.in_seconds else "blocks"
    for chance in chances(view):
        over = chance.until is not None and now >= chance.until
        if chance.index != PLAN_WIDE and not over and now - chance.at > grace:
            what = f"{chance.action.value} of step {found.ids[chance.index]}"
            yield alert("late", chance.index, f"the {what} is due for {now - chance.at} {unit}")
    if word.status is Status.ACTIVE and not word.settled and found.compiled is not None:
        worst_wei = estimate(found.compiled, found.compiled.header.chains[0].cap_wei).worst_wei
        deposit_wei = word.deposit_gwei * 10**9
        if deposit_wei < worst_wei:
            short = coin_text(worst_wei - deposit_wei)
            message = f"the deposit of {coin_text(deposit_wei)} is {short} below the next run's worst case"
            yield alert("deposit", None, message)
    if word.is_final:
        yield alert("ended", None, f"the plan is {said(word.status)}")


async def _explained(network: Network, found: Followed, alert: PlanAlert) -> PlanAlert | None:
    """What is late, with the reason; None for a step that waits for its condition, as the plan wants it to."""
    if alert.kind != "late" or alert.step is None:
        return alert
    why = await explain(network.pool, network.deployment.scheduler, found.view, found.index(alert.step))
    if why.code is Code.CONDITION_FALSE:
        return None
    return replace(alert, message=f"{alert.message}: {why.reason.rstrip('.').lower()}")


async def _post(webhook: str | None, alert: PlanAlert) -> None:
    """A webhook that does not answer is said, and the watch goes on."""
    if webhook is None:
        return
    body = json.dumps(alert.as_dict() | {"text": f"plan {alert.plan}: {alert.message}"})
    headers = {"Content-Type": "application/json"}
    try:
        timeout = aiohttp.ClientTimeout(total=_POST_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(webhook, data=body, headers=headers) as answer,
        ):
            if answer.status >= 300:
                note(f"the webhook answered {answer.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        note(f"the webhook does not answer ({type(error).__name__})")
