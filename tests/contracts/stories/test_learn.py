"""X1 to X4: what another chain did is learnt from its whole plan word; every chain comes to the same decision."""

from __future__ import annotations

from typing import Any

import pytest

from keeper.wire import hashing
from keeper.wire.types import Join, Status, Step, Value
from keeper.wire.word import PlanWord, encode_word
from tests.contracts.plans import DAY_S, GWEI, Ask, Plan, address, step, undo
from tests.contracts.world import Refusal, World


def route(world: World, to_chain: int = 31337, verifier: Any = None) -> bytes:
    foreign = address("0x" + "f0" * 20)
    return hashing.route(to_chain, 10, foreign, address(verifier or world.contract("TestRoute")), b"config")


def shared(world: World, *steps: Step, here: int, scheduled: bool = True, **fields: Any) -> Plan:
    plan = world.two_chain_plan(*steps, here=here, route=route(world), **fields)
    if scheduled:
        world.do(plan.schedule(), by=world.owner, value=10**18)
    return plan


def there(values: str, status: Status = Status.ACTIVE) -> int:
    """The other chain's word."""
    word = PlanWord(status=status, move=9, changed=5)
    return encode_word(word.with_values(Value("PDSFUX".index(letter)) for letter in values))


def test_a_step_waits_for_what_another_chain_did(world: World) -> None:
    """X1, X3: and runs when that is known; learning is paid as a poke."""
    plan = shared(world, step(), step(world.ping(1), needs=0b01), here=0b10)
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_NeedsPending", (1, 1))
    receipt = world.do(plan.learn(there("DP")))
    assert world.values(plan) == "DP"
    assert 1_000 * GWEI < world.credit(world.keeper) <= receipt.gas_used * world.base_fee + 1_000 * GWEI
    world.do(plan.run(1))
    assert (world.values(plan), world.status(plan)) == ("DD", Status.COMPLETED)


def test_only_a_steps_own_chain_settles_it(world: World) -> None:
    """X1: what the other chain says of this chain's steps is ignored; this chain cannot run, settle or report
    theirs."""
    plan = shared(world, step(), step(world.ping(1)), here=0b10)
    for ask in (plan.run(0), plan.settle(0)):
        assert world.refusal(ask) == Refusal("Scheduler_WrongChain", (31337,))
    assert world.refusal(plan.learn(there("PD"))) == Refusal("Scheduler_NoNews", (plan.id,))
    world.do(plan.learn(there("DF")))
    assert world.values(plan) == "DP"


@pytest.mark.parametrize("status", [Status.ABORTING, Status.ABORTED])
def test_an_abort_there_is_an_abort_here(world: World, status: Status) -> None:
    """X2: even if it brings no news of a step; own Pending steps become Skipped, what is Done is undone."""
    plan = shared(world, step(), step(world.note(1), undo=undo(world.note(101))), step(world.note(2)), here=0b110)
    world.do(plan.run(1))
    world.do(plan.learn(there("PPP", status)))
    assert (world.values(plan), world.status(plan)) == ("PDS", Status.ABORTING)
    world.do(plan.undo(1))
    assert world.notes() == [1, 101]
    assert (world.values(plan), world.status(plan)) == ("PUS", Status.ABORTED)


def test_a_void_there_is_an_abort_here_by_its_forward_steps_alone(world: World) -> None:
    """X2, X4: they are Failed. A chain that has only finally steps decides nothing, so that nobody can turn there what
    is committed elsewhere."""
    plan = shared(world, step(), step(world.note(1)), here=0b10)
    world.do(plan.learn(there("FP", Status.VOID)))
    assert (world.values(plan), world.status(plan)) == ("FS", Status.ABORTED)
    plan = shared(world, step(world.note(2)), step(), finals=1, here=0b01)
    assert world.refusal(plan.learn(there("PP", Status.VOID))) == Refusal("Scheduler_NoNews", (plan.id,))
    world.do(plan.learn(there("PF", Status.VOID)))
    assert (world.values(plan), world.status(plan)) == ("PF", Status.ACTIVE)
    world.do(plan.run(0))
    assert (world.values(plan), world.status(plan)) == ("DF", Status.COMPLETED)


def test_a_failure_there_aborts_here(world: World) -> None:
    """S3, X2: the decision is over the forward steps of all chains."""
    plan = shared(world, step(), step(world.note(1)), here=0b10)
    world.do(plan.learn(there("FP")))
    assert (world.values(plan), world.status(plan)) == ("FS", Status.ABORTED)


def test_a_commit_needs_everybodys_steps(world: World) -> None:
    """X1, X2: own steps all settled, still Active, in doubt; the owner may take the deposit out meanwhile, nobody
    else."""
    plan = shared(world, step(), step(world.ping(1)), here=0b10)
    world.do(plan.run(1))
    assert (world.values(plan), world.status(plan)) == ("PD", Status.ACTIVE)
    assert world.refusal(plan.expire()) is not None
    refused = Refusal("Scheduler_NotOwner", (world.owner.address.lower(), world.stranger.address.lower()))
    assert world.refusal(plan.reclaim(), by=world.stranger) == refused
    world.do(plan.reclaim(), by=world.owner)
    assert world.word(plan).deposit_gwei == 0
    world.at(plan.start + 10**7).do(plan.learn(there("DP")))
    assert (world.values(plan), world.status(plan)) == ("DD", Status.COMPLETED)


def test_the_owner_may_not_reclaim_while_something_is_left_to_do_here(world: World) -> None:
    plan = shared(world, step(), step(world.ping(1)), here=0b10)
    assert world.refusal(plan.reclaim(), by=world.owner) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))


def test_an_undo_waits_for_dependents_on_other_chains(world: World) -> None:
    """S4 over chains: step 1 there needs step 0 here; 0 is undone only when 1 is known to be undone."""
    plan = shared(
        world,
        step(world.note(0), undo=undo(world.note(100))),
        step(needs=1, undo=undo(world.note(9))),
        step(closes=50),
        here=0b001,
    )
    world.do(plan.run(0))
    world.do(plan.learn(there("PDP")))
    world.do(plan.learn(there("PDF", Status.ABORTING)))
    assert (world.values(plan), world.status(plan)) == ("DDF", Status.ABORTING)
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_DependentsStand", (0, 0b010))
    world.do(plan.learn(there("PUF", Status.ABORTED)))
    assert world.values(plan) == "DUF"
    world.do(plan.undo(0))
    assert world.status(plan) == Status.ABORTED


def test_facts_are_accepted_in_every_status_but_two(world: World) -> None:
    """X3: final ones too, so that no chain is left in doubt; not before scheduling and not when void."""
    plan = shared(world, step(), step(undo=undo(world.note(9))), step(world.ping(2)), here=0b100)
    world.do(plan.learn(there("FDP", Status.ABORTING)))
    assert world.status(plan) == Status.ABORTED
    world.do(plan.learn(there("FUP", Status.ABORTED)))
    assert (world.values(plan), world.status(plan)) == ("FUS", Status.ABORTED)
    fresh = shared(world, step(), step(world.ping(1)), here=0b10, scheduled=False)
    refused = Refusal("Scheduler_WrongStatus", (fresh.id, Status.NOT_SCHEDULED))
    assert world.refusal(fresh.learn(there("DP"))) == refused
    world.do(fresh.void(), by=world.owner)
    assert world.refusal(fresh.learn(there("DP"))) == Refusal("Scheduler_WrongStatus", (fresh.id, Status.VOID))


def test_a_fact_without_news_reverts(world: World) -> None:
    """X3: nobody is paid for telling what is known; and an old word takes nothing back."""
    plan = shared(world, step(undo=undo()), step(), step(world.ping(2)), here=0b100)
    no_news = Refusal("Scheduler_NoNews", (plan.id,))
    assert world.refusal(plan.learn(there("PPP"))) == no_news
    world.do(plan.learn(there("DPP")))
    assert world.refusal(plan.learn(there("DPP"))) == no_news
    assert world.refusal(plan.learn(there("PPP"))) == no_news
    world.do(plan.learn(there("UFP", Status.ABORTED)))
    assert world.refusal(plan.learn(there("DPP"))) == no_news
    assert world.values(plan) == "UFS"


def test_values_only_move_forward(world: World) -> None:
    """X1: Pending to anything, Done to Undone or UndoFailed; every other pair is no news."""
    for known in "DSFUX":
        for told in "PDSFUX":
            plan = shared(world, step(undo=undo()), step(world.ping(1)), step(closes=5), here=0b010)
            world.do(plan.learn(there(f"{known}PP")))
            refused = world.refusal(plan.learn(there(f"{told}PP")))
            if (known, told) in {("D", "U"), ("D", "X")}:
                assert refused is None, (known, told)
            else:
                assert refused == Refusal("Scheduler_NoNews", (plan.id,)), (known, told)


def test_a_route_is_one_of_the_plans_and_leads_here(world: World) -> None:
    """The header commits to the routes; a route from here to elsewhere, a changed one, or none is refused."""
    plan = shared(world, step(), step(world.ping(1)), here=0b10)
    word = there("DP").to_bytes(32, "big")
    for bad in (route(world, to_chain=10), route(world) + b"!", route(world)[:-1], b"", route(world)[:40]):
        assert world.refusal(Ask("learn", (plan.short, bad, [], word))) == Refusal(
            "Scheduler_BadRoute", (hashing.keccak(bad),)
        )
    alien = world.deploy("TestRoute")
    bad = route(world, verifier=alien)
    assert world.refusal(Ask("learn", (plan.short, bad, [], word))) is not None
    alone = world.scheduled(step(world.ping(1)))
    refused = world.refusal(Ask("learn", (alone.short, route(world), [], word)))
    assert refused is not None
    assert refused.name == "Scheduler_BadRoute"


def test_a_route_away_from_here_is_refused_even_if_committed(world: World) -> None:
    away = route(world, to_chain=10)
    plan = world.two_chain_plan(step(), step(world.ping(1)), here=0b10, route=away)
    world.do(plan.schedule(), by=world.owner, value=10**18)
    assert world.refusal(plan.learn(there("DP"))) == Refusal("Scheduler_BadRoute", (hashing.keccak(away),))


def test_bad_evidence_reverts(world: World) -> None:
    """The route decides; its refusal passes through."""
    plan = shared(world, step(), step(world.ping(1)), here=0b10)
    refused = world.refusal(Ask("learn", (plan.short, plan.route, [], b"short")))
    assert refused == Refusal("TestRoute_Disbelieved", (5,))


def test_a_plan_voided_here_tells_so_and_counts_as_an_abort(world: World) -> None:
    """X4, X2: never scheduled here, refused for ever: its steps here are Failed, which is what others learn."""
    plan = shared(world, step(), step(world.ping(1)), here=0b10, scheduled=False, length=500)
    ends = plan.start + 500 + DAY_S
    assert world.at(ends - 1).refusal(plan.void(), by=world.stranger) == Refusal("Scheduler_NotExpired", (ends,))
    world.at(ends).do(plan.void(), by=world.stranger)
    assert (world.values(plan), world.status(plan)) == ("PF", Status.VOID)


def test_joins_over_chains(world: World) -> None:
    """S1, S2: a foreign need that is not known yet does not stop a lapse, because only its own chain may settle it."""
    plan = shared(world, step(), step(world.ping(1), needs=0b01, join=Join.NONE_DONE, closes=50), here=0b10)
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_NeedsPending", (1, 1))
    assert world.at(plan.start + 49).refusal(plan.settle(1)) == Refusal("Scheduler_NotLapsed", (1, plan.start + 50))
    world.at(plan.start + 50).do(plan.settle(1))
    assert (world.values(plan), world.status(plan)) == ("PF", Status.ABORTED)


def test_a_stamp_of_a_foreign_step_is_when_it_was_learnt(world: World) -> None:
    """Section 3: this chain's own time at which a step's value became known here."""
    plan = shared(world, step(), step(world.ping(1), needs=1, since=1, opens=5, closes=9), here=0b10, stamped=1)
    at = plan.start + 300
    world.at(at).do(plan.learn(there("DP")))
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_TooEarly", (1, at + 5, at))
    world.at(at + 5).do(plan.run(1))
    assert world.status(plan) == Status.COMPLETED
