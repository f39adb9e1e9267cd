"""Without the extra the remedy is told."""

import sys
from pathlib import Path

import pytest

from visavis.errors import ModelError
from visavis.models.embedded import mandarin
from visavis.models.embedded.whisper_model import WhisperModel


@pytest.mark.parametrize("package", ["jieba", "pypinyin"])
def test_pronunciation(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    mandarin._libraries.cache_clear()
    with pytest.raises(ModelError, match=r"pip install 'visavis\[chinese\]'"):
        mandarin.phonemes("你好")


def test_recognition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(ModelError, match=r"ctranslate2.*pip install 'visavis\[chinese\]'"):
        WhisperModel(tmp_path / "model", tmp_path / "config", tmp_path / "vocabulary")
