"""`visavis talk` on a sound card: the microphone hears the loudspeaker, as in a small room."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import soundcard

QUESTION = Path(__file__).parents[2] / "examples/question.wav"

pytestmark = [
    pytest.mark.native,
    pytest.mark.weights,
    pytest.mark.skipif(not soundcard.available(), reason="pulseaudio not installed"),
    pytest.mark.skipif(shutil.which("paplay") is None, reason="pulseaudio-utils not installed"),
]


def shown(log: Path, text: str, seconds: float) -> bool:
    """Whether the program wrote `text` within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if text in log.read_text(errors="replace"):
            return True
        time.sleep(0.2)
    return False


def test_a_spoken_question_is_answered_once(tmp_path: Path) -> None:
    log = tmp_path / "talk.log"
    with soundcard.sound_card() as environment, log.open("wb") as sink:
        talk = subprocess.Popen(
            [sys.executable, "-m", "visavis.cli", "talk", "--llm", "scripted"],
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # Run behind a shell the tests ignore it, and so would what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            assert shown(log, "talking with", 90), log.read_text(errors="replace")
            subprocess.run(["paplay", "--device=out", str(QUESTION)], env=environment, check=True)
            # Time for the answer, and for an answer to the answer if its echo were heard.
            assert not shown(log, "broke off", 10)
        finally:
            talk.send_signal(signal.SIGINT)
            try:
                code = talk.wait(30)
            except subprocess.TimeoutExpired:
                talk.kill()
                talk.wait()
                raise
    captions = log.read_text(errors="replace")
    assert code == 0, captions
    assert "You said: Hello" in captions
    assert "You said: You said" not in captions
