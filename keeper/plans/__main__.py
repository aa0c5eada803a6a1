"""`python -m keeper.plans` in a clone writes anew what is generated from the table of keys."""

from __future__ import annotations

from pathlib import Path

from keeper.plans.schema import reference, schema_text

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    (HERE / "plan.schema.json").write_text(schema_text(), "utf-8")
    (HERE.parents[1] / "docs/plan-keys.md").write_text(reference(), "utf-8")
