"""A plan as it stands on a chain: its word, its steps, and its moves so far, by id or by file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keeper.bots.chances import PlanView
from keeper.bots.connection import find_scheduler
from keeper.bots.index import is_body_of, view_of
from keeper.chain.ledger import PlanRow
from keeper.chain.values import Log
from keeper.cli.network import Network
from keeper.cli.planfile import as_locked, read_source
from keeper.plans import Compiled, Lock, Source, load_plan, show
from keeper.plans.compile import compile_plan
from keeper.plans.problems import PlanErrors
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.errors import BadInput
from keeper.wire.events import Moved, Published, Scheduled, decode_event, topic
from keeper.wire.hashing import account_address
from keeper.wire.types import PlanId, Status, Value
from keeper.wire.word import PlanWord, decode_word, encode_word

_ID = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a plan's word. `paid_wei` is what its deposit fell by."""

    block: int
    transaction: bytes
    by: bytes
    word: PlanWord
    changes: tuple[tuple[int, Value], ...]
    paid_wei: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan on the chain. `compiled` is its file, or the file that it can be turned back into; None for neither."""

    view: PlanView
    compiled: Compiled | None
    moves: tuple[Move, ...]
    text: str = ""
    """Of a plan known by its id: the file that it was turned back into."""
    lock_text: str = ""
    doubt: str = ""
    """Why there is no such file, or why it is not exactly this plan."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The steps' names: their author's, else s1, s2, .."""
        header = self.view.plan.header
        return self.compiled.ids if self.compiled else tuple(f"s{i + 1}" for i in range(header.forward + header.finals))

    def index(self, name: str) -> int:
        """A step by its name or number from 0. Errors: BadInput."""
        if name in self.ids:
            return self.ids.index(name)
        if name.isdigit() and int(name) < len(self.ids):
            return int(name)
        remedy = f"its steps are {', '.join(self.ids)}"
        raise BadInput(f"the plan has no step {name!r}", field="step", value=name, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Named:
    """A plan as the command line names it."""

    id: PlanId
    compiled: Compiled | None

    @property
    def chain_id(self) -> int | None:
        return None if self.compiled is None else self.compiled.lock.chain_id


def parse_id(text: str) -> PlanId | None:
    return PlanId(bytes.fromhex(text[2:])) if _ID.fullmatch(text) else None


def named(text: str) -> Named:
    """A plan's id, or the plan of a file under its lock. Errors: BadInput for neither."""
    if (known := parse_id(text)) is not None:
        return Named(known, None)
    if text.startswith("0x") and not Path(text).exists():
        remedy = "an id is 0x and 64 hex digits"
        raise BadInput(f"{text!r} is no plan's id", field="plan", value=text, remedy=remedy)
    compiled = as_locked(read_source(text))
    return Named(compiled.plan_id, compiled)


async def read_plan_on(network: Network, plan: Named) -> Followed:
    """Errors: BadInput for an id that was never scheduled on this chain, if there is no file to tell its steps."""
    await network.require_protocol()
    pinned = await network.pool.pin()
    answer = await pinned.call(network.deployment.scheduler, encode_call("plan", plan.id))
    packed, stamps = decode_result("plan", answer)
    word = decode_word(packed)
    logs: tuple[Log, ...] = ()
    if word.status is not Status.NOT_SCHEDULED:
        logs = await _logs(network, plan.id, pinned.head.number)
    row, moves = _told(plan, logs, word)
    if row is None:
        where = f"no plan 0x{plan.id.hex()} was scheduled on chain {network.chain_id}"
        remedy = "check the id and the chain; a plan that is not scheduled yet is known by its file"
        raise BadInput(where, field="plan", value=f"0x{plan.id.hex()}", remedy=remedy)
    view = view_of(row, stamps, network.chain_id)
    if view is None:
        raise BadInput(
            f"the plan has no steps on chain {network.chain_id}", field="chain", remedy="choose another with --chain"
        )
    if plan.compiled is not None:
        return Followed(view, plan.compiled, moves)
    return _turned_back(network, view, moves)


async def _logs(network: Network, plan: PlanId, head: int) -> tuple[Log, ...]:
    source = await find_scheduler(network.settings, network.pool)
    wanted = [topic(name) for name in ("Scheduled", "Moved", "Published")]
    return await network.pool.reads.logs(source.start, head, source.addresses, [wanted, plan])


def _told(plan: Named, logs: Sequence[Log], word: PlanWord) -> tuple[PlanRow | None, tuple[Move, ...]]:
    """The plan's row as its file or its events tell it, and its moves."""
    row: PlanRow | None = None
    if plan.compiled is not None:
        one = plan.compiled
        row = PlanRow(plan.id, one.owner, one.root, one.header_bytes, one.full_body, b"", 0)
    bodies: list[bytes] = []
    moves: list[Move] = []
    last = PlanWord()
    for log in logs:
        event = decode_event(log.topics, log.data)
        if isinstance(event, Scheduled):
            bodies.append(event.body)
            row = row or PlanRow(plan.id, b"", event.root, event.header, b"", b"", log.block_number)
        elif isinstance(event, Published):
            bodies.append(event.body)
        if isinstance(event, Scheduled | Moved):
            now = decode_word(event.word)
            by = event.by if isinstance(event, Moved) else b""
            moves.append(_move(log, by, last, now))
            last = now
    if row is None:
        return None, ()
    body = row.body or next((said for said in bodies if is_body_of(said, row.header, row.root)), b"")
    packed = encode_word(word).to_bytes(32, "big")
    return PlanRow(row.id, row.owner, row.root, row.header, body, packed, row.block), tuple(moves)


def _move(log: Log, by: bytes, old: PlanWord, new: PlanWord) -> Move:
    before = PlanWord() if new.run != old.run else old
    changes = tuple(
        (i, value) for i, value in enumerate(new.values) if value is not before.value(i) and value is not Value.PENDING
    )
    paid_gwei = old.deposit_gwei - new.deposit_gwei
    return Move(log.block_number, log.tx_hash, by, new, changes, max(paid_gwei, 0) * 10**9)


def _turned_back(network: Network, view: PlanView, moves: tuple[Move, ...]) -> Followed:
    """The plan as a file again, where the notation can say it."""
    if not view.bodies:
        return Followed(view, None, moves, doubt="its steps are not published")
    owner = view.plan.entry.owner
    account = account_address(
        view.plan.entry.factory if any(view.plan.entry.factory) else network.deployment.scheduler, owner
    )
    deposit = moves[0].word.deposit_gwei * 10**9 if moves else 0
    source = Source(
        network.chain_id, network.deployment.scheduler, network.deployment.facts, account, deposit_wei=deposit
    )
    shown = show(view.plan.header, view.plan.steps, source)
    if not shown.text or shown.lock is None:
        return Followed(view, None, moves, doubt=shown.doubt)
    compiled = None if shown.doubt else _compiled(shown.text, shown.lock)
    return Followed(view, compiled, moves, shown.text, shown.lock.as_json(), shown.doubt)


def _compiled(text: str, lock: Lock) -> Compiled | None:
    try:
        return compile_plan(load_plan(text, "plan.yaml"), lock)
    except PlanErrors:
        return None
