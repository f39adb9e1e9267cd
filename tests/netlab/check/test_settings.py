"""A check as a file and as options."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavis.errors import CheckError
from visavis.netlab.check import VOICE12, load_check, make_check
from visavis.netlab.library import names

FILE = """
format = "visavis-check/1"
agent = "http://127.0.0.1:7860/api/offer"
signalling = "json"
networks = ["voice12", "tunnel", "own.toml"]
answer_within_s = 2.0
calls = 5
heard_from = "type=user-transcription data.text"
[limits.tunnel]
answer_within_s = 20
hear = 0.5
[[say]]
wav = "question.wav"
text = "What is the capital of France?"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "check.toml"
    path.write_text(text)
    return path


def test_a_file_with_options_on_top(tmp_path: Path) -> None:
    check = load_check(write(tmp_path, FILE), calls=1, hear=None)
    assert check.all_networks() == [*VOICE12, "tunnel", str(tmp_path / "own.toml")]
    assert check.say[0].wav == tmp_path / "question.wav"
    assert (check.calls, check.hear) == (1, 0.95)
    assert check.limits_on("tunnel").answer_within_s == 20
    assert check.limits_on("starlink").answer_within_s == 2


def test_words_must_be_measured_where_they_were_asked_for() -> None:
    assert not make_check().limits_on("clean").must_measure_words
    assert make_check(hear=0.95).limits_on("clean").must_measure_words


def test_the_twelve_are_twelve_and_come_with_visavis() -> None:
    assert len(set(VOICE12)) == 12
    assert set(VOICE12) <= set(names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calls = 0", "calls is 0: input should be greater than or equal to 1"),
        ("hear = 95", "hear is 95: input should be less than or equal to 1"),
        ("answer = 1", r"answer is not known; docs/check\.md lists"),
        ("networks = []", "networks: tuple should have at least 1 item"),
        ("heard_from = 'type=x'", "heard_from is 'type=x': heard_from is"),
        ("[[say]]\ntext = 'x'", r"say\.0\.wav is missing"),
        ("[limits.tunnel]\nhear = 0.5", "limits.tunnel is for a network that is not checked"),
        ("calls = ", "is not valid TOML"),
        ("say = 3", "say is 3"),
        ("format = 'visavis-check/2'", "format is 'visavis-check/2'"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CheckError, match=said) as caught:
        load_check(write(tmp_path, text))
    assert "check.toml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="cannot read"):
        load_check(tmp_path / "none.toml")
