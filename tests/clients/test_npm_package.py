"""The npm package as its users get it: packed, installed elsewhere, type-checked, compiled, and asked on a chain."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.user import User
from tests.clients.world import World
from tests.conftest import ROOT
from toolchain import npm

PACKAGE = ROOT / "js"


def test_what_is_generated_is_what_the_contracts_give() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "toolchain.npm", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, "")


def test_a_stale_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "abi").mkdir()
    (tmp_path / "abi/Gone.js").touch()
    for name, value in {"ROOT": tmp_path, "PACKAGE": tmp_path, "shipped": lambda: {tmp_path / "index.js": ""}}.items():
        monkeypatch.setattr(npm, name, value)
    assert npm.main(["--check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [f"{name} is not what contracts/ gives: run `make abi`" for name in ("index.js", "abi/Gone.js")]
    assert npm.main([]) == 0
    assert npm.main(["--check"]) == 0


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = json.loads((PACKAGE / "package.json").read_text())
    assert (package["name"], package["version"]) == (project["name"], project["version"])
    assert not {"dependencies", "devDependencies", "install", "postinstall"} & package.keys()


WRONG = {
    "function": ('functionName: "keeper"', 'functionName: "keepers"', "TS2820"),
    "argument": ('args: ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]', "args: [5]", "TS2322"),
    "answer": ("seatPlusOne - 1n", "seatPlusOne.length", "TS2339"),
    "contract": ("addresses.Scheduler", "addresses.Schedule", "TS2551"),
}
"""What is right in the README's file, what is wrong in its place, and the compiler's word for it."""


@pytest.fixture(scope="module")
def readme(user: User) -> User:
    """With the README's files."""
    user.write(PACKAGE / "README.md")
    return user


def test_nothing_but_the_package_is_in_it(user: User) -> None:
    inside = user.folder / "node_modules/onchain-conductor"
    assert {path.name for path in inside.iterdir()} == {
        *("package.json", "README.md", "LICENSE", "index.js", "index.d.ts", "addresses.js", "addresses.d.ts"),
        *("abi", "contracts"),
    }


def test_the_readmes_typescript_type_checks_and_reads_a_chain(readme: User, start_anvil: Callable[..., str]) -> None:
    checked = readme.tsc("read.ts")
    assert (checked.returncode, checked.stdout) == (0, "")
    url = start_anvil()
    World(url).protocol("Scheduler")
    assert readme.run("node", "read.js", ETH_RPC_URL=url) == "0 wei, no seat\n"


def test_what_is_wrong_does_not_type_check(readme: User) -> None:
    text = (readme.folder / "read.ts").read_text()
    for name, (right, wrong, _) in WRONG.items():
        assert right in text
        (readme.folder / f"{name}.ts").write_text(text.replace(right, wrong))
    checked = readme.tsc(*(f"{name}.ts" for name in WRONG))
    found = set(re.findall(r"^(\w+)\.ts\(\d+,\d+\): error (TS\d+)", checked.stdout, re.MULTILINE))
    assert {(name, code) for name, (_, _, code) in WRONG.items()} <= found, checked.stdout


def test_the_declarations_are_types_of_the_values(readme: User) -> None:
    """Each .d.ts on its own, checked strictly, and every constant that one declares is there."""
    names = [path.stem for path in sorted((PACKAGE / "abi").glob("*.d.ts"))]
    constants = ", ".join(npm.constant(name.removesuffix(".d")) for name in names)
    text = f'import {{ {constants}, addresses, deployer, deployments }} from "onchain-conductor";\n'
    text += f"export const all = [{constants}, addresses, deployer, deployments].length;\nconsole.log(all);\n"
    (readme.folder / "all.ts").write_text(text.replace("console", "globalThis.console"))
    checked = readme.tsc("all.ts", "--skipLibCheck", "false", "--skipDefaultLibCheck")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert readme.run("node", "all.js") == f"{len(names) + 3}\n"


def test_every_interface_compiles_from_where_it_is_installed(readme: User) -> None:
    inside = readme.folder / "node_modules/onchain-conductor/contracts/interfaces"
    shipped = sorted(path.stem for path in inside.glob("*.sol"))
    assert shipped == sorted(path.stem for path in (ROOT / "contracts/interfaces").glob("*.sol"))
    imports = [f'import {{{name}}} from "onchain-conductor/contracts/interfaces/{name}.sol";' for name in shipped]
    head = ["// SPDX-License-Identifier: MIT", "pragma solidity ^0.8.30;"]
    (readme.folder / "All.sol").write_text("\n".join([*head, *imports, ""]))
    readme.forge("Priced.sol", "All.sol")
    assert (readme.folder / "out/Priced.sol/Priced.json").exists()
