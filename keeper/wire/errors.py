"""Every error a user can meet, in one tree.

    ConductorError          exit 1   anything without a better name
    ├── BadInput            exit 2   what was given is wrong; nothing was changed
    ├── NotNow              exit 3   right, but not at this moment; try again when the remedy says
    └── Refused             exit 4   the chain said no

Each carries the field, the value and the remedy, so that a person reads one clear line and a script reads JSON.
"""

from __future__ import annotations

from typing import Any


class ConductorError(Exception):
    """Something went wrong that no more specific error describes."""

    exit_code = 1

    def __init__(self, message: str, *, field: str | None = None, value: Any = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}: {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON-ready fields: error, message, field, value, remedy."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "field": self.field,
            "value": None if self.value is None else str(self.value),
            "remedy": self.remedy,
        }


class BadInput(ConductorError):
    """What was given cannot be used; nothing was changed."""

    exit_code = 2


class NotNow(ConductorError):
    """The request is right, but not at this moment."""

    exit_code = 3


class Refused(ConductorError):
    """The chain, or a contract on it, said no."""

    exit_code = 4
