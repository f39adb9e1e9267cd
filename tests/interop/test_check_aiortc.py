"""`visavis netlab check` and the relay with an agent that is not visavis, on real sockets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from aiortc_agent import talking_agent

from visavis.audio import write_mono
from visavis.line import native_available
from visavis.netlab.check import Outcome, make_check, run_check
from visavis.seam import RATE_IN

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

HEARD_FROM = "type=user-transcription data.final=true data.text"


@pytest.fixture
def question(tmp_path: Path) -> Path:
    t = np.arange(round(0.6 * RATE_IN)) / RATE_IN
    path = tmp_path / "question.wav"
    write_mono(path, (6000 * np.sin(2 * np.pi * 200 * t)).astype(np.int16), RATE_IN)
    path.with_suffix(".txt").write_text("where is the station")
    return path


def network(folder: Path) -> str:
    """100 ms each way."""
    path = folder / "far.toml"
    path.write_text(
        'format = "visavis-scenario/1"\nname = "far"\nwhat = "a test"\n'
        '[origin]\nkind = "synthetic"\nsource = "a test"\n[up]\nkind = "generative"\n'
        "[up.states.steady]\ndelay_ms = 100\n"
    )
    return str(path)


def test_a_talking_agent_made_of_aiortc(question: Path, tmp_path: Path) -> None:
    common = {"calls": 1, "say": [{"wav": question}], "networks": [network(tmp_path)]}
    with talking_agent(think_s=0.3, words="where is the nation") as (url, agent):
        whip = make_check(
            agent=f"{url}/whip", hear=0.7, answer_within_s=5, heard_from=HEARD_FROM, **common
        )
        result = run_check(whip).results[0]
        assert result.outcome is Outcome.PASSED, result
        # 0.1 s to the agent, which waits for 0.3 s of silence, and 0.1 s back.
        assert 0.5 < result.answer_p95_s < 5
        assert result.words_heard == 0.75
        assert (agent.calls, agent.hung_up) == (1, 1)

        posted = make_check(
            agent=f"{url}/api/offer", signalling="json", hear=0.7, answer_within_s=0.4, **common
        )
        result = run_check(posted).results[0]
        assert result.outcome is Outcome.FAILED
        assert "asked 0.4 s" in result.why()
        assert result.words_heard_if_known is None


def test_who_answers_something_else_could_not_be_run(question: Path) -> None:
    with talking_agent(words=None) as (url, _):
        check = make_check(agent=f"{url}/nothing", networks=["clean"], say=[{"wav": question}])
        report = run_check(check)
        assert report.exit_code == 2
        assert "refused the call with HTTP 404" in report.results[0].error
