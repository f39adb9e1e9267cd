"""An experiment is the same however often it was stopped on the way."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from visavis.line import native_available
from visavis.netlab.experiment import (
    Depth,
    Experiment,
    experiment,
    read_rows,
    run_experiment,
    run_trial,
)

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]
SMALL = experiment(["random10"], ["fixed", "adaptive"], seeds=2, seconds=9, depth=Depth.PACKETS)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run without a break."""
    folder = tmp_path_factory.mktemp("whole")
    run_experiment(SMALL, folder)
    return folder


class Stopped(Exception):
    pass


def stop_after(trials: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= trials:
            raise Stopped

    return progress


def test_stopped_and_gone_on_with(whole: Path, tmp_path: Path) -> None:
    for trials in (1, 3):
        with pytest.raises(Stopped):
            run_experiment(SMALL, tmp_path, progress=stop_after(trials))
    run_experiment(SMALL, tmp_path)
    assert bytes_of(tmp_path) == bytes_of(whole)


def test_what_is_done_is_not_done_again(whole: Path) -> None:
    before = bytes_of(whole)
    told: list[tuple[int, int]] = []
    run_experiment(SMALL, whole, progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 4)]
    assert bytes_of(whole) == before


def test_killed_in_the_midst(tmp_path: Path) -> None:
    """A process with two of its own, SIGKILL at some moment, and once more in this one."""
    killed, journal = tmp_path / "killed", tmp_path / "killed" / "journal.jsonl"
    program = (
        "from pathlib import Path\n"
        "from visavis.netlab.experiment import *\n"
        "if __name__ == '__main__':\n"
        "    many = experiment(['random10'], ['fixed'], seeds=400, depth=Depth.PACKETS)\n"
        f"    run_experiment(many, Path({str(killed)!r}), jobs=2)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    process = subprocess.Popen([sys.executable, str(script)])
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 5_000):
        time.sleep(0.01)
    process.kill()
    assert process.wait() < 0, "it was done too soon to be killed"
    few = experiment(["random10"], ["fixed"], seeds=5, depth=Depth.PACKETS)
    run_experiment(few, killed)
    run_experiment(few, tmp_path / "whole")
    for name in ("trials.parquet", "timelines.parquet"):
        assert (killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_with_full_media_too() -> None:
    trial = replace(SMALL.trials()[2], seconds=12.0, depth=Depth.MEDIA)
    assert trial.timeline and trial.strategy.kind == "adaptive"
    one, two = (run_trial(trial) for _ in range(2))
    assert one == two
    assert one.row["plans"] > 0


@pytest.mark.parametrize("left", [0, 1, 0.3, 0.99])
def test_a_journal_cut_off_anywhere(whole: Path, tmp_path: Path, left: float) -> None:
    """As a crash leaves it: the last line is a piece of one."""
    journal = (whole / "journal.jsonl").read_bytes()
    cut = int(left * len(journal)) if isinstance(left, float) else left
    (tmp_path / "journal.jsonl").write_bytes(journal[:cut])
    if left == 0.99:
        run_experiment(SMALL, tmp_path)
        assert bytes_of(tmp_path) == bytes_of(whole)
    else:
        with pytest.raises(Stopped):
            run_experiment(SMALL, tmp_path, progress=stop_after(0))
        kept = (tmp_path / "journal.jsonl").read_bytes()
        assert kept == journal[: journal[:cut].rfind(b"\n") + 1]


def test_a_larger_one_takes_over_what_is_done(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes((whole / "journal.jsonl").read_bytes())
    larger = Experiment(SMALL.scenarios, SMALL.strategies, seeds=3, seconds=9, depth=Depth.PACKETS)
    told: list[int] = []

    def progress(done: int, total: int) -> None:
        told.append(done)
        raise Stopped

    with pytest.raises(Stopped):
        run_experiment(larger, tmp_path, progress=progress)
    assert told == [4]


def test_a_row_a_trial(whole: Path) -> None:
    rows = read_rows(whole / "trials.parquet")
    assert [(row["strategy"], row["seed"]) for row in rows] == [
        ("fixed", 0), ("fixed", 1), ("adaptive", 0), ("adaptive", 1),
    ]  # fmt: skip
    for row in rows:
        assert row["words"] == 6
        assert 0 <= row["words_lost"] <= 6
        assert sum(row["word_delays"]) == row["words"] - row["words_lost"]
        assert 30 < row["up_kbps"] < 90
        assert 0.05 < row["up_loss"] < 0.16
