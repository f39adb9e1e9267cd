"""What a call came to, told by its downward commands: words, decisions, ledgers; and how two
runs differ."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from visavis.caller.notes import Line, Notes
from visavis.replay.file import Command

SAME_MS = 60.0
"""Decisions and stages closer than this count as the same: recorded ticks and virtual ones lie
on different grids."""


class Decision(NamedTuple):
    """Something the conversation made the line do."""

    at: float
    """Seconds since the call began."""
    what: str


@dataclass(slots=True)
class Outcome:
    lines: list[Line] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    ledgers: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def outcome(commands: list[Command], started: float) -> Outcome:
    """Read a run's commands."""
    notes = Notes()
    decisions: list[Decision] = []
    spoken: list[int] = []
    for command in commands:
        at = command.at - started
        reply = command.fields.get("reply")
        match command.kind:
            case "send":
                event = _event(command.fields.get("data"))
                if event is not None:
                    notes.take(event, at)
            case "play" if reply not in spoken:
                spoken.append(int(command.fields["reply"]))
                decisions.append(Decision(at, f"speak reply {len(spoken)}"))
            case "finish" if reply in spoken:
                decisions.append(Decision(at, f"end of reply {spoken.index(reply) + 1}"))
            case "duck":
                back = float(command.fields.get("gain", 1.0)) >= 1.0
                decisions.append(Decision(at, "back" if back else "duck"))
            case "flush":
                decisions.append(Decision(at, "stop"))
            case "close":
                decisions.append(Decision(at, "hang up"))
    return Outcome(notes.lines, decisions, notes.ledgers, notes.errors)


def _event(data: object) -> dict[str, Any] | None:
    try:
        event = json.loads(str(data))
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def differences(recorded: Outcome, replayed: Outcome) -> list[str]:
    """One sentence for each thing that came out differently; empty if nothing did."""
    found = _words(recorded, replayed)
    for n, (old, new) in enumerate(zip(recorded.decisions, replayed.decisions, strict=False), 1):
        if old.what != new.what:
            found.append(f"decision {n}: {old.what} at {old.at:.2f} s, now {new.what}")
            break
        if abs(old.at - new.at) * 1e3 > SAME_MS:
            found.append(f"decision {n} ({old.what}): at {old.at:.2f} s, now at {new.at:.2f} s")
    if len(recorded.decisions) != len(replayed.decisions):
        found.append(f"{len(recorded.decisions)} decisions, now {len(replayed.decisions)}")
    found += _ledgers(recorded, replayed)
    return found


def _words(recorded: Outcome, replayed: Outcome) -> list[str]:
    found = []
    for role, who in (("user", "the person"), ("assistant", "the agent")):
        old = [line.text.strip() for line in recorded.lines if line.role == role]
        new = [line.text.strip() for line in replayed.lines if line.role == role]
        for n, (before, after) in enumerate(zip(old, new, strict=False), 1):
            if before != after:
                found.append(f"{who}, line {n}: {before!r}, now {after!r}")
        if len(old) != len(new):
            found.append(f"{who} has {len(old)} lines, now {len(new)}")
    return found


def _ledgers(recorded: Outcome, replayed: Outcome) -> list[str]:
    found = []
    for old, new in zip(recorded.ledgers, replayed.ledgers, strict=False):
        before, after = old.get("stages", {}), new.get("stages", {})
        for stage in before:
            if stage not in after:
                found.append(f"turn {old.get('turn')}: {stage} was not reached")
            elif abs(before[stage] - after[stage]) > SAME_MS:
                found.append(
                    f"turn {old.get('turn')}: {stage} at {before[stage]:.0f} ms, "
                    f"now at {after[stage]:.0f} ms"
                )
    if len(recorded.ledgers) != len(replayed.ledgers):
        found.append(f"{len(recorded.ledgers)} turns, now {len(replayed.ledgers)}")
    return found
