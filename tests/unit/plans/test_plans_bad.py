"""Every bad plan file gives exactly the report beside it: line, what is wrong, how to mend it.

After a deliberate change of wording, rewrite them with `python -m tests.unit.plans.test_plans_bad` and read the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plans.judge import judged

BAD = Path(__file__).resolve().parents[2] / "plans" / "bad"
FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bad_file_is_told_exactly(path: Path) -> None:
    assert judged(path) == path.with_suffix(".txt").read_text("utf-8")


def test_there_are_many_and_each_has_its_report() -> None:
    assert len(FILES) >= 60
    assert {path.stem for path in FILES} == {path.stem for path in BAD.glob("*.txt")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_line_has_place_message_and_remedy(path: Path) -> None:
    for line in path.with_suffix(".txt").read_text("utf-8").splitlines():
        name, row, column, rest = line.split(":", 3)
        assert name == path.name
        assert 1 <= int(row) <= path.read_text("utf-8").count("\n") + 1
        assert int(column) >= 1
        message, semicolon, remedy = rest.partition("; ")
        assert message.strip()
        assert semicolon
        assert remedy.strip()


if __name__ == "__main__":
    for file in FILES:
        file.with_suffix(".txt").write_text(judged(file), "utf-8")
