"""One endpoint, one request: the port to a node, its errors in a closed list, and the HTTP adapter.

No retries here: whether a request may be repeated, and where, is the pool's decision.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponseError
from eth_typing import URI
from web3.providers.rpc.async_rpc import AsyncHTTPProvider
from web3.types import RPCEndpoint

from keeper.chain.values import Json
from keeper.wire.errors import BadInput, ConductorError

# web3 logs whole URLs below this level, and URLs hold access keys.
for _logger in ("web3.providers.AsyncHTTPProvider", "web3._utils.http_session_manager.HTTPSessionManager"):
    logging.getLogger(_logger).setLevel(logging.WARNING)


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


class Transport(Protocol):
    """A way to one node. `name` may be logged; it holds no access key."""

    name: str

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        """The `result` of one JSON-RPC request; errors: EndpointFailed."""

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
    """JSON-RPC over HTTP by web3.py, with its own retries switched off and a time limit on every request."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                "an endpoint has to be an http or https URL", field="endpoint", remedy="write https://host/.."
            )
        self.name = parts.hostname + (f":{parts.port}" if parts.port else "")
        self._timeout_s = timeout_s
        self._provider = AsyncHTTPProvider(URI(url), {"timeout": timeout_s}, exception_retry_configuration=None)

    def __repr__(self) -> str:
        return f"HttpTransport({self.name})"

    async def request(self, method: str, params: Sequence[Any]) -> Json:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer: Json = await self._provider.make_request(RPCEndpoint(method), list(params))
        except TimeoutError:
            raise EndpointFailed(
                self.name, Trouble.HANGING, f"no answer to {method} in {self._timeout_s:g} s"
            ) from None
        except ClientResponseError as error:
            trouble = Trouble.BUSY if error.status == 429 else Trouble.BROKEN
            raise EndpointFailed(self.name, trouble, f"HTTP status {error.status}", code=error.status) from None
        except (ClientError, OSError) as error:  # their text may hold the URL
            raise EndpointFailed(self.name, Trouble.BROKEN, f"no connection ({type(error).__name__})") from None
        except (ValueError, TypeError):  # a body that is not JSON
            raise EndpointFailed(self.name, Trouble.BROKEN, "the answer is not JSON-RPC") from None
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise EndpointFailed(self.name, Trouble.BROKEN, "the answer is not JSON-RPC")
        if (error_ := answer.get("error")) is None:
            return answer.get("result")
        error_ = error_ if isinstance(error_, dict) else {"message": str(error_)}
        code, message = error_.get("code"), str(error_.get("message", "no message"))
        raise EndpointFailed(self.name, trouble_of(code, message), message, code=code, data=error_.get("data"))

    async def close(self) -> None:
        await self._provider.disconnect()
