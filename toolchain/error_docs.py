"""docs/errors.md: every error of the contracts, from keeper.wire's table and the shipped ABIs.

`python -m toolchain.error_docs` writes it; `--check` writes nothing and says whether it differs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keeper.wire.contract_errors import declared
from keeper.wire.error_table import ROWS, Code

DOC = Path(__file__).resolve().parent.parent / "docs/errors.md"

HEAD = """# Errors of the contracts

Written by `python -m toolchain.error_docs` from `keeper/wire/error_table.py` and the ABIs: change those, not this file.
"Later" marks what may go through at another moment as it is: the command line then exits with 3, else with 4.
Times are in the plan's clock (blocks, or unix seconds); masks have bit *i* for step *i*.
"""


def document() -> str:
    """The whole file."""
    entries = {entry.name: entry for entry in declared()}
    parts = [HEAD]
    for code, row in ROWS.items():
        entry = entries.get(code)
        if entry is None:
            title = f"## {code.value}"
        else:
            arguments = ", ".join(f"{type_} {name}" for type_, name in zip(entry.types, entry.names, strict=True))
            title = f"## {code.value}\n\n`{code.value}({arguments})` · selector `0x{entry.id[:4].hex()}`"
        later = " · later" if row.later else ""
        lines = [f"{title}{later}", f"**What.** {row.what}", f"**Why.** {row.why}", f"**What to do.** {row.remedy}"]
        parts.append("\n\n".join(lines) + "\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the file, or check it. Returns the exit code."""
    missing = sorted({entry.name for entry in declared()} - {code.value for code in Code})
    if missing:
        sys.stderr.write(f"keeper/wire/error_table.py has no row for {', '.join(missing)}\n")
        return 1
    text = document()
    if "--check" not in arguments:
        DOC.write_text(text)
        return 0
    if DOC.exists() and DOC.read_text() == text:
        return 0
    sys.stderr.write("docs/errors.md is stale: run `python -m toolchain.error_docs`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
