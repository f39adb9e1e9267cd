"""`visavis netlab check`: table, JSON, JUnit and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import visavis.cli.check
from visavis.cli.app import app
from visavis.netlab.check import CallFigures, Check, NetworkResult, Report, Turn
from visavis.netlab.check.junit import junit_xml

GOOD = CallFigures((Turn("hello", 0.5),), 10, 10)
SLOW = CallFigures((Turn("hello", None),), 10, 9)


def report(check: Check) -> Report:
    calls = {"clean": (GOOD,), "tunnel": (GOOD, SLOW)}
    results = [
        NetworkResult(name, calls.get(name, ()), error="" if name in calls else "no [such] agent")
        for name in check.all_networks()
    ]
    return Report("http://agent", tuple(results))


@pytest.fixture(autouse=True)
def _no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visavis.cli.check, "run_check", lambda check, told: report(check))


def run(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(app, ["netlab", "check", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_all_passed() -> None:
    shown = run("--networks", "clean", code=0)
    assert "clean" in shown and "0.50 s" in shown and "100.0%" in shown
    assert "1 of 1 networks passed" in shown


def test_a_network_failed_and_why() -> None:
    shown = run("--networks", "clean, tunnel", code=1)
    assert "tunnel: answer p95: no answer, asked 1.5 s" in shown
    assert "1 of 2 networks passed" in shown


def test_what_could_not_be_run() -> None:
    assert "starlink: no [such] agent" in run("--networks", "clean,starlink", code=2)


def test_json() -> None:
    found = json.loads(run("--networks", "clean,tunnel", "--json", code=1))
    assert [row["outcome"] for row in found["networks"]] == ["passed", "failed"]
    assert found["networks"][1]["answers_s"] == [0.5, None]


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "check.xml"
    run("--networks", "clean,tunnel,starlink", "--junit", str(path), code=2)
    suite = ElementTree.parse(path).getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "3", "failures": "1", "errors": "1",
    }  # fmt: skip
    assert [[child.tag for child in case] for case in suite] == [
        ["system-out"], ["failure", "system-out"], ["error", "system-out"],
    ]  # fmt: skip


def test_junit_of_what_xml_cannot_hold() -> None:
    bad = Report("x", (NetworkResult("x", (), error="\x00\x1b[31m\ud800 & <b>"),))
    assert ElementTree.fromstring(junit_xml(bad))[0][0].get("message") == "  [31m  & <b>"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--calls", "0"], "calls is 0"),
        (["--signalling", "smoke"], "signalling is 'smoke'"),
        (["none.toml"], "cannot read none.toml"),
        (["--junit", "no/folder/x.xml"], "there is no folder"),
    ],
)
def test_a_wrong_check_is_told(arguments: list[str], said: str) -> None:
    assert said in run(*arguments, code=2)
