"""What every bench shares: arguments, the machine's name, the config hash, the last line."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the flags every bench takes."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer cases, under 60 s")
    parser.add_argument("--json", action="store_true", help="print only the last line")
    parser.add_argument("--save", action="store_true", help="write the table to bench/results")
    return parser


def machine() -> str:
    """One line that tells this machine from others."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def config_hash(config: Mapping[str, Any]) -> str:
    """Twelve hex digits over all settings that matter to a figure."""
    text = json.dumps(config, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def percentile(values: Sequence[float], q: float) -> float:
    """Linear-interpolated percentile (q in 0…100). ValueError if there are no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    at = (len(ordered) - 1) * q / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A markdown table; the first row's keys are the columns."""
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row.get(c, "")) for c in columns) + " |" for row in rows]
    return "\n".join(lines)


def finish(options: argparse.Namespace, bench: str, text: str, figures: Mapping[str, Any]) -> None:
    """Print the table and, last, the JSON line; keep both under bench/results if asked."""
    line = json.dumps({"bench": bench, **figures, "machine": machine()})
    if not options.json:
        print(text)
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        command = "python " + shlex.join(a for a in sys.argv if a != "--save")
        (RESULTS / f"{bench}.md").write_text(
            f"# {bench}\n\nCommand: `{command}`  \nMachine: {machine()}\n\n{text}\n\n"
            f"```json\n{line}\n```\n"
        )
    print(line)
