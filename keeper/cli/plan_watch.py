"""`conductor plan watch`: reports what is late, failed, or runs out of deposit, once each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp
import click

from keeper.bots.chances import PLAN_WIDE, Action, chances
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import Network, open_network
from keeper.cli.options import PLAN
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, emit, note
from keeper.cli.plan_status import said
from keeper.cli.planview import Followed, named, read_plan_on
from keeper.plans import estimate
from keeper.plans.show_calls import coin_text
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
    seen: set[tuple[int, str, str | None]] = set()
    async with open_network(settings, wanted.chain_id) as network:
        last_block = -1
        while True:
            head = await network.pool.head()
            if head.number != last_block:
                last_block = head.number
                found = await read_plan_on(network, wanted)
                now = head.time_s if found.view.in_seconds else head.number
                for alert in alerts(found, network, head.number, now, late):
                    if (key := (alert.run, alert.kind, alert.step)) not in seen:
                        seen.add(key)
                        emit(alert)
                        await _post(webhook, alert)
                        if alert.kind == "ended":
                            return
            if once:
                click.get_current_context().exit(3 if seen else 0)
            await asyncio.sleep(settings.poll_s)


def alerts(found: Followed, network: Network, block: int, now: int, late: int | None) -> Iterator[PlanAlert]:
    """Everything there is to report about a plan at this moment, on its clock."""
    view, word = found.view, found.view.state.word

    def alert(kind: str, step: int | None, message: str) -> PlanAlert:
        name = None if step is None else found.ids[step]
        return PlanAlert(f"0x{view.id.hex()}", network.chain_id, block, word.run, kind, name, message)

    for index, name in enumerate(found.ids):
        if word.value(index) in (Value.FAILED, Value.UNDO_FAILED):
            yield alert("failed", index, f"step {name} is {said(word.value(index))}")
    grace = late if late is not None else 120 if view.in_seconds else 10
    unit = "seconds" if view.in_seconds else "blocks"
    for chance in chances(view):
        over = chance.until is not None and now >= chance.until
        if chance.action is not Action.EXPIRE and chance.index != PLAN_WIDE and not over and now - chance.at > grace:
            what = f"{chance.action.value} of step {found.ids[chance.index]}"
            yield alert("late", chance.index, f"the {what} is due for {now - chance.at} {unit}")
    if word.status is Status.ACTIVE and found.compiled is not None:
        compiled = found.compiled
        worst_wei = estimate(compiled, compiled.header.chains[0].cap_wei).worst_wei
        deposit_wei = word.deposit_gwei * 10**9
        if deposit_wei < worst_wei and not word.settled:
            short = coin_text(worst_wei - deposit_wei)
            said_ = f"the deposit of {coin_text(deposit_wei)} is {short} below the run's worst case"
            yield alert("deposit", None, said_)
    if word.is_final:
        yield alert("ended", None, f"the plan is {said(word.status)}")


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
