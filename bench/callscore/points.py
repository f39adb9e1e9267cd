"""What one stack, or the floor, takes with so many calls."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callscore.load import Load
from callscore.server import Server, go_first
from visavis.audio import resample
from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.seam import RATE_OUT, SendPlan

WARM_UP_S = 2.0
HOPS_PER_S = 62.5
"""Frames of the detector in a second of audio."""


@dataclass
class Point:
    """One stack with so many calls."""

    stack: str
    calls: int
    cores: float
    """Processor seconds a second."""
    rss_mb: float
    late_p99_ms: float
    heard: float
    """Share of the audio that reached the detector, 0…1."""


def serve_point(
    stack: str, calls: int, talk: float, given: argparse.Namespace, speech: Path
) -> Point:
    load = Load(np.fromfile(speech, np.int16), WARM_UP_S + given.seconds + 10)
    server = Server(stack, talk, given.complexity, speech)
    try:
        load.connect(server, calls)
        time.sleep(WARM_UP_S)
        before = server.ask({"stat": True})
        cpu, start = server.cpu_s(), time.monotonic()
        time.sleep(given.seconds)
        took, wall = server.cpu_s() - cpu, time.monotonic() - start
        stat = server.ask({"stat": True})
        heard = stat["frames"] / (calls * HOPS_PER_S * (stat["at"] - before["at"]))
        return Point(stack, calls, took / wall, server.rss_mb(), stat["late_p99_ms"] or 0.0, heard)
    finally:
        server.close()
        load.close()


def floor_point(
    program: Path, calls: int, talk: float, given: argparse.Namespace, speech: Path
) -> Point:
    plan = SendPlan()
    done = subprocess.run(
        [program, str(calls), str(given.seconds), str(talk), str(plan.bitrate),
         str(given.complexity), speech],
        capture_output=True, text=True, check=True,
        preexec_fn=go_first,
    )  # fmt: skip
    found = json.loads(done.stdout)
    heard = found["decoded"] / (calls * 50 * found["media_s"])
    return Point(
        "floor", calls, found["cpu_s"] / found["media_s"], 0.0, found["late_p99_ms"], heard
    )


def detector_us(speech: NDArray[np.int16]) -> float:
    """Processor time of the detector for one 16 ms frame of one of 16 calls, in a loop that does
    nothing else."""
    import visavis_line

    voice = visavis_line.Voice(AkikiVad.load().weights())
    pcm = resample(speech, RATE_OUT, 16_000)[:32_000]
    hops = [[(call, pcm[at : at + 256].tobytes()) for call in range(16)]
            for at in range(0, 31_744, 256)]  # fmt: skip
    before = time.thread_time()
    frames = sum(len(voice.push(hop)) for hop in hops)
    return (time.thread_time() - before) / frames * 1e6
