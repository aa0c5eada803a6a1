"""What runs after what: masks of needs, and of everything that depends on a step."""

from __future__ import annotations

from dataclasses import dataclass

from keeper.plans.document import StepLine
from keeper.plans.problems import Flaw, Problems, nearest, shown

JOINS = {"needs": 0, "needs_any": 1, "unless": 2, "after": 3}


@dataclass(frozen=True, slots=True)
class Place:
    """A step's index and needs; `join` is the wire's code. `dependents` counts forward steps only."""

    index: int
    needs: tuple[int, ...]
    join: int
    dependents: int

    @property
    def needs_mask(self) -> int:
        return mask(self.needs)


def mask(indices: tuple[int, ...]) -> int:
    return sum(1 << index for index in indices)


def order(steps: tuple[StepLine, ...], problems: Problems) -> tuple[Place, ...]:
    """The steps' places in file order, forward steps first. Cycles and unknown or later steps are problems."""
    index_of = {step.id: index for index, step in enumerate(steps)}
    asked = {step.id: {name for name, _ in step.needs or ()} for step in steps}
    needs: list[tuple[int, ...]] = []
    for index, step in enumerate(steps):
        found = []
        for name, pos in step.needs or ():
            with problems.here():
                if name not in index_of:
                    raise Flaw(pos, f"no step is called {shown(name)}", nearest(name, index_of, "name a step above"))
                if name == step.id:
                    raise Flaw(pos, f"step `{name}` waits for itself", "name a step above")
                if index_of[name] > index:
                    circle = _circle(step.id, name, asked)
                    if circle:
                        raise Flaw(pos, f"a circle: {' -> '.join(circle)}", "break it at one of them")
                    raise Flaw(pos, f"step `{name}` comes later in the file", f"move `{name}` above `{step.id}`")
                found.append(index_of[name])
        if step.needs is None and index and steps[index - 1].final == step.final:
            found = [index - 1]
        needs.append(tuple(sorted(found)))
    dependents = _dependents(needs, [step.final for step in steps])
    return tuple(
        Place(index, needs[index], JOINS[step.join] if needs[index] else 0, dependents[index])
        for index, step in enumerate(steps)
    )


def _circle(start: str, first: str, asked: dict[str, set[str]]) -> list[str]:
    """The way from `first` back to `start` along what each step waits for, with `start` at both ends."""
    paths = [[start, first]]
    seen = {first}
    while paths:
        path = paths.pop(0)
        for name in sorted(asked.get(path[-1], ())):
            if name == start:
                return [*path, start]
            if name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return []


def _dependents(needs: list[tuple[int, ...]], final: list[bool]) -> list[int]:
    above: list[int] = []
    for own in needs:
        above.append(mask(own) | _union(above[index] for index in own))
    return [
        mask(tuple(j for j in range(len(needs)) if not final[j] and above[j] >> index & 1))
        for index in range(len(needs))
    ]


def _union(masks: object) -> int:
    total = 0
    for one in masks:  # type: ignore[attr-defined]  # any iterable of ints
        total |= one
    return total
