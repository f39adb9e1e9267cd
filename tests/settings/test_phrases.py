"""Phrases by language, from a file and from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavis.errors import SettingsError
from visavis.settings import load_settings

FILE = """
[agent.fillers]
en = ["Hm.", "Well, let me see."]
zh = ["嗯。"]
"""


def test_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "visavis.toml"
    path.write_text(FILE)
    agent = load_settings(path, environ={}).agent
    assert agent.fillers == {"en": ["Hm.", "Well, let me see."], "zh": ["嗯。"]}
    assert agent.acknowledgements == {}


def test_from_the_environment() -> None:
    environ = {"VISAVIS_AGENT__ACKNOWLEDGEMENTS__EN": "Mm-hm. | I see."}
    agent = load_settings(environ=environ).agent
    assert agent.acknowledgements == {"en": ["Mm-hm.", "I see."]}


@pytest.mark.parametrize(
    ("name", "value"),
    [("FILLERS__ENGLISH", "Hm."), ("FILLERS", "Hm."), ("FILLERS__EN", "m" * 81)],
)
def test_what_is_none_is_explained(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=r"agent\.fillers"):
        load_settings(environ={f"VISAVIS_AGENT__{name}": value})
