"""web3.py's own ENS, pointed at the Registry: finds the price service by name, and asks its instances in turn.

`ask_web3.py RPC_URL REGISTRY SERVICE NAME..` says the addresses of the names first, then a line for each question.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
import urllib.request
from typing import Any

from ens.exceptions import ResolverNotFound  # type: ignore[import-untyped]  # ens ships no types
from web3 import HTTPProvider, Web3

from keeper.registry.attach import attach_ens

_EVERY_S = 0.5


def main(url: str, registry: str, service: str, *names: str) -> None:
    w3 = Web3(HTTPProvider(url))
    ens = attach_ens(w3, registry)
    say({"names": {name: ens.address(name) for name in names}})
    for turn in itertools.count():
        at_s, block, told = time.time(), w3.eth.block_number, {}
        for label in ens.get_text(service, "instances").split(","):
            endpoint = text_of(ens, f"{label}.{service}", "url")
            if endpoint:
                told[label] = endpoint
        asked = sorted(told)[turn % len(told)]
        said: dict[str, Any] = {"at": at_s, "block": block, "told": sorted(told), "asked": asked}
        try:
            with urllib.request.urlopen(f"{told[asked]}/price", timeout=2) as answer:  # noqa: S310 - told by the chain
                said["price"] = json.load(answer)
        except OSError as error:
            said["failed"] = str(error)
        say(said)
        time.sleep(_EVERY_S)


def text_of(ens: Any, name: str, key: str) -> str | None:
    """None of a name that nobody answers to."""
    try:
        found: str | None = ens.get_text(name, key)
    except ResolverNotFound:
        return None
    return found


def say(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
