"""visavis itself, checked in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from visavis.audio import write_mono
from visavis.line import native_available
from visavis.netlab.check import CallFigures, Check, make_check
from visavis.netlab.check.run import place_call
from visavis.seam import RATE_IN

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

TEXT = "the shop opens at nine today"


@pytest.fixture
def question(tmp_path: Path) -> Path:
    t = np.arange(round(1.8 * RATE_IN)) / RATE_IN
    tone = 6000 * np.sin(2 * np.pi * 200 * t) * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))
    path = tmp_path / "question.wav"
    write_mono(path, tone.astype(np.int16), RATE_IN)
    path.with_suffix(".txt").write_text(TEXT)
    return path


def scenario(folder: Path, state: str) -> str:
    path = folder / "own.toml"
    path.write_text(
        'format = "visavis-scenario/1"\nname = "own"\nwhat = "a test"\n'
        '[origin]\nkind = "synthetic"\nsource = "a test"\n[up]\nkind = "generative"\n'
        f"[up.states.steady]\ndelay_ms = 20\n{state}\n"
        '[down]\nkind = "generative"\n[down.states.steady]\ndelay_ms = 20\n'
    )
    return str(path)


def placed(network: str, wavs: Sequence[Path], **options: object) -> CallFigures:
    check: Check = make_check(networks=[network], say=[{"wav": wav} for wav in wavs], **options)
    return place_call(check, network, 0)


def test_on_a_clean_network_all_is_heard_and_soon_answered(question: Path) -> None:
    call = placed("clean", [question])
    assert (call.connected, call.problem) == (True, "")
    assert (call.words, call.words_heard) == (6, 6)
    # 40 ms on the way and 0.2 s until it is sure that the turn is over; nobody is that quick.
    assert all(turn.answer_s is not None and 0.25 < turn.answer_s < 0.8 for turn in call.turns)
    assert call == placed("clean", [question])


def test_words_that_did_not_come_were_not_heard(question: Path, tmp_path: Path) -> None:
    call = placed(scenario(tmp_path, "loss = { loss_good = 0.8 }"), [question], connect_s=30)
    assert call.words == 6
    assert call.words_heard is not None and 0 < call.words_heard < 6


def test_where_nothing_gets_through_no_call_comes_up(question: Path, tmp_path: Path) -> None:
    call = placed(scenario(tmp_path, "loss = { loss_good = 1 }"), [question], connect_s=3)
    assert not call.connected
    assert "no media passed within 3 s" in call.problem
    assert [turn.answer_s for turn in call.turns] == [None]


def test_without_a_text_words_are_not_measured(question: Path) -> None:
    question.with_suffix(".txt").unlink()
    call = placed("clean", [question])
    assert (call.words, call.words_heard) == (None, None)
    assert call.turns[0].answer_s is not None
