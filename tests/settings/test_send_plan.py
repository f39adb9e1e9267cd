"""How speech is sent can be set by file, environment and flag."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import SettingsError
from visavis.seam import DEFAULT_PLAN, SendPlan
from visavis.settings import load_settings, plan_from_flag


def plan(tmp_path: Path, toml: str = "", **environ: str) -> SendPlan:
    path = tmp_path / "visavis.toml"
    path.write_text(toml)
    return load_settings(path, environ=environ).line.plan.for_call()


def test_without_a_word_each_packet_has_a_copy_of_the_last(tmp_path: Path) -> None:
    assert plan(tmp_path) == DEFAULT_PLAN
    assert DEFAULT_PLAN.red == (1,)


def test_the_file_has_a_table(tmp_path: Path) -> None:
    toml = "[line.plan]\nred = [4, 10, 16]\ndred_ms = 200\nframe_ms = 40\ndtx = false"
    assert plan(tmp_path, toml) == SendPlan(red=(4, 10, 16), dred_ms=200, frame_ms=40, dtx=False)


def test_the_environment_has_one_line_or_many(tmp_path: Path) -> None:
    expected = SendPlan(red=(1, 2), frame_ms=60, fec=False, dtx=False)
    assert plan(tmp_path, VISAVIS_LINE__PLAN="red=1,2,frame=60,fec=no") == expected
    assert (
        plan(
            tmp_path,
            VISAVIS_LINE__PLAN__RED="1,2",
            VISAVIS_LINE__PLAN__FRAME_MS="60",
            VISAVIS_LINE__PLAN__FEC="false",
        )
        == expected
    )


def test_a_flag_says_everything() -> None:
    text = "bitrate=24000, complexity=3, fec=no, loss=0.2, dred=200, red=1,2,17, frame=40, dtx=off"
    assert plan_from_flag(text) == SendPlan(24_000, 3, False, 0.2, 200, (1, 2, 17), 40, False)
    assert plan_from_flag("red=none").red == ()
    assert plan_from_flag("repair=2,window=24") == SendPlan(
        red=(1,), dtx=False, repair_every=2, repair_window=24
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not of the form name=value"),
        ("red", "not of the form name=value"),
        ("red=1,dred", "valid integer"),
        ("fec=no,2", "'2' is not of the form"),
        ("loudness=3", "'loudness' is not known; there are bitrate, complexity"),
        ("dred=5,dred_ms=6", "given twice"),
        ("red=0", "greater than or equal to 1"),
        ("red=18", "less than or equal to 17"),
        ("red=2,1", "ascending"),
        ("red=1,1", "ascending"),
        ("red=1,2,3,4,5", "at most 4"),
        ("red=1,,2", "valid integer"),
        ("frame=30", "20, 40 or 60"),
        ("bitrate=600", "6000"),
        ("complexity=11", "10"),
        ("loss=nan", "wrong"),
        ("loss=2", "less than or equal to 1"),
        ("dred=2000", "1040"),
        ("fec=maybe", "valid boolean"),
        ("repair=17", "less than or equal to 16"),
        ("window=33", "less than or equal to 32"),
        ("repair=4,window=3", "at least repair_every (4) is expected"),
    ],
)
def test_a_flag_that_makes_no_sense_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as told:
        plan_from_flag(text)
    assert words in str(told.value)
    assert "plan (from a flag)" in str(told.value)


def test_a_wrong_figure_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"line\.plan\.frame_ms .* is 30, .*20, 40 or 60"):
        plan(tmp_path, "[line.plan]\nframe_ms = 30")
    with pytest.raises(SettingsError, match=r"line\.plan\.speed .* is not known"):
        plan(tmp_path, "[line.plan]\nspeed = 30")


@given(st.text(alphabet="red=1,fcm2 no.-"))
def test_any_text_is_a_plan_or_an_error(text: str) -> None:
    try:
        made = plan_from_flag(text)
    except SettingsError:
        return
    assert len(made.red) <= 4
