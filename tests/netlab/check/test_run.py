"""A whole check: networks in their order, and whom no call reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

import visavis.netlab.check.run as run_module
from visavis.errors import AudioError, CallFailed, ScenarioError
from visavis.netlab.check import CallFigures, Check, Outcome, Turn, make_check, run_check

GOOD = CallFigures((Turn("hello", 0.5),), 10, 10)


def test_networks_in_their_order_with_seeds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[tuple[str, int]] = []

    def place(check: Check, network: str, number: int) -> CallFigures:
        placed.append((network, number))
        return GOOD

    monkeypatch.setattr(run_module, "place_call", place)
    check = make_check(agent="http://x", networks=["tunnel", "clean"], calls=2)
    told: list[str] = []
    report = run_check(check, lambda result: told.append(result.network))
    assert placed == [("tunnel", 0), ("tunnel", 1), ("clean", 0), ("clean", 1)]
    assert told == ["tunnel", "clean"]
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)


def test_an_agent_that_is_not_there_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def place(check: Check, network: str, number: int) -> CallFigures:
        raise CallFailed("cannot reach it")

    monkeypatch.setattr(run_module, "place_call", place)
    report = run_check(make_check(agent="http://x", networks=["tunnel", "clean"]))
    assert [result.error for result in report.results] == [
        "cannot reach it",
        "not tried: cannot reach it",
    ]
    assert report.exit_code == 2


def test_a_wrong_check_calls_nobody(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no scenario 'nowhere'"):
        run_check(make_check(networks=["nowhere"]))
    with pytest.raises(AudioError, match="cannot read"):
        run_check(make_check(networks=["clean"], say=[{"wav": tmp_path / "none.wav"}]))
