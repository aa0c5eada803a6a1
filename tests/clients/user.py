"""A folder of somebody who installed the npm package, with the code that Markdown shows: ```language name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.conftest import BINARIES, ROOT

MODULES = ROOT / "tests/clients/node_modules"
_BLOCK = re.compile(r"^```(?P<language>\S+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_SETTINGS = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", "--skipLibCheck"]
_FORGE = {"src": ".", "libs": ["node_modules"], "solc": str(ROOT / "toolchain/solc-v0.8.37"), "evm_version": "cancun"}


def blocks(path: Path) -> dict[str, str]:
    """The text of each block that has a name, in order."""
    found = {m["name"]: m["text"] for m in _BLOCK.finditer(path.read_text("utf-8")) if m["name"]}
    assert found, f"{path}: no code"
    return found


class User:
    """Runs programs in the folder."""

    def __init__(self, folder: Path) -> None:
        """Packs the package from a copy, so that nothing is written here, and installs it."""
        self.folder = folder / "user"
        self.folder.mkdir()
        (self.folder / "package.json").write_text('{"type": "module", "private": true}')
        (self.folder / "globals.d.ts").write_text(
            "declare const process: { env: { [name: string]: string | undefined } };\n"
        )
        (self.folder / "foundry.toml").write_text(
            "\n".join(["[profile.default]", *(f"{key} = {json.dumps(value)}" for key, value in _FORGE.items()), ""])
        )
        for part in ("js", "contracts"):
            shutil.copytree(ROOT / part, folder / part)
        shutil.copy(ROOT / "LICENSE", folder)
        tarball = folder / self._run(["npm", "pack", "--silent", "--pack-destination", ".."], folder / "js").strip()
        self.run("npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", str(tarball))
        for module in (
            path for path in MODULES.iterdir() if path.name not in {".bin", ".ready", ".package-lock.json", "@types"}
        ):
            (self.folder / "node_modules" / module.name).symlink_to(module)

    def write(self, document: Path) -> None:
        """The files that a document shows."""
        for name, text in blocks(document).items():
            (self.folder / name).write_text(text)

    def run(self, *command: str, **environment: str) -> str:
        """What a program says; it has to succeed."""
        return self._run(list(command), self.folder, **environment)

    def forge(self, *files: str) -> None:
        """Compiles Solidity as a project of one's own would; artifacts are in `out`."""
        self.run(str(BINARIES / "forge"), "build", "--root", str(self.folder), *files)

    def tsc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type-checks strictly, and writes JavaScript beside each file."""
        command = [str(MODULES / ".bin/tsc"), "globals.d.ts", *_SETTINGS, "--pretty", "false", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=100)

    def _run(self, command: list[str], folder: Path, **environment: str) -> str:
        whole = {**os.environ, **environment}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100, env=whole)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
