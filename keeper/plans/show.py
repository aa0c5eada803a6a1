"""A plan's header and steps turned back into a plan file and its lock, which compile to the same plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from eth_utils.address import to_checksum_address

from keeper.plans.abi import Interface
from keeper.plans.compile import compile_plan
from keeper.plans.draft import static_digest
from keeper.plans.load import load_plan
from keeper.plans.lock import Lock
from keeper.plans.problems import PlanErrors
from keeper.plans.show_calls import (
    Inexpressible,
    Words,
    call_lines,
    coin_text,
    condition_text,
    decimal_text,
    quoted,
    seconds_text,
)
from keeper.plans.timing import default_schedule_by
from keeper.plans.values import COIN_UNITS, Clock
from keeper.wire.codec import encode_header, encode_step
from keeper.wire.hashing import plan_id, root
from keeper.wire.types import NOBODY, Address, Call, Header, Join, Read, Step, Undo

_JOINS = {Join.ALL_DONE: "needs", Join.ANY_DONE: "needs_any", Join.NONE_DONE: "unless", Join.SETTLED: "after"}


@dataclass(frozen=True)
class Source:
    """What is known of a plan beside its bytes. `names` of steps by index, `aliases` and `interfaces` by address."""

    chain_id: int
    scheduler: Address
    facts: Address
    account: Address
    name: str = ""
    names: tuple[str, ...] = ()
    aliases: Mapping[Address, str] | None = None
    interfaces: Mapping[Address, Interface] | None = None
    deposit_wei: int = 0
    seed: bytes | None = None

    def words(self, *, raw: bool = False) -> Words:
        return Words(
            account=self.account,
            given={self.facts: "facts", self.scheduler: "scheduler"},
            names=self.aliases or {},
            interfaces=self.interfaces or {},
            raw=raw,
        )


def write_plan(header: Header, steps: Sequence[Step], source: Source, *, raw: bool = False) -> tuple[str, Lock]:
    """Text and lock of a plan. Raises Inexpressible for what the notation cannot say; see `show`, which also checks."""
    return _Writer(header, steps, source, raw).write()


@dataclass(frozen=True)
class Shown:
    """A plan as a file. `doubt` is empty if text and lock compile to exactly this plan, else it says why they do not;
    the text is then empty where the notation cannot say the plan at all."""

    text: str
    lock: Lock | None
    doubt: str


def show(header: Header, steps: Sequence[Step], source: Source) -> Shown:
    """Turn a plan back into a file, in readable calls if that gives the same plan, else in raw bytes."""
    wanted = plan_id(encode_header(header), root([encode_step(step) for step in steps]))
    shown = Shown("", None, "")
    for raw in (False, True):
        attempt = _attempt(header, steps, source, wanted, raw=raw)
        if not attempt.doubt:
            return attempt
        shown = shown if shown.text else attempt
    return shown


def _attempt(header: Header, steps: Sequence[Step], source: Source, wanted: bytes, *, raw: bool) -> Shown:
    try:
        text, lock = write_plan(header, steps, source, raw=raw)
    except Inexpressible as error:
        return Shown("", None, str(error))
    try:
        found = compile_plan(load_plan(text, "plan.yaml"), lock)
    except PlanErrors as errors:
        return Shown(text, lock, f"the file does not compile: {errors.problems[0].message}")
    doubt = "" if found.plan_id == wanted else "the plan was made by other means, and this file gives another id"
    return Shown(text, found.lock, doubt)


class _Writer:
    def __init__(self, header: Header, steps: Sequence[Step], source: Source, raw: bool) -> None:
        self.header, self.steps, self.source = header, steps, source
        self.clock: Clock = "seconds" if header.seconds_clock else "blocks"
        self.gas: dict[str, tuple[str, int]] = {}
        self.words = source.words(raw=raw)
        if len(header.chains) != 1:
            raise Inexpressible("the plan runs on several chains")
        self.entry = header.chains[0]
        if self.entry.factory != NOBODY:
            raise Inexpressible("the plan uses another Scheduler's Account")
        self.within = Counter(step.closes - step.opens for step in steps).most_common(1)[0][0]
        self.premium = self.plan_premium()

    def write(self) -> tuple[str, Lock]:
        entry, header = self.entry, self.header
        steps = [self.step(step) for step in self.steps]
        forward, final = steps[: header.forward], steps[header.forward :]
        lines = ["conductor: 1", f"name: {quoted(self.source.name or 'plan')}", f"salt: 0x{header.salt.hex()}"]
        lines.append(f'owner: "{to_checksum_address(entry.owner)}"')
        if entry.guardian != NOBODY:
            lines.append(f'guardian: "{to_checksum_address(entry.guardian)}"')
        lines += [f"chain: {entry.chain_id}", *self.contracts(), f"at: {self.start()}"]
        if header.relative_start or header.schedule_by != header.start + default_schedule_by(self.clock):
            lines.append(f"schedule_by: {self.instant(header.schedule_by)}")
        if header.runs > 1:
            lines += [f"every: {self.interval()}", f"runs: {header.runs}"]
        elif header.interval or header.monthly:
            raise Inexpressible("an interval without a second run")
        if not header.stop_on_abort:
            lines.append("on_abort: next")
        lines += [f"within: {self.duration(self.within)}", *self.pay()]
        salts = {bool(step.salt) for step in self.steps}
        if salts == {True} and self.source.seed is not None:
            lines.append("publish: hidden")
        elif salts != {False}:
            raise Inexpressible("hidden leaves, whose seed is not known")
        lines += ["steps:", *forward]
        if final:
            lines += ["finally:", *final]
        return "\n".join(lines) + "\n", self.lock()

    def lock(self) -> Lock:
        owner, account = (to_checksum_address(a) for a in (self.entry.owner, self.source.account))
        return Lock(
            chain_id=self.source.chain_id,
            scheduler=to_checksum_address(self.source.scheduler),
            facts=to_checksum_address(self.source.facts),
            accounts={owner: account},
            gas=self.gas,
            seed=None if self.source.seed is None else f"0x{self.source.seed.hex()}",
        )

    def contracts(self) -> list[str]:
        lines = []
        for target, alias in self.words.aliases.items():
            abi = [quoted(f.text) for f in self.words.used.get(target, {}).values()]
            lines.append(f'  {alias}: {{at: "{to_checksum_address(target)}", abi: [{", ".join(abi)}]}}')
        return ["contracts:", *lines] if lines else []

    def pay(self) -> list[str]:
        low, high, ramp = self.premium
        return [
            "pay:",
            f"  deposit: {coin_text(self.source.deposit_wei)}",
            f"  premium: {self.rising(low, high, ramp)}",
            f"  max_gas_price: {coin_text(self.entry.cap_wei)}",
        ]

    def plan_premium(self) -> tuple[int, int, int]:
        """The premium of the first step whose lower amount is the poke fee, as the plan's is."""
        poke = self.entry.poke_fee_gwei
        found = [(s.fee_min_gwei, s.fee_max_gwei, s.ramp) for s in self.steps if s.fee_min_gwei == poke]
        return found[0] if found else (poke, poke, 0)

    def rising(self, low: int, high: int, ramp: int) -> str:
        if low != high and not ramp:
            raise Inexpressible("a premium that rises in no time")
        if not ramp:
            return coin_text(low * 10**9)
        high_text, unit = coin_text(high * 10**9).split()
        places = COIN_UNITS[unit]
        return f"{decimal_text(low * 10**9, places)}..{high_text} {unit} over {self.duration(ramp)}"

    def start(self) -> str:
        if not self.header.relative_start:
            return self.instant(self.header.start)
        return f"+{self.duration(self.header.start)}" if self.header.start else "now"

    def instant(self, time: int) -> str:
        if self.clock == "blocks":
            return f"block {time}"
        try:
            return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC").rjust(23, "0")
        except (ValueError, OverflowError, OSError):
            raise Inexpressible("a moment behind the year 9999") from None

    def duration(self, time: int) -> str:
        if self.clock == "blocks":
            return f"{time} blocks"
        return seconds_text(time)

    def interval(self) -> str:
        return f"{self.header.interval} months" if self.header.monthly else self.duration(self.header.interval)

    def name(self, index: int) -> str:
        return self.source.names[index] if index < len(self.source.names) else f"s{index + 1}"

    def step(self, step: Step) -> str:
        name = self.name(step.index)
        lines = [f"id: {name}", *self.order(step)]
        if step.claim is not None:
            raise Inexpressible(f"step {name} is a claim")
        if step.conditions:
            found = [quoted(condition_text(one, self.words)) for one in step.conditions]
            lines.append(f"{'if' if step.skip_if_false else 'when'}: [{', '.join(found)}]")
        elif step.skip_if_false:
            raise Inexpressible(f"step {name} skips on a condition that it has not")
        lines += self.calls(step.calls, step.reads)
        if step.closes < step.opens:
            raise Inexpressible(f"step {name} closes before it opens")
        lines += self.window(step)
        if self.header.optional & step.bit:
            lines.append("on_miss: skip")
        own = (step.fee_min_gwei, step.fee_max_gwei, step.ramp)
        if own != self.premium:
            lines.append(f"premium: {self.rising(*own)}")
        lines.append(f"gas: {step.gas_limit}")
        if step.undo is not None:
            lines += self.undo(step, step.undo)
        self.pin(name, step)
        return "  - " + "\n    ".join(lines)

    def pin(self, name: str, step: Step) -> None:
        for item, condition in enumerate(step.conditions):
            digest = static_digest(condition.target, condition.data)
            self.gas[f"{name}.condition.{item}"] = (digest, condition.gas_limit)
        for item, read in enumerate(step.reads):
            self.gas[f"{name}.read.{item}"] = (static_digest(read.target, read.data), read.gas_limit)

    def order(self, step: Step) -> list[str]:
        first = step.index in (0, self.header.forward)
        if not step.needs:
            return [] if first else ["after: []"]
        if step.join == Join.SETTLED and step.needs == 1 << step.index - 1 and not first:
            return []
        names = [self.name(i) for i in range(step.index) if step.needs >> i & 1]
        return [f"{_JOINS[step.join]}: [{', '.join(names)}]"]

    def window(self, step: Step) -> list[str]:
        lines = []
        if step.since:
            if step.since != step.needs:
                raise Inexpressible(f"step {self.name(step.index)} counts from other steps than it waits for")
            lines.append(f"wait: {self.duration(step.opens)}")
        elif step.opens:
            lines.append(f"from: {self.duration(step.opens)}")
        within = step.closes - step.opens
        return lines if within == self.within else [*lines, f"within: {self.duration(within)}"]

    def calls(self, calls: Sequence[Call], reads: Sequence[Read]) -> list[str]:
        entries = []
        for call, value in call_lines(calls, reads, self.words):
            text = quoted(call)
            entries.append(text if value is None else f"{{call: {text}, value: {quoted(value)}}}")
        return ["calls:", *(f"  - {entry}" for entry in entries)]

    def undo(self, step: Step, undo: Undo) -> list[str]:
        lines = [*self.calls(undo.calls, ()), f"gas: {undo.gas_limit}"]
        if undo.window != step.closes - step.opens:
            lines.append(f"within: {self.duration(undo.window)}")
        if (undo.fee_min_gwei, undo.fee_max_gwei) != (step.fee_min_gwei, step.fee_max_gwei):
            flat = undo.fee_min_gwei == undo.fee_max_gwei
            ramp = 0 if flat else step.ramp
            lines.append(f"premium: {self.rising(undo.fee_min_gwei, undo.fee_max_gwei, ramp)}")
        return ["undo:", *(f"  {line}" for line in lines)]
