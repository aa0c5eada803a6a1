"""The watch against nodes that hide, reorganise and lag; and what follows from events alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain.memory_chain import SimLog
from keeper.chain.values import Json
from keeper.registry import Gap, Overtaken, Scaling, State, TakenBack, Told, Watch, WatchPolicy, apply, namehash, replay
from keeper.registry import events as ev
from keeper.registry.events import KINDS, decode_event, encode_event, topics
from keeper.registry.memory import MemoryRegistry
from keeper.registry.names import ROOT
from keeper.wire.abi import interface
from keeper.wire.errors import ConductorError
from tests.unit.registry.registry_suite import ALICE, BOB, news
from tests.unit.registry.twin import ME, Twin

AT_ONCE = WatchPolicy(pause_s=0, tries=2)


def watching(twin: Twin, from_revision: int = 0, policy: WatchPolicy = AT_ONCE) -> Watch:
    return Watch(twin.chain, twin.registry, from_revision, policy=policy)


class Hiding(MemoryRegistry):
    """Shows no logs of the revisions in `hidden`, `times` times."""

    hidden: frozenset[int] = frozenset()
    times = 0

    def _eth_getLogs(self, wanted: dict[str, Json]) -> Json:
        found = super()._eth_getLogs(wanted)
        if not self.times:
            return found
        self.times -= 1
        return [log for log in found if int(log["topics"][1], 16) not in self.hidden]


@pytest.fixture
async def twin() -> Twin:
    twin = Twin()
    await twin.claim("acme")
    for value in "abc":
        await twin.set_text("acme", "url", value)
    return twin


def hide(twin: Twin, *hidden: int, times: int) -> None:
    twin.node.__class__ = Hiding
    assert isinstance(twin.node, Hiding)
    twin.node.hidden, twin.node.times = frozenset(hidden), times


@pytest.mark.parametrize(
    ("hidden", "found", "before"),
    [((3,), 4, []), ((5,), None, [1, 2, 3, 4]), ((1, 2, 3, 4, 5), None, []), ((1,), 2, [])],
)
async def test_a_gap_is_never_passed_over(
    twin: Twin, hidden: tuple[int, ...], found: int | None, before: list[int]
) -> None:
    hide(twin, *hidden, times=99)
    watch = watching(twin)
    with pytest.raises(Gap) as caught:
        await news(watch)
    assert (caught.value.expected, caught.value.found) == (hidden[0], found)
    assert list(range(1, watch.revision + 1)) == before
    assert caught.value.remedy is not None


async def test_a_gap_that_closes_is_read_again(twin: Twin) -> None:
    hide(twin, 3, times=1)
    assert [one.revision for one in await news(watching(twin))] == [1, 2, 3, 4, 5]


async def test_events_of_another_fork_are_read_again(twin: Twin) -> None:
    watch = watching(twin)
    original, twin.node.__class__ = twin.node.__class__, Moving
    assert isinstance(twin.node, Moving)
    twin.node.moves = 1
    told = await news(watch)
    assert original is MemoryRegistry
    assert [one.revision for one in told] == [1, 2, 3]
    assert twin.state.revision == 3


class Moving(MemoryRegistry):
    """Reorganises its chain behind the logs it gives, `moves` times."""

    moves = 0

    def _eth_getLogs(self, wanted: dict[str, Json]) -> Json:
        found = super()._eth_getLogs(wanted)
        if self.moves:
            self.moves -= 1
            self.chain.reorg(2)
        return found


async def test_a_chain_that_never_stands_still_is_an_error(twin: Twin) -> None:
    twin.node.__class__ = Moving
    assert isinstance(twin.node, Moving)
    twin.node.moves = 99
    with pytest.raises(ConductorError, match=r"reorganised each time|unknown block"):
        await news(watching(twin))


async def test_an_endpoint_that_lags_takes_nothing_back(twin: Twin) -> None:
    watch = watching(twin)
    await news(watch)
    twin.node.lag = 2
    assert await news(watch) == []
    twin.node.lag = 0
    await twin.set_text("acme", "url", "d")
    assert [one.revision for one in await news(watch)] == [6]


async def test_the_events_that_came_back_are_told_once_more(twin: Twin) -> None:
    watch = watching(twin)
    await news(watch)
    twin.node.chain.reorg(3, length=1)
    await twin.set_text("acme", "url", "x")
    await twin.set_text("acme", "url", "y")
    found = await news(watch)
    assert found[0] == TakenBack(2)
    assert [one.revision for one in found[1:]] == [3, 4]
    assert [one.event.value for one in found[1:] if isinstance(one, Told) and isinstance(one.event, ev.RecordSet)] == [
        b"x",
        b"y",
    ]


async def test_a_reorganisation_below_everything_begins_anew(twin: Twin) -> None:
    watch = watching(twin)
    await news(watch)
    twin.node.chain.reorg(twin.node.chain.head.number)
    assert await news(watch) == [TakenBack(0)]
    await twin.claim("other")
    assert [one.revision for one in await news(watch)] == [1, 2]


async def test_who_began_later_is_told_that_its_beginning_is_gone(twin: Twin) -> None:
    watch = watching(twin, 4)
    assert [one.revision for one in await news(watch)] == [5]
    twin.node.chain.reorg(3)
    with pytest.raises(Overtaken) as caught:
        await news(watch)
    assert caught.value.revision == 4
    assert str(caught.value).startswith("revision 4 is no longer of the chain: forget what was read")


async def test_a_beginning_that_the_chain_never_had(twin: Twin) -> None:
    with pytest.raises(Overtaken, match=r"revision 9 is no longer of the chain, which is at 5"):
        await news(watching(twin, 9))


async def test_short_ranges_give_the_same(twin: Twin) -> None:
    whole = await news(watching(twin))
    assert await news(watching(twin, policy=WatchPolicy(chunk=2, pause_s=0))) == whole


async def test_where_there_is_no_registry(twin: Twin) -> None:
    with pytest.raises(ConductorError, match="the Registry refused `revision`"):
        await news(Watch(twin.chain, BOB, policy=AT_ONCE))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
async def test_after_any_storm_the_replay_is_the_chain(seed: int) -> None:
    random, twin = Random(seed), Twin()
    watch, told = watching(twin), []
    for _ in range(random.randrange(5, 40)):
        match random.randrange(6):
            case 0 if twin.node.chain.head.number > 3:
                twin.node.chain.reorg(random.randrange(1, 4), length=random.randrange(0, 4))
            case 1:
                told += await news(watch)
            case 2:
                twin.node.chain.mine(random.randrange(1, 4))
            case _:
                await _change(twin, random)
    twin.node.chain.mine(4)  # a chain that became shorter cannot be told from an endpoint that lags
    told += await news(watch)
    assert replay(told) == twin.state


async def _change(twin: Twin, random: Random) -> None:
    """Any change that the contract would allow."""
    state, now = twin.state, twin.node.chain.head.time_s
    names = [label for label in ("a", "b") if state.life(namehash(label), now)]
    below = [f"{label}.{name}" for name in names for label in "xy" if state.life(namehash(f"{label}.{name}"), now)]
    free = [label for label in ("a", "b") if label not in names]
    if free and (not names or random.random() < 0.2):
        await twin.claim(random.choice(free))
        return
    name = random.choice(names + below)
    child = f"{random.choice('xy')}"
    numbers = [number for number, kept in state.kept.items() if state.life(kept.instance.node, now)]
    match random.randrange(9):
        case 0 if "." not in name and f"{child}.{name}" not in below:
            await twin.create(name, child, random.choice([ME, ALICE]))
        case 1:
            await twin.remove(name)
        case 2:
            await twin.set_text(name, "url", random.choice(["", "u", "v"]))
        case 3:
            highest = state.highest.get(namehash(name), (0, 0))
            await twin.propose(name, highest[0] + 1, 0, b"\x01" * 32)
        case 4:
            if (proposed := state.versions(namehash(name), now).proposed) is not None:
                await twin.confirm(name, *proposed.number)
        case 5:
            number = await twin.admit(name, f"i{len(state.kept)}", random.randrange(9), 60)
            await twin.serve(number, BOB, "eu", "https://i.example")
        case 6 if numbers:
            await twin.heartbeat(*random.sample(numbers, random.randrange(1, len(numbers) + 1)))
        case 7 if numbers:
            await twin.evict(random.choice(numbers))
        case _:
            await twin.approve(name, ALICE, random.random() < 0.5)


# ---------------------------------------------------------------------- events


def test_every_event_of_the_interface_has_its_class() -> None:
    ens = {"NewOwner", "Transfer", "NewResolver", "AddrChanged", "AddressChanged", "TextChanged", "ContenthashChanged",
           "ABIChanged", "InterfaceChanged", "NameChanged"}  # fmt: skip
    assert {kind.__name__ for kind in KINDS} == interface("Registry").events.keys() - ens
    assert len(topics()) == len(KINDS)


NODE, REVISION = b"\x11" * 32, 7
SAMPLES = [
    ev.Committed(REVISION, b"\x22" * 32),
    ev.NameSet(REVISION, NODE, ROOT, "acme", ME, 99, 1),
    ev.NameRenewed(REVISION, NODE, 99),
    ev.NameRemoved(REVISION, NODE),
    ev.Offered(REVISION, NODE, None),
    ev.Offered(REVISION, NODE, BOB),
    ev.Accepted(REVISION, NODE, BOB),
    ev.Approved(REVISION, NODE, BOB, True),
    ev.Locked(REVISION, NODE),
    ev.RecordSet(REVISION, NODE, b"\x59\xd1\xd4\x3c", b"url", b"\xff\x00"),
    ev.ReverseSet(REVISION, BOB, "bob.acme"),
    ev.Proposed(REVISION, NODE, 1, 2, BOB, b"\x01" * 32),
    ev.Proposed(REVISION, NODE, 0, 0, None, bytes(32)),
    ev.Confirmed(REVISION, NODE, 1, 2),
    ev.Admitted(REVISION, NODE, 3, "one", BOB, 9, 60),
    ev.Serving(REVISION, 3, None, "eu-central-1", "https://größe.example"),
    ev.Weighed(REVISION, 3, 4),
    ev.Renewed(REVISION, (1, 2, 3)),
    ev.Evicted(REVISION, 3),
    ev.Scaled(REVISION, NODE, Scaling(1, 2, 3, 4, 5, 6, BOB)),
    ev.Withdrawn(REVISION, ME, BOB, 10**17),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_a_log_gives_the_event_again(event: ev.Event) -> None:
    assert decode_event(*encode_event(event)) == event


def test_the_samples_are_all_kinds() -> None:
    assert {type(event) for event in SAMPLES} == set(KINDS)


def test_logs_of_others_are_passed_over() -> None:
    assert decode_event((), b"") is None
    assert decode_event((b"\x99" * 32,), b"") is None
    ens = interface("Registry").events["NewResolver"]
    assert decode_event((ens.id, NODE), bytes(32)) is None


def test_a_log_that_only_looks_like_an_event_is_an_error() -> None:
    with pytest.raises(ConductorError):
        decode_event((interface("Registry").events["Locked"].id, bytes(32)), b"")


def test_text_that_is_none_spoils_nothing() -> None:
    good = encode_event(ev.Serving(REVISION, 3, None, "eu", "x"))
    broken = SimLog(ME, good[0], good[1].replace(b"x" + bytes(31), b"\xff" + bytes(31)))
    found = decode_event(broken.topics, broken.data)
    assert isinstance(found, ev.Serving)
    assert found.endpoint == "\\xff"


def test_a_revision_left_out_is_refused() -> None:
    state = State()
    with pytest.raises(ConductorError, match="after revision 0 comes 7"):
        apply(state, SAMPLES[0], 0)
    assert state == State()
