"""The npm package as its users get it: packed, installed elsewhere, type-checked, compiled, and asked on a chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.blocks import blocks
from tests.clients.world import World
from tests.conftest import BINARIES, ROOT
from toolchain import npm

PACKAGE = ROOT / "js"
MODULES = ROOT / "tests/clients/node_modules"
SETTINGS = {
    "compilerOptions": {
        "strict": True,
        "noEmit": False,
        "target": "es2022",
        "module": "nodenext",
        "types": [],
        "lib": ["es2022", "dom"],
        "skipLibCheck": False,
    },
}


def test_what_is_generated_is_what_the_contracts_give() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "toolchain.npm", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, "")


def test_a_stale_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody who installed the package, with viem, typescript and the README's files."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    _run(["npm", "pack", "--silent", "--pack-destination", str(folder)], PACKAGE)
    tarball = next(folder.glob("onchain-conductor-*.tgz"))
    _run(["npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", str(tarball)], folder)
    for module in (path for path in MODULES.iterdir() if not path.name.startswith(".")):
        (folder / "node_modules" / module.name).symlink_to(module)
    (folder / "globals.d.ts").write_text("declare const process: { env: { [name: string]: string | undefined } };\n")
    (folder / "tsconfig.json").write_text(json.dumps(SETTINGS))
    for language, name, text in blocks(PACKAGE / "README.md"):
        if name is not None:
            assert language in {"ts", "solidity"}
            (folder / name).write_text(text)
    return folder


def test_nothing_is_left_behind_and_nothing_but_the_package_is_in_it(user: Path) -> None:
    assert not (PACKAGE / "contracts").exists()
    inside = user / "node_modules/onchain-conductor"
    assert {path.name for path in inside.iterdir()} == {
        *("package.json", "README.md", "LICENSE", "index.js", "index.d.ts", "addresses.js", "addresses.d.ts"),
        *("abi", "contracts"),
    }


def test_the_readmes_typescript_type_checks_and_reads_a_chain(user: Path, start_anvil: Callable[..., str]) -> None:
    checked = _tsc(user)
    assert (checked.returncode, checked.stdout) == (0, "")
    url = start_anvil()
    World(url).protocol("Scheduler")
    said = _run(["node", "read.js"], user, ETH_RPC_URL=url)
    assert said == "0 wei, no seat\n"


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ('functionName: "keeper"', 'functionName: "keepers"', "TS2820"),
        ('args: ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]', "args: [5]", "TS2322"),
        ("seatPlusOne - 1n", "seatPlusOne.length", "TS2339"),
        ("addresses.Scheduler", "addresses.Schedule", "TS2551"),
    ],
)
def test_what_is_wrong_does_not_type_check(user: Path, tmp_path: Path, right: str, wrong: str, code: str) -> None:
    text = (user / "read.ts").read_text()
    assert right in text
    for name in ("package.json", "globals.d.ts", "tsconfig.json"):
        (tmp_path / name).write_text((user / name).read_text())
    (tmp_path / "node_modules").symlink_to(user / "node_modules")
    (tmp_path / "read.ts").write_text(text.replace(right, wrong))
    checked = _tsc(tmp_path)
    assert checked.returncode != 0
    assert f"error {code}" in checked.stdout


def test_every_interface_compiles_from_where_it_is_installed(user: Path) -> None:
    inside = user / "node_modules/onchain-conductor/contracts/interfaces"
    shipped = sorted(path.stem for path in inside.glob("*.sol"))
    assert shipped == sorted(path.stem for path in (ROOT / "contracts/interfaces").glob("*.sol"))
    imports = "".join(f'import {{{name}}} from "onchain-conductor/contracts/interfaces/{name}.sol";\n' for name in shipped)
    (user / "All.sol").write_text(f"// SPDX-License-Identifier: MIT\npragma solidity ^0.8.30;\n{imports}")
    settings = {"src": ".", "libs": ["node_modules"], "solc": str(ROOT / "toolchain/solc-v0.8.37"), "evm_version": "cancun"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (user / "foundry.toml").write_text("\n".join(["[profile.default]", *lines, ""]))
    _run([str(BINARIES / "forge"), "build", "--root", str(user), "Priced.sol", "All.sol"], user)
    assert (user / "out/Priced.sol/Priced.json").exists()


def _tsc(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", str(MODULES / "typescript/bin/tsc"), "--project", str(folder), "--pretty", "false"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=100, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
