"""Plans with a chain at hand, in memory: what is asked and pinned, what the Account lacks, every path tried."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from keeper.plans.check import check, drift
from keeper.plans.compile import Compiled, compile_plan
from keeper.plans.contracts import calldata
from keeper.plans.estimate import estimate
from keeper.plans.load import load_plan
from keeper.plans.lock import Lock, NameSource, parse_lock
from keeper.plans.pin import Deployment, Pinned, pin
from keeper.plans.port import Now
from keeper.plans.problems import PlanErrors
from keeper.plans.propose import propose
from keeper.plans.simulate import simulate
from keeper.plans.unwrap import Deed, deeds_of
from keeper.plans.verify import verify_deeds, verify_transaction
from keeper.wire.errors import BadInput
from keeper.wire.types import Status
from tests.unit.plans.chain_suite import holds_the_port
from tests.unit.plans.twin import (
    CALL_GAS,
    ENS,
    FACTS,
    NOW,
    REGISTRY,
    SCHEDULER,
    Account,
    Contract,
    Manager,
    MemoryChain,
    Owned,
    Puller,
    Roles,
    Token,
    address,
    text,
)

T = TypeVar("T")
OWNER, TEAM, USDC, VAULT, MANAGER, ROLES = (address(n) for n in (0xAA, 0xDD, 0xC0, 0xB1, 0xA7, 0x40))
DEPLOYMENT = Deployment(SCHEDULER, FACTS)
SET = "function set(uint256 value) payable"
GET = "function get() view returns (uint256 value, int256 minus, uint256 updatedAt)"


def wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def file(*steps: str, at: str = "2027-02-01 15:00 UTC", extra: str = "", owner: str = text(OWNER)) -> str:
    return f"""conductor: 1
name: chained
owner: "{owner}"
contracts:
  usdc: {{at: "{text(USDC)}", abi: erc20}}
  vault: {{at: "{text(VAULT)}", abi: ["{SET}", "{GET}"]}}
  roles: {{at: "{text(ROLES)}", abi: ["function mint(uint256 amount)"]}}
at: {at}
within: 7d
pay: {{deposit: 1 ether, premium: 1..2 gwei over 10m, max_gas_price: 40 gwei}}
{extra}steps:
""" + "".join(f"  - {step}\n" for step in steps)


def chain(*more: Contract, **fields: Any) -> MemoryChain:
    token = Token(USDC, units=6, balances={OWNER: 10**9})
    return MemoryChain(token, Owned(VAULT, holder=OWNER), Roles(ROLES), *more, **fields)


def pinned(source: str, on: MemoryChain, lock: Lock | None = None) -> Pinned:
    return wait(pin(load_plan(source, "plan.yaml"), on, DEPLOYMENT, lock))


def account_of(compiled: Compiled) -> str:
    return text(compiled.account)


def test_the_chain_in_memory_holds_the_port() -> None:
    wait(holds_the_port(chain(), SCHEDULER, USDC, OWNER, TEAM))


# ---------------------------------------------------------------------- pin


def test_names_decimals_and_gas_are_asked_once_and_pinned() -> None:
    on = chain(names={"dao.example": OWNER, "team.example": TEAM})
    source = file("{id: a, call: 'usdc.transfer(team.example, 5 usdc)'}", owner="dao.example")
    first = pinned(source, on)
    lock = first.compiled.lock
    assert lock.names == {"dao.example": text(OWNER), "team.example": text(TEAM)}
    assert lock.decimals == {text(USDC): 6}
    call = first.compiled.steps[0]
    assert call.calls[0].data[-32:] == (5 * 10**6).to_bytes(32, "big")
    asked = len(on.asked)
    second = pinned(source, on, parse_lock(lock.as_json(), "lock"))
    assert len(on.asked) == asked
    assert second.compiled.plan_id == first.compiled.plan_id


def test_file_and_lock_give_the_same_plan_without_a_chain() -> None:
    pay = "{id: a, call: 'usdc.transfer(dao.example, 5 usdc)'}"
    set_ = "{id: b, when: vault.get().value == 0, call: vault.set(1)}"
    source = file(pay, set_, at="+1d", extra="publish: hidden\n")
    first = pinned(source, chain(names={"dao.example": TEAM})).compiled
    assert (
        compile_plan(load_plan(source, "elsewhere.yaml"), parse_lock(first.lock.as_json(), "lock")).plan_id
        == first.plan_id
    )
    assert first.lock.seed is not None
    assert first.header.schedule_by == NOW.timestamp + 86_400 + 30 * 86_400


def test_gas_is_the_worst_of_all_paths_and_a_margin() -> None:
    source = file("{id: a, call: vault.set(1), undo: vault.set(0)}", "{id: b, call: vault.set(2), gas: 99_000}")
    plan = pinned(source, chain()).compiled
    step = plan.steps[0]
    assert step.undo is not None
    for limit in (step.gas_limit, step.undo.gas_limit):
        assert limit % 1_000 == 0
        assert 1.3 * CALL_GAS < limit < 1.3 * (CALL_GAS + 16 * 300) + 1_000
    assert plan.steps[1].gas_limit == 99_000


def test_reads_and_conditions_are_measured_too() -> None:
    step = pinned(
        file(
            "{id: a, if: [vault.get().value < 5, vault.get().updatedAt < now],"
            " call: 'vault.set(usdc.balanceOf(account))'}"
        ),
        chain(),
    ).compiled.steps[0]
    assert all(1.3 * CALL_GAS < one.gas_limit < 2 * CALL_GAS for one in (*step.conditions, *step.reads))


def test_an_interface_is_read_beside_the_plan_file(tmp_path: Path) -> None:
    (tmp_path / "abi").mkdir()
    (tmp_path / "abi/vault.json").write_text(f'{{"abi": ["{SET}"]}}')
    source = file("{id: a, call: vault.set(1)}").replace(f'["{SET}", "{GET}"]', "abi/vault.json")
    plan = load_plan(source, str(tmp_path / "plan.yaml"))
    found = wait(pin(plan, chain(), DEPLOYMENT)).compiled
    assert found.lock.abis == {"abi/vault.json": (SET,)}
    missing = load_plan(source.replace("vault.json", "vaults.json"), str(tmp_path / "plan.yaml"))
    with pytest.raises(PlanErrors, match=r"6:.*cannot use `abi/vaults.json`: No such file"):
        wait(pin(missing, chain(), DEPLOYMENT))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (file("{id: a, call: 'usdc.transfer(nobody.example, 1)'}"), "the name `nobody.example` has no address"),
        (file("{id: a, call: vault.set(1 roles)}"), "does not tell its decimals"),
        (file("{id: a, call: vault.set(666)}"), "`a` cannot be simulated: it reverted: the value is evil"),
        (
            file("{id: a, when: roles.fallback(0x12345678) == 1, call: vault.set(1)}"),
            "`a.condition.0` cannot be read now",
        ),
        (file("{id: a, call: vault.set(1), gas: 1}", at="2026-01-01 10:00 UTC"), "in the past"),
    ],
)
def test_what_the_chain_cannot_answer_is_a_problem_of_its_line(source: str, message: str) -> None:
    with pytest.raises(PlanErrors, match=message) as caught:
        pinned(source, chain())
    assert caught.value.problems[0].pos.line > 1


def test_a_chain_without_a_scheduler_is_told() -> None:
    on = chain()
    del on.world.code[SCHEDULER]
    with pytest.raises(BadInput, match="there is no Scheduler"):
        pinned(file("{id: a, call: vault.set(1)}"), on)


def test_a_lock_of_another_chain_is_not_used() -> None:
    lock = pinned(file("{id: a, call: vault.set(1)}"), chain()).compiled.lock
    other = pinned(file("{id: a, call: vault.set(1)}"), chain(number=10), lock).compiled
    assert other.lock.chain_id == 10
    assert other.header.chains[0].chain_id == 10


# ---------------------------------------------------------------------- grants


def test_tokens_of_all_steps_are_granted_together() -> None:
    found = pinned(file(*(f"{{id: s{i}, call: 'usdc.transfer({text(TEAM)}, {i} usdc)'}}" for i in (1, 2, 3))), chain())
    [grant] = found.grants
    assert grant.by == OWNER
    assert grant.lack == f"the Account lacks 6000000 units of the token {text(USDC)}"
    assert grant.remedy == f"transfer({account_of(found.compiled)}, 6000000) on {text(USDC)}"


def test_a_contract_is_let_take_tokens_of_the_account() -> None:
    found = pinned(
        file("{id: pay, call: 'usdc.transfer(vault, 1)'}", "{id: a, call: vault.set(7)}"), chain(Puller(VAULT, USDC))
    )
    assert [grant.lack for grant in found.grants] == [
        f"the Account lacks 8 units of the token {text(USDC)}",
        f"{text(VAULT)} may not take 7 more units of the token {text(USDC)} from {account_of(found.compiled)}",
    ]
    data = bytes.fromhex(json.loads(propose(found.compiled, found.grants).governor_json)["propose"][2:])
    told = verify_transaction(found.compiled, TEAM, 0, data)
    assert [one.what.split()[0] for one in told.calls] == ["sends", "lets", "schedules"]
    assert told.exact


def test_coin_is_granted_for_what_is_missing_only() -> None:
    on = chain()
    on.world.coin[OWNER] = 10**20
    steps = ("{id: a, call: vault.set(1), value: 1 ether}", "{id: b, call: vault.receive(), value: 2 ether}")
    first = pinned(file(*steps), on)
    on.world.coin[first.compiled.account] = 10**18
    checked = wait(check(first.compiled, on))
    coin = [lack for lack in checked.lacks if lack.value_wei]
    assert [lack.value_wei for lack in coin] == [2 * 10**18]


@pytest.mark.parametrize(
    ("setup", "step", "lack", "by"),
    [
        ("owned", "{id: a, call: vault.set(1)}", "the Account does not own", OWNER),
        ("managed", "{id: a, call: vault.set(1)}", "the Account lacks role 7 in the AccessManager", OWNER),
        ("roles", "{id: a, call: roles.mint(1)}", "the Account lacks role 0x", OWNER),
        ("roles without admin", "{id: a, call: roles.mint(1), gas: 1}", "the Account lacks role 0x", None),
        (
            "pull",
            f"{{id: a, call: 'usdc.transferFrom({text(TEAM)}, {text(OWNER)}, 5)'}}",
            "may not take 5 more units",
            TEAM,
        ),
    ],
)
def test_rights_are_named_with_the_call_that_grants_them(setup: str, step: str, lack: str, by: object) -> None:
    on = chain(Manager(MANAGER, members={0: {OWNER}}, roles={(VAULT, bytes.fromhex("60fe47b1")): 7}))
    world = on.world.code
    if setup == "managed":
        world[VAULT] = Owned(VAULT, manager=MANAGER)
    if setup == "roles":
        world[ROLES] = Roles(ROLES, members={bytes(32): {OWNER}})
    if setup == "pull":
        world[USDC] = Token(USDC, balances={TEAM: 100})
    found = pinned(file(step), on)
    checked = wait(check(found.compiled, on))
    assert [lack in one.lack for one in checked.lacks] == [True]
    assert [one.by for one in checked.lacks] == [by]
    assert not checked.ready


def test_a_ready_plan_lacks_nothing() -> None:
    on = chain()
    found = pinned(file("{id: a, call: vault.set(1)}"), on).compiled
    on.world.code[found.account] = Account(found.account, holder=OWNER, executor=SCHEDULER)
    on.world.code[VAULT] = Owned(VAULT, holder=found.account)
    checked = wait(check(found, on))
    assert (checked.lacks, checked.errors, checked.notes) == ((), (), ())
    assert checked.ready


def test_a_revoked_executor_is_an_error() -> None:
    on = chain()
    found = pinned(file("{id: a, call: vault.set(1)}"), on).compiled
    on.world.code[found.account] = Account(found.account, holder=OWNER, executor=TEAM)
    errors = wait(check(found, on)).errors
    assert any("Account_NotAllowed" in error for error in errors)


def test_drift_from_the_lock_is_an_error() -> None:
    on = chain(names={"team.example": TEAM})
    found = pinned(file("{id: a, call: 'usdc.transfer(team.example, 5 usdc)'}"), on).compiled
    on.names["team.example"] = OWNER
    on.world.code[USDC] = Token(USDC, units=18, balances={OWNER: 10**9})
    errors = wait(check(found, on)).errors
    assert any("team.example was" in error for error in errors)
    assert any("had 6 decimals" in error for error in errors)


def test_a_name_that_both_could_answer_has_to_say_which() -> None:
    source = file("{id: a, call: 'usdc.transfer(team.acme, 5 usdc)'}", owner="dao.org")
    on = chain(names={"dao.org": OWNER, "team.acme": TEAM}, registered={})
    with pytest.raises(PlanErrors) as caught:
        pinned(source, on)
    assert str(caught.value).splitlines() == [
        "plan.yaml:3:8: both the Registry and ENS could answer `dao.org`; write `reg:dao.org` or `ens:dao.org`",
        "plan.yaml:12:34: both the Registry and ENS could answer `team.acme`; write `reg:team.acme` or `ens:team.acme`",
    ]
    assert on.asked == []


def test_names_are_pinned_with_who_said_so() -> None:
    names = {"dao.eth": OWNER, "snake_case.acme": VAULT, "team.acme": VAULT}
    on = chain(names=names, registered={"team.acme": TEAM, "acme": VAULT})
    steps = "{id: a, call: 'usdc.transfer(reg:team.acme, 5 usdc)'}", "{id: b, call: 'usdc.transfer(v, 5 usdc)'}"
    extra = "values: {v: ens:team.acme, top: reg:acme, old: snake_case.acme}\n"
    more = "{id: c, call: 'usdc.transfer(top, 5 usdc)'}", "{id: d, call: 'usdc.transfer(old, 5 usdc)'}"
    lock = pinned(file(*steps, *more, owner="dao.eth", extra=extra), on).compiled.lock
    assert lock.names == {
        "dao.eth": text(OWNER),
        "reg:team.acme": text(TEAM),
        "ens:team.acme": text(VAULT),
        "reg:acme": text(VAULT),
        "snake_case.acme": text(VAULT),
    }
    by_registry = NameSource("reg", text(REGISTRY), NOW.block)
    by_ens = NameSource("ens", text(ENS), NOW.block)
    assert lock.sources == {
        "dao.eth": by_ens,
        "reg:team.acme": by_registry,
        "ens:team.acme": by_ens,
        "reg:acme": by_registry,
        "snake_case.acme": by_ens,
    }
    assert parse_lock(lock.as_json(), "lock") == lock


def test_where_there_is_no_ens_the_registry_is_asked() -> None:
    on = chain(registered={"team.acme": TEAM})
    found = pinned(file("{id: a, call: 'usdc.transfer(team.acme, 5 usdc)'}"), on).compiled
    assert found.lock.sources == {"team.acme": NameSource("reg", text(REGISTRY), NOW.block)}
    on.names["team.acme"] = OWNER
    assert wait(drift(found, on)) == [], "who was asked once is asked again"


@pytest.mark.parametrize(
    ("name", "on", "said"),
    [
        ("reg:team.acme", {}, "the Registry is not on this chain; write the address"),
        ("ens:team.acme", {"registered": {}}, "ENS is not on this chain; write the address"),
        (
            "dao.eth",
            {"registered": {}},
            "the name `dao.eth` has no address on this chain; mend the name, or write the address",
        ),
        (
            "reg:no.acme",
            {"registered": {}},
            "the name `reg:no.acme` has no address on this chain; mend the name, or write the address",
        ),
    ],
)
def test_a_name_that_nobody_answers_is_one_line(name: str, on: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanErrors) as caught:
        pinned(file("{id: a, call: vault.set(1)}", owner=name), chain(**on))
    assert str(caught.value) == f"plan.yaml:3:8: {said}"


def test_another_registry_or_address_is_drift() -> None:
    on = chain(registered={"team.acme": TEAM})
    found = pinned(file("{id: a, call: 'usdc.transfer(reg:team.acme, 5 usdc)'}"), on).compiled
    source = found.lock.sources["reg:team.acme"]
    elsewhere = replace(found.lock, sources={"reg:team.acme": replace(source, by=text(VAULT))})
    said = f"by the Registry ({text(VAULT)}) at block {NOW.block}"
    assert wait(drift(replace(found, lock=elsewhere), on)) == [
        f"reg:team.acme was answered {said}, and the Registry asked now is {text(REGISTRY)}"
    ]
    assert on.registered is not None
    on.registered["team.acme"] = OWNER
    changed = f"reg:team.acme was {text(TEAM)} when the plan was compiled, and is {text(OWNER)} now"
    assert wait(drift(found, on)) == [changed]
    del on.registered["team.acme"]
    gone = f"reg:team.acme was {text(TEAM)} when the plan was compiled, and is nothing now"
    assert wait(drift(found, on)) == [gone]


# ---------------------------------------------------------------------- paths


BRANCHED = (
    "{id: a, call: vault.set(1), undo: vault.set(0)}",
    "{id: b, if: vault.get().value == 1, call: vault.set(2), undo: vault.set(1)}",
    "{id: c, unless: b, call: vault.set(3)}",
)


def test_every_path_is_walked() -> None:
    plan = pinned(file(*BRANCHED), chain()).compiled
    walked = {one.path.name: one.path for one in wait(simulate(plan)).walked}
    ran = {
        name: [f"{plan.ids[action.index]}{'-' if action.kind == 'undo' else ''}" for action in path.actions]
        for name, path in walked.items()
    }
    assert ran["all done"] == ["a", "b"]
    assert ran["`if` of b is false"] == ["a", "c"]
    assert ran["a is missed"] == []
    assert ran["b is missed"] == ["a", "a-"]
    assert ran["cancelled before b"] == ["a", "a-"]
    assert walked["b is missed"].status is Status.ABORTED
    assert not any(path.stuck for path in walked.values())


def test_undos_run_last_first() -> None:
    steps = [f"{{id: s{i}, call: vault.set({i}), undo: vault.set({i}), gas: 1}}" for i in range(4)]
    plan = pinned(file(*steps), chain()).compiled
    last = next(one.path for one in wait(simulate(plan)).walked if one.path.name == "s3 is missed")
    assert [(action.index, action.kind) for action in last.actions[3:]] == [(2, "undo"), (1, "undo"), (0, "undo")]


def test_a_failing_undo_is_an_error() -> None:
    on = chain()
    plan = pinned(
        file("{id: a, call: vault.set(1), undo: {call: vault.set(666), gas: 50_000}}", "{id: b, call: vault.set(2)}"),
        on,
    )
    errors = wait(simulate(plan.compiled, on)).errors
    assert errors
    assert all("the undo of a fails: it reverted: the value is evil" in error for error in errors)


def test_a_comparison_that_never_holds_and_gas_that_is_short_are_errors() -> None:
    on = chain()
    plan = pinned(file("{id: a, when: vault.get().value < 0, call: vault.set(1), gas: 10_000}"), on).compiled
    assert any("can never be true" in error for error in wait(simulate(plan)).errors)
    short = pinned(file("{id: a, call: vault.set(1), gas: 10_000}"), on).compiled
    assert any("its limit is 10000" in error for error in wait(simulate(short, on)).errors)


# ---------------------------------------------------------------------- estimate


def test_estimate_counts_the_dearest_path_for_all_runs() -> None:
    plan = pinned(file(*BRANCHED, extra="every: 2w\nruns: 3\n"), chain()).compiled
    cost = estimate(plan, 30 * 10**9)
    by_id = {(step.id, step.is_undo): step for step in cost.steps}
    assert cost.expected_wei == by_id["a", False].expected_wei + by_id["b", False].expected_wei
    assert cost.worst_wei > sum(by_id["a", undo].worst_wei for undo in (False, True))
    assert cost.deposit_wei == 3 * cost.worst_wei
    capped, low = estimate(plan, 900 * 10**9), estimate(plan, 10**9)
    assert capped.expected_wei == estimate(plan, 40 * 10**9).expected_wei
    assert low.expected_wei < cost.expected_wei
    assert capped.worst_wei == low.worst_wei


# ---------------------------------------------------------------------- with grants


def test_a_proposal_with_grants_verifies_and_a_stranger_in_it_does_not() -> None:
    found = pinned(file("{id: a, call: vault.set(1)}"), chain())
    proposal = propose(found.compiled, found.grants, create_account=True)
    assert [call.what.split()[0] for call in proposal.calls] == [
        "create",
        f"transferOwnership({account_of(found.compiled)})",
        "schedule",
    ]
    data = bytes.fromhex(json.loads(proposal.governor_json)["propose"][2:])
    assert verify_transaction(found.compiled, TEAM, 0, data, found.grants).exact
    assert verify_transaction(found.compiled, TEAM, 0, data).exact, "the file itself implies it"
    stranger = Deed(VAULT, 0, calldata("ownable", "transferOwnership", text(TEAM)))
    verdict = verify_deeds(found.compiled, [*deeds_of(TEAM, 0, data), stranger], found.grants)
    assert not verdict.exact
    assert [text(VAULT) in finding for finding in verdict.findings] == [True]
    assert not verify_deeds(found.compiled, []).exact


def test_now_is_on_the_plans_clock() -> None:
    assert (Now(5, 7).on("blocks"), Now(5, 7).on("seconds")) == (5, 7)
    assert replace(NOW, block=1).on("blocks") == 1
