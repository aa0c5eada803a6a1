"""Names that stand for addresses: how they are written, and who can answer them.

`reg:api.acme` is the Registry's, `ens:dao.example` is ENS's. Without a prefix a name is whose it can only be: ENS alone
has names below `eth`, and names with characters that the Registry refuses; where a chain has only one of the two, that
one is asked. What both could answer has to say which, whether or not the other has such a name today.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from keeper.plans.problems import Flaw, Pos, nearest, shown
from keeper.registry.names import RESERVED, labels
from keeper.wire.errors import BadInput
from keeper.wire.types import Address

Service = Literal["reg", "ens"]
SERVICES: tuple[Service, ...] = ("reg", "ens")
CALLED: dict[Service, str] = {"reg": "the Registry", "ens": "ENS"}
_ENS = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class Answered:
    """A name's address, who said it (`by`: the Registry's address, or of ENS what was asked), and at which block."""

    address: Address
    service: Service
    by: Address
    block: int


def looks_like_name(word: str) -> bool:
    """Whether a word is meant as a name of the Registry or of ENS."""
    return "." in word or ":" in word


def split(word: str) -> tuple[Service | None, str]:
    """`reg:api.acme` into its service and the name itself; None without a prefix."""
    for service in SERVICES:
        if word.startswith(f"{service}:"):
            return service, word[len(service) + 1 :]
    return None, word


def check_name(word: str, pos: Pos) -> None:
    """Raises Flaw if nobody could ever answer the word."""
    service, name = split(word)
    if service is None and ":" in name:
        prefix = name.partition(":")[0]
        remedy = nearest(f"{prefix}:", [f"{one}:" for one in SERVICES], "write `reg:` or `ens:` before a name")
        raise Flaw(pos, f"{shown(prefix + ':')} is no registry of names", remedy)
    if service == "reg":
        _check_registry(word, name, pos)
    elif not _ENS.fullmatch(name):
        raise Flaw(pos, f"{shown(word)} is no name", "use labels of a-z, 0-9 and `-`, joined by dots")


def able(word: str, there: Collection[Service]) -> tuple[Service, ...]:
    """Which of the services that are on a chain could answer a word that `check_name` lets pass."""
    service, name = split(word)
    if service is not None:
        return (service,) if service in there else ()
    return tuple(one for one in SERVICES if one in there and (one == "ens" or _registry_could(name)))


def _check_registry(word: str, name: str, pos: Pos) -> None:
    try:
        found = labels(name)
    except BadInput as error:
        raise Flaw(pos, error.message, error.remedy or "mend the name") from None
    if not found:
        raise Flaw(pos, f"{shown(word)} is no name", "write the name behind `reg:`")
    if found[-1] in RESERVED:
        message = f"the Registry has no names below `{found[-1]}`"
        raise Flaw(pos, message, f"write `ens:{name}`" if found[-1] == "eth" else "mend the name")


def _registry_could(name: str) -> bool:
    try:
        return labels(name)[-1] not in RESERVED
    except BadInput:
        return False
