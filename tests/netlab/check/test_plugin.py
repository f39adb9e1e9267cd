"""The pytest plugin, in a user's tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from visavis.line import native_available

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(code)
    plugin = ("-p", "visavis.pytest_plugin", "-p", "no:cacheprovider", "--strict-markers")
    return pytester.runpytest_inprocess(*plugin, *arguments)


STUB = """
import pytest
import visavis.netlab.check.run as run
from visavis.netlab.check import CallFigures, Turn

@pytest.fixture(autouse=True)
def placed(monkeypatch):
    placed = []
    def place(check, network, number):
        placed.append((check.agent, network, number))
        return CallFigures((Turn("hello", 0.5 if network == "clean" else 2.0),), 10, None)
    monkeypatch.setattr(run, "place_call", place)
    return placed
"""


@pytest.mark.native
@pytest.mark.skipif(not native_available(), reason="visavis-line is not installed")
def test_visavis_on_a_real_simulated_network(pytester: pytest.Pytester) -> None:
    code = """
        import pytest
        from visavis.netlab.check.questions import FOLDER

        @pytest.mark.networks("clean")
        def test_answers(netlab_agent):
            result = netlab_agent.call(say=[{"wav": FOLDER / "1-train.wav"}])
            assert result.answer_p95_s <= 1.5
            assert result.words_heard >= 0.95
    """
    run(pytester, code).assert_outcomes(passed=1)


def test_a_test_runs_on_each_network_and_fails_with_what_was_measured(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(STUB)
    code = """
        import pytest

        @pytest.mark.networks("clean", "tunnel", calls=2)
        def test_answers(netlab_agent, weak_network, placed):
            result = netlab_agent.call()
            assert placed == [(None, weak_network, 0), (None, weak_network, 1)]
            assert result.answer_p95_s <= 1.5
    """
    result = run(pytester, code, "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_answers?clean? PASSED*",
            "*test_answers?tunnel? FAILED*",
            "*assert 2.0 <= 1.5*",
            "*answer after 2.00 s: hello*",
        ]
    )


def test_words_that_were_not_measured_are_no_figure(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(STUB)
    code = """
        import pytest

        @pytest.mark.networks("clean")
        def test_hears(netlab_agent):
            assert netlab_agent.call().words_heard >= 0.95
    """
    result = run(pytester, code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CheckError: on clean the words heard were not measured*"])


def test_the_twelve_unless_told_otherwise_on_an_agent_of_ones_own(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        STUB
        + """
@pytest.fixture(scope="session")
def netlab_url():
    return "http://mine"
"""
    )
    code = """
        def test_answers(netlab_agent, placed):
            netlab_agent.call()
            assert placed[0][0] == "http://mine"
    """
    run(pytester, code).assert_outcomes(passed=12)


def test_from_a_test_with_an_event_loop(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(STUB)
    code = """
        import asyncio, pytest

        @pytest.mark.networks("clean")
        def test_answers(netlab_agent):
            async def both():
                return netlab_agent.call(), await netlab_agent.acall()
            first, second = asyncio.run(both())
            assert first == second
    """
    run(pytester, code).assert_outcomes(passed=1)


def test_an_unknown_network_is_told_when_tests_are_collected(pytester: pytest.Pytester) -> None:
    code = """
        import pytest

        @pytest.mark.networks("nowhere")
        def test_answers(netlab_agent): ...
    """
    result = run(pytester, code)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*there is no scenario 'nowhere'*"])


def test_who_does_not_use_it_does_not_pay_for_it() -> None:
    code = (
        "import sys, visavis.pytest_plugin\n"
        "heavy = {'numpy', 'pydantic', 'httpx', 'visavis.netlab'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
