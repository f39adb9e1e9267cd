"""Which languages callers speak, and what is needed for them."""

import pytest

from visavis.cli.serve import needed_sets
from visavis.errors import SettingsError
from visavis.settings import Settings, load_settings


def load(languages: str, **models: str) -> Settings:
    environ = {"VISAVIS_MODELS__LANGUAGES": languages}
    environ |= {f"VISAVIS_MODELS__{name.upper()}": value for name, value in models.items()}
    return load_settings(environ=environ)


@pytest.mark.parametrize(
    ("given", "language", "chinese"),
    [("en", "en", False), ("zh", "zh", True), ("en,zh", None, True), ("zh, en", None, True)],
)
def test_one_is_given_and_two_are_told_apart(
    given: str, language: str | None, chinese: bool
) -> None:
    settings = load(given, llm_size="0.5b")
    assert settings.models.language == language
    assert ("chinese" in needed_sets(settings)) is chinese


def test_services_need_no_weights_for_chinese() -> None:
    settings = load("en,zh", stt="openai", llm="openai", tts="openai")
    assert needed_sets(settings) == []


@pytest.mark.parametrize("wrong", ["fr", "en,fr"])
def test_others_are_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="languages"):
        load(wrong)
