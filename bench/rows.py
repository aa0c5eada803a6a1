"""The table's rows: to add one, measure its case in `measure`, then name it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.figures import LIMIT, OURS, Figures
from bench.peers import CHAINLINK, OPENZEPPELIN, SOLADY

TIMELOCKS = (OPENZEPPELIN, SOLADY)
EVERYONE = (OPENZEPPELIN, SOLADY, CHAINLINK)
REPEATED = "schedule + run five calls"


@dataclass(frozen=True)
class Goal:
    """A figure to reach (design, section 11)."""

    text: str
    most: Callable[[Figures], float]


def at_most(gas: int) -> Goal:
    return Goal(f"<= {gas:,}", lambda _: gas)


def the_limit_of(case: str) -> Goal:
    return Goal("<= the limit", lambda f: f.get(case, LIMIT))


@dataclass(frozen=True)
class Row:
    """One line: what is done, the measured case, who else was asked, and what it should come to."""

    what: str
    case: str
    peers: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    over: bool = False
    """Counted over the limit, which therefore is 0."""

    def measured(self, figures: Figures) -> dict[str, Any]:
        """The row as JSON. Raises NotMeasured."""
        limit = figures.get(self.case, LIMIT)
        less = limit if self.over else 0
        ours = figures.get(self.case, OURS) - less
        return {
            "what": self.what,
            "ours": round(ours),
            "peers": {peer: round(figures.get(self.case, peer) - less) for peer in self.peers},
            "limit": round(limit - less),
            "goals": [{"goal": goal.text, "met": ours <= goal.most(figures)} for goal in self.goals],
        }


ROWS = [
    Row("schedule, root only, any number of steps (peers: one call)", "schedule 1", EVERYONE, (at_most(49_500),)),
    Row("schedule five calls, body published", "schedule 5", TIMELOCKS, (at_most(57_000),)),
    Row("run one call", "run 1", EVERYONE),
    Row("run one call, over the bare call", "run 1", EVERYONE, (at_most(28_500),), over=True),
    Row("run five calls in one step", "run 5", TIMELOCKS),
    Row("run five calls in one step, over the bare multicall", "run 5", TIMELOCKS, (at_most(17_500),), over=True),
    Row("run twenty calls in one step", "run 20", TIMELOCKS, (the_limit_of("run 20"),)),
    Row(
        REPEATED,
        REPEATED,
        TIMELOCKS,
        (
            Goal("<= 0.81 x OpenZeppelin", lambda f: 0.81 * f.get(REPEATED, OPENZEPPELIN)),
            Goal("<= 0.91 x Solady", lambda f: 0.91 * f.get(REPEATED, SOLADY)),
        ),
    ),
    Row(f"{REPEATED}, the peers without a salt", f"{REPEATED}, no salt", TIMELOCKS),
    *(
        Row(
            f"run step {k} of 20, one call each",
            f"step {k} of 20",
            goals=(Goal("<= run one call + 3,500", lambda f: f.get("run 1", OURS) + 3_500),),
        )
        for k in (1, 5, 20)
    ),
    Row("batch of 1 plan", "batch of 1", EVERYONE),
    Row("batch of 5 plans, each", "batch of 5", EVERYONE, (at_most(30_500),)),
    Row("batch of 20 plans, each", "batch of 20", EVERYONE, (at_most(25_500),)),
    Row("create an Account", "account", goals=(at_most(260_000),)),
    Row("run one call by a keeper without a seat, where nobody has one", "run 1, no seats"),
    Row("run one call by a keeper that was never paid before", "run 1, first-ever keeper"),
]
