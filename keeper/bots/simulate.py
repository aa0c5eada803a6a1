"""Work tried out before it is sent: at today's state, in the block that comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from keeper.bots import gas
from keeper.bots.calls import item_of, together
from keeper.bots.chances import Action
from keeper.bots.decide import Intent, Moment
from keeper.chain.reads import View
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Json, block_param, hexed, raw
from keeper.wire.abi import encode_call
from keeper.wire.contract_errors import ContractError, decode_revert
from keeper.wire.error_table import Code

_IN_THE_WAY = ContractError(Code.UNKNOWN, (b"",))
"""It would go well alone, but not after what goes before it."""


class Simulator:
    """Asks by eth_call, telling the next block's number and time where the node takes them (as geth and anvil do).

    A node that does not is asked `runnable`, which takes the time as an argument, for what is due only in that block.
    """

    def __init__(self, scheduler: bytes, keeper: bytes) -> None:
        self._scheduler = scheduler
        self._keeper = keeper
        self._plain: set[str] = set()
        """Endpoints that know no block overrides."""

    async def refusals(self, view: View, moment: Moment, intents: Sequence[Intent]) -> list[ContractError | None]:
        """Of each why it would be refused, None if it would not; they run in this order in one transaction."""
        done = None
        if view.endpoint not in self._plain and len(intents) > 1:
            done = await self.done(view, moment, together([intent.data for intent in intents]), self._gas(intents))
        known = done or 0
        asked = (self._refusal(view, moment, intent) for at, intent in enumerate(intents) if not known >> at & 1)
        answers = iter(await asyncio.gather(*asked))
        alone = [None if known >> at & 1 else next(answers) for at in range(len(intents))]
        if done is None or view.endpoint in self._plain:
            return alone
        return [answer if known >> at & 1 else answer or _IN_THE_WAY for at, answer in enumerate(alone)]

    async def done(self, view: View, moment: Moment, data: bytes, gas_limit: int) -> int | None:
        """Which items of this calldata would succeed, a bit for each; None if the transaction itself would not."""
        answer = await self.ask(view, data, gas_limit, moment)
        if isinstance(answer, ContractError):
            return None
        return int.from_bytes(answer, "big") if data[:4] == encode_call("runMany", [])[:4] else 1

    async def ask(self, view: View, data: bytes, gas_limit: int | None, moment: Moment | None) -> bytes | ContractError:
        """What this calldata returns or why it reverts, at the head or, told the `moment`, in the next block."""
        call = {"from": hexed(self._keeper), "to": hexed(self._scheduler), "data": hexed(data)}
        if gas_limit is not None:
            call["gas"] = hex(gas_limit)
        params: list[Json] = [call, block_param(view.head.hash)]
        if moment is not None and view.endpoint not in self._plain:
            params += [{}, {"number": hex(moment.block), "time": hex(moment.time_s)}]
        try:
            return raw(await view.request("eth_call", params))
        except EndpointFailed as error:
            if error.trouble is Trouble.REVERTED:
                return decode_revert(error.revert_data)
            if moment is None or error.trouble not in (Trouble.UNABLE, Trouble.REFUSED):
                raise
        self._plain.add(view.endpoint)
        return await self.ask(view, data, gas_limit, None)

    async def _refusal(self, view: View, moment: Moment, intent: Intent) -> ContractError | None:
        if view.endpoint not in self._plain:
            answer = await self.ask(view, intent.data, self._gas([intent]), moment)
            if not isinstance(answer, ContractError):
                return None
            if not _knows_no_time(answer, intent, moment):
                return answer
            self._plain.add(view.endpoint)
        answer = await self.ask(view, intent.data, self._gas([intent]), None)
        if (
            isinstance(answer, ContractError)
            and answer.code is Code.TOO_EARLY
            and intent.work.action in (Action.RUN, Action.UNDO)
        ):
            at = moment.time_s if intent.in_seconds else moment.block
            answer = await self.ask(view, encode_call("runnable", item_of(intent.data), self._keeper, at), None, None)
        return answer if isinstance(answer, ContractError) else None

    def _gas(self, intents: Sequence[Intent]) -> int:
        data = together([intent.data for intent in intents])
        return gas.transaction(data, [intent.gas for intent in intents])


def _knows_no_time(answer: ContractError, intent: Intent, moment: Moment) -> bool:
    """Whether the node passed the overrides over in silence."""
    at = moment.time_s if intent.in_seconds else moment.block
    return answer.code is Code.TOO_EARLY and answer.values["nowAt"] < at
