"""What was measured, and nothing else: asking for a figure that was not is an error."""

from __future__ import annotations

OURS = "Conductor"
LIMIT = "limit"


class NotMeasured(Exception):
    """A row of the table asks for a figure that this run did not take."""


class Figures:
    """Gas by case (what is done) and by whom."""

    def __init__(self) -> None:
        self._gas: dict[tuple[str, str], float] = {}

    def put(self, case: str, who: str, gas: float) -> None:
        """Keep a figure. Raises ValueError if there is one already."""
        if (case, who) in self._gas:
            raise ValueError(f"measured twice: {case}, {who}")
        self._gas[case, who] = gas

    def get(self, case: str, who: str) -> float:
        """The figure. Raises NotMeasured."""
        try:
            return self._gas[case, who]
        except KeyError:
            raise NotMeasured(f"{case}: {who} was not measured") from None
