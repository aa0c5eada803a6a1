"""Moves are told by logs and receipts alone: what was done, since when it could be, by whom, for how much."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from keeper.chain.values import Log, Receipt
from keeper.cli.demo.observe import Known, moves_of
from keeper.wire.abi import interface
from keeper.wire.errors import ConductorError
from keeper.wire.types import Status, Value
from keeper.wire.word import PlanWord, encode_word
from tests.unit.plans.samples import compiled, plan_text

ADA, STRANGER = b"\xad" * 20, b"\x55" * 20
TIMES = """at: block 100
within: 50 blocks
pay: {deposit: 0.2 ether, premium: 0.001..0.01 ether over 10 blocks, max_gas_price: 40 gwei}
"""
PLAN = compiled(plan_text("{id: first, call: pool.close()}", "{id: second, call: pool.close()}", times=TIMES))

NEW = PlanWord(status=Status.ACTIVE, move=1, deposit_gwei=1_000)
FIRST = replace(NEW.with_value(1, Value.DONE), move=2, changed=100, deposit_gwei=900)
BOTH = replace(FIRST.with_value(2, Value.DONE), move=3, changed=103, deposit_gwei=750, status=Status.COMPLETED)


def log(event: str, word: PlanWord, block: int, by: bytes = ADA) -> Log:
    entry = interface("Scheduler").events[event]
    topics, data = [entry.id, bytes(PLAN.plan_id)], encode(["uint256"], [encode_word(word)])
    if event == "Scheduled":
        data = encode(["uint256", "bytes"], [encode_word(word), PLAN.packed])
    else:
        topics.append(by.rjust(32, b"\0"))
    tx_hash = block.to_bytes(32, "big")
    return Log(PLAN.scheduler, tuple(topics), data, block, bytes(32), tx_hash, 0, 0)


LOGS = (log("Scheduled", NEW, 90), log("Moved", FIRST, 100), log("Moved", BOTH, 103, STRANGER))
RECEIPTS = {one.tx_hash: Receipt(one.tx_hash, one.block_number, bytes(32), 1, 60_000, 1, (one,)) for one in LOGS}


def test_a_step_is_due_when_its_window_opens_or_in_the_block_after_what_it_needs() -> None:
    first, second = moves_of([Known("p", PLAN)], LOGS, RECEIPTS, {ADA: "ada"})
    assert (first.step, first.result, first.due, first.block, first.late_blocks) == ("first", "done", 100, 100, 0)
    assert (second.step, second.result, second.due, second.late_blocks) == ("second", "done", 101, 2)
    assert (first.by, second.by) == ("ada", f"0x{STRANGER.hex()}")
    assert (first.paid_wei, second.paid_wei) == (100 * 10**9, 150 * 10**9)


@pytest.mark.parametrize("change", [{"status": 0}, {"block_number": 101}])
def test_a_move_stands_on_a_good_receipt(change: dict[str, int]) -> None:
    wrong = {**RECEIPTS, LOGS[1].tx_hash: replace(RECEIPTS[LOGS[1].tx_hash], **change)}
    for receipts in (wrong, {}):
        with pytest.raises(ConductorError, match="no receipt"):
            moves_of([Known("p", PLAN)], LOGS, receipts, {})


def test_other_plans_and_a_mere_deposit_are_no_moves() -> None:
    assert moves_of([], LOGS, RECEIPTS, {}) == ()
    richer = log("Moved", replace(NEW, move=2, deposit_gwei=2_000), 95)
    receipt = Receipt(richer.tx_hash, 95, bytes(32), 1, 30_000, 1, (richer,))
    assert moves_of([Known("p", PLAN)], (LOGS[0], richer), {richer.tx_hash: receipt}, {}) == ()
