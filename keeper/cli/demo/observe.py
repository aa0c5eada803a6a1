"""From the Scheduler's logs to moves: what was done, when it could have been first, by whom, for how much. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keeper.bots.chances import Action, Chance, PlanView, chances
from keeper.bots.index import view_of
from keeper.chain.ledger import PlanRow
from keeper.chain.values import Log, Receipt
from keeper.cli.demo.report import Move
from keeper.plans import Compiled
from keeper.wire.errors import ConductorError
from keeper.wire.events import Moved, Scheduled, decode_event
from keeper.wire.types import PlanId, Value
from keeper.wire.word import PlanWord, decode_word, encode_word

_RESULTS = {
    Value.DONE: "done",
    Value.SKIPPED: "skipped",
    Value.FAILED: "failed",
    Value.UNDONE: "undone",
    Value.UNDO_FAILED: "not undone",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A plan by the name it has in the demo. `stamps`: its second word on the chain, as it is in the end."""

    name: str
    compiled: Compiled
    stamps: int = 0


@dataclass(frozen=True, slots=True)
class _Since:
    """A plan from one of its events on: its word, and since which block each chance that it gives is there."""

    word: PlanWord
    chances: Mapping[Chance, int]

    def due(self, index: int, block: int) -> int | None:
        """The first block in which what was done to a step at `block` could have been done; None if it could not."""
        opened = (
            max(chance.at, since)
            for chance, since in self.chances.items()
            if chance.index == index and chance.at <= block and (chance.until is None or block < chance.until)
        )
        return next((min(at, block) for at in opened), None)


def moves_of(
    plans: Sequence[Known], logs: Sequence[Log], receipts: Mapping[bytes, Receipt], keepers: Mapping[bytes, str]
) -> tuple[Move, ...]:
    """In the chain's order. Errors: ConductorError for a move without a good receipt."""
    known = {plan.compiled.plan_id: plan for plan in plans}
    seen: dict[PlanId, _Since] = {}
    moves = []
    for log in logs:
        event = decode_event(log.topics, log.data)
        if not isinstance(event, Scheduled | Moved) or event.plan not in known:
            continue
        plan, word = known[event.plan], decode_word(event.word)
        old = seen.get(event.plan)
        seen[event.plan] = _since(plan, word, old, log.block_number)
        if isinstance(event, Scheduled) or old is None or old.word.run != word.run:
            continue
        receipt = receipts.get(log.tx_hash)
        if receipt is None or receipt.status != 1 or receipt.block_number != log.block_number:
            raise ConductorError("a move has no receipt", value=f"0x{log.tx_hash.hex()}")
        move = _move(plan, old, word, log, keepers.get(event.by, f"0x{event.by.hex()}"))
        moves += [] if move is None else [move]
    return tuple(moves)


def _since(plan: Known, word: PlanWord, old: _Since | None, block: int) -> _Since:
    """What an event makes possible can be done from the block after it; what was possible before stays so."""
    before = {} if old is None or old.word.run != word.run else old.chances
    found = (chance for chance in chances(_view(plan, word)) if chance.action is not Action.EXPIRE)
    return _Since(word, {chance: before.get(chance, block + 1) for chance in found})


def _move(plan: Known, old: _Since, word: PlanWord, log: Log, by: str) -> Move | None:
    """None if no step changed. Of several that did, the one that could is what was done; the others follow from it."""
    for index, step in enumerate(plan.compiled.ids):
        value = word.value(index)
        due = old.due(index, log.block_number)
        if value is not old.word.value(index) and due is not None:
            paid_wei = (old.word.deposit_gwei - word.deposit_gwei) * 10**9
            transaction = f"0x{log.tx_hash.hex()}"
            return Move(plan.name, word.run, step, _RESULTS[value], due, log.block_number, by, paid_wei, transaction)
    return None


def _view(plan: Known, word: PlanWord) -> PlanView:
    one = plan.compiled
    packed = encode_word(word).to_bytes(32, "big")
    row = PlanRow(one.plan_id, one.owner, one.root, one.header_bytes, one.full_body, packed, 0)
    view = view_of(row, plan.stamps, one.lock.chain_id)
    if view is None:
        raise ConductorError(f"{plan.name} has no steps on chain {one.lock.chain_id}")
    return view
