"""How many call-minutes a minute an experiment gets through, and how near packet level comes.

`speed`: a whole experiment as `visavis netlab run` makes it, processes started and tables written.
Fixed plans and controllers apart. The rate needs a calm machine; `CPU s a call-minute` hardly does,
and 60 of them for each core are the most that there are. `fidelity`: the same networks and seeds at
both depths, beside each other.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from harness import arguments, config_hash, finish, table
from visavis.netlab.experiment import Depth, experiment, run_experiment
from visavis.netlab.experiment.summary import summarise

BARS = {Depth.MEDIA: 80.0, Depth.PACKETS: 2000.0}
KINDS = {"fixed plans": ["fec", "fixed"], "a controller": ["adaptive"],
         "both": ["fec", "fixed", "adaptive"]}  # fmt: skip
NETWORKS = ["clean", "random10", "gilbert20", "bursts30", "bufferbloat", "lte-driving"]


def speed(
    depth: Depth, kind: str, networks: Sequence[str], seeds: int, jobs: int
) -> dict[str, Any]:
    planned = experiment(networks, KINDS[kind], seeds=seeds, depth=depth)
    with tempfile.TemporaryDirectory() as folder:
        began, spent = time.perf_counter(), cpu_s()
        run_experiment(planned, Path(folder), jobs=jobs)
        took = time.perf_counter() - began
        # What a process used is known once it is gone.
        for worker in multiprocessing.active_children():
            worker.join()
        spent = cpu_s() - spent
    minutes = len(planned.trials()) * planned.seconds / 60
    rate = minutes * 60 / took
    return {"depth": depth.value, "strategies": kind, "processes": jobs,
            "call-minutes": round(minutes), "seconds": round(took, 1),
            "CPU s a call-minute": round(spent / minutes, 3),
            "call-minutes a minute": round(rate), "bar": BARS[depth],
            "met": rate >= BARS[depth]}  # fmt: skip


def cpu_s() -> float:
    """Of this process and those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def fidelity(networks: Sequence[str], seeds: int, jobs: int) -> list[dict[str, Any]]:
    rows = []
    found = {}
    for depth in Depth:
        planned = experiment(networks, KINDS["both"], seeds=seeds, depth=depth)
        with tempfile.TemporaryDirectory() as folder:
            results = run_experiment(planned, Path(folder), jobs=jobs)
        for name in networks:
            here = [result.row for result in results if result.row["scenario"] == name]
            found |= {(name, each.strategy, depth): each for each in summarise(here)}
    for name in networks:
        for strategy in KINDS["both"]:
            media, packets = (found[name, strategy, depth] for depth in Depth)
            row: dict[str, Any] = {"network": name, "strategy": strategy}
            for title, field, digits in (
                ("words lost %", "words_lost", 2), ("unheard %", "unheard", 2),
                ("kbit/s", "kbps", 1), ("answer p50 ms", "turn_p50_ms", 0),
                ("word p95 ms", "word_p95_ms", 0), ("plans a minute", "plans", 1),
            ):  # fmt: skip
                scale = 100 if title.endswith("%") else 1
                values = [getattr(each, field) for each in (media, packets)]
                row[title] = " / ".join(
                    "–" if value is None else f"{scale * value:.{digits}f}" for value in values
                )
            rows.append(row)
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--seeds", type=int, default=10, help="with full media; x 20 without")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if options.quick:
        options.networks, options.seeds = ["gilbert20"], 2
    speeds = [
        speed(depth, kind, options.networks, options.seeds * (20 if depth is Depth.PACKETS else 1),
              options.processes)
        for depth in Depth
        for kind in KINDS
    ]  # fmt: skip
    near = fidelity(options.networks, min(3, options.seeds), options.processes)
    config = {"networks": options.networks, "seeds": options.seeds, "jobs": options.processes}
    text = f"{table(speeds)}\n\nFull media / packet level:\n\n{table(near)}"
    finish(options, "netlab_speed", text, {"rows": speeds, "config_hash": config_hash(config)})


if __name__ == "__main__":
    main()
