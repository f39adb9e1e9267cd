"""The report page stands alone and cannot be broken by what was said."""

from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from visavis.audio import Stereo
from visavis.caller.measure import Interruption
from visavis.caller.notes import Line
from visavis.caller.report import render_report, write_report
from visavis.caller.result import CallResult, TurnResult
from visavis.caller.terminal import show_result
from visavis.caller.waterfall import bars
from visavis.errors import AudioError

LEDGER = {"stages": {"silence_seen": 80, "transcript": -20.0, "released": 200, "done": "x"}}


def result(ledger: dict[str, object] | None = LEDGER) -> CallResult:
    turn = TurnResult(0, "<b>q</b>.wav", None, 1.0, 2.0, voice_to_voice_ms=321.0, ledger=ledger)
    turn.interruption = Interruption(100.0, 300.0, None)
    line = Line("assistant", "i", 2.5, "<script>alert(1)</script> & more", interrupted=True)
    line.heard = "<script>"
    return CallResult(
        "call_1",
        "http://x",
        "webrtc",
        4.0,
        "local",
        [turn],
        [line],
        client_link=[{"at": 1.0, "rtt_ms": None, "received": 50, "lost": 1}],
        errors=["busy: <no>"],
        tracks=Stereo(np.full(1000, 99, np.int16), np.zeros(96000, np.int16)),
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_it_needs_nothing_and_runs_nothing() -> None:
    tags = Tags()
    tags.feed(render_report(result()))
    assert "svg" in tags.seen
    assert "script" not in tags.seen
    assert tags.links == []


@pytest.mark.parametrize("ledger", [None, {}, {"stages": None}, {"stages": {"released": "soon"}}])
def test_a_turn_without_a_ledger_still_shows_its_delay(ledger: dict[str, object] | None) -> None:
    made = result(ledger)
    assert [bar.label for bar in bars(made.turns[0])] == ["voice to voice"]
    assert "321 ms" in render_report(made)


def test_an_empty_call() -> None:
    empty = CallResult(
        "", "", "websocket", 0.0, "hangup", tracks=Stereo(*[np.zeros(0, np.int16)] * 2)
    )
    assert render_report(empty).startswith("<!doctype html>")


def test_the_terminal_shows_the_same() -> None:
    console = Console(width=100, record=True, file=StringIO())
    show_result(console, result())
    text = console.export_text()
    assert "321 ms" in text
    assert "agent ducked after 100 ms" in text
    assert "<script>alert(1)</script>" in text


def test_where_one_may_not_write(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot write"):
        write_report(tmp_path / "no" / "x.html", result())
