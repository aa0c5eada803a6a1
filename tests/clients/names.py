"""What the clients are asked, and what the Registry holds of it: see `world.filled` for how it came to be.

Every client should give `answer`; where one does not, docs/registry.md says so and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HERE = 31_337
OPTIMISM = 0x8000_000A
BITCOIN = 0
GREETING = "Grüße, 世界 🌱"
CONTENT = "0xe301017012200000000000000000000000000000000000000000000000000000000000000000"
SCRIPT = "0x76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"
PLACES = {
    "main": "0x00000000000000000000000000000000000000a1",
    "optimism": "0x00000000000000000000000000000000000000a2",
    "deep": "0x00000000000000000000000000000000000000a3",
    "own-canary": "0x00000000000000000000000000000000000000a4",
    "instance": "0x00000000000000000000000000000000000000a5",
    "lost": "0x00000000000000000000000000000000000000ff",
    "zero": "0x0000000000000000000000000000000000000000",
}
"""Addresses that records name; `world.filled` adds those of accounts and of deployed code."""


@dataclass(frozen=True)
class Question:
    """One question to a client's ENS. An answer that begins with @ is an address, by its name in `PLACES`."""

    ask: str
    of: str
    answer: str | None
    key: str = ""
    coin: int = 0

    def __str__(self) -> str:
        more = self.key or (str(self.coin) if self.ask == "coin" else "")
        return f"{self.ask} {self.of} {more}".rstrip()


ASKED: Mapping[str, tuple[Question, ...]] = {
    # Names that exist.
    "named": (
        Question("address", "team", "@alice"),
        Question("address", "TEAM", "@alice"),
        Question("address", "sub.team", "@bob"),
        Question("address", "deep.sub.team", "@deep"),
        Question("address", "renewed", "@bob"),
        Question("resolver", "team", "@registry"),
        Question("resolver", "deep.sub.team", "@registry"),
    ),
    # Records that names which exist do not have.
    "empty": (
        Question("address", "empty.team", None),
        Question("address", "again.team", None),
        Question("text", "team", "", key="email"),
        Question("text", "empty.team", "", key="url"),
        Question("contenthash", "empty.team", "0x"),
        Question("text", "one.api.team", "", key="email"),
        Question("address", "far.api.team", None),
    ),
    # An address for each chain.
    "chain": (
        Question("coin", "team", "@main", coin=60),
        Question("coin", "team", "@alice", coin=0x8000_0000 | HERE),
        Question("coin", "team", "@optimism", coin=OPTIMISM),
        Question("coin", "team", None, coin=0x8000_2105),
        Question("coin", "team", SCRIPT, coin=BITCOIN),
        Question("coin", "api.team", "@second", coin=0x8000_0000 | HERE),
    ),
    # Texts and content hashes.
    "record": (
        Question("text", "team", "https://team.example", key="url"),
        Question("text", "team", GREETING, key="description"),
        Question("contenthash", "team", CONTENT),
    ),
    # A service's version, the proposed one, and its releases.
    "service": (
        Question("address", "api.team", "@second"),
        Question("address", "canary.api.team", "@third"),
        Question("address", "v1.api.team", "@first"),
        Question("address", "v2.api.team", "@second"),
        Question("resolver", "canary.api.team", "@registry"),
        Question("address", "canary.web.team", "@own-canary"),
    ),
    # Instances, while their leases last.
    "instance": (Question("address", "one.api.team", "@instance"),),
    # Records of names that only exist through their service.
    "wildcard": (
        Question("coin", "canary.api.team", "@third", coin=0x8000_0000 | HERE),
        Question("coin", "canary.api.team", None, coin=OPTIMISM),
        Question("text", "canary.api.team", "https://api.example", key="url"),
        Question("text", "v1.api.team", "https://api.example", key="url"),
        Question("text", "one.api.team", "https://one.example", key="url"),
        Question("text", "one.api.team", "eu-1", key="zone"),
        Question("text", "one.api.team", "7", key="weight"),
        Question("text", "far.api.team", "https://far.example", key="url"),
    ),
    # What accounts say of themselves, if it is true.
    "account": (
        Question("reverse", "@alice", "team"),
        Question("reverse", "@bob", "sub.team"),
        Question("reverse", "@carol", None),
        Question("reverse", "@dave", None),
        Question("reverse", "@erin", None),
        Question("reverse", "@second", None),
    ),
    # What is not there, or no more, below a name that is.
    "below": (
        Question("address", "v3.api.team", None),
        Question("address", "v01.api.team", None),
        Question("address", "v4294967297.api.team", None),
        Question("address", "canary.team", None),
        Question("address", "lapsed.api.team", None),
        Question("text", "lapsed.api.team", None, key="url"),
        Question("address", "idle.api.team", None),
        Question("address", "gone.api.team", None),
        Question("address", "nobody.team", None),
        Question("address", "nobody.api.team", None),
        Question("address", "removed.team", None),
        Question("address", "below.removed.team", None),
        Question("text", "nobody.team", None, key="url"),
        Question("resolver", "nobody.team", None),
        Question("address", "_under.team", None),
        Question("address", "🌱.team", None),
        Question("address", "-dash.team", None),
        Question("address", f"{'a' * 64}.team", None),
    ),
    # What is not there, with nothing above it.
    "missing": (
        Question("address", "nobody", None),
        Question("address", "sub.nobody", None),
        Question("text", "nobody", None, key="url"),
        Question("resolver", "nobody", None),
        Question("address", "team.eth", None),
        Question("address", ".".join(["a" * 63] * 4), None),
    ),
    # Names whose time is over, in their grace or after it.
    "over": (
        Question("address", "old", None),
        Question("address", "sub.old", None),
        Question("text", "sub.old", None, key="url"),
        Question("address", "grace", None),
        Question("address", "canary.grace", None),
    ),
    # No name at all.
    "root": (Question("address", "", None),),
    # What ENSIP-15 does not allow.
    "abnormal": (
        Question("address", "a..team", None),
        Question("address", ".team", None),
        Question("address", "team.", None),
        Question("address", "ab--c.team", None),
        Question("address", "a b.team", None),
        Question("address", "[0000].team", None),
        Question("address", "a\0.team", None),
    ),
}
QUESTIONS: Mapping[str, Question] = {f"{topic}: {one}": one for topic, questions in ASKED.items() for one in questions}
"""By what the table of differences calls them."""
