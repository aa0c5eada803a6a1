"""Why a step does not run: what the chain says, what it would have to say, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keeper.bots.calls import Work, encode
from keeper.bots.chances import Action, PlanView, chances
from keeper.bots.connection import connect
from keeper.bots.index import view_of
from keeper.bots.pace import Pace
from keeper.bots.report import follow, queue_of
from keeper.bots.simulate import Simulator
from keeper.chain.endpoints import Chain
from keeper.chain.settings import Settings
from keeper.wire.contract_errors import ContractError, Reverted
from keeper.wire.error_table import ROWS, Code
from keeper.wire.errors import BadInput
from keeper.wire.machine import admit_run
from keeper.wire.types import NOBODY, Address, Op, Status, Value

_OPERATORS = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_GAS = 15_000_000


@dataclass(frozen=True, slots=True)
class Why:
    """About one step, at the block that comes next."""

    plan: bytes
    step: int
    status: Status
    value: Value
    """What the step has come to."""
    action: Action | None
    """What could be done about it next; None if nothing, ever."""
    at: int | None
    """From when on, on the plan's clock; None if only another event makes it possible."""
    now: int
    reason: str
    code: Code | None
    """The contract's own reason; None if nothing stands in the way."""
    on_chain: str
    wanted: str
    next_step: str


async def why(settings: Settings, plan_id: bytes, step: int) -> Why:
    """Errors: BadInput for a plan that was never scheduled here, or a step it does not have."""
    async with connect(settings) as connection:
        await follow(connection)
        me = Address(connection.signer.address) if connection.signer else NOBODY
        rows = await queue_of(connection, me).plans([plan_id])
        view = view_of(*rows[0], connection.pool.chain_id) if rows else None
        if view is None:
            remedy = "check the plan's id and the chain"
            raise BadInput("no such plan on this chain", field="plan", value="0x" + plan_id.hex(), remedy=remedy)
        return await explain(connection.pool, connection.scheduler, view, step, me)


async def explain(chain: Chain, scheduler: Address, view: PlanView, step: int, me: Address = NOBODY) -> Why:
    """About a step of a plan as it stands in `view`. Errors: BadInput for a step it does not have."""
    pool_view = await chain.pin()
    moment = Pace().next(pool_view.head, 0.0)
    now = moment.at(view)
    count = view.plan.header.forward + view.plan.header.finals
    if not 0 <= step < count:
        raise BadInput(f"the plan has steps 0 to {count - 1}", field="step", value=step, remedy="name one of them")
    value = view.state.word.value(step)

    def said(reason: str, next_step: str, **more: Any) -> Why:
        defaults: dict[str, Any] = {"action": None, "at": None, "code": None, "on_chain": "", "wanted": ""}
        known: dict[str, Any] = {
            "plan": view.id,
            "step": step,
            "status": view.state.word.status,
            "value": value,
            "now": now,
        }
        return Why(reason=reason, next_step=next_step, **known, **(defaults | more))

    coming = sorted((one for one in chances(view) if one.index == step), key=lambda one: one.at)
    if not view.bodies:
        return said("its steps are not published", "`conductor plan publish` makes them known")
    if value not in (Value.PENDING, Value.DONE) or (value is Value.DONE and not coming):
        return said(f"it is {value.name.lower()}", "nothing more happens to it")
    if not coming:
        return said(**_refused(_offline(view, step, now), "another step, or another chain, has to settle first"))
    chance = next((one for one in coming if one.until is None or now < one.until), coming[-1])
    if now < chance.at:
        error = ContractError(Code.TOO_EARLY, (step, chance.at, now))
        return said(action=chance.action, at=chance.at, **_refused(error, f"wait until {chance.at}"))
    simulator = Simulator(scheduler, me)
    data = encode(view, Work(view.id, chance.action, step))
    answer = await simulator.ask(pool_view, data, _GAS, moment)
    if isinstance(answer, ContractError):
        return said(action=chance.action, at=chance.at, **_refused(answer, ""))
    return said("nothing stands in its way", "any keeper that it pays will do it", action=chance.action, at=chance.at)


def _offline(view: PlanView, step: int, now: int) -> ContractError | None:
    """What the contract would say, from the plan's word alone."""
    try:
        admit_run(view.plan, view.state, view.plan.steps[step], now)
    except Reverted as reverted:
        return reverted.error
    return None


def _refused(error: ContractError | None, next_step: str) -> Mapping[str, Any]:
    if error is None:
        return {"reason": "it cannot run yet", "next_step": next_step}
    row = ROWS[error.code]
    on_chain, wanted = _values(error)
    return {
        "reason": row.what,
        "next_step": next_step or row.remedy,
        "code": error.code,
        "on_chain": on_chain,
        "wanted": wanted,
    }


def _values(error: ContractError) -> tuple[str, str]:
    """What there is, and what there would have to be."""
    values = error.values
    if error.code is Code.CONDITION_FALSE:
        signed, operator = bool(values["operator"] & 8), _OPERATORS[Op(values["operator"] & 7)]
        read, wanted = (int.from_bytes(values[name], "big", signed=signed) for name in ("read", "wanted"))
        return str(read), f"{operator} {wanted}"
    if error.code is Code.TOO_EARLY:
        return str(values["nowAt"]), f">= {values['opensAt']}"
    if error.code is Code.WINDOW_CLOSED:
        return str(values["nowAt"]), f"< {values['closedAt']}"
    if error.code is Code.NOT_YOUR_TURN:
        return f"seat {values['seat']}'s turn", f"{values['until']} or later"
    if error.code is Code.NEEDS_PENDING:
        waiting = [str(index) for index in range(32) if values["pending"] >> index & 1]
        return f"pending: {', '.join(waiting)}", "all settled"
    return ", ".join(f"{name} = {_text(value)}" for name, value in values.items()), ""


def _text(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
