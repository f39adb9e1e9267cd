"""Does speech survive the network? visavis' line against libwebrtc and aiortc, both directions.

Human speech through a relay between two network namespaces, every stack with itself at both
ends and the same losses for all. `up` is what a server's recogniser gets, `down` what a
client's ear gets (libwebrtc and aiortc have one receiver for both). visavis sends its default
plans at the bitrates that make its bits on the wire equal to libwebrtc's in the clean network,
once for FEC + RED and once for FEC alone. What its server says is made, as by a voice engine: it
gets each utterance whole when that begins, of which the others' interfaces could make no use. In
`… + chromium` Chromium calls visavis, or libwebrtc with FEC + RED, as our page does: `up` is
Chromium's sending, `down` its NetEq's hearing. Needs root, TUN, and the package's `bench` extra.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from harness import arguments, config_hash, finish, table
from lineloss.kept import Kept
from lineloss.material import Stream, streams, utterances
from lineloss.networks import NETWORKS, Network, neteq
from lineloss.relay import RelayUnavailable
from lineloss.rig import Heard, Rig, Stack, rig
from lineloss.score import Scorer, Utterance, figures, word_error_rate
from lineloss.virtual import RateCurve
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN

RED, FEC, AIORTC = "libwebrtc fec+red", "libwebrtc fec", "aiortc"
CHROMIUM, THEIR_CHROMIUM = "visavis + chromium", "libwebrtc + chromium"
OURS = {"visavis": RED, "visavis low": FEC, CHROMIUM: THEIR_CHROMIUM}
"""Our rows, and whose bits each matches."""
SEED = 1

Result = tuple[dict[str, Any], list[Utterance]]
"""A row and the utterances behind it."""
Key = tuple[tuple[str, str, str], dict[str, Any]]
"""Where a result belongs in this run, and what it is kept under."""
Plan = dict[str, Any]


def theirs() -> dict[str, Stack]:
    red, fec = ((json.dumps({"red": red}),) for red in (True, False))
    module = "lineloss.end_libwebrtc"
    stacks = (
        Stack(RED, module, red, red),
        Stack(FEC, module, fec, fec),
        Stack(AIORTC, "lineloss.end_aiortc"),
        Stack(THEIR_CHROMIUM, "lineloss.end_chromium", (), red, module),
    )
    return {stack.name: stack for stack in stacks}


def ours(name: str, up: dict[str, Any], down: dict[str, Any]) -> Stack:
    near, far = (
        (json.dumps({"role": role, "plan": plan}),) for role, plan in (("near", up), ("far", down))
    )
    if name == CHROMIUM:
        return Stack(name, "lineloss.end_chromium", (), far, "lineloss.end_visavis")
    return Stack(name, "lineloss.end_visavis", near, far)


def lacking(name: str) -> str | None:
    """Why this stack cannot run here."""
    chromium = name in (CHROMIUM, THEIR_CHROMIUM)
    if chromium and shutil.which("chromium") is None:
        return "Debian's chromium is not installed"
    if chromium and find_spec("playwright") is None:
        return "playwright is not installed"
    return None


def jobs(heard: Heard, spoken: list[Stream], way: str) -> list[Any]:
    speakers, listeners = (heard.down, heard.up) if way == "up" else (heard.up, heard.down)
    return [(s, a.spoke_at, b) for s, a, b in zip(spoken, speakers, listeners, strict=True)]


def compare(results: dict[tuple[str, str, str], Result],
            networks: list[Network]) -> list[dict[str, Any]]:  # fmt: skip
    """Ours less the one whose bits it matches."""
    rows = []
    for network in networks:
        for mine, other in OURS.items():
            for way in ("up", "down"):
                a, b = (results.get((network.name, name, way)) for name in (mine, other))
                if a is None or b is None:
                    continue
                wer, low, high = word_error_rate(a[1], less=b[1])
                row: dict[str, Any] = {
                    "network": network.name, "direction": way, "against": other,
                    "wer": f"{wer:+.3f} ({low:+.3f} … {high:+.3f})",
                }  # fmt: skip
                for key in ("concealed", "stoi", "pesq", "delay_p50_ms", "delay_p95_ms"):
                    x, y = a[0][key], b[0][key]
                    row[key] = "" if x is None or y is None else f"{x - y:+.4g}"
                row["kbps"] = f"{a[0]['kbps'] / b[0]['kbps'] - 1:+.1%}"
                rows.append(row)
    return rows


@dataclass
class Run:
    """One run's trials: measured, scored while the next one runs, and kept."""

    running: Rig
    scorer: Scorer
    kept: Kept
    spoken: list[Stream]
    traces: str | None
    quiet: bool
    results: dict[tuple[str, str, str], Result] = field(default_factory=dict)
    """By network, stack and direction."""
    _waiting: list[tuple[Key, dict[str, Any], Callable[[], list[Utterance]]]] = field(
        default_factory=list
    )

    def _key(self, stack: Stack, network: Network) -> dict[str, Any]:
        size = {"n": sum(len(s.spoken) for s in self.spoken), "calls": len(self.spoken)}
        return {**size, "seed": SEED, "network": network.what, "stack": asdict(stack)}

    def wire(self, stack: Stack) -> tuple[float, float]:
        """What it sends up and down in the clean network, kb/s: with losses libwebrtc adds padding
        that probes for bandwidth, up to several times its speech."""
        key = {**self._key(stack, NETWORKS[0]), "what": "wire"}
        if (known := self.kept.get(key)) is None:
            clean = self.running.trial(stack, NETWORKS[0], self.spoken, SEED, None)
            self.kept.put(key, known := (clean.up_kbps, clean.down_kbps))
        up, down = known
        return up, down

    def trial(self, stack: Stack, network: Network) -> None:
        keys: dict[str, Key] = {
            way: ((network.name, stack.name, way), {**self._key(stack, network), "way": way})
            for way in ("up", "down")
        }
        known = [self.kept.get(key) for _, key in keys.values()]
        if None not in known:
            for (place, _), (row, found) in zip(keys.values(), known, strict=True):
                self.results[place] = row, [Utterance(**u) for u in found]
            return
        heard = self.running.trial(stack, network, self.spoken, SEED, self.traces)
        self.settle()
        for way, kbps in (("up", heard.up_kbps), ("down", heard.down_kbps)):
            row = {"network": network.name, "stack": stack.name, "direction": way,
                   "kbps": round(kbps, 1), "lost": round(heard.dropped, 4),
                   "relay_p99_ms": round(heard.error_p99_ms, 2)}  # fmt: skip
            wait = self.scorer.start(jobs(heard, self.spoken, way))
            self._waiting.append((keys[way], row, wait))

    def settle(self) -> None:
        """Wait for what is being scored."""
        for (place, key), row, wait in self._waiting:
            found = wait()
            full = {**row, **figures(found)}
            if not self.quiet:
                print(" ".join(f"{key}={value}" for key, value in full.items()), flush=True)
            self.kept.put(key, (full, [asdict(u) for u in found]))
            self.results[place] = full, found
        self._waiting.clear()


def options_and_networks() -> tuple[Namespace, list[Network]]:
    parser = arguments(__doc__)
    parser.add_argument("--n", type=int, default=219, help="utterances a row")
    parser.add_argument("--calls", type=int, default=12, help="calls at once")
    parser.add_argument("--networks", nargs="+", help="only these")
    parser.add_argument("--stacks", nargs="+", choices=[*theirs(), *OURS], help="only these")
    for way in ("up", "down"):
        parser.add_argument(f"--{way}-plan", type=json.loads, default={},
                            help=f"JSON: what of the plan {way} is not the default")  # fmt: skip
    parser.add_argument("--traces", default=os.environ.get("VISAVIS_TRACES"),
                        help="folder of NetEq's jitter files (*.rtp)")  # fmt: skip
    parser.add_argument("--logs", type=Path, help="keep recordings and logs of each last trial")
    parser.add_argument("--keep", type=Path,
                        help="folder of results: a run goes on where it stopped")  # fmt: skip
    options = parser.parse_args()
    networks = list(NETWORKS)
    if options.traces:
        networks += neteq(Path(options.traces))
    elif not options.json:
        print("NetEq's jitter files: skipped; name their folder by --traces or VISAVIS_TRACES")
    if options.quick:
        options.n, options.calls = 4, 4
        options.networks = options.networks or ["bursts30"]
        options.stacks = options.stacks or [RED, "visavis"]
    if options.networks:
        unknown = set(options.networks) - {n.name for n in networks}
        if unknown:
            parser.error(f"no such network: {', '.join(sorted(unknown))}")
        networks = [n for n in networks if n.name in options.networks]
    chosen = options.stacks or [*theirs(), *OURS]
    for name, why in [(name, lacking(name)) for name in chosen]:
        if why:
            chosen = [other for other in chosen if other != name]
            print(f"{name}: skipped; {why}", file=sys.stderr)
    if not chosen:
        parser.error("no stack is left to measure")
    options.stacks = chosen
    return options, networks


def matched(run: Run, chosen: list[str], up: Plan, down: Plan) -> dict[str, list[Plan]]:
    """Of each of our stacks the plans up and down that send as much as the one it is set beside."""
    spoken = run.spoken[0]
    plans: dict[str, list[Plan]] = {}
    for name in (name for name in OURS if name in chosen):
        wire = run.wire(theirs()[OURS[name]])
        if name == CHROMIUM:
            # A browser sends as it does, and takes nothing before its time.
            found = [{}, RateCurve(spoken, {**down, "ahead_ms": 0}, "down").at(wire[1])]
        else:
            found = [RateCurve(spoken, up).at(wire[0]), RateCurve(spoken, down, "down").at(wire[1])]
        if None in found:
            sys.exit(f"our plans cannot send {wire} kb/s at any bitrate")
        plans[name] = [plan for plan in found if plan is not None]
    return plans


def main() -> None:
    options, networks = options_and_networks()
    spoken = streams(utterances("testing"), options.n, calls=options.calls)
    up = {**asdict(UPLINK_PLAN), **options.up_plan}
    down = {**asdict(DEFAULT_PLAN), **options.down_plan}
    scorer = Scorer()
    try:
        with rig(options.logs) as running:
            kept = Kept(options.keep)
            run = Run(running, scorer, kept, spoken, options.traces, options.json)
            plans = matched(run, options.stacks, up, down)
            stacks = theirs() | {name: ours(name, *plans[name]) for name in plans}
            for i, network in enumerate(networks):
                # Another one begins each time, lest one always has the warmer machine.
                for name in np.roll(options.stacks, i).tolist():
                    run.trial(stacks[name], network)
            run.settle()
    except RelayUnavailable as error:
        sys.exit(f"line_loss needs two network namespaces joined by a relay: {error}")
    finally:
        scorer.close()
    order = [(n.name, s, w) for n in networks for w in ("up", "down") for s in options.stacks]
    rows = [run.results[place][0] for place in order]
    against = compare(run.results, networks)
    text = "\n\n".join([
        "\n".join(f"- `{n.name}`: {n.what}" for n in networks),
        table(rows),
        *(["visavis less libwebrtc at the same bits (word error rate with its 95 % interval):",
           table(against)] if against else []),
    ])  # fmt: skip
    config = {"plans": plans, "n": options.n, "calls": options.calls, "seed": SEED}
    finish(options, "line_loss", text,
           {"n": options.n, "rows": rows, "plans": plans, "config_hash": config_hash(config)},
           )  # fmt: skip


if __name__ == "__main__":
    main()
