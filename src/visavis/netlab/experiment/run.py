"""Running an experiment: trials in processes, each result kept as soon as it is there."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path

import structlog

from visavis.errors import CallFailed
from visavis.netlab.experiment.experiment import Experiment, code_digest
from visavis.netlab.experiment.journal import Journal
from visavis.netlab.experiment.report import write_report
from visavis.netlab.experiment.table import needs_arrow, write_rows, write_timelines
from visavis.netlab.experiment.trial import Result, Trial, run_trial

TRIALS_FILE = "trials.parquet"
TIMELINES_FILE = "timelines.parquet"
REPORT_FILE = "report.html"
QUEUED = 3
"""Trials that wait for each process, so that none is idle and few are lost on Ctrl-C."""

Progress = Callable[[int, int], None]
"""Told how many trials are done, and of how many."""


def run_experiment(
    experiment: Experiment, folder: Path, *, jobs: int = 1, progress: Progress | None = None
) -> list[Result]:
    """Run what `folder` does not have yet, write its tables and its page; the results in the order
    of `Experiment.trials`. Stopped at any moment, it goes on where it was when called again.

    ScenarioError, SettingsError, NativeMissingError, CallFailed; what fails in a trial fails
    here, and what was done before is kept.
    """
    needs_arrow()
    trials = experiment.trials()
    code = code_digest()
    digests = [trial.digest(code) for trial in trials]
    with Journal(folder) as journal:
        wanted = set(digests)
        left = {d: t for d, t in zip(digests, trials, strict=True) if d not in journal.done}

        def tell() -> None:
            if progress is not None:
                progress(len(wanted & journal.done.keys()), len(wanted))

        tell()
        for digest, result in _results(left, jobs):
            journal.add(digest, result)
            tell()
        journal.settle(digests)
        results = [journal.done[digest] for digest in digests]
    write_rows(folder / TRIALS_FILE, [result.row for result in results])
    write_timelines(
        folder / TIMELINES_FILE,
        (
            {**result.row, "timeline": result.timeline}
            for result in results
            if result.timeline is not None
        ),
    )
    write_report(folder / REPORT_FILE, experiment, results)
    return results


def _results(trials: dict[str, Trial], jobs: int) -> Iterator[tuple[str, Result]]:
    """Of each trial, as they end."""
    if jobs <= 1 or len(trials) <= 1:
        for digest, trial in trials.items():
            yield digest, run_trial(trial)
        return
    queue = list(_by_strategy(trials))
    # Forked processes would inherit locks of threads that they do not have.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(queue)), mp_context=context, initializer=_begin_worker
    ) as pool:
        running: dict[Future[Result], str] = {}
        try:
            while queue or running:
                while queue and len(running) < QUEUED * jobs:
                    digest, trial = queue.pop()
                    running[pool.submit(run_trial, trial)] = digest
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        except BrokenProcessPool as error:
            raise CallFailed(
                "a process of the experiment was ended from outside (was there too little "
                "memory?); what is done is kept, and the same command goes on from there."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _by_strategy(trials: dict[str, Trial]) -> Sequence[tuple[str, Trial]]:
    """Last first, those of one strategy together: what a process encoded once it has at hand."""
    return sorted(trials.items(), key=lambda each: each[1].strategy.name, reverse=True)


def _begin_worker() -> None:
    """Quiet, gone with its parent, and without the garbage collector looking at what lives on."""
    # Ctrl-C is the parent's to see.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    parent = multiprocessing.parent_process()
    assert parent is not None, "this is for processes of the pool"
    sentinel = parent.sentinel

    def follow() -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
