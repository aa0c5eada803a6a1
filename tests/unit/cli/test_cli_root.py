"""`conductor` itself: quick help, suggestions, exit codes, and one line for whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from sqlalchemy.exc import OperationalError

from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.cli import root as root_module
from keeper.cli.command import command
from keeper.cli.errors import as_conductor_error, as_json, line
from keeper.cli.lazy import Lazy
from keeper.cli.new import NewPlan
from keeper.plans.problems import PlanErrors, Pos, Problem
from keeper.wire.abi import interface
from keeper.wire.errors import BadInput, ConductorError, NotNow, Refused
from tests.unit.cli.shell import Shell

SHELLS = "'bash', 'zsh', 'fish'"
PROBE = """
import resource, sys
sys.argv = ["conductor", *sys.argv[1:]]
from keeper.cli import main
try:
    main()
except SystemExit as done:
    code = done.code
slow = ("web3", "sqlalchemy", "pydantic", "rich", "keeper.chain", "keeper.plans")
heavy = [name for name in slow if name in sys.modules]
used = resource.getrusage(resource.RUSAGE_SELF)
sys.stderr.write(f"{code} {heavy}\\n{used.ru_utime + used.ru_stime}")
"""


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["keeper", "--help"]])
def test_help_answers_at_once(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True, timeout=60)
    loaded, cpu_s = done.stderr.splitlines()
    assert loaded == "0 []"
    assert float(cpu_s) < 0.3
    assert "Commands:" in done.stdout


def test_every_command_is_listed(shell: Shell) -> None:
    said = shell.run("--help")
    assert [name for name in root_module.COMMANDS if f"  {name} " not in said.out] == []


@pytest.mark.parametrize(
    ("words", "command", "said"),
    [
        (["plna"], "conductor", "there is no command 'plna': did you mean plan?: see `conductor --help`"),
        (["plan", "chek"], "conductor plan",
         "there is no command 'chek': did you mean check?: see `conductor plan --help`"),
        (["keeper", "jion"], "conductor keeper",
         "there is no command 'jion': did you mean join?: see `conductor keeper --help`"),
        (["plan", "graph", "x.yaml", "--formt", "dot"], "conductor plan graph",
         "there is no option --formt: did you mean --format?"),
        (["plan", "graph"], "conductor plan graph", "missing argument 'FILE': see `conductor plan graph --help`"),
        (["completion", "tcsh"], "conductor completion",
         f"invalid value for '{{bash|zsh|fish}}': 'tcsh' is not one of {SHELLS}: see `conductor completion --help`"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_one_line_with_the_nearest_right_one(
    shell: Shell, words: list[str], command: str, said: str
) -> None:
    assert shell.refused(2, *words) == f"{command}: {said}"


class Unforeseen(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BadInput("a is wrong", remedy="write b"), 2, "a is wrong: write b"),
        (NotNow("too early", remedy="wait"), 3, "too early: wait"),
        (Refused("no", remedy="ask"), 4, "no: ask"),
        (ConductorError("broken\nin two lines"), 1, "broken in two lines"),
        (Unforeseen("boom"), 1, "nobody foresaw this: Unforeseen: boom: please report it with the command you gave"),
        (
            OperationalError("select", {}, OSError("unable to open database file")),
            1,
            "the database fails: unable to open database file: check --database",
        ),
        (
            PermissionError(13, "Permission denied", "plan.yaml"),
            2,
            "plan.yaml: Permission denied: check the path and its permissions",
        ),
        (KeyboardInterrupt(), 1, "stopped"),
        (click.Abort(), 1, "stopped"),
        (click.FileError("x", "gone"), 2, "Could not open file 'x': gone"),
    ],
)
def test_every_error_has_its_exit_code_and_line(error: BaseException, code: int, said: str) -> None:
    found = as_conductor_error(error)
    assert (found.exit_code, line(found)) == (code, said)
    assert json.loads(as_json(found))["exit_code"] == code


def test_a_revert_is_the_contracts_own_refusal() -> None:
    data = "0x" + interface("Scheduler").errors["Scheduler_TooEarly"].encode(1, 20, 10).hex()
    error = as_conductor_error(EndpointFailed("node", Trouble.REVERTED, "execution reverted", code=3, data=data))
    assert error.exit_code == 3
    assert line(error) == (
        "The step's window is not open yet. [Scheduler_TooEarly(index=1, opensAt=20, nowAt=10)]: Wait until then."
    )


def test_an_endpoints_trouble_says_what_to_do() -> None:
    error = as_conductor_error(EndpointFailed("node", Trouble.HANGING, "no answer"))
    assert (error.exit_code, line(error)) == (1, "node: no answer: try again, or give another endpoint with --rpc")


def test_a_plan_files_errors_are_a_line_each() -> None:
    problems = [Problem(Pos(1, 2), "one", "mend it"), Problem(Pos(3, 4), "two", "mend it too")]
    assert line(PlanErrors("p.yaml", problems)) == "p.yaml:1:2: one; mend it\np.yaml:3:4: two; mend it too"


def test_a_bug_is_one_line_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    @command("boom", NewPlan)
    def boom() -> NewPlan:
        """Fail."""
        raise Unforeseen("boom")

    monkeypatch.setitem(root_module.COMMANDS, "boom", Lazy("fail", lambda: boom))
    assert shell.refused(1, "boom").startswith("nobody foresaw this: Unforeseen: boom")
