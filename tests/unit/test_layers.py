"""Imports inside keeper go one way, wherever they stand: at the top, in a function, or under TYPE_CHECKING.

cli, web -> bots -> plans -> registry, adapters -> chain -> wire: a package may import itself and what is right of it.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = [{"cli", "web"}, {"bots"}, {"plans"}, {"registry", "adapters"}, {"chain"}, {"wire"}]
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each module that `source` imports, import_module and __import__ by name included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they go"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in {"import_module", "__import__"}:
                target = node.args[0]
                assert isinstance(target, ast.Constant), f"line {node.lineno}: an import whose name cannot be read here"
                yield node.lineno, str(target.value)


def breaches(part: str, source: str) -> list[str]:
    """Each import by which a module of keeper.`part` reaches where it may not."""
    found = []
    for line, name in imports(source):
        root, *rest = name.split(".")
        if root == "ape" or root.startswith("ape_"):
            found.append(f"line {line}: the runtime never imports ape")
        elif root == "keeper" and rest and rest[0] in RANK:
            to = rest[0]
            if to != part and (part not in RANK or RANK[to] <= RANK[part]):
                found.append(f"line {line}: {part or 'keeper itself'} must not import {to}")
    return found


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted((ROOT / "keeper").rglob("*.py"))


def part_of(module: Path) -> str:
    """The part a module belongs to; the package's own root modules belong to none."""
    parts = module.relative_to(ROOT / "keeper").parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_to_the_right(module: Path) -> None:
    assert breaches(part_of(module), module.read_text()) == []


def test_every_part_has_its_layer() -> None:
    parts = {part_of(module) for module in modules()} - {""}
    assert parts
    assert parts <= RANK.keys()


def test_the_runtime_needs_only_what_the_wheel_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    declared = {_canonical(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in asked}
    owners = packages_distributions()
    missing = {}
    for module in modules():
        for line, name in imports(module.read_text()):
            root = name.split(".")[0]
            if root not in sys.stdlib_module_names | {"keeper"}:
                owned = {_canonical(owner) for owner in owners.get(root, [root])}
                if not owned & declared:
                    missing.setdefault(root, f"{module.relative_to(ROOT)}:{line}")
    assert missing == {}


def _canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.mark.parametrize(
    ("part", "source", "breach"),
    [
        ("wire", "import keeper.chain", "line 1: wire must not import chain"),
        ("chain", "from keeper.plans import load", "line 1: chain must not import plans"),
        ("chain", "from keeper import bots", "line 1: chain must not import bots"),
        ("registry", "from keeper.adapters.http import fetch", "line 1: registry must not import adapters"),
        ("plans", "def f():\n    import keeper.cli.main", "line 2: plans must not import cli"),
        ("wire", "import importlib\nimportlib.import_module('keeper.web')", "line 2: wire must not import web"),
        ("cli", "if TYPE_CHECKING:\n    from ape.api import AccountAPI", "line 2: the runtime never imports ape"),
        ("cli", "import ape_foundry", "line 1: the runtime never imports ape"),
        ("", "from keeper.wire import errors", "line 1: keeper itself must not import wire"),
    ],
)
def test_a_breach_is_seen(part: str, source: str, breach: str) -> None:
    assert breaches(part, source) == [breach]


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("cli", "from keeper.bots.executor import Executor"),
        ("plans", "from keeper.plans.source import Place"),
        ("bots", "import keeper.wire.errors"),
        ("chain", "from keeper import __version__"),
    ],
)
def test_the_right_way_is_free(part: str, source: str) -> None:
    assert breaches(part, source) == []
