"""What the person says in a check."""

from __future__ import annotations

from pathlib import Path

from visavis.audio import read_audio
from visavis.caller import AfterReply, Utterance, utterance
from visavis.errors import CheckError
from visavis.netlab.check.settings import Check, Say
from visavis.seam import RATE_IN

FOLDER = Path(__file__).parent / "questions"
PAUSE_S = 0.5
"""From the end of the agent's reply to the next question."""
MAX_TEXT_BYTES = 100_000


def script_of(check: Check) -> list[Utterance]:
    """The recordings of a check, or the questions that come with visavis, in the project's own
    voice. AudioError, CheckError."""
    said = check.say or [Say(wav=path) for path in sorted(FOLDER.glob("*.wav"))]
    return [_spoken(each, check.wait_s if n == 0 else PAUSE_S) for n, each in enumerate(said)]


def _spoken(said: Say, gap_s: float) -> Utterance:
    text = said.text or _text_beside(said.wav)
    return utterance(said.wav.name, read_audio(said.wav, RATE_IN), AfterReply(gap_s), text)


def _text_beside(wav: Path) -> str | None:
    path = wav.with_suffix(".txt")
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise CheckError(f"{path} is larger than the words of a recording can be")
        return " ".join(path.read_text(encoding="utf-8").split()) or None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckError(f"cannot read {path}: {error}") from error
