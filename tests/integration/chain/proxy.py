"""An HTTP endpoint in front of a real node that hangs, fails, lags or lies about its head when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web


class Proxy:
    """`fault`: None, "hangs", "fails", "garbage", "lags" (`by` blocks) or "lies" (`by` blocks)."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.fault: str | None = None
        self.by = 0
        self.released = asyncio.Event()
        self._target = target

    async def handle(self, request: web.Request) -> web.Response:
        if self.fault == "hangs":
            await self.released.wait()
        if self.fault == "fails":
            return web.Response(status=503)
        if self.fault == "garbage":
            return web.Response(text="<html>busy</html>")
        asked: dict[str, Any] = await request.json()
        latest = asked["method"] == "eth_getBlockByNumber" and asked["params"][0] == "latest"
        if latest and self.fault == "lags":
            head = int((await self._ask(asked | {"method": "eth_blockNumber", "params": []}))["result"], 16)
            asked["params"][0] = hex(max(head - self.by, 0))
        answer = await self._ask(asked)
        if latest and self.fault == "lies":
            answer["result"]["number"] = hex(int(answer["result"]["number"], 16) + self.by)
        return web.json_response(answer)

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        async with ClientSession() as session, session.post(self._target, json=asked) as response:
            answer: dict[str, Any] = await response.json()
            return answer


@asynccontextmanager
async def proxy(target: str) -> AsyncIterator[Proxy]:
    made = Proxy(target)
    app = web.Application()
    app.router.add_post("/", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.released.set()
        await runner.cleanup()
