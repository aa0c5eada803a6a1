"""Everything that can stand on the wire, for hypothesis."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from keeper.wire.types import (
    NOBODY,
    Address,
    Call,
    ChainEntry,
    Claim,
    Condition,
    Header,
    Join,
    Op,
    Read,
    Status,
    Step,
    Undo,
    Value,
)
from keeper.wire.word import PlanWord

quick = settings(max_examples=40, deadline=None)
"""No deadline: the machine may be busy with other things."""


def bits(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << count) - 1)


addresses = st.binary(min_size=20, max_size=20).map(Address)
data = st.binary(max_size=70)
calls = st.lists(st.builds(Call, addresses, bits(96), data), max_size=3).map(tuple)
conditions = st.builds(
    Condition, addresses, bits(24), st.sampled_from(Op), bits(8), bits(256), data, signed=st.booleans()
)
reads = st.builds(Read, addresses, bits(24), bits(8), bits(23), data, into_value=st.booleans())
claims = st.builds(Claim, addresses, bits(32), data)
undos = st.builds(Undo, bits(24), bits(32), calls, bits(40), bits(40), bits(32), bits(24))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    claim = draw(st.none() | claims)
    return Step(
        index=draw(st.integers(0, 31)),
        opens=draw(bits(32)),
        closes=draw(bits(32)),
        gas_limit=0 if claim else draw(bits(24)),
        calls=() if claim else draw(calls),
        needs=draw(bits(32)),
        join=draw(st.sampled_from(Join)),
        since=draw(bits(32)),
        skip_if_false=draw(st.booleans()),
        conditions=draw(st.lists(conditions, max_size=3).map(tuple)),
        reads=() if claim else draw(st.lists(reads, max_size=4).map(tuple)),
        claim=claim,
        undo=draw(st.none() | undos),
        fee_min_gwei=draw(bits(40)),
        fee_max_gwei=draw(bits(40)),
        ramp=draw(bits(24)),
        tokens=draw(bits(24)),
        salt=draw(st.just(b"") | st.binary(min_size=32, max_size=32)),
    )


@st.composite
def headers(draw: st.DrawFn) -> Header:
    named = addresses if draw(st.booleans()) else st.just(NOBODY)
    entry = st.builds(ChainEntry, bits(64), bits(32), addresses, named, bits(64), bits(32), named)
    chains = draw(st.lists(entry, min_size=1, max_size=8).map(tuple))
    return Header(
        forward=draw(bits(8)),
        finals=draw(bits(8)),
        start=draw(bits(40)),
        schedule_by=draw(bits(40)),
        length=draw(bits(32)),
        chains=chains,
        undoable=draw(bits(32)),
        optional=draw(bits(32)),
        stamped=draw(bits(32)),
        interval=draw(bits(32)),
        runs=draw(bits(24)),
        salt=draw(st.binary(min_size=8, max_size=8)),
        routes_root=draw(st.binary(min_size=32, max_size=32)) if len(chains) > 1 else b"",
        seconds_clock=draw(st.booleans()),
        relative_start=draw(st.booleans()),
        monthly=draw(st.booleans()),
        stop_on_abort=draw(st.booleans()),
    )


values = st.lists(st.sampled_from(Value), min_size=32, max_size=32).map(tuple)


@st.composite
def words(draw: st.DrawFn) -> PlanWord:
    word = PlanWord(
        status=draw(st.sampled_from(Status)),
        cancelled=draw(st.booleans()),
        run=draw(bits(24)),
        move=draw(bits(24)),
        changed=draw(bits(40)),
        deposit_gwei=draw(bits(64)),
    )
    return word.with_values(draw(values))
