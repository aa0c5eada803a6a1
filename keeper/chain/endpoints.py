"""Several endpoints of one chain as one: reads fail over, reads of one decision are pinned, sends go to all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from keeper.chain import health as state
from keeper.chain.health import Condition, Health, Policy
from keeper.chain.reads import Reads, View
from keeper.chain.rpc import Answer, Call, EndpointFailed, HttpTransport, Transport, Trouble
from keeper.chain.sends import SendOutcome, SendResult, best, send_result
from keeper.chain.values import Block, Json, hexed
from keeper.wire.errors import BadInput, ConductorError


class NoEndpoint(ConductorError):
    """No endpoint of the chain can be used at the moment."""


class Chain(Protocol):
    """What followers, outboxes and bots need of a chain; the EndpointPool is it."""

    chain_id: int

    @property
    def reads(self) -> Reads: ...
    async def head(self) -> Block: ...
    async def pin(self, at: Block | None = None) -> View: ...
    async def finalized(self) -> Block | None: ...
    async def send_raw(self, signed: bytes) -> SendResult: ...


class _Endpoint:
    """One transport and its condition; every request through it is observed."""

    def __init__(self, transport: Transport, now_s: Callable[[], float], policy: Policy) -> None:
        self.transport = transport
        self.name = transport.name
        self.condition = Condition()
        self._now_s = now_s
        self._policy = policy

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        try:
            return await self.transport.request(method, params)
        except EndpointFailed as error:
            self._failed(error)
            raise

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        try:
            answers = await self.transport.batch(calls)
        except EndpointFailed as error:
            self._failed(error)
            raise
        errors = {answer.trouble: answer for answer in answers if isinstance(answer, EndpointFailed)}
        for one in errors.values():  # one failure, however many calls it hit
            self._failed(one)
        return answers

    @asynccontextmanager
    async def patience(self, limit_s: float | None) -> AsyncIterator[None]:
        """Less time than the transport would give it, for what happens to all endpoints at once."""
        try:
            async with asyncio.timeout(limit_s):
                yield
        except TimeoutError:
            error = EndpointFailed(self.name, Trouble.HANGING, f"no answer in {limit_s:g} s")
            self._failed(error)
            raise error from None

    def _failed(self, error: EndpointFailed) -> None:
        self.condition = state.failed(self.condition, error.trouble, error.said, self._now_s(), self._policy)


class EndpointPool:
    """`Chain` over several transports. Errors: NoEndpoint if none can be used, EndpointFailed if all tries failed."""

    def __init__(
        self,
        chain_id: int,
        transports: Sequence[Transport],
        *,
        policy: Policy | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if not transports:
            raise BadInput(
                f"no endpoint for chain {chain_id}",
                field="rpc",
                remedy=f"set CONDUCTOR_RPC_{chain_id} to a list of URLs",
            )
        self.chain_id = chain_id
        self.policy = policy or Policy()
        self._now_s = now_s
        self._endpoints = [_Endpoint(transport, now_s, self.policy) for transport in transports]
        self._patience_s = self.policy.patience_s if len(transports) > 1 else None
        self._known: Block | None = None
        self._probed_at_s = float("-inf")
        self._probing = asyncio.Lock()
        self.reads = Reads(self)

    @classmethod
    def over_http(cls, chain_id: int, urls: Iterable[str], *, timeout_s: float = 10.0) -> EndpointPool:
        return cls(chain_id, [HttpTransport(url, timeout_s=timeout_s) for url in urls])

    @property
    def conditions(self) -> dict[str, Condition]:
        """Each endpoint's name and condition, for people and metrics."""
        return {endpoint.name: endpoint.condition for endpoint in self._endpoints}

    async def head(self) -> Block:
        """The most advanced head that is plausible, probed at most every `probe_every_s`."""
        return (await self._best()).head

    async def pin(self, at: Block | None = None) -> View:
        """Reads at one block of one endpoint: at its head, or `at` a block that it has to have."""
        endpoint, head = await self._best_endpoint()
        return View(endpoint, endpoint.name, at or head)

    async def finalized(self) -> Block | None:
        """The newest block the chain itself calls final, or None if no endpoint says."""
        await self._refresh()
        for endpoint in self._in_order():
            if endpoint.condition.health is Health.HEALTHY:
                try:
                    block = await Reads(endpoint).block("finalized")
                except EndpointFailed:
                    continue
                if block is not None:
                    return block
                endpoint.condition = state.without_finality(endpoint.condition)
        return None

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        """One read on the best endpoint, and on the next ones if it gives no answer."""
        await self._refresh()
        last: EndpointFailed | None = None
        for endpoint in self._in_order()[: self.policy.tries]:
            try:
                return await endpoint.request(method, params)
            except EndpointFailed as error:
                if error.trouble in (Trouble.REVERTED, Trouble.REFUSED, Trouble.TOO_MUCH):
                    raise
                last = error
        raise last or self._none()

    async def send_raw(self, signed: bytes) -> SendResult:
        """Sends the same bytes to every endpoint of this chain at once; who took it outweighs who did not.

        Endpoints that are backing off are included: a transaction is worth the attempt.
        """
        await self._refresh()
        banned = (Health.WRONG_CHAIN, Health.LYING)
        targets = [endpoint for endpoint in self._endpoints if endpoint.condition.health not in banned]
        return best(await asyncio.gather(*(self._send(endpoint, signed) for endpoint in targets)))

    async def close(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.transport.close()

    async def _send(self, endpoint: _Endpoint, signed: bytes) -> SendResult:
        try:
            async with endpoint.patience(self._patience_s):
                await endpoint.request("eth_sendRawTransaction", [hexed(signed)])
        except EndpointFailed as error:
            return send_result(error)
        return SendResult(SendOutcome.ACCEPTED)

    async def _best(self) -> View:
        endpoint, head = await self._best_endpoint()
        return View(endpoint, endpoint.name, head)

    async def _best_endpoint(self) -> tuple[_Endpoint, Block]:
        await self._refresh()
        for endpoint in self._in_order():
            if endpoint.condition.head is not None:
                return endpoint, endpoint.condition.head
        raise self._none()

    def _in_order(self) -> list[_Endpoint]:
        """Usable endpoints, best head first; only if there are none, those that merely lag."""
        good = [endpoint for endpoint in self._endpoints if endpoint.condition.usable]
        good = good or [endpoint for endpoint in self._endpoints if endpoint.condition.health is Health.LAGGING]
        return sorted(good, key=lambda endpoint: -(endpoint.condition.head.number if endpoint.condition.head else 0))

    def _none(self) -> NoEndpoint:
        said = "; ".join(f"{each.name} is {each.condition.health} ({each.condition.said})" for each in self._endpoints)
        remedy = "check the URLs and the network, or add an endpoint"
        return NoEndpoint(f"no endpoint of chain {self.chain_id} can be used: {said}", field="rpc", remedy=remedy)

    async def _refresh(self) -> None:
        """Probes the endpoints that are due. A hanging one delays this by its time limit once, then backs off."""
        async with self._probing:
            if self._now_s() - self._probed_at_s < self.policy.probe_every_s and self._in_order():
                return
            due = [endpoint for endpoint in self._endpoints if endpoint.condition.retry_at_s <= self._now_s()]
            probes = await asyncio.gather(*(self._probe(endpoint) for endpoint in due))
            self._judge([(endpoint, *probe) for endpoint, probe in zip(due, probes, strict=True) if probe is not None])
            self._probed_at_s = self._now_s()

    async def _probe(self, endpoint: _Endpoint) -> tuple[Block, bool, bool] | None:
        """An endpoint's head, whether its parent backs it, and whether it knows finality; None if it failed."""
        try:
            async with endpoint.patience(self._patience_s):
                reads = Reads(endpoint)
                if endpoint.condition.health in (Health.NEW, Health.WRONG_CHAIN):
                    other = await reads.chain_id()
                    if other != self.chain_id:
                        self._banish(endpoint, Health.WRONG_CHAIN, f"its chain id is {other}, not {self.chain_id}")
                        return None
                head = await reads.block("latest")
                if head is None:
                    self._back_off(endpoint, "it has no latest block")
                    return None
                has_finality = endpoint.condition.health is Health.HEALTHY or await self._has_finality(reads)
                return head, await self._backed(reads, head), has_finality
        except EndpointFailed as error:
            if endpoint.condition.retry_at_s <= self._now_s():  # an error that the condition did not count
                self._back_off(endpoint, error.said)
            return None

    async def _backed(self, reads: Reads, head: Block) -> bool:
        """Whether the head follows what is known, or its endpoint can show its parent: an invented one has none."""
        known = self._known
        if head.number == 0 or (known is not None and (head == known or _follows(head, known))):
            return True
        parent = await reads.block(head.number - 1)
        return parent is not None and _follows(head, parent)

    async def _has_finality(self, reads: Reads) -> bool:
        try:
            return await reads.block("finalized") is not None
        except EndpointFailed as error:
            if error.trouble in (Trouble.HANGING, Trouble.BROKEN, Trouble.BUSY):
                raise
            return False

    def _judge(self, probes: Sequence[tuple[_Endpoint, Block, bool, bool]]) -> None:
        honest = []
        for endpoint, head, backed, has_finality in probes:
            if not backed:
                self._banish(endpoint, Health.LYING, f"it calls {head.number} its head and cannot show its parent")
            else:
                honest.append((endpoint, head, has_finality))
        if not honest:
            return
        highest = max((head for _, head, _ in honest), key=lambda head: head.number)
        for endpoint, head, has_finality in honest:
            endpoint.condition = state.answered(head, highest.number, has_finality, self.policy)
        self._known = highest

    def _back_off(self, endpoint: _Endpoint, said: str) -> None:
        endpoint.condition = state.failed(endpoint.condition, Trouble.BROKEN, said, self._now_s(), self.policy)

    def _banish(self, endpoint: _Endpoint, health: Health, said: str) -> None:
        endpoint.condition = state.banished(endpoint.condition, health, said, self._now_s(), self.policy)


def _follows(block: Block, parent: Block) -> bool:
    return block.number == parent.number + 1 and block.parent == parent.hash
