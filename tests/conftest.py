"""What every kind of test stands on: the project's own node binaries, and a way to start a chain."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINARIES = ROOT / "node_modules/.bin"

# Whoever looks for anvil on the path (ape does) finds the project's.
os.environ["PATH"] = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
# Ape keeps its caches in the build, not in the user's home: a run leaves no trace and finds none.
os.environ["APE_DATA_FOLDER"] = str(ROOT / "build/ape" / os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session")
def start_anvil() -> Iterator[Callable[..., str]]:
    """Start anvil on a free port with these arguments and return its URL; all end with the session."""
    with contextlib.ExitStack() as running:

        def start(*arguments: str) -> str:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            command = [str(BINARIES / "anvil"), "--silent", "--port", str(port), *arguments]
            process = subprocess.Popen(command)
            running.callback(process.wait)
            running.callback(process.kill)
            url = f"http://127.0.0.1:{port}"
            _until_answering(url, process)
            return url

        yield start


def _until_answering(url: str, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    request = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if process.poll() is not None:
            raise RuntimeError(f"anvil ended with {process.returncode} before it answered")
        asked = urllib.request.Request(url, request, {"Content-Type": "application/json"})  # noqa: S310 - our own node
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(asked, timeout=1):  # noqa: S310
            return
        time.sleep(0.05)
    raise RuntimeError(f"anvil does not answer at {url}")
