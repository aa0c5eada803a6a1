"""A JSON-RPC server over bare sockets that counts connections, and ends them where a real one might."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Handler = Callable[[Any], Any]


class Wire:
    """What came in, and how. It answers every request with its method, until told otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.all_closed = asyncio.Event()
        """No connection is open."""
        self.all_closed.set()
        self.bodies: list[Any] = []
        self.drops: Callable[[int, int], bool] = lambda _connection, _request: False
        """Whether it ends a connection instead of answering, by the numbers of the connection and of its request."""
        self.released = asyncio.Event()
        """While it is not set, requests hang."""
        self.released.set()
        self.status = 200
        self.answer: Handler = said
        self._open = 0

    @property
    def methods(self) -> list[str]:
        return [body["method"] for body in self.bodies if isinstance(body, dict)]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        self.all_closed.clear()
        number, asked = self.connections, 0
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = dict(line.lower().split(": ", 1) for line in head.decode().splitlines()[1:] if line)
                self.bodies.append(json.loads(await reader.readexactly(int(lines["content-length"]))))
                asked += 1
                if self.drops(number, asked):
                    return
                await self.released.wait()
                text = json.dumps(self.answer(self.bodies[-1])).encode()
                writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            self._open -= 1
            if self._open == 0:
                self.all_closed.set()


def said(body: Any) -> Any:
    """A batch is answered backwards, as it may be."""
    if isinstance(body, list):
        return [said(one) for one in reversed(body)]
    return {"jsonrpc": "2.0", "id": body["id"], "result": [body["method"], *body["params"]]}


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield made
    finally:
        made.released.set()
        server.close()
        await asyncio.wait_for(made.all_closed.wait(), 2)
