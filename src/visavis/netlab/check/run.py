"""A check, run: calls placed, figures gathered, verdicts. The shell around the pure parts."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from visavis.caller import CallOptions
from visavis.caller.link import Unreachable
from visavis.errors import VisavisError
from visavis.line import load_native
from visavis.netlab.check.dial import Agent, call_agent
from visavis.netlab.check.heard_from import understood
from visavis.netlab.check.measure import CallFigures, measure, never_up, words_of
from visavis.netlab.check.own import call_own
from visavis.netlab.check.questions import script_of
from visavis.netlab.check.settings import Check
from visavis.netlab.check.verdict import NetworkResult, Outcome
from visavis.netlab.check.words import split_words
from visavis.netlab.library import find

PATIENCE_S = 8.0
"""A turn is unanswered after so much quiet, or after twice the limit."""
MAX_MESSAGES = 20_000
"""Of one call; what an agent says beyond is not read."""

OnResult = Callable[[NetworkResult], None]


@dataclass(slots=True, frozen=True)
class Report:
    """What came of a check."""

    agent: str
    results: tuple[NetworkResult, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of all networks."""
        found = {result.outcome for result in self.results}
        for worst in (Outcome.NOT_RUN, Outcome.NOT_MEASURED, Outcome.FAILED):
            if worst in found:
                return worst
        return Outcome.PASSED

    @property
    def exit_code(self) -> int:
        """0: all passed; 1: some failed; 2: some could not be run, or not be measured."""
        return {Outcome.PASSED: 0, Outcome.FAILED: 1}.get(self.outcome, 2)

    def to_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent,
            "outcome": self.outcome.value,
            "networks": [result.to_dict() for result in self.results],
        }


def run_check(check: Check, on_result: OnResult | None = None) -> Report:
    """Place all calls and judge them; `on_result` is told of each network as soon as it is done,
    in their order. What is wrong with the check itself raises (CheckError, ScenarioError,
    AudioError); if no call can be placed at all, networks are `NOT_RUN`."""
    networks = check.all_networks()
    for name in networks:
        find(name)
    script_of(check)
    results = []
    with _executor(check, len(networks)) as pool:
        try:
            jobs = {
                name: [pool.submit(place_call, check, name, n) for n in range(check.calls)]
                for name in networks
            }
            for name, placed in jobs.items():
                results.append(_gather(check, name, placed))
                if on_result is not None:
                    on_result(results[-1])
                if results[-1].outcome is Outcome.NOT_RUN:
                    break  # whom no call reaches on one network it reaches on no other
        finally:
            pool.shutdown(cancel_futures=True)
    why = results[-1].error
    for name in networks[len(results) :]:
        results.append(NetworkResult(name, (), check.limits_on(name), error=f"not tried: {why}"))
    return Report(check.agent or "visavis in virtual time", tuple(results))


def place_call(check: Check, network: str, number: int) -> CallFigures:
    """One call of a check, from its beginning to its figures. CallFailed, BusyError and
    NativeMissingError if it cannot be placed whatever the network; what `run_check` raises."""
    load_native()  # without it every call would seem to be kept down by the network
    scenario, folder = find(network)
    script = script_of(check)
    told: list[dict[str, Any]] = []
    said = words_of(script)

    def words_to_come() -> bool:
        """Data channels bring what a network lost seconds later."""
        heard = understood(told, check.heard_from)
        return heard is not None and said is not None and len(split_words(heard)) < len(said)

    options = CallOptions(
        server=check.agent or "",
        transport="webrtc",
        api_key=check.api_key,
        reply_timeout_s=max(PATIENCE_S, 2 * (check.limits_on(network).answer_within_s or 0.0)),
        connect_timeout_s=check.connect_s,
        by_ear=True,
        on_event=lambda message: told.append(message) if len(told) < MAX_MESSAGES else None,
    )
    seed = (check.seed + number) % 2**32
    heard: str | None
    try:
        if check.agent is None:
            result, heard = call_own(scenario, folder, seed, script, options)
        else:
            options.linger = words_to_come
            whom = Agent(check.agent, check.signalling, check.verify_tls)
            result = asyncio.run(call_agent(whom, scenario, folder, seed, script, options))
            heard = understood(told, check.heard_from)
    except Unreachable as error:
        return never_up(script, str(error))
    return measure(result, script, heard)


def _gather(
    check: Check, network: str, placed: list[concurrent.futures.Future[CallFigures]]
) -> NetworkResult:
    limits = check.limits_on(network)
    try:
        return NetworkResult(network, tuple(job.result() for job in placed), limits)
    except VisavisError as error:
        return NetworkResult(network, (), limits, error=str(error))


def _executor(check: Check, networks: int) -> concurrent.futures.Executor:
    """Virtual time takes a core for each call, real time next to nothing."""
    if check.agent is not None:
        return concurrent.futures.ThreadPoolExecutor(check.at_once or 1)
    cores = check.at_once or len(os.sched_getaffinity(0))
    workers = min(cores, networks * check.calls)
    if workers == 1:
        return concurrent.futures.ThreadPoolExecutor(1)
    return concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn")
    )
