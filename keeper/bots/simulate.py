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
        if view.endpoint not in self._plain and len(intents) > 1:
            done = await self.done(view, moment, together([intent.data for intent in intents]), self._gas(intents))
            if done == (1 << len(intents)) - 1:
                return [None] * len(intents)
        else:
            done = 0
        asked = (self._refusal(view, moment, intent) for at, intent in enumerate(intents) if not done >> at & 1)
        answers = iter(await asyncio.gather(*asked))
        return [None if done >> at & 1 else next(answers) for at in range(len(intents))]

    async def done(self, view: View, moment: Moment, data: bytes, gas_limit: int) -> int:
        """Which items of this calldata would succeed, a bit for each; of a single call 1 or 0."""
        answer = await self._ask(view, data, gas_limit, moment)
        if isinstance(answer, ContractError):
            return 0
        return int.from_bytes(answer, "big") if data[:4] == encode_call("runMany", [])[:4] else 1

    async def _refusal(self, view: View, moment: Moment, intent: Intent) -> ContractError | None:
        if view.endpoint not in self._plain:
            answer = await self._ask(view, intent.data, self._gas([intent]), moment)
            if not isinstance(answer, ContractError):
                return None
            if not _knows_no_time(answer, intent, moment):
                return answer
            self._plain.add(view.endpoint)
        answer = await self._ask(view, intent.data, self._gas([intent]), None)
        if (
            isinstance(answer, ContractError)
            and answer.code is Code.TOO_EARLY
            and intent.work.action in (Action.RUN, Action.UNDO)
        ):
            at = moment.time_s if intent.in_seconds else moment.block
            answer = await self._ask(view, encode_call("runnable", item_of(intent.data), self._keeper, at), None, None)
        return answer if isinstance(answer, ContractError) else None

    async def _ask(
        self, view: View, data: bytes, gas_limit: int | None, moment: Moment | None
    ) -> bytes | ContractError:
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
        return await self._ask(view, data, gas_limit, None)

    def _gas(self, intents: Sequence[Intent]) -> int:
        data = together([intent.data for intent in intents])
        return gas.transaction(data, [intent.gas for intent in intents])


def _knows_no_time(answer: ContractError, intent: Intent, moment: Moment) -> bool:
    """Whether the node passed the overrides over in silence."""
    at = moment.time_s if intent.in_seconds else moment.block
    return answer.code is Code.TOO_EARLY and answer.values["nowAt"] < at
