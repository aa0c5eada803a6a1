"""The JSON schema of plan files, for editors, and the reference of keys, both from the table in `keys`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from keeper.plans.abisets import NAMES as ABI_SETS
from keeper.plans.keys import CALL, CONTRACT, KINDS, PAY, STEP, TOP, UNDO, Key

SCHEMA_ID = "https://onchain-conductor.example/plan.schema.json"
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_CHOICES = {
    "version": ["1", 1],
    "publish": ["full", "hidden"],
    "on_abort": ["end", "next"],
    "on_miss": ["abort", "skip"],
}
_REFS = ("pay", "undo", "steps", "calls", "contracts")


def json_schema() -> dict[str, Any]:
    """As published in `plan.schema.json`. It knows keys and shapes; the compiler knows the rest."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Conductor plan file",
        **_object(TOP),
        "$defs": {
            "pay": _object(PAY),
            "contracts": {"type": "object", "additionalProperties": _object(CONTRACT)},
            "call": {"anyOf": [_SCALAR, _object(CALL)]},
            "calls": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/call"}},
            "undo": {"anyOf": [_SCALAR, {"$ref": "#/$defs/calls"}, _object(UNDO)]},
            "steps": {"type": "array", "minItems": 1, "maxItems": 32, "items": _object(STEP)},
        },
    }


def _object(keys: Iterable[Key]) -> dict[str, Any]:
    rows = [key for key in keys if not key.later]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in rows if key.required],
        "properties": {key.name: {"description": key.meaning, **_shape(key.kind)} for key in rows},
    }


def _shape(kind: str) -> dict[str, Any]:
    if kind in _REFS:
        return {"$ref": f"#/$defs/{kind}"}
    if kind in _CHOICES:
        return {"enum": _CHOICES[kind]}
    if kind == "values":
        return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    if kind in ("ids", "comparisons"):
        return {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
    if kind == "abi":
        return {"anyOf": [{"enum": list(ABI_SETS)}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return _SCALAR


def schema_text() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"


def reference() -> str:
    """docs/plan-keys.md."""
    lines = ["# Keys of a plan file", "", "Generated from `keeper/plans/keys.py`; `docs/plans.md` explains them.", ""]
    tables = (
        ("The plan", TOP),
        ("`pay`", PAY),
        ("A contract", CONTRACT),
        ("A step", STEP),
        ("`undo`", UNDO),
        ("A call in `calls`", CALL),
    )
    for title, rows in tables:
        lines += [f"## {title}", "", "| key | written as | meaning | default |", "|---|---|---|---|"]
        lines += [f"| `{key.name}` | {key.kind} | {key.meaning} | {_default(key)} |" for key in rows if not key.later]
        later = ", ".join(f"`{key.name}`" for key in rows if key.later)
        if later:
            lines += ["", f"Reserved for later versions, and refused by this one: {later}."]
        lines.append("")
    lines += ["## How values are written", "", "| kind | form |", "|---|---|"]
    lines += [f"| {kind} | {form.replace('|', chr(92) + '|')} |" for kind, form in KINDS.items()]
    lines += ["", f"Interfaces with a name: {', '.join(f'`{name}`' for name in ABI_SETS)}.", ""]
    return "\n".join(lines)


def _default(key: Key) -> str:
    return "required" if key.required else key.default or "-"
