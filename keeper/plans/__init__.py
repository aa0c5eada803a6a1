"""Plan files: load, check, compile, show, simulate, propose (design section 9, docs/plans.md).

    plan = read_plan("treasury.yaml", {"team": "0x.."})     text -> PlanFile; everything wrong in it at once
    pinned = await pin(plan, RpcChain(reads), deployment)   asks the chain what the text leaves open
    write the lock: pinned.compiled.lock.as_json()          from now on `compile_plan(plan, lock)` needs no chain

Errors are PlanErrors (a BadInput) with a line for each problem: file, line, column, what is wrong, how to mend it.
"""

from __future__ import annotations

from keeper.plans.actions import OwnerCall, owner_calls, schedule_call
from keeper.plans.check import Checked, check, drift
from keeper.plans.compile import Compiled, compile_plan
from keeper.plans.describe import describe
from keeper.plans.document import PlanFile
from keeper.plans.estimate import Estimate, StepCost, estimate
from keeper.plans.explain import Explained
from keeper.plans.grants import Grant
from keeper.plans.graph import dot, lanes, mermaid
from keeper.plans.load import load_plan, read_plan
from keeper.plans.lock import Lock, lock_path, parse_lock, read_lock
from keeper.plans.new import new_plan, plan_from_safe
from keeper.plans.paths import Path, plan_paths
from keeper.plans.pin import Deployment, Pinned, pin
from keeper.plans.port import Chain, Message, Now, Outcome
from keeper.plans.problems import PlanErrors, Problem
from keeper.plans.propose import Proposal, propose
from keeper.plans.render import source_of, step_lines
from keeper.plans.rpc import RpcChain
from keeper.plans.schema import json_schema
from keeper.plans.show import Shown, Source, show
from keeper.plans.simulate import Simulation, simulate
from keeper.plans.verify import (
    Verdict,
    verify_batch,
    verify_plan,
    verify_proposal_id,
    verify_transaction,
)

__all__ = [
    "Chain",
    "Checked",
    "Compiled",
    "Deployment",
    "Estimate",
    "Explained",
    "Grant",
    "Lock",
    "Message",
    "Now",
    "Outcome",
    "OwnerCall",
    "Path",
    "Pinned",
    "PlanErrors",
    "PlanFile",
    "Problem",
    "Proposal",
    "RpcChain",
    "Shown",
    "Simulation",
    "Source",
    "StepCost",
    "Verdict",
    "check",
    "compile_plan",
    "describe",
    "dot",
    "drift",
    "estimate",
    "json_schema",
    "lanes",
    "load_plan",
    "lock_path",
    "mermaid",
    "new_plan",
    "owner_calls",
    "parse_lock",
    "pin",
    "plan_from_safe",
    "plan_paths",
    "propose",
    "read_lock",
    "read_plan",
    "schedule_call",
    "show",
    "simulate",
    "source_of",
    "step_lines",
    "verify_batch",
    "verify_plan",
    "verify_proposal_id",
    "verify_transaction",
]
