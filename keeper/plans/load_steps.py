"""One step of a plan file, read from its mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from keeper.plans import keys
from keeper.plans.document import CallLine, Join, StepLine, UndoLine
from keeper.plans.fields import Fields, listed, plain
from keeper.plans.notation import Comparison, parse_call, parse_comparison
from keeper.plans.problems import Flaw, Pos, Problems, shown
from keeper.plans.source import Map, Node, Scalar, Seq
from keeper.plans.values import choice, duration, integer, premium

MAX_GAS = (1 << 24) - 1
_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_OTHER_ACTIONS = ("event", "store", "job")
_JOINS: tuple[Join, ...] = ("after", "needs", "needs_any", "unless")


class StepLoader:
    def __init__(self, node: Map, values: Mapping[str, Scalar], problems: Problems) -> None:
        id_node = node.get("id")
        name = f"step `{id_node.text}`" if isinstance(id_node, Scalar) and _ID.fullmatch(id_node.text) else "a step"
        self.name, self.node, self.values, self.problems = name, node, values, problems
        self.fields = Fields(node, keys.STEP, name, values, problems)

    def step(self, final: bool) -> StepLine:
        fields = self.fields
        needs_key = self.one_of(_JOINS)
        guard = self.one_of(("if", "when"))
        start = self.one_of(("from", "wait"))
        fields.read("chain", self.own_chain)
        if final and fields.has("undo"):
            self.problems.add(
                fields.pos("undo"), "a `finally` step with an undo", "remove it: nothing is taken back after the end"
            )
        note = fields.read("note", lambda s: s.text, literal=True)
        return StepLine(
            id=fields.read("id", _id, literal=True) or "",
            pos=self.node.pos,
            final=final,
            calls=self.calls(fields),
            join=cast(Join, needs_key or "after"),
            needs=self.ids(needs_key) if needs_key else None,
            guard=cast(Any, guard),
            conditions=self.conditions(guard) if guard else (),
            opens=fields.read(start, duration) if start else None,
            waits=start == "wait",
            within=fields.read("within", duration),
            skip_on_miss=fields.read("on_miss", lambda s: choice(s, ("abort", "skip"))) == "skip",
            undo=self.undo(),
            gas_limit=fields.read("gas", lambda s: integer(s, 1, MAX_GAS)),
            premium=fields.read("premium", premium),
            note=note,
        )

    def one_of(self, names: tuple[str, ...]) -> str | None:
        given = [name for name in names if self.fields.has(name)]
        if len(given) > 1:
            message = f"{self.name} has both `{given[0]}` and `{given[1]}`"
            self.problems.add(self.fields.pos(given[1]), message, "keep one of them")
        return given[0] if given else None

    def own_chain(self, scalar: Scalar) -> None:
        raise Flaw(
            scalar.pos,
            "a step on a chain of its own is not available in this version",
            "write `chain:` once, at the top",
        )

    def ids(self, key: str) -> tuple[tuple[str, Pos], ...]:
        found: dict[str, Pos] = {}
        for node in listed(cast(Node, self.fields.node_of(key))):
            with self.problems.here():
                scalar = plain(node, f"`{key}`")
                if scalar.text in found:
                    raise Flaw(scalar.pos, f"{shown(scalar.text)} is named twice", "name it once")
                found[scalar.text] = scalar.pos
        if key == "needs_any" and not found:
            self.problems.add(
                self.fields.pos(key), "`needs_any` of nothing can never be met", "write `after: []` to start at once"
            )
        return tuple(found.items())

    def conditions(self, key: str) -> tuple[Comparison, ...]:
        found = []
        nodes = listed(cast(Node, self.fields.node_of(key)))
        if not nodes:
            self.problems.add(self.fields.pos(key), f"`{key}` is empty", "write a comparison, or remove the key")
        for node in nodes:
            with self.problems.here():
                found.append(parse_comparison(plain(node, f"`{key}`")))
        return tuple(found)

    def calls(self, fields: Fields) -> tuple[CallLine, ...]:
        has_call, has_calls = fields.has("call"), fields.has("calls")
        if not has_call and any(fields.has(key) for key in _OTHER_ACTIONS):
            return ()
        if has_call == has_calls:
            remedy = "keep one of them" if has_call else "add `call: alias.function(..)`"
            where = fields.pos("calls") if has_call else fields.node.pos
            self.problems.add(
                where, f"{fields.what} has {'both `call` and `calls`' if has_call else 'no action'}", remedy
            )
            return ()
        if has_call:
            call = fields.read("call", parse_call, literal=True)
            value = fields.read("value", lambda s: s)
            return () if call is None else (CallLine(call, value),)
        if fields.has("value"):
            self.problems.add(
                fields.pos("value"), "`value` beside `calls`", "write it with its call: `- {call: .., value: ..}`"
            )
        node = fields.node_of("calls")
        if not isinstance(node, Seq):
            self.problems.add(
                cast(Node, node).pos, "`calls` is no list", "write `calls: [..]`, or `call:` for a single one"
            )
            return ()
        return self.call_list(node)

    def call_list(self, node: Seq) -> tuple[CallLine, ...]:
        found = []
        if not node.items:
            self.problems.add(node.pos, "an empty list of calls", "write at least one call")
        for item in node.items:
            with self.problems.here():
                if isinstance(item, Map):
                    fields = Fields(item, keys.CALL, "a call", self.values, self.problems)
                    call = fields.read("call", parse_call, literal=True)
                    value = fields.read("value", lambda s: s)
                    if call is not None:
                        found.append(CallLine(call, value))
                else:
                    found.append(CallLine(parse_call(plain(item, "a call")), None))
        return tuple(found)

    def undo(self) -> UndoLine | None:
        node = self.fields.node_of("undo")
        if node is None:
            return None
        pos = self.fields.pos("undo")
        if isinstance(node, Map):
            fields = Fields(node, keys.UNDO, f"the undo of {self.name}", self.values, self.problems)
            return UndoLine(
                calls=self.calls(fields),
                gas_limit=fields.read("gas", lambda s: integer(s, 1, MAX_GAS)),
                within=fields.read("within", duration),
                premium=fields.read("premium", premium),
                pos=pos,
            )
        if isinstance(node, Seq):
            return UndoLine(self.call_list(node), None, None, None, pos)
        if not node.text.strip():
            self.problems.add(
                pos, f"{self.name} has an undo of nothing", "write the call that takes the step back, or remove `undo`"
            )
            return None
        call = self.fields.read("undo", parse_call, literal=True)
        return None if call is None else UndoLine((CallLine(call, None),), None, None, None, pos)


def _id(scalar: Scalar) -> str:
    if not _ID.fullmatch(scalar.text):
        raise Flaw(
            scalar.pos,
            f"{shown(scalar.text)} is no step name",
            "use up to 40 of a-z, 0-9, `-`, `_`, starting with a letter",
        )
    return scalar.text
