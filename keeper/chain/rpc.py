"""One endpoint: the port to a node, its errors in a closed list, and the HTTP adapter.

No retries here but of what a stale connection swallowed: whether a request may be repeated, and where, is the pool's
decision.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientOSError, ClientSession, ClientTimeout, ServerDisconnectedError, TraceConfig

from keeper.chain.values import Json
from keeper.wire.errors import BadInput, ConductorError

_AT_ONCE = 50
"""Requests in one batch, until a node wants fewer; receipts may be long."""


class Trouble(StrEnum):
    """Why an endpoint did not give an answer, by what to do next."""

    HANGING = "hanging"  # no answer in time: try another
    BROKEN = "broken"  # no connection, not JSON-RPC, HTTP error, internal error: try another
    BUSY = "busy"  # asks us to slow down: try another
    BEHIND = "behind"  # does not know the block or its state: try another
    UNABLE = "unable"  # does not offer the method: try another
    TOO_MUCH = "too much"  # the range or the answer is too large: ask for less
    REVERTED = "reverted"  # the EVM's own answer; every endpoint would say the same
    REFUSED = "refused"  # the request itself is refused; every endpoint would say the same


class EndpointFailed(ConductorError):
    """An endpoint gave no answer. `trouble` says what to do next; `data` is the node's error data, if any."""

    def __init__(
        self, name: str, trouble: Trouble, message: str, *, code: int | None = None, data: Json = None
    ) -> None:
        super().__init__(f"{name}: {message}", field="endpoint", value=name, remedy=None)
        self.name = name
        self.trouble = trouble
        self.said = message
        self.code = code
        self.data = data

    @property
    def revert_data(self) -> bytes:
        """What a reverted call returned; empty if the node did not pass it on."""
        data = self.data.get("data") if isinstance(self.data, dict) else self.data
        return bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


Call = tuple[str, Sequence[Any]]
"""A method and its parameters."""

Answer = Json | EndpointFailed
"""What a call of a batch came to."""


class Transport(Protocol):
    """A way to one node. `name` may be logged; it holds no access key."""

    name: str

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        """The `result` of one JSON-RPC request; errors: EndpointFailed."""

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """What each call came to, in their order, asked together; errors: EndpointFailed, if all have to be again."""

    async def close(self) -> None: ...


_PHRASES: tuple[tuple[Trouble, tuple[str, ...]], ...] = (
    (Trouble.REVERTED, ("execution reverted", "vm execution error", "revert")),
    (Trouble.TOO_MUCH, ("query returned more than", "block range", "too many results", "response size", "query timeout",
                        "range too large", "exceeds the range", "limit exceeded for logs", "logs matched by query")),
    (Trouble.BUSY, ("rate limit", "too many requests", "request limit", "capacity", "quota")),
    (Trouble.BEHIND, ("header not found", "unknown block", "block not found", "missing trie node", "not canonical",
                      "blockoutofrange", "pruned", "state not available", "historical state", "resource not found",
                      "block with hash")),
    (Trouble.UNABLE, ("method not found", "does not exist/is not available", "unsupported method", "not supported")),
)  # fmt: skip


def trouble_of(code: int | None, message: str) -> Trouble:
    """Pure: the class of a node's error. Codes mean different things to different clients, so words come first."""
    text = message.lower()
    for trouble, phrases in _PHRASES:
        if any(phrase in text for phrase in phrases):
            return trouble
    by_code = {3: Trouble.REVERTED, -32601: Trouble.UNABLE, -32004: Trouble.UNABLE, -32005: Trouble.BUSY,
               429: Trouble.BUSY, -32001: Trouble.BEHIND, -32603: Trouble.BROKEN}  # fmt: skip
    return by_code.get(code or 0, Trouble.REFUSED)


class HttpTransport:
    """JSON-RPC over HTTP, with a time limit on every request. Each event loop that asks has connections of its own.

    A server may close a kept connection just as a request goes out on it. That is no fault of the endpoint: what may be
    repeated is, once, on another connection and within the same time limit.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                "an endpoint has to be an http or https URL", field="endpoint", remedy="write https://host/.."
            )
        self.name = parts.hostname + (f":{parts.port}" if parts.port else "")
        self._url = url
        self._timeout_s = timeout_s
        self._sessions: dict[asyncio.AbstractEventLoop, ClientSession] = {}
        self._at_once = _AT_ONCE

    def __repr__(self) -> str:
        return f"HttpTransport({self.name})"

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        (answer,) = await self._together([(method, params)])
        if isinstance(answer, EndpointFailed):
            raise answer
        return answer

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """In as few requests as the node takes, in the end one by one: fewer at once whenever it refuses a batch, and
        the next time if it was too busy for one."""
        answers: list[Answer] = []
        while len(answers) < len(calls):
            some = calls[len(answers) : len(answers) + self._at_once]
            answers += await self._together(some)
        return answers

    async def close(self) -> None:
        """Closes the connections of the running event loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def _together(self, calls: Sequence[Call]) -> list[Answer]:
        """All of them, or none if the node refuses so many at once; then it is asked for half as many."""
        if len(calls) == 1:
            ((method, params),) = calls
            return [self._answer(await self._ask(_body(method, params), method, again=_may_repeat(method)))]
        body = [_body(method, params, number) for number, (method, params) in enumerate(calls)]
        again = all(_may_repeat(method) for method, _ in calls)
        try:
            said = await self._ask(body, f"{len(calls)} requests", again=again)
        except EndpointFailed as error:
            if error.code is None or not 400 <= error.code < 500:
                raise
            said = {"error": {"code": error.code, "message": error.said}}
        by_id = {one["id"]: one for one in said if _has_number(one)} if isinstance(said, list) else {}
        answers = [self._answer(by_id.get(number, said)) for number in range(len(calls))]
        errors = [answer for answer in answers if isinstance(answer, EndpointFailed)]
        busy = next((error for error in errors if error.trouble is Trouble.BUSY), None)
        if busy is None and by_id.keys() >= set(range(len(calls))):
            return answers
        self._at_once = len(calls) // 2
        if busy is not None:
            raise busy
        return []

    async def _ask(self, body: Json, what: str, *, again: bool) -> Json:
        """What the server answers, decoded; `again`: it may be asked once more if a kept connection was stale."""
        try:
            async with asyncio.timeout(self._timeout_s):
                status, text = await self._post(json.dumps(body).encode(), again=again)
        except TimeoutError:
            raise EndpointFailed(self.name, Trouble.HANGING, f"no answer to {what} in {self._timeout_s:g} s") from None
        except (ClientError, OSError) as error:  # their text may hold the URL
            raise EndpointFailed(self.name, Trouble.BROKEN, f"no connection ({type(error).__name__})") from None
        if status >= 400:
            trouble = Trouble.BUSY if status == 429 else Trouble.BROKEN
            raise EndpointFailed(self.name, trouble, f"HTTP status {status}", code=status)
        try:
            return json.loads(text)
        except ValueError:
            raise EndpointFailed(self.name, Trouble.BROKEN, "the answer is not JSON-RPC") from None

    async def _post(self, body: bytes, *, again: bool) -> tuple[int, bytes]:
        attempt = SimpleNamespace(kept=False)
        try:
            async with self._session().post(self._url, data=body, trace_request_ctx=attempt) as response:
                return response.status, await response.read()
        except (ServerDisconnectedError, ClientOSError):
            if not (again and attempt.kept):
                raise
        return await self._post(body, again=False)

    def _session(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            trace = TraceConfig()
            trace.on_connection_reuseconn.append(_is_kept)
            self._sessions[loop] = ClientSession(
                headers={"Content-Type": "application/json"}, timeout=ClientTimeout(total=None), trace_configs=[trace]
            )
        return self._sessions[loop]

    def _answer(self, answer: Json) -> Answer:
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            return EndpointFailed(self.name, Trouble.BROKEN, "the answer is not JSON-RPC")
        if (error := answer.get("error")) is None:
            return answer.get("result")
        error = error if isinstance(error, dict) else {"message": str(error)}
        code, message = error.get("code"), str(error.get("message", "no message"))
        return EndpointFailed(self.name, trouble_of(code, message), message, code=code, data=error.get("data"))


def _body(method: str, params: Sequence[Any], number: int = 0) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _has_number(answer: Json) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("id"), int)


def _may_repeat(method: str) -> bool:
    """Whether asking twice does nothing twice. A signed transaction is one and the same however often it is sent."""
    return method.startswith("eth_") and method != "eth_sendTransaction"


async def _is_kept(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.kept = True
