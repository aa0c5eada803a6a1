"""How each event changes the state, as the contract changed its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch
from typing import TypeVar

from keeper.registry import events as ev
from keeper.registry.names import ROOT
from keeper.registry.state import Kept, Node, Releases, State
from keeper.registry.values import Instance, Version
from keeper.registry.watch import News, TakenBack, Told
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address

T = TypeVar("T")
DEPOSIT_WEI = 10**17
"""What a top-level name deposits."""


def apply(state: State, event: ev.Event, time_s: int) -> None:
    """The next change, in a block of that time. Errors: ConductorError if it is not the next."""
    if event.revision != state.revision + 1:
        message = f"after revision {state.revision} comes {event.revision}"
        remedy = "replay every event, from revision 1 on"
        raise ConductorError(message, field="revision", value=event.revision, remedy=remedy)
    if isinstance(event, ev.Renewed):
        _renew(state, event, time_s)
    else:
        _change(event, state)
    state.revision = event.revision


def replay(news: Iterable[News]) -> State:
    """The state after everything that a watch from revision 0 told, what was taken back left out."""
    told: list[Told] = []
    for one in news:
        if isinstance(one, TakenBack):
            del told[one.revision :]
        else:
            told.append(one)
    state = State()
    for one in told:
        apply(state, one.event, one.block.time_s)
    return state


@singledispatch
def _change(event: ev.Event, _state: State) -> None:
    raise TypeError(f"no rule for {type(event).__name__}")  # a new event has to get one


@_change.register
def _committed(_event: ev.Committed, _state: State) -> None:
    """Only who claims can tell which commitments are left."""


@_change.register
def _name_set(event: ev.NameSet, state: State) -> None:
    old, above = state.nodes.get(event.node), state.nodes.get(event.parent)
    if above is not None:
        above.revision = event.revision
    keeps_place = old is not None and old.owner is not None and event.parent == ROOT
    if keeps_place and old is not None and old.owner is not None:
        _credit(state, old.owner)  # it had expired, past its grace
    state.nodes[event.node] = Node(
        owner=event.owner,
        parent=event.parent,
        parent_generation=0 if above is None else above.generation,
        label=event.label,
        expires_s=event.expires_s,
        generation=event.generation,
        revision=event.revision,
    )
    if not keeps_place:
        state.list_of(event.node).append(event.node)


@_change.register
def _name_renewed(event: ev.NameRenewed, state: State) -> None:
    _touched(state, event).expires_s = event.expires_s


@_change.register
def _name_removed(event: ev.NameRemoved, state: State) -> None:
    node = state.nodes[event.node]
    if node.parent == ROOT and node.owner is not None:
        _credit(state, node.owner)
    _take_out(state.list_of(event.node), event.node)
    state.nodes[event.node] = Node(None, node.parent, 0, node.label, 0, node.generation + 1, 0)


@_change.register
def _offered(event: ev.Offered, state: State) -> None:
    _touched(state, event).offered_to = event.to


@_change.register
def _accepted(event: ev.Accepted, state: State) -> None:
    node = _touched(state, event)
    node.owner, node.offered_to, node.operators = event.owner, None, set()


@_change.register
def _approved(event: ev.Approved, state: State) -> None:
    node = _touched(state, event)
    if event.approved:
        node.operators.add(event.operator)
    else:
        node.operators.discard(event.operator)


@_change.register
def _locked(event: ev.Locked, state: State) -> None:
    node = _touched(state, event)
    node.locked = True
    state.nodes[node.parent].revision = event.revision


@_change.register
def _record_set(event: ev.RecordSet, state: State) -> None:
    _touched(state, event)
    records = state.records.setdefault(state.life_of(event.node), {})
    if event.value:
        records[event.kind, event.key] = event.value
    else:
        records.pop((event.kind, event.key), None)


@_change.register
def _reverse_set(event: ev.ReverseSet, state: State) -> None:
    state.reverses[event.account] = event.name


@_change.register
def _proposed(event: ev.Proposed, state: State) -> None:
    _touched(state, event)
    releases = state.releases.setdefault(state.life_of(event.node), Releases())
    releases.proposed = None
    if event.release:
        releases.proposed = Version(event.release, event.build, event.target, event.digest)
        state.highest[event.node] = releases.proposed.number


@_change.register
def _confirmed(event: ev.Confirmed, state: State) -> None:
    _touched(state, event)
    releases = state.releases[state.life_of(event.node)]
    version = releases.proposed
    if version is None or version.number != (event.release, event.build):
        what = f"revision {event.revision} confirms {event.release}.{event.build}, which was not proposed"
        raise ConductorError(what, field="release", value=event.release, remedy="replay every event in order")
    releases.current, releases.proposed = version, None
    releases.confirmed[version.release] = version


@_change.register
def _admitted(event: ev.Admitted, state: State) -> None:
    _touched(state, event)
    old = state.kept.get(event.id)
    fresh = Instance(
        event.id, event.node, event.label, event.operator, event.granted, event.granted, event.ttl_s, 0, None, "", ""
    )
    life = state.life_of(event.node)
    if old is None:
        state.serving.setdefault(life, []).append(event.id)
    served = old is not None and old.served and old.instance.operator == event.operator
    if old is not None and served:
        was = old.instance
        fresh = replace(fresh, target=was.target, zone=was.zone, endpoint=was.endpoint)
    state.kept[event.id] = Kept(fresh, life[1], served)


@_change.register
def _serving(event: ev.Serving, state: State) -> None:
    kept = state.kept[event.id]
    where = replace(kept.instance, target=event.target, zone=event.zone, endpoint=event.endpoint)
    kept.instance, kept.served = where, True


@_change.register
def _weighed(event: ev.Weighed, state: State) -> None:
    state.kept[event.id].instance = replace(state.kept[event.id].instance, weight=event.weight)


def _renew(state: State, event: ev.Renewed, time_s: int) -> None:
    for number in event.ids:
        kept = state.kept[number]
        kept.instance = replace(kept.instance, until_s=time_s + kept.instance.ttl_s)


@_change.register
def _evicted(event: ev.Evicted, state: State) -> None:
    kept = state.kept.pop(event.id)
    _take_out(state.serving[kept.instance.node, kept.generation], event.id)


@_change.register
def _scaled(event: ev.Scaled, state: State) -> None:
    _touched(state, event)
    state.scalings[state.life_of(event.node)] = event.scaling


@_change.register
def _withdrawn(event: ev.Withdrawn, state: State) -> None:
    del state.credits_wei[event.owner]


def _touched(state: State, event: ev.NodeEvent) -> Node:
    node = state.nodes[event.node]
    node.revision = event.revision
    return node


def _credit(state: State, owner: Address) -> None:
    state.credits_wei[owner] = state.credits_wei.get(owner, 0) + DEPOSIT_WEI


def _take_out(items: list[T], item: T) -> None:
    """The last takes its place."""
    last = items.pop()
    if last != item:
        items[items.index(item)] = last
