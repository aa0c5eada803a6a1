"""The lock files hold what the manifests ask for, on every platform, so that a fresh clone installs."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


NPM = pytest.mark.parametrize("folder", ["", "tests/clients"])


@NPM
def test_npms_lock_has_every_platforms_binaries(folder: str) -> None:
    """npm leaves out what its registry did not have when the lock was written, and `npm ci` then refuses the lock."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    wanted = {f"node_modules/{name}" for entry in packages.values() for name in entry.get("optionalDependencies", {})}
    assert wanted
    assert wanted - packages.keys() == set()


@NPM
def test_npms_lock_was_written_from_the_manifest(folder: str) -> None:
    manifest = json.loads((ROOT / folder / "package.json").read_text())
    root = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"][""]
    assert root["devDependencies"] == manifest["devDependencies"]


@pytest.mark.parametrize("pins", sorted((ROOT / "tests/clients").glob("web3-*.txt")), ids=lambda pins: pins.stem)
def test_a_clients_pins_are_exact_and_what_its_name_says(pins: Path) -> None:
    lines = pins.read_text().splitlines()
    found = dict(line.partition(" ")[0].split("==") for line in lines)
    assert f"web3-{found['web3'].rpartition('.')[0]}" == pins.stem
    assert int(found["pyunormalize"].split(".")[0]) < 18


def test_pythons_lock_pins_every_dependency() -> None:
    manifest = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [entry for group in manifest["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    extras = [entry for extra in manifest["project"]["optional-dependencies"].values() for entry in extra]
    wanted = {_name(entry) for entry in [*manifest["project"]["dependencies"], *extras, *groups]}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert wanted - {_name(pin) for pin in pins} == set()


def _name(requirement: str) -> str:
    """The canonical name of what a requirement asks for."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()
