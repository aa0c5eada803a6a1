"""From text to a PlanFile: structure, spelling and single values. What several lines say together is for `compile`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from eth_utils.crypto import keccak

from keeper.plans import keys
from keeper.plans.abisets import NAMES as ABI_SETS
from keeper.plans.document import Contract, Pay, PlanFile, StepLine
from keeper.plans.fields import Fields, plain
from keeper.plans.load_steps import StepLoader
from keeper.plans.problems import Flaw, Pos, Problems, nearest, shown
from keeper.plans.source import Map, Scalar, Seq, read_tree
from keeper.plans.values import (
    Duration,
    amount,
    choice,
    duration,
    gwei,
    instant,
    integer,
    premium,
)
from keeper.wire.errors import BadInput

MAX_STEPS = 32
MAX_RUNS = (1 << 24) - 1
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_plan(path: str | Path, sets: Mapping[str, str] | None = None) -> PlanFile:
    """Load a plan file from disk. Raises BadInput (PlanErrors for what is wrong in the file)."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise BadInput(f"cannot read {path}: {reason}", field="plan", value=path, remedy="check the path") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text", field="plan", value=path, remedy="save it as UTF-8") from None
    return load_plan(text, str(path), sets)


def load_plan(text: str, path: str, sets: Mapping[str, str] | None = None) -> PlanFile:
    """Load a plan file's text; `path` is for messages, `sets` override `values:`. Raises PlanErrors, all at once."""
    problems = Problems(path)
    tree = read_tree(text, problems)
    if tree is None:
        problems.stop_if_any()
    loader = _Loader(cast(Map, tree), path, dict(sets or {}), problems)
    plan = loader.plan()
    problems.stop_if_any()
    return cast(PlanFile, plan)


class _Loader:
    def __init__(self, root: Map, path: str, sets: dict[str, str], problems: Problems) -> None:
        self.root, self.path, self.sets, self.problems = root, path, sets, problems
        self.values: dict[str, Scalar] = {}
        self.values.update(self.read_values())
        self.top = Fields(root, keys.TOP, "the plan", self.values, problems)

    def plan(self) -> PlanFile | None:
        """None, or incomplete, if a problem was recorded; the caller then stops."""
        top = self.top
        top.read("conductor", lambda s: choice(s, ("1",)), literal=True)
        name = top.read("name", lambda s: s.text.strip(), literal=True) or ""
        chain = top.read("chain", _chain)
        runs = top.read("runs", lambda s: integer(s, 1, MAX_RUNS))
        every = top.read("every", partial(duration, months=True))
        self.check_repeats(every, runs)
        pieces: dict[str, Any] = {
            "salt": top.read("salt", _salt, literal=True) or bytes(keccak(text=name)[:8]),
            "about": top.read("about", lambda s: s.text, literal=True),
            "owner": self.owner("owner"),
            "guardian": self.owner("guardian"),
            "at": top.read("at", instant),
            "schedule_by": top.read("schedule_by", instant),
            "within": top.read("within", duration),
            "pay": self.pay(),
            "contracts": self.contracts(),
            "steps": self.steps(),
        }
        top.read("note", lambda s: s.text, literal=True)
        stop = top.read("on_abort", lambda s: choice(s, ("end", "next"))) != "next"
        hidden = top.read("publish", lambda s: choice(s, ("full", "hidden"))) == "hidden"
        return PlanFile(
            path=self.path,
            name=name,
            chain_id=chain,
            chain_pos=top.pos("chain"),
            values=self.values,
            sets=self.sets,
            every=every,
            runs=runs or 1,
            stop_on_abort=stop,
            hidden=hidden,
            **pieces,
        )

    def check_repeats(self, every: Duration | None, runs: int | None) -> None:
        top = self.top
        if every is not None and every.n == 0:
            self.problems.add(top.pos("every"), "`every` is zero", "write the time between two runs, such as `1w`")
        if (runs or 1) > 1 and not top.has("every"):
            self.problems.add(
                top.pos("runs"), f"{runs} runs, but no `every`", "add `every:` with the time between two runs"
            )
        if top.has("every") and not top.has("runs"):
            self.problems.add(top.pos("every"), "`every` without `runs`", "add `runs:` with the number of runs")

    def read_values(self) -> dict[str, Scalar]:
        node = self.root.get("values")
        found: dict[str, Scalar] = {}
        if node is not None and not isinstance(node, Map):
            self.problems.add(node.pos, "`values` is no mapping", "write `values: {name: text}`")
        for key, value in node.entries if isinstance(node, Map) else ():
            with self.problems.here():
                _check_alias(key, "a value")
                if key.text in self.sets:
                    found[key.text] = Scalar(self.sets[key.text], key.pos)
                    continue
                if isinstance(value, Scalar) and not value.text.strip():
                    raise Flaw(
                        key.pos, f"the value {shown(key.text)} is not given", f"write it, or add `--set {key.text}=..`"
                    )
                found[key.text] = plain(value, f"the value `{key.text}`")
        for name in self.sets:
            if not isinstance(node, Map) or node.key(name) is None:
                known = [key.text for key, _ in node.entries] if isinstance(node, Map) else []
                remedy = nearest(name, known, "only names under `values:` can be set")
                self.problems.add(
                    node.pos if node else Pos(1, 1), f"`--set` names {shown(name)}, which is no value here", remedy
                )
        return found

    def owner(self, key: str) -> Scalar | None:
        node = self.top.node_of(key)
        if isinstance(node, Map):
            remedy = f"write one name, as in `{key}: safe.example`"
            self.problems.add(node.pos, f"`{key}` by chain is not available in this version", remedy)
            return None
        return self.top.read(key, lambda s: s)

    def pay(self) -> Pay | None:
        node = self.top.node_of("pay")
        if node is None:
            return None
        if not isinstance(node, Map):
            self.problems.add(
                node.pos, "`pay` is no mapping", "write `pay: {deposit: .., premium: .., max_gas_price: ..}`"
            )
            return None
        fields = Fields(node, keys.PAY, "`pay`", self.values, self.problems)
        deposit = fields.read("deposit", lambda s: gwei(amount(s, coin=True), (1 << 64) - 1, "a deposit"))
        prem = fields.read("premium", premium)
        cap = fields.read("max_gas_price", _price)
        if deposit is None or prem is None or cap is None:
            return None
        if prem.low_gwei >= 1 << 32:
            self.problems.add(
                prem.pos, "the premium is too large", f"write at most {(1 << 32) - 1:_} gwei as its lower amount"
            )
        return Pay(deposit * 10**9, prem, cap)

    def contracts(self) -> dict[str, Contract]:
        node = self.top.node_of("contracts")
        found: dict[str, Contract] = {}
        if node is None:
            return found
        if not isinstance(node, Map):
            self.problems.add(node.pos, "`contracts` is no mapping", "write `contracts: {alias: {at: .., abi: ..}}`")
            return found
        for key, value in node.entries:
            with self.problems.here():
                _check_alias(key, "an alias")
                if key.text in self.values or key.text in keys.GIVEN:
                    taken = "a value" if key.text in self.values else "given"
                    raise Flaw(key.pos, f"the alias {shown(key.text)} is already {taken}", "choose another name")
                if not isinstance(value, Map):
                    raise Flaw(value.pos, f"the contract {shown(key.text)} is no mapping", "write `{at: .., abi: ..}`")
                found_one = self.contract(key, value)
                if found_one is not None:
                    found[key.text] = found_one
        return found

    def contract(self, key: Scalar, node: Map) -> Contract | None:
        fields = Fields(node, keys.CONTRACT, f"the contract `{key.text}`", self.values, self.problems)
        at = fields.read("at", lambda s: s)
        chain = fields.read("chain", _chain)
        here = self.top.scalar("chain") if isinstance(self.top.node_of("chain"), Scalar) else None
        if chain is not None and (here is None or _chain(here) != chain):
            self.problems.add(
                fields.pos("chain"), "a contract on another chain", "plans run on one chain in this version"
            )
        abi_node = fields.node_of("abi")
        if at is None or abi_node is None:
            return None
        if isinstance(abi_node, Seq):
            return Contract(key.text, at, tuple(plain(item, "a signature") for item in abi_node.items), key.pos)
        abi = plain(abi_node, "`abi`")
        if abi.text not in ABI_SETS and not abi.text.endswith(".json"):
            remedy = nearest(
                abi.text, ABI_SETS, f"name one of {', '.join(ABI_SETS)}, a `.json` file, or list signatures"
            )
            raise Flaw(abi.pos, f"the interface {shown(abi.text)} is not known", remedy)
        return Contract(key.text, at, abi, key.pos)

    def steps(self) -> tuple[StepLine, ...]:
        found: list[StepLine] = []
        seen: dict[str, int] = {}
        total = 0
        for key, final in (("steps", False), ("finally", True)):
            node = self.top.node_of(key)
            if node is None:
                continue
            if not isinstance(node, Seq):
                self.problems.add(node.pos, f"`{key}` is no list", "start each step with `- id:`")
                continue
            if not node.items:
                self.problems.add(node.pos, f"`{key}` is empty", "add a step, or remove the key")
            for item in node.items:
                total += 1
                if total == MAX_STEPS + 1:
                    self.problems.add(
                        item.pos, f"more than {MAX_STEPS} steps", "split the plan; a step may schedule another plan"
                    )
                with self.problems.here():
                    if not isinstance(item, Map):
                        raise Flaw(item.pos, "a step is no mapping", "write `- {id: .., call: ..}`")
                    step = StepLoader(item, self.values, self.problems).step(final)
                    if step.id and step.id in seen:
                        raise Flaw(
                            step.pos, f"a second step `{step.id}`, first on line {seen[step.id]}", "rename one of them"
                        )
                    seen[step.id] = step.pos.line
                    found.append(step)
        return tuple(found)


def _check_alias(key: Scalar, what: str) -> None:
    if not _ALIAS.fullmatch(key.text):
        raise Flaw(
            key.pos, f"{shown(key.text)} cannot name {what}", "use letters, digits and `_`, not starting with a digit"
        )
    if key.text in keys.RESERVED:
        raise Flaw(key.pos, f"{shown(key.text)} is a word of the notation", "choose another name")


def _chain(scalar: Scalar) -> int:
    text = scalar.text.strip()
    if text in keys.CHAINS:
        return keys.CHAINS[text]
    if text.isdigit():
        return integer(scalar, 1, (1 << 64) - 1)
    remedy = nearest(text, keys.CHAINS, f"write a chain id, or one of {', '.join(keys.CHAINS)}")
    raise Flaw(scalar.pos, f"the chain {shown(text)} is not known", remedy)


def _salt(scalar: Scalar) -> bytes:
    text = scalar.text.strip()
    if not text.startswith("0x"):
        return bytes(keccak(text=text)[:8])
    if not re.fullmatch(r"0x[0-9a-fA-F]{16}", text):
        raise Flaw(scalar.pos, f"the salt {shown(text)} is not 8 bytes", "write 16 hex digits after 0x, or any text")
    return bytes.fromhex(text[2:])


def _price(scalar: Scalar) -> int:
    wei = amount(scalar, coin=True).wei()
    if not 0 < wei < 1 << 64:
        raise Flaw(scalar.pos, "the price is out of range", "write the highest base fee you accept, such as `40 gwei`")
    return wei
