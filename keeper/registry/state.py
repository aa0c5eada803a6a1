"""The Registry's state, from its events alone.

What is kept is kept as the contract does: under a node and its generation, so that a name that comes to be anew brings
nothing back. Whether a name or an instance is live depends on the time, which every question is given.

One thing is not in the events: which commitments are left. Only a claim's sender knows them.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace

from keeper.registry.names import ROOT
from keeper.registry.values import Instance, Name, Scaling, Version, Versions
from keeper.wire.types import Address

Life = tuple[bytes, int]
"""A node in one generation."""


@dataclass(slots=True)
class Node:
    """A node that was ever a name. Without an owner it is none now."""

    owner: Address | None
    parent: bytes
    parent_generation: int
    label: str
    expires_s: int
    generation: int
    revision: int
    locked: bool = False
    offered_to: Address | None = None
    operators: set[Address] = field(default_factory=set)


@dataclass(slots=True)
class Releases:
    current: Version | None = None
    proposed: Version | None = None
    confirmed: dict[int, Version] = field(default_factory=dict)


@dataclass(slots=True)
class Kept:
    """An instance, the generation of its service, and whether its operator ever told where it serves."""

    instance: Instance
    generation: int
    served: bool = False


@dataclass(slots=True)
class State:
    """All that the events say. Changed by `replay.apply` only."""

    revision: int = 0
    nodes: dict[bytes, Node] = field(default_factory=dict)
    below: dict[Life, list[bytes]] = field(default_factory=dict)
    records: dict[Life, dict[tuple[bytes, bytes], bytes]] = field(default_factory=dict)
    releases: dict[Life, Releases] = field(default_factory=dict)
    highest: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)
    serving: dict[Life, list[int]] = field(default_factory=dict)
    scalings: dict[Life, Scaling] = field(default_factory=dict)
    reverses: dict[Address, str] = field(default_factory=dict)
    credits_wei: dict[Address, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ questions

    def life(self, node: bytes, time_s: int) -> Life | None:
        """The node's life if it is live; None of the root, which is nobody's."""
        found = self.nodes.get(node)
        while found is not None:
            above = self.nodes.get(found.parent)
            generation = 0 if above is None else above.generation
            lapsed = found.expires_s != 0 and time_s >= found.expires_s
            if found.owner is None or lapsed or found.parent_generation != generation:
                return None
            if found.parent == ROOT:
                return node, self.nodes[node].generation
            found = above
        return None

    def name(self, node: bytes, time_s: int) -> Name | None:
        if self.life(node, time_s) is None:
            return None
        n = self.nodes[node]
        assert n.owner is not None  # noqa: S101 - what is live has an owner
        kept = n.expires_s, n.generation, n.locked, n.offered_to, n.revision
        return Name(node, n.owner, n.parent, n.label, *kept)

    def children(self, node: bytes, time_s: int) -> list[bytes]:
        """Live nodes directly below, in the contract's order."""
        life = (ROOT, 0) if node == ROOT else self.life(node, time_s)
        return [child for child in self.below.get(life, ()) if self.life(child, time_s)] if life else []

    def record(self, node: bytes, kind: bytes, key: bytes, time_s: int) -> bytes:
        """A record's bytes; none if it is not set or the node not live."""
        life = self.life(node, time_s)
        return self.records.get(life, {}).get((kind, key), b"") if life else b""

    def versions(self, node: bytes, time_s: int) -> Versions:
        life = self.life(node, time_s)
        found = self.releases.get(life, Releases()) if life else Releases()
        return Versions(found.current, found.proposed, self.highest.get(node, (0, 0)))

    def instances(self, node: bytes, time_s: int, *, live_only: bool) -> list[Instance]:
        """Instances of a live service, in the contract's order."""
        life = self.life(node, time_s)
        found = [self.kept[number].instance for number in self.serving.get(life, ())] if life else []
        return [one for one in found if one.live_at(time_s) or not live_only]

    def instance(self, number: int, time_s: int) -> Instance | None:
        """An instance; its lease is over if its service is no longer what it was."""
        kept = self.kept.get(number)
        if kept is None:
            return None
        node = kept.instance.node
        same = self.life(node, time_s) == (node, kept.generation)
        return kept.instance if same else replace(kept.instance, until_s=0)

    def scaling(self, node: bytes, time_s: int) -> Scaling:
        life = self.life(node, time_s)
        return self.scalings.get(life, Scaling()) if life else Scaling()

    def is_operator(self, node: bytes, who: Address, time_s: int) -> bool:
        if self.life(node, time_s) is None:
            return False
        return who == self.nodes[node].owner or who in self.nodes[node].operators

    # ------------------------------------------------------------------ for the changes

    def life_of(self, node: bytes) -> Life:
        return node, self.nodes[node].generation

    def list_of(self, node: bytes) -> list[bytes]:
        """The list that a node is in, or comes into: its parent's of that generation."""
        parent = self.nodes[node].parent
        return self.below.setdefault((parent, self.nodes[node].parent_generation), [])

    def copy(self) -> State:
        return deepcopy(self)
