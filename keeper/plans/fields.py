"""Reads a mapping against its table of keys: unknown, missing and later keys are told, values parsed one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from keeper.plans.keys import Key
from keeper.plans.problems import Flaw, Pos, Problems, nearest, shown
from keeper.plans.source import Map, Node, Scalar, Seq

T = TypeVar("T")


class Fields:
    """One mapping of the file. `values` are the plan's named constants, which stand for whole scalars."""

    def __init__(
        self, node: Map, table: Iterable[Key], what: str, values: Mapping[str, Scalar], problems: Problems
    ) -> None:
        self.node = node
        self.what = what
        self.values = values
        self.problems = problems
        table = tuple(table)
        known = {key.name: key for key in table}
        for key, _ in node.entries:
            if key.text not in known:
                remedy = nearest(
                    key.text, known, f"the keys of {what} are {', '.join(k.name for k in table if not k.later)}"
                )
                problems.add(key.pos, f"unknown key {shown(key.text)} in {what}", remedy)
            elif known[key.text].later:
                problems.add(
                    key.pos,
                    f"`{key.text}` is not available in this version",
                    "plans make calls on one chain: remove the key",
                )
        for row in table:
            if row.required and node.get(row.name) is None:
                problems.add(node.pos, f"{what} has no `{row.name}`", f"add `{row.name}:` ({row.meaning})")

    def node_of(self, key: str) -> Node | None:
        return self.node.get(key)

    def pos(self, key: str) -> Pos:
        found = self.node.key(key)
        return self.node.pos if found is None else found.pos

    def has(self, key: str) -> bool:
        return self.node.get(key) is not None

    def scalar(self, key: str, *, literal: bool = False) -> Scalar | None:
        """The key's text, a value's name replaced by the value unless `literal`. Raises Flaw."""
        node = self.node.get(key)
        if node is None:
            return None
        found = plain(node, f"`{key}`")
        return found if literal else self.values.get(found.text.strip(), found)

    def read(self, key: str, parse: Callable[[Scalar], T], *, literal: bool = False) -> T | None:
        """The key's value; None if it is not there or is wrong, which is then recorded."""
        with self.problems.here():
            scalar = self.scalar(key, literal=literal)
            if scalar is not None:
                return parse(scalar)
        return None


def plain(node: Node, what: str) -> Scalar:
    """The node as non-empty text. Raises Flaw."""
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Seq) else "a mapping"
        raise Flaw(node.pos, f"{what} is {kind}", "write one plain value")
    if not node.text.strip():
        raise Flaw(node.pos, f"{what} is empty", "write its value, or remove the key")
    return node


def listed(node: Node) -> tuple[Node, ...]:
    """A list's items, or the one item that stands for itself."""
    return node.items if isinstance(node, Seq) else (node,)
