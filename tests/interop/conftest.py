"""A real server with the embedded models, and a caller's three turns of human speech."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench"), str(Path(__file__).parent)]

import recordings  # noqa: E402
import rig  # noqa: E402

ARTIFACTS = ROOT / "artifacts"

TURNS = ("tt-weasels", "conf-getpin", "check-number-dial-again")
"""What the caller says, in order; the second is said over the first answer."""
STARTS = (1.0, 7.0, 15.0)
"""Seconds from the microphone's opening. The first turn ("Weasels have eaten our phone system")
moves even a small model to a long story, which lasts well past 7 s."""

INSTRUCTIONS = (
    "You are a storyteller on a phone call. Whatever is said, answer with a story of at least "
    "eight plain spoken sentences about a lighthouse keeper."
)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture(scope="session")
def said() -> list[recordings.Prompt]:
    if not recordings.available():
        pytest.skip("no recordings: scripts/system_packages.sh test installs them")
    return [recordings.prompt(name) for name in TURNS]


@pytest.fixture(scope="session")
def microphone(said: list[recordings.Prompt]) -> NDArray[np.int16]:
    """16 kHz: the three turns on one time line."""
    return recordings.timeline(list(zip(STARTS, said, strict=True)), seconds=40)


@pytest.fixture(scope="session")
def microphone_wav(microphone: NDArray[np.int16], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at 48 kHz, as browsers' fake microphones want it."""
    import soxr

    path = tmp_path_factory.mktemp("microphone") / "three-turns.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(soxr.resample(microphone, 16_000, 48_000).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, artifacts: Path) -> Iterator[str]:
    """URL of `visavis serve` with the smaller language model, telling stories. It sends copies
    whatever the network is like, so that each of the others meets RED."""
    with rig.server(
        "--llm",
        "0.5b",
        environment={
            "VISAVIS_AGENT__INSTRUCTIONS": INSTRUCTIONS,
            "VISAVIS_LINE__ADAPT": "false",
        },
        log=artifacts / "interop-server.log",
    ) as running:
        yield running.url
