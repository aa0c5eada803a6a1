"""One instance of the demo's price service: what gas costs at the chain's head, over HTTP.

`price.py NAME RPC_URL` serves /price and /health on a free port, which it says first.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def head(url: str) -> dict[str, Any]:
    """The chain's newest block."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", False]}
    request = urllib.request.Request(url, json.dumps(asked).encode(), {"Content-Type": "application/json"})  # noqa: S310 - the demo's own chain
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - likewise
        found: dict[str, Any] = json.load(answer)["result"]
    return found


def main(name: str, url: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said: dict[str, Any] = {"instance": name}
            if self.path == "/price":
                block = head(url)
                said |= {"block": int(block["number"], 16), "base_fee_wei": int(block["baseFeePerGas"], 16)}
            elif self.path != "/health":
                self.send_error(404)
                return
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nothing: the clients say what they got."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    sys.stdout.write(json.dumps({"endpoint": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
