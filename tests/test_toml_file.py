"""A TOML file of a user: read within bounds, and what is wrong is a typed sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.errors import CheckError, ScenarioError, SettingsError, VisavisError
from visavis.toml_file import MAX_BYTES, parse_toml, read_toml


def test_tables_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[a]\nname = "é"\n', encoding="utf-8")
    assert read_toml(file, SettingsError) == {"a": {"name": "é"}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[a", "is not valid TOML: "),
        (b"\xff", "is not valid TOML: it is not UTF-8"),
        (b"a = " + b"[" * 200_000, "is not valid TOML: it is nested too deeply"),
        (b"a = " + b"9" * 100_000, "is not valid TOML: "),
        (b"#" * (MAX_BYTES + 1), r"is larger than 1 MB\. Cut it\."),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(data)
    with pytest.raises(CheckError, match=rf"a\.toml {said}"):
        read_toml(file, CheckError, if_larger="Cut it.")


def test_what_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cannot read .*none: No such file.*\. Name another\."):
        read_toml(tmp_path / "none", ScenarioError, if_unreadable="Name another.")


def test_a_device_without_end_is_too_large() -> None:
    with pytest.raises(SettingsError, match="larger than 1 MB"):
        read_toml(Path("/dev/zero"), SettingsError)


@settings(max_examples=50)
@given(st.text())
def test_any_text_is_read_or_a_typed_error(text: str) -> None:
    try:
        assert isinstance(parse_toml(text, "the text", CheckError), dict)
    except VisavisError as error:
        assert isinstance(error, CheckError)
