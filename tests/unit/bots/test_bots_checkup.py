"""Checks of instances: commands and what they end with; nothing is waited for but the first look."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from keeper.bots.checkup import Checkup, Patient
from keeper.wire.errors import BadInput

A, B = Patient("a.price.acme", "http://a.example/"), Patient("b.price.acme", "http://b.example")


def python(text: str) -> str:
    return f'{sys.executable} -c "{text}"'


async def test_who_has_no_check_is_well_and_a_command_that_ends_badly_is_an_ailment() -> None:
    checkup = Checkup({"a.price.acme": python("raise SystemExit(3)")})
    assert await checkup.ailing([A, B]) == {"a.price.acme": f"{sys.executable} ended with 3"}
    await checkup.close()


async def test_one_check_for_all_is_told_where_each_serves() -> None:
    checkup = Checkup({"*": python("import sys; sys.exit(sys.argv[1] != 'http://b.example')") + " {endpoint}"})
    assert list(await checkup.ailing([A, B])) == ["a.price.acme"]
    await checkup.close()


async def test_a_check_that_hangs_is_an_ailment_and_leaves_no_process() -> None:
    checkup = Checkup({"*": python("import time; time.sleep(60)")}, timeout_s=0.2)
    assert await checkup.ailing([A]) == {"a.price.acme": "no answer in 0.2 s"}
    await checkup.close()


async def test_a_command_that_is_not_there_is_an_ailment() -> None:
    checkup = Checkup({"*": "no-such-program"})
    assert (await checkup.ailing([A]))["a.price.acme"].startswith("FileNotFoundError")
    await checkup.close()


async def test_only_the_first_look_is_waited_for(tmp_path: Path) -> None:
    now_s, sick = 0.0, tmp_path / "sick"
    checkup = Checkup({"*": f"test ! -e {sick}"}, every_s=5, mono_s=lambda: now_s)
    assert await checkup.ailing([A]) == {}
    sick.touch()
    now_s = 4.9
    assert await checkup.ailing([A]) == {}, "too soon to look again"
    now_s = 5.0
    assert await checkup.ailing([A]) == {}, "the look goes on beside"
    async with asyncio.timeout(5):
        while not await checkup.ailing([A]):  # noqa: ASYNC110 - the look has no event of its own
            await asyncio.sleep(0.01)
    assert await checkup.ailing([]) == {}
    await checkup.close()


@pytest.mark.parametrize(("check", "said"), [("'", "No closing quotation"), ("  ", "is empty")])
def test_a_check_that_cannot_be_read_is_refused(check: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Checkup({"*": check})
