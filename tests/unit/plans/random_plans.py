"""Plan files drawn at random: most are valid, and every key of the grammar has its chance."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.unit.plans.samples import plan_text

UINT = st.integers(0, 2**256 - 1) | st.integers(0, 300)
ADDRESS = st.sampled_from(["usdc", "pool", "account", "dao.example", "0x00000000000000000000000000000000000000cc"])
READ = st.sampled_from(["usdc.balanceOf(account)", "usdc.totalSupply()", "pool.feed().updatedAt", "facts.timestamp()"])
STRING = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
BYTES = st.binary(max_size=40).map(lambda data: f"0x{data.hex()}")
ITEM = st.tuples(ADDRESS, st.lists(st.integers(0, 255), max_size=3)).map(lambda pair: f"({pair[0]}, {pair[1]})")
PLAIN_CALL = st.one_of(
    UINT.map(lambda x: f"pool.open({x})"),
    st.just("pool.close()"),
    st.integers(0, 255).map(lambda x: f"pool.pair(uint8 {x})"),
    st.integers(0, 65_535).map(lambda x: f"pool.pair(uint16 {x})"),
    ADDRESS.map(lambda x: f"pool.pair(address {x})"),
    st.tuples(ADDRESS, UINT).map(lambda x: f"usdc.transfer({x[0]}, {x[1]})"),
    st.tuples(st.lists(ITEM, max_size=2), STRING, BYTES).map(
        lambda x: f"pool.many([{', '.join(x[0])}], {x[1]}, {x[2]})"
    ),
    st.tuples(st.binary(min_size=4, max_size=4), st.booleans(), st.integers(-(2**63), 2**63 - 1), ADDRESS, ADDRESS).map(
        lambda x: f"pool.fix(0x{x[0].hex()}, {str(x[1]).lower()}, {x[2]}, [{x[3]}, {x[4]}])"
    ),
    st.just("pool.receive()"),
    BYTES.filter(lambda x: x != "0x").map(lambda x: f"pool.fallback({x})"),
)
CALL = PLAIN_CALL | READ.map(lambda x: f"pool.open({x})")
ORDER = st.sampled_from(["<", "<=", ">", ">="])
ANY_ORDER = ORDER | st.sampled_from(["==", "!="])
COMPARISON = st.one_of(
    st.tuples(ANY_ORDER, UINT).map(lambda x: f"usdc.totalSupply() {x[0]} {x[1]}"),
    st.tuples(ANY_ORDER, st.integers(-(2**255), 2**255 - 1)).map(lambda x: f"pool.feed().answer {x[0]} {x[1]}"),
    st.tuples(ORDER, st.integers(1, 10**6)).map(lambda x: f"pool.feed().updatedAt {x[0]} now - {x[1]}s"),
    st.tuples(st.sampled_from(["==", "!="]), ADDRESS).map(lambda x: f"pool.feed().tail.who {x[0]} {x[1]}"),
)
MONEY = st.integers(0, 2**32 - 1)


def single(text: str) -> str:
    """In YAML's single quotes."""
    return "'" + text.replace("'", "''") + "'"


class _Drawing:
    """One plan as it is drawn, in blocks or in seconds."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.blocks = draw(st.booleans())
        self.stamped: set[str] = set()

    def chance(self) -> bool:
        return self.draw(st.booleans())

    def span(self, low: int = 1, high: int = 10**6) -> str:
        n = self.draw(st.integers(low, high))
        return f"{n} blocks" if self.blocks else f"{n}s"

    def premium(self) -> str:
        low = self.draw(MONEY)
        if self.chance():
            return f"{low} gwei"
        return f"{low}..{low + self.draw(st.integers(0, 10**6))} gwei over {self.span()}"

    def order(self, index: int, earlier: Sequence[str], *, final: bool) -> list[str]:
        parts, needs = [], list(earlier[-1:])
        if earlier and self.chance():
            needs = self.draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=3, unique=True))
            join = self.draw(st.sampled_from(["needs", "needs_any", "unless", "after"]))
            parts.append(f"{join}: [{', '.join(needs)}]")
        elif self.chance():
            parts.append("after: []")
            needs = []
        if needs and self.chance() and len(self.stamped | set(needs)) <= 7:
            parts.append(f"wait: {self.span()}")
            self.stamped |= set() if final else set(needs)
        elif self.chance():
            parts.append(f"from: {self.span()}")
        return parts

    def calls(self) -> str:
        entries = []
        for call in self.draw(st.lists(CALL, min_size=1, max_size=3)):
            takes_coin = any(f".{fn}(" in call for fn in ("open", "receive", "fallback"))
            values = ["", ", value: 3 gwei", ", value: usdc.totalSupply()"] if takes_coin else [""]
            entries.append(f"{{call: {single(call)}{self.draw(st.sampled_from(values))}}}")
        return f"calls: [{', '.join(entries)}]"

    def undo(self) -> str:
        parts = [f"call: {single(self.draw(PLAIN_CALL))}", "gas: 5_000"]
        if self.chance():
            parts.append(f"within: {self.span()}")
        if self.chance():
            parts.append(f"premium: {self.draw(MONEY)} gwei")
        return f"undo: {{{', '.join(parts)}}}"

    def step(self, index: int, first: int, *, final: bool) -> str:
        parts = [f"id: s{index}", *self.order(index, [f"s{i}" for i in range(first, index)], final=final)]
        if self.chance():
            parts.append(f"within: {self.span(10**6, 10**7)}")
        if self.chance():
            found = self.draw(st.lists(COMPARISON, min_size=1, max_size=3))
            guard = self.draw(st.sampled_from(["if", "when"]))
            parts.append(f"{guard}: [{', '.join(single(one) for one in found)}]")
        if self.chance():
            parts.append("on_miss: skip")
        if self.chance():
            parts.append(f"premium: {self.premium()}")
        parts += [f"gas: {self.draw(st.integers(1, 2**24 - 1))}", self.calls()]
        if not final and self.chance():
            parts.append(self.undo())
        return "{" + ", ".join(parts) + "}"


@st.composite
def plans(draw: st.DrawFn) -> str:
    """A plan file's text."""
    one = _Drawing(draw)
    count, finals = draw(st.integers(1, 7)), draw(st.integers(0, 3))
    steps = [one.step(i, 0, final=False) for i in range(count)]
    ends = [one.step(i, count, final=True) for i in range(count, count + finals)]
    moments = ["block 23_500_000", "+9 blocks"] if one.blocks else ["2027-02-01 15:00 UTC", "+2d"]
    cap = draw(st.integers(1, 2**64 - 1))
    times = f"at: {draw(st.sampled_from([*moments, 'now']))}\nwithin: {one.span(10**6, 10**7)}\n"
    times += f"pay: {{deposit: {draw(MONEY)} gwei, premium: {one.premium()}, max_gas_price: {cap} wei}}\n"
    every = "9000 blocks" if one.blocks else draw(st.sampled_from(["quarter", "2w"]))
    extras = [f"every: {every}\nruns: 5\n", "on_abort: next\n", "publish: hidden\n", "guardian: dao.example\n"]
    extra = "".join(draw(st.lists(st.sampled_from(extras), unique=True)))
    return plan_text(*steps, finals=tuple(ends), times=times, extra=extra)
