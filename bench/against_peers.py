"""Pipecat and LiveKit Agents with visavis' own models: how soon do they answer, at equal cut-offs?

The same recogniser, language model, voice and recordings for all three, in one run, in real time,
call by call in turn; whoever is not called idles (`idle` in the last line: cores used meanwhile).
All are measured on the caller's two tracks as in `voice_to_voice.py`; half of the sentences hold a
pause of 0.4 to 2 s, and an agent that speaks before their true end has cut them off. An answer is
broken off after 0.3 s; an unanswered turn counts as 5 s.

To the peers' favour: their sound comes and goes over a pipe, with no network, codec and jitter
buffer, while visavis is heard over loopback WebRTC (`line_ms`: how long its sound is under way).
Each peer runs with its defaults and a local recogniser as such are plugged in, and as it is best:
a streaming recogniser, replies made ahead, their endpointing delay swept. LiveKit's larger turn
detector runs only in its cloud; here is the one it bundles. At the rate of cut-offs that visavis
has, a peer is given the line between two settings of a sweep.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from harness import arguments, config_hash, finish, percentile, table
from peers.brief import Brief
from peers.environment import python, requirements
from peers.link import Peer, PeerLink, cpu_s
from peers.material import conversations
from peers.sweep import NO_ANSWER_MS, Point, Setting, at_cut_rate, better, settings
from rig import server
from turns.cases import Turn
from visavis.caller import AfterReply, CallOptions, TurnResult, call, connect, utterance
from visavis.caller.link import Link, Listener, TakeMicrophone
from visavis.cli.local_server import LocalServer

DELAYS = {"eager": (0.3, 0.6, 1.0), "detector": (0.1, 0.5), "vad": (0.3, 0.8)}
SETTLE_S = 1.2
"""From the end of an answer to the next sentence: as long as a call by ear needs to know it."""
VISAVIS = Setting("visavis", "default", {})


@dataclass
class Run:
    """The stacks and what they did so far."""

    visavis: LocalServer
    peers: dict[str, Peer]
    transport: str
    turns: dict[Setting, list[TurnResult]] = field(default_factory=dict)
    idle: dict[str, list[float]] = field(default_factory=dict)
    """Cores used by each stack during others' calls."""

    async def hold(self, setting: Setting, said: Sequence[Turn]) -> None:
        """One call."""
        script = [
            utterance(turn.name, turn.pcm, AfterReply(SETTLE_S if i else 0.6))
            for i, turn in enumerate(said)
        ]
        brief = Brief()
        options = CallOptions(
            self.visavis.url,
            transport=self.transport,  # type: ignore[arg-type]
            reply_timeout_s=NO_ANSWER_MS / 1e3,
            by_ear=setting.stack != VISAVIS.stack,
            on_said=brief.on_said,
        )

        async def dial(take: TakeMicrophone, listener: Listener) -> tuple[Link, float]:
            brief.inner = listener
            if setting.stack == VISAVIS.stack:
                brief.link, began = await connect(options, take, brief)
                return brief.link, began
            brief.link = PeerLink(self.peers[setting.stack], setting.how, take, brief)
            return brief.link, await brief.link.open()

        before = self._cpu()
        result = await call(script, options, dial)
        for stack, used in self._cpu().items():
            if stack != setting.stack:
                share = (used - before[stack]) / max(1.0, result.duration_s)
                self.idle.setdefault(stack, []).append(share)
        self.turns.setdefault(setting, []).extend(result.turns)

    def _cpu(self) -> dict[str, float]:
        pids = {VISAVIS.stack: self.visavis.pid, **{s: p.pid for s, p in self.peers.items()}}
        return {stack: cpu_s(pid) for stack, pid in pids.items()}


async def run(
    every: Sequence[Setting], said: Sequence[Sequence[Turn]], options: Any, logs: Path
) -> Run:
    interpreter = python()
    peers = {stack: Peer(stack, logs / f"{stack}.log") for stack in ("pipecat", "livekit")}
    with server("--llm", options.llm) as running:
        try:
            # After the server, which measures its models' speed as it starts.
            await asyncio.gather(*(peer.open(interpreter, options.llm) for peer in peers.values()))
            done = Run(running, peers, options.transport)
            if not options.quick:  # what is loaded at first use
                for setting in {setting.stack: setting for setting in reversed(every)}.values():
                    await done.hold(setting, said[0][:1])
                done.turns, done.idle = {}, {}
            for number, part in enumerate(said):
                # Each call begins with another stack: none is always the first or the last.
                at = number % len(every)
                for setting in [*every[at:], *every[:at]]:
                    await done.hold(setting, part)
        finally:
            for peer in peers.values():
                await peer.aclose()
    return done


def point(setting: Setting, turns: Sequence[TurnResult]) -> Point:
    whole = [turn for turn in turns if not turn.cut_off]
    answers = [t.voice_to_voice_ms for t in whole if t.voice_to_voice_ms is not None]
    return Point(setting, tuple(answers), len(turns) - len(whole), len(whole) - len(answers))


def line_ms(turns: Sequence[TurnResult]) -> float | None:
    """How long visavis' first sound is under way, at the median."""
    stages = [turn.ledger["stages"] for turn in turns if turn.ledger is not None]
    ways = [s["first_played"] - s["first_sent"] for s in stages if "first_played" in s]
    return round(percentile(ways, 50)) if ways else None


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--llm", default="auto", help="auto, 0.5b or 1.5b")
    parser.add_argument("--n", type=int, default=20, help="sentences")
    parser.add_argument("--transport", default="webrtc", choices=["webrtc", "ws"])
    for name, delays in DELAYS.items():
        parser.add_argument(f"--{name}", type=float, nargs="*", default=delays, metavar="S")
    parser.add_argument("--silence", type=float, nargs="*", default=(), metavar="S",
                        help="Pipecat by silence alone, with the segmented recogniser")  # fmt: skip
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    names = ("eager", "silence", "detector", "vad")
    every = [VISAVIS, *settings({} if options.quick else {n: getattr(options, n) for n in names})]
    said = conversations(2 if options.quick else options.n)
    with tempfile.TemporaryDirectory(prefix="visavis-peers-") as logs:
        done = asyncio.run(run(every, said, options, Path(logs)))
    points = [point(setting, done.turns[setting]) for setting in every]
    ours, best = points[0], better(points, points[0])
    matches = {s: at_cut_rate(points, s, ours.cut_rate) for s in done.peers}
    figures = {
        "n": ours.turns,
        "rows": [p.row() for p in points],
        "at_equal_cut_offs": {s: m and round(m.p50_ms) for s, m in matches.items()},
        "ratio_at_equal_cut_offs": best and round(ours.ms(50) / best.p50_ms, 3),
        "line_ms": line_ms(done.turns[VISAVIS]),
        "idle": {s: round(max(used), 3) for s, used in done.idle.items()},
        "config_hash": config_hash({
            "settings": [s.how for s in every], "transport": options.transport,
            "llm": options.llm, "with": requirements()[:3],
            "turns": [turn.name for part in said for turn in part],
        }),
    }  # fmt: skip
    verdict = [
        f"At {ours.cut_offs} of {ours.turns} cut off, visavis: p50 {ours.ms(50):.0f} ms.",
        *(
            f"{stack}: {match.p50_ms:.0f} ms ({match.by})."
            if match
            else f"{stack}: every setting cut off more."
            for stack, match in matches.items()
        ),
    ]
    finish(options, "against_peers", f"{table(figures['rows'])}\n\n{' '.join(verdict)}", figures)


if __name__ == "__main__":
    main()
