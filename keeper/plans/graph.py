"""A plan as a picture: lanes in text, Mermaid, or Graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from keeper.plans.compile import Compiled
from keeper.plans.describe import span
from keeper.wire.types import Join, Step

_EDGES = {Join.ALL_DONE: "done", Join.ANY_DONE: "any done", Join.NONE_DONE: "none done", Join.SETTLED: "settled"}


def lanes(compiled: Compiled) -> str:
    """One line a step, one column for each level of dependence; what a step comes after stands behind it."""
    depth = _depths(compiled.steps)
    width = max((len(name) + 4 * level for name, level in zip(compiled.ids, depth, strict=True)), default=0)
    lines = [f"{compiled.plan.name}  0x{compiled.plan_id.hex()}"]
    for step, name, level in zip(compiled.steps, compiled.ids, depth, strict=True):
        if step.index == compiled.header.forward:
            lines.append("finally")
        branch = "    " * (level - 1) + "└── " if level else ""
        lines.append(f"  {(branch + name).ljust(width)}  {_window(compiled, step)}{_notes(compiled, step)}")
    return "\n".join(lines) + "\n"


def _depths(steps: Sequence[Step]) -> list[int]:
    depth: list[int] = []
    for step in steps:
        above = [depth[i] for i in range(step.index) if step.needs >> i & 1]
        depth.append(max(above) + 1 if above else 0)
    return depth


def _window(compiled: Compiled, step: Step) -> str:
    clock = compiled.timing.clock
    base = "end" if compiled.plan.steps[step.index].final else "then" if step.since else "start"
    opens = f" + {span(step.opens, clock)}" if step.opens else ""
    return f"{base}{opens} .. {span(step.closes, clock)}"


def _notes(compiled: Compiled, step: Step) -> str:
    notes = []
    if step.needs:
        names = ", ".join(compiled.ids[i] for i in range(step.index) if step.needs >> i & 1)
        notes.append(f"{_EDGES[step.join]}: {names}")
    if step.conditions:
        notes.append(("if" if step.skip_if_false else "when") + f" x{len(step.conditions)}")
    if step.undo is not None:
        notes.append("undo")
    if compiled.header.optional & step.bit:
        notes.append("may be missed")
    return f"  ({'; '.join(notes)})" if notes else ""


def mermaid(compiled: Compiled) -> str:
    """A flowchart for Markdown."""
    lines = ["flowchart TD"]
    for step, name in zip(compiled.steps, compiled.ids, strict=True):
        shape = (
            ("([", "])") if step.index >= compiled.header.forward else ("{{", "}}") if step.conditions else ("[", "]")
        )
        lines.append(f'  s{step.index}{shape[0]}"{name}<br/>{_window(compiled, step)}"{shape[1]}')
    lines += [f"  s{a} -->|{_EDGES[join]}| s{b}" for a, b, join in _edges(compiled.steps)]
    lines += [f"  s{s.index} -.->|undo| u{s.index}[/undo/]" for s in compiled.steps if s.undo is not None]
    return "\n".join(lines) + "\n"


def dot(compiled: Compiled) -> str:
    """A digraph for Graphviz."""
    lines = ["digraph plan {", "  rankdir=LR; node [shape=box];"]
    for step, name in zip(compiled.steps, compiled.ids, strict=True):
        style = ", style=rounded" if step.index >= compiled.header.forward else ""
        lines.append(f'  s{step.index} [label="{name}\\n{_window(compiled, step)}"{style}];')
    lines += [f'  s{a} -> s{b} [label="{_EDGES[join]}"];' for a, b, join in _edges(compiled.steps)]
    return "\n".join([*lines, "}"]) + "\n"


def _edges(steps: Sequence[Step]) -> list[tuple[int, int, Join]]:
    return [(a, step.index, step.join) for step in steps for a in range(step.index) if step.needs >> a & 1]
