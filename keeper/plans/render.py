"""A compiled plan's calls and conditions in the notation, with the file's own names."""

from __future__ import annotations

from eth_utils.address import to_canonical_address

from keeper.plans.abi import Interface
from keeper.plans.compile import Compiled
from keeper.plans.scope import Scope
from keeper.plans.show import Source
from keeper.plans.show_calls import call_lines, condition_text
from keeper.wire.types import Address, Step


def source_of(compiled: Compiled) -> Source:
    """What a plan file and its lock know of the plan's addresses."""
    scope = Scope(compiled.plan, compiled.lock)
    aliases: dict[Address, str] = {}
    interfaces: dict[Address, Interface] = {}
    for alias, contract in compiled.plan.contracts.items():
        address = Address(bytes(to_canonical_address(scope.alias_address(alias))))
        aliases.setdefault(address, alias)
        interfaces[address] = (*interfaces.get(address, ()), *(scope.interface(alias, contract.pos) or ()))
    return Source(
        chain_id=compiled.lock.chain_id,
        scheduler=compiled.scheduler,
        facts=compiled.facts,
        account=compiled.account,
        name=compiled.plan.name,
        names=compiled.ids,
        aliases=aliases,
        interfaces=interfaces,
        deposit_wei=compiled.deposit_wei,
        seed=None if compiled.lock.seed is None else bytes.fromhex(compiled.lock.seed[2:]),
    )


def step_lines(step: Step, source: Source) -> list[str]:
    """Conditions, calls and undo of a step, one a line."""
    words = source.words()
    guard = "if" if step.skip_if_false else "when"
    lines = [f"{guard} {condition_text(condition, words)}" for condition in step.conditions]
    for text, value in call_lines(step.calls, step.reads, words):
        lines.append(text if value is None else f"{text} with {value}")
    if step.undo is not None:
        for text, value in call_lines(step.undo.calls, (), words):
            lines.append(f"undone by {text}" + ("" if value is None else f" with {value}"))
    return lines
