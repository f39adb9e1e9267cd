"""What a call brought: both sides' words, every turn's delays, the link, both tracks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from visavis.audio import Stereo
from visavis.caller.measure import AgentSound, Interruption, voice_to_voice
from visavis.caller.notes import Line, Notes
from visavis.caller.script import AtTime, DuringReply, Utterance
from visavis.seam import RATE_IN, RATE_OUT

_MATCH_MS = 1500.0
"""How far after an utterance's true end the server's idea of its end may lie."""


_STOPPED_S = 2.5
"""So long after an interruption that got no answer the agent has stopped or is back."""


@dataclass(slots=True)
class TurnResult:
    """One utterance of the script and what came of it. Times: seconds since the call began."""

    index: int
    name: str
    reference: str | None
    """What is said in the recording, if known."""
    start: float
    """First voiced sample."""
    end: float
    """Last voiced sample: zero of `voice_to_voice_ms` and of the waterfall."""
    heard_as: str = ""
    """The server's transcript."""
    reply: str = ""
    voice_to_voice_ms: float | None = None
    cut_off: bool = False
    """The agent began to answer before the utterance had ended."""
    unanswered: bool = False
    interruption: Interruption | None = None
    ledger: dict[str, Any] | None = None
    """The server's, see visavis.conversation.ledger."""
    end_error_ms: float | None = None
    """How much later the server puts the end of speech than the recording does."""


@dataclass(slots=True)
class CallResult:
    call_id: str
    server: str
    transport: str
    """webrtc or websocket."""
    duration_s: float
    ended: str
    """Reason the call ended."""
    turns: list[TurnResult] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    """Both sides' words; their times are seconds since the call began."""
    ledgers: list[dict[str, Any]] = field(default_factory=list)
    server_link: list[dict[str, Any]] = field(default_factory=list)
    client_link: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tracks: Stereo | None = None
    """Left: person, right: agent, both 24 kHz from the call's beginning."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON: everything but the sound."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "tracks"}
        plain["turns"] = [asdict(turn) for turn in self.turns]
        plain["lines"] = [asdict(line) for line in self.lines]
        return plain


@dataclass(slots=True, frozen=True)
class Placed:
    """An utterance on the time line: its script index, first and last voiced sample."""

    index: int
    utterance: Utterance
    start: float
    end: float
    position_end: int
    """Where the last voiced sample ends in media time, 16 kHz, from the first sample sent; media
    time goes on when a stall leaves a hole in the stream."""


def measure_turns(
    placed: list[Placed], notes: Notes, tracks: Stereo, *, began: float, unanswered: list[int]
) -> list[TurnResult]:
    """Both sides' sound and the server's notes (loop times; `began` is their zero) as turns."""
    sound = AgentSound(tracks.right, RATE_OUT)
    length = len(tracks.right) / RATE_OUT
    replies = {response.response_id: response.created - began for response in notes.responses}
    turns = []
    for order, spoken in enumerate(placed):
        following = placed[order + 1] if order + 1 < len(placed) else None
        before = following.start if following else length
        turn = TurnResult(
            spoken.index,
            spoken.utterance.name,
            spoken.utterance.text,
            spoken.start,
            spoken.end,
            unanswered=spoken.index in unanswered,
        )
        ledger = _match_ledger(notes, spoken, placed[order - 1] if order else None)
        if ledger is not None:
            turn.ledger = ledger
            turn.end_error_ms = round(
                float(ledger.get("speech_end_ms", 0)) - spoken.position_end / RATE_IN * 1e3, 1
            )
        turn.heard_as = _words(notes, spoken, following, began, ledger)
        created = _reply_created(replies, spoken, before, ledger)
        turn.reply = _reply_text(notes, ledger, created)
        turn.voice_to_voice_ms = voice_to_voice(sound, spoken.end, created, before)
        turn.cut_off = _cut_off(sound, spoken)
        if isinstance(spoken.utterance.when, DuringReply | AtTime):
            # An answer may begin in a pause of the interruption.
            answers = [at for at in replies.values() if spoken.start + 0.1 < at <= before]
            end = min(answers, default=spoken.end + _STOPPED_S)
            turn.interruption = sound.interruption(
                spoken.start, min(before, end), answered=bool(answers)
            )
        turns.append(turn)
    return turns


def _match_ledger(notes: Notes, spoken: Placed, earlier: Placed | None) -> dict[str, Any] | None:
    """The newest ledger whose end of speech lies in this utterance."""
    end_ms = spoken.position_end / RATE_IN * 1e3
    first_ms = end_ms - (spoken.end - spoken.start) * 1e3
    if earlier is not None:
        first_ms = max(first_ms, earlier.position_end / RATE_IN * 1e3 + 1)
    best = None
    for ledger in notes.ledgers:
        at = ledger.get("speech_end_ms")
        if isinstance(at, int | float) and first_ms <= at <= end_ms + _MATCH_MS:
            best = ledger
    return best


def _words(
    notes: Notes,
    spoken: Placed,
    following: Placed | None,
    began: float,
    ledger: dict[str, Any] | None,
) -> str:
    """What the server understood of the utterance; several lines if it split it."""
    end = following.start + began if following else float("inf")
    lines = [
        line
        for line in notes.lines
        if line.role == "user"
        and (
            spoken.start + began <= line.at < end
            or (ledger is not None and line.item_id == ledger.get("user_item"))
        )
    ]
    return " ".join(line.text.strip() for line in lines if line.text.strip())


def _reply_created(
    replies: dict[str, float], spoken: Placed, before: float, ledger: dict[str, Any] | None
) -> float | None:
    """When the reply to the utterance was announced; `replies` are all, by id, in their order."""
    wanted = ledger.get("response_id") if ledger is not None else None
    if isinstance(wanted, str) and wanted in replies:
        return replies[wanted]
    inside = [at for at in replies.values() if spoken.start < at < before]
    return inside[-1] if inside else None


def _reply_text(notes: Notes, ledger: dict[str, Any] | None, created: float | None) -> str:
    if ledger is None or created is None:
        return ""
    response = ledger.get("response_id")
    lines = [line for line in notes.lines if line.role == "assistant"]
    for line in lines:
        if line.response_id is not None and line.response_id == response:
            return line.text
    return ""


def _cut_off(sound: AgentSound, spoken: Placed) -> bool:
    """The agent was quiet when the utterance began and spoke before it had ended."""
    if sound.audible(spoken.start - 0.3, spoken.start + 0.05):
        return False
    return sound.onset_after(spoken.start, spoken.end - 0.05) is not None
