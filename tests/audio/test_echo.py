"""The loudspeaker is taken out of the microphone."""

import sys

import numpy as np
import pytest

from visavis.audio import dbfs
from visavis.audio.echo import EchoCanceller
from visavis.errors import AudioError


def test_an_echo_goes_down_by_20_db() -> None:
    pytest.importorskip("pywebrtc_audio", reason="pywebrtc-audio is not installed")
    far = (np.random.default_rng(3).normal(0, 3000, 16000 * 3)).astype(np.int16)
    near = np.concatenate([np.zeros(800, np.int16), far // 2])[: len(far)]
    out = EchoCanceller(16000).process(near, far)
    assert dbfs(out[-8000:]) < dbfs(near[-8000:]) - 20


def test_frames_must_match() -> None:
    pytest.importorskip("pywebrtc_audio", reason="pywebrtc-audio is not installed")
    with pytest.raises(ValueError, match="need n"):
        EchoCanceller(16000).process(np.zeros(160, np.int16), np.zeros(320, np.int16))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(AudioError, match="pip install"):
        EchoCanceller()
