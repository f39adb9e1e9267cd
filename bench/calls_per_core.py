"""How many calls does one processor core carry?

Each stack serves the same calls in a process of its own: real DTLS-SRTP from our native client
in this process, speech coming in all the time, the product's voice activity detector on every
call, the agent speaking all the time (full duplex) or 40 % of it. What a call costs is the slope
of the server's processor time (user and system, all its threads) over the number of calls;
calls a core are one over it. Lateness is that of each stack's 20 ms clock, memory the slope of
its resident set.

The floor is `floor/floor.c` (recvmmsg, SRTP, Opus, sendmmsg and nothing else) with what the same
detector costs in a tight loop added, measured in this run. Stacks take turns. Root is needed for
a network of its own, because libwebrtc uses no loopback interface.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callscore.build_floor import FloorMissing, build_floor
from harness import arguments, config_hash, finish, percentile, table
from visavis.audio import resample
from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.seam import RATE_OUT, SendPlan

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

HERE = Path(__file__).parent
ADDRESS = "10.99.0.1"
TALK = {"full_duplex": 1.0, "talk40": 0.4}
COUNTS = {"visavis": (10, 30), "floor": (10, 30), "wrtc": (5, 20), "aiortc": (4, 16)}
QUICK = {"visavis": (20,), "floor": (20,), "wrtc": (15,), "aiortc": (8,)}
MODULES = {"visavis": "visavis_line", "wrtc": "wrtc", "aiortc": "aiortc"}
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


def own_network() -> None:
    """Leave the machine's network for one with a single address. OSError without the right."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "no network namespace; run this bench as root")
    for command in (
        "link set lo up",
        "link add c0 type veth peer name c1",
        f"addr add {ADDRESS}/24 dev c0",
        "link set c0 up",
        "link set c1 up",
    ):
        subprocess.run(["ip", *command.split()], check=True)


class Load:
    """The callers: our native client, which speaks all the time and drops what it hears."""

    def __init__(self, speech: NDArray[np.int16], seconds: float) -> None:
        import visavis_line

        repeats = int(np.ceil(seconds * RATE_OUT / len(speech)))
        self._speech = np.tile(speech, repeats)[: round(seconds * RATE_OUT)]
        self._engine = visavis_line.Engine(host=ADDRESS, max_queue_s=seconds + 1)
        self._connected: set[int] = set()
        self._open = True
        self._thread = threading.Thread(target=self._drain)
        self._thread.start()

    def _drain(self) -> None:
        while self._open:
            for batch in self._engine.poll():
                for event in batch.events:
                    if event[1] == "connected":
                        self._connected.add(event[0])
            time.sleep(0.05)

    def _offer(self) -> tuple[int, str]:
        """One more call; a burst of another program may make the callers' engine refuse it."""
        import visavis_line

        for _ in range(100):
            with contextlib.suppress(visavis_line.LineError):
                return self._engine.offer()
            time.sleep(0.1)
        return self._engine.offer()

    def connect(self, server: Server, calls: int) -> None:
        """Make the calls and wait until all of them stand. RuntimeError if one does not."""
        numbers = []
        for _ in range(calls):
            number, offer = self._offer()
            # Cheap to encode: the callers' cost is nobody's figure.
            self._engine.set_plan(number, **asdict(SendPlan(complexity=0, dtx=False)))
            reply = server.ask({"offer": offer})
            if "answer" not in reply:
                raise RuntimeError(f"{server.stack} refused call {len(numbers)}: {reply}")
            self._engine.answer(number, reply["answer"])
            time.sleep(0.03)  # handshakes all at once would tell the engine that it is full
            numbers.append(number)
        end = time.monotonic() + 20
        while len(self._connected) < calls:
            if time.monotonic() > end:
                raise RuntimeError(f"{len(self._connected)} of {calls} calls connected")
            time.sleep(0.02)
        for k, number in enumerate(numbers):
            self._engine.play(number, 1, np.roll(self._speech, -k * 4801).tobytes())

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._engine.shutdown()


def go_first() -> None:
    """In a server's process, before it starts: the first core, and before programs that are not
    part of the bench, as our media thread asks for itself."""
    os.sched_setaffinity(0, {0})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class Server:
    """One stack in a process of its own, on the first core."""

    def __init__(self, stack: str, talk: float, complexity: int, speech: Path) -> None:
        self.stack = stack
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "callscore" / f"serve_{stack}.py"),
             "--talk", str(talk), "--complexity", str(complexity), "--speech", str(speech)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=go_first,
        )  # fmt: skip
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server with {self.stack} has ended")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


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


def slope(points: Sequence[Point], figure: str) -> float:
    """What one call adds; with a single size, its share. Of the rounds of one size the least
    counts: other programs can only make a point dearer."""
    least: dict[int, float] = {}
    for point in points:
        y = float(getattr(point, figure))
        least[point.calls] = min(y, least.get(point.calls, y))
    if len(least) == 1:
        return next(y / x for x, y in least.items())
    return float(np.polyfit(list(least), list(least.values()), 1)[0])


def measure(given: argparse.Namespace, speech: Path) -> tuple[dict[str, list[Point]], float]:
    """All points by "stack talk", and the detector's cost."""
    counts = QUICK if given.quick else COUNTS
    stacks = [s for s, module in MODULES.items() if importlib.util.find_spec(module)]
    try:
        floor: Path | None = build_floor()
    except FloorMissing as missing:
        floor = None
        print(f"no floor: {missing}", file=sys.stderr)
    points: dict[str, list[Point]] = {}
    costs = []
    pcm = np.fromfile(speech, np.int16)
    for round_ in range(1 if given.quick else given.rounds):
        for name, talk in TALK.items():
            for step in range(len(counts["visavis"])):
                costs.append(detector_us(pcm))
                for stack in [*stacks, *(["floor"] if floor else [])]:
                    calls = counts[stack][step]
                    if stack == "floor":
                        assert floor is not None
                        point = floor_point(floor, calls, talk, given, speech)
                    else:
                        point = serve_point(stack, calls, talk, given, speech)
                    points.setdefault(f"{stack} {name}", []).append(point)
                    if not given.json:
                        print(f"  {round_ + 1}: {name} {point}", file=sys.stderr)
    return points, min(costs)


def summary(points: dict[str, list[Point]], vad_us: float) -> dict[str, dict[str, Any]]:
    """Figures of each stack."""
    found: dict[str, dict[str, Any]] = {}
    for key, of_key in points.items():
        stack, name = key.split()
        cost = slope(of_key, "cores")
        if stack == "floor":
            cost += vad_us * 1e-6 * HOPS_PER_S
        figures = found.setdefault(stack, {})
        figures[name] = round(1 / cost, 1)
        figures[f"{name}_us"] = round(cost * 0.02 * 1e6)
        late = percentile([p.late_p99_ms for p in of_key], 50)
        figures["tick_p99_ms"] = round(max(late, figures.get("tick_p99_ms", 0.0)), 2)
        figures["heard"] = round(min(figures.get("heard", 1.0), *(p.heard for p in of_key)), 3)
        if stack != "floor" and len({p.calls for p in of_key}) > 1:
            figures["mb_per_call"] = round(slope(of_key, "rss_mb"), 2)
    return found


def ratios(found: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Ours over theirs, in calls a core."""
    ours = found["visavis"]
    return {
        f"{name}_of_{other}": round(ours[name] / found[other][name], 2)
        for other in found
        if other != "visavis"
        for name in TALK
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--complexity", type=int, default=SendPlan().complexity)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured at each point")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    if given.quick:
        given.seconds = 3.0
    parts = [p.pcm for p in recordings.sentences(8)]
    own_network()
    os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
    with tempfile.TemporaryDirectory() as folder:
        speech = Path(folder) / "speech.raw"
        resample(np.concatenate(parts), 16_000, RATE_OUT).tofile(speech)
        points, vad_us = measure(given, speech)
    found = summary(points, vad_us)
    ours = found["visavis"]
    floor = found.get("floor", {})
    figures = {
        "n": sum(len(of) for of in points.values()),
        **{key: ours.get(key) for key in (*TALK, "tick_p99_ms", "mb_per_call")},
        **{f"floor_{name}": floor.get(name) for name in TALK},
        "peers": {s: f for s, f in found.items() if s not in ("visavis", "floor")},
        "ratios": ratios(found),
        "detector_us": round(vad_us, 1),
        "complexity": given.complexity,
        "config_hash": config_hash(
            {"plan": SendPlan(complexity=given.complexity), "counts": COUNTS, "talk": TALK}
        ),
    }
    rows = [{"stack": stack, **of} for stack, of in found.items()]
    rows.sort(key=lambda row: len(row), reverse=True)
    text = f"{table(rows)}\n\n{table([figures['ratios']])}" if floor else table(rows)
    finish(given, "calls_per_core", text, figures)


if __name__ == "__main__":
    main()
