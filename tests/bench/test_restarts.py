"""What a near end asks while its call runs reaches the far end, and an answer or a reason comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lineloss.restarts import RestartRefused, answer_restarts, ask_restart


def restart(call: int, offer: str) -> str:
    if call != 1:
        raise KeyError(call)
    return f"answer to {offer}"


def asked(path: Path, *questions: tuple[int, str]) -> list[str | BaseException]:
    async def run() -> list[str | BaseException]:
        async with await answer_restarts(path, restart):
            asking = (ask_restart(path, *question) for question in questions)
            return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(run())


def test_calls_that_restart_at_once_get_each_its_answer(tmp_path: Path) -> None:
    long = "v=0\r\n" + "a=x\r\n" * 30_000
    found = asked(tmp_path / "s", (1, "a\r\n"), (1, long))
    assert found == ["answer to a\r\n", f"answer to {long}"]


def test_a_refusal_says_why(tmp_path: Path) -> None:
    refused, taken = asked(tmp_path / "s", (7, "a"), (1, "b"))
    assert isinstance(refused, RestartRefused)
    assert str(refused) == "KeyError: 7"
    assert taken == "answer to b"


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        asyncio.run(ask_restart(tmp_path / "s", 1, "a"))
