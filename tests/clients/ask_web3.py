"""ENS as web3.py ships it, asked each question of standard input: {"url", "registry", "questions"}, all JSON.

Answers go to standard output in the same order: {"is": value} or {"throws": error}. It runs in an environment that has
nothing but one version of web3.py.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ens import ENS, abis
from web3 import HTTPProvider, Web3


def pointed_at(w3: Web3, registry: str) -> Any:
    """An ENS that asks this registry, in whichever way this version looks names up."""
    ns: Any = ENS.from_web3(w3, addr=Web3.to_checksum_address(registry))
    if hasattr(ns, "_universal_resolver"):  # from 7.16 on
        ns._universal_resolver = ns.w3.eth.contract(address=ns.ens.address, abi=abis.UNIVERSAL_RESOLVER)
    return ns


def ask(ns: Any, ask: str, of: str, **more: Any) -> Any:
    """The answer as JSON has it."""
    if ask == "address":
        return ns.address(of)
    if ask == "coin":
        return ns.address(of, coin_type=int(more["coin"]))
    if ask == "text":
        return ns.get_text(of, more["key"])
    if ask == "reverse":
        return ns.name(of)
    resolver = ns.resolver(of)
    if ask == "resolver":
        return resolver and resolver.address
    if ask == "contenthash":
        return resolver and "0x" + resolver.caller.contenthash(ns.namehash(of)).hex().removeprefix("0x")
    raise NotImplementedError(ask)


def main() -> None:
    job = json.load(sys.stdin)
    ns = pointed_at(Web3(HTTPProvider(job["url"])), job["registry"])
    answers: list[dict[str, Any]] = []
    for question in job["questions"]:
        try:
            answers.append({"is": ask(ns, **question)})
        except Exception as error:  # noqa: BLE001 - which error it is, is the answer
            answers.append({"throws": type(error).__name__})
    json.dump(answers, sys.stdout)


main()
