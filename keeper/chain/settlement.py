"""What the chain has made of an outbox's rows: mined by which variant and how, vanished with their block, or lost.

After a restart, or a gap between two ticks, every row is in question; so blocks and receipts are asked for together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keeper.chain.endpoints import Chain
from keeper.chain.entries import Entries, Entry, Outcome, State
from keeper.chain.moves import OutboxPolicy
from keeper.chain.reads import View
from keeper.chain.steps import Steps
from keeper.chain.values import Receipt


class Settlement:
    """Of one outbox, whose steps its awaits are."""

    def __init__(
        self, chain: Chain, entries: Entries, policy: OutboxPolicy, step: Steps, wall_s: Callable[[], float]
    ) -> None:
        self._chain = chain
        self._entries = entries
        self._policy = policy
        self._step = step
        self._wall_s = wall_s

    async def final_number(self, view: View) -> int:
        """The newest block that counts as final; negative if none does."""
        if self._policy.confirmations is not None:
            return view.head.number - self._policy.confirmations
        block = await self._step("final.block", self._chain.finalized)
        return view.head.number - self._policy.deep if block is None else min(block.number, view.head.number)

    async def vanished(self, view: View, rows: Sequence[Entry]) -> list[Entry]:
        """Mined rows whose block is no longer part of the chain. A head below their block says nothing about them."""
        mined = [(row, row.block) for row in rows if row.state is State.MINED and row.block is not None]
        mined = [(row, number) for row, number in mined if number <= view.head.number]
        numbers = sorted({number for _, number in mined})
        if not numbers:
            return []
        blocks = await self._step("vanished.blocks", view.blocks, numbers)
        canonical = {number: block and block.hash for number, block in zip(numbers, blocks, strict=True)}
        return [row for row, number in mined if canonical[number] not in (None, row.block_hash)]

    async def settle(self, view: View, signer: bytes, rows: Sequence[Entry], final: int) -> None:
        """These nonces are used: by which variant, and how did it end? Without receipt, and final: by somebody else."""
        hashes = await self._step("settle.hashes", self._entries.hashes, [row.id for row in rows])
        variants = [(row, *variant) for row in rows for variant in hashes.get(row.id, [])]
        receipts = await self._step("settle.receipts", view.receipts, [tx_hash for _, tx_hash, _ in variants])
        found: dict[int, tuple[Entry, Receipt, Outcome]] = {}
        for (row, _, cancels), receipt in zip(variants, receipts, strict=True):
            if receipt is not None:
                found.setdefault(row.id, (row, receipt, _outcome(receipt, cancels)))
        if found:
            await self._step("settle.mined", self._entries.were_mined, list(found.values()))
        missing = [row for row in rows if row.id not in found]
        if missing and final >= 0:
            used = await self._step("settle.final nonce", view.nonce, signer, final)
            lost = [row for row in missing if row.nonce < used]
            if lost:
                await self._step("settle.lost", self._entries.finalize, lost, self._wall_s(), Outcome.LOST)


def _outcome(receipt: Receipt, cancels: bool) -> Outcome:
    if cancels:
        return Outcome.CANCELLED
    return Outcome.DONE if receipt.status == 1 else Outcome.REVERTED
