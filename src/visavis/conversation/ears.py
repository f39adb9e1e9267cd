"""From frames of sound to signals: voice, silence, and how long each lasted in the audio itself.

Durations are counted in media time. A gap in a live stream (a lost frame) stops the clocks: it
is no evidence of silence. A gap that lasts is: the microphone is muted, or sends nothing; sooner so
if something else still comes from the far end than if nothing does at all. While the link is known
to be out, all clocks stand still, however long: what was said comes after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto

import numpy as np

from visavis.conversation import signals as s
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.surroundings import Surroundings, decibels
from visavis.models.protocols import VoiceActivityStream
from visavis.seam import FRAME_IN, RATE_IN, AudioIn, LinkReport, Mark

BLOCK = 80
"""Samples of one level measurement, 5 ms."""
QUIET_RATIO = 1e-3
"""Power below the utterance's loudest block (-30 dB) that is no speech any more."""
BACKDATE_S = 0.3
"""How far before the voice activity's verdict the end of speech is looked for."""
STALL_SLACK_S = 0.05
"""A frame is handed up so much before or after other packets of its time are noticed."""
KEPT_GAPS = 250
"""Frames (5 s): more than a gap may last in which nothing is decided."""
CLOCK_FRAMES = 500
"""Frames over which the earliest arrival is taken (10 s)."""


class _Mode(Enum):
    QUIET = auto()
    VOICE = auto()
    AFTER = auto()


class MediaClock:
    """Where on the session clock a sample of the call's audio lies.

    The frame that came with the least delay of the last ten seconds sets the offset: others
    were late for the network's reasons.
    """

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=CLOCK_FRAMES)
        self._least: float | None = None

    def note(self, position: int, at: float) -> None:
        offset = at - (position + FRAME_IN) / RATE_IN
        leaving = self._offsets[0] if len(self._offsets) == CLOCK_FRAMES else None
        self._offsets.append(offset)
        if self._least is None or offset <= self._least:
            self._least = offset
        elif leaving is not None and leaving <= self._least:
            self._least = min(self._offsets)

    def at(self, position: int) -> float:
        """Session time, seconds, of a sample index. ValueError before the first frame."""
        if self._least is None:
            raise ValueError("no frame has arrived yet")
        return self._least + position / RATE_IN


class Ears:
    """The person's side of one call."""

    def __init__(self, vad: VoiceActivityStream, settings: ConversationSettings) -> None:
        self.clock = MediaClock()
        self.position = 0
        """End of the audio heard so far."""
        self._vad = vad
        self._set = settings
        self._hop = round(vad.frame_s * RATE_IN)
        self._rest = 0
        """Samples the detector holds that fill no frame yet."""
        self._mode = _Mode.QUIET
        self._run_start: int | None = None
        """Where voice not yet long enough to be speech began."""
        self._run_s = 0.0
        self._start_s = settings.start_s
        """Voice must last so long to count now."""
        self._voiced_s = 0.0
        self._last_voiced = 0
        self._end = 0
        self._frozen = 0
        """Samples of gaps since `_end` that do not count as silence."""
        self._gaps: deque[tuple[int, int]] = deque(maxlen=KEPT_GAPS)
        """(position, samples) of the newest frames without sound."""
        self._missing = 0
        """Samples of the gap going on."""
        self._last_at: float | None = None
        self._sound_at = 0.0
        """When the last frame came that was sent."""
        self._came_at: float | None = None
        """When anything at all came from the far end, as far as the line told."""
        self._blocks: deque[tuple[int, float]] = deque(maxlen=round(BACKDATE_S * RATE_IN / BLOCK))
        self._peak = 0.0
        self._power, self._loud = 0.0, 0
        """Sum of the voiced blocks' powers, and their number."""
        self._around = Surroundings()

    @property
    def active(self) -> bool:
        """An utterance is going on or being weighed."""
        return self._mode is not _Mode.QUIET

    def rest(self) -> None:
        """The utterance is over for everyone: stop reporting its silence."""
        if self._mode is _Mode.AFTER:
            self._mode = _Mode.QUIET

    def restart(self, start: int) -> None:
        """A new utterance begins at this sample, perhaps in the middle of voice."""
        self._voiced_s = max(0, self.position - start) / RATE_IN
        self._power, self._loud = 0.0, 0

    def on_report(self, report: LinkReport) -> None:
        self._came_at = report.at - report.quiet_ms / 1000

    def push(self, frame: AudioIn, *, agent_audible: bool) -> list[s.Signal]:
        """One frame, in order. Returns signals, in order."""
        if frame.mark is Mark.AWAITED:
            self._last_at = frame.at
            return []
        self.clock.note(frame.position, frame.at)
        self._last_at = frame.at
        self.position = frame.position + len(frame.pcm)
        if frame.mark in (Mark.CONCEALED, Mark.MISSING):
            return list(self._gap(frame))
        self._missing = 0
        self._sound_at = frame.at
        self._measure(frame)
        threshold = self._set.interrupt_threshold if agent_audible else self._set.voice_threshold
        self._start_s = self._set.interrupt_start_s if agent_audible else self._set.start_s
        # The line's detector, where there is one, hears all calls at once for a tenth of the cost.
        probabilities = self._vad.push(frame.pcm) if frame.voices is None else frame.voices
        self._rest = (self._rest + len(frame.pcm)) % self._hop
        end = self.position - self._rest - self._hop * len(probabilities)
        out: list[s.Signal] = []
        for probability in probabilities:
            end += self._hop
            holding = self._mode is _Mode.VOICE or self._run_start is not None
            floor = min(self._set.voice_hold_threshold, threshold) if holding else threshold
            out.extend(self._voice(end) if probability >= floor else self._no_voice(end))
        if self._mode is _Mode.VOICE:
            level = self._level()
            above = level - self._around.level
            out.append(s.VoiceWent(self._voiced_s, self.position, self._quiet_s(), level, above))
        elif self._mode is _Mode.AFTER and self._run_start is None:
            out.append(self._silence(self.position))
        return out

    def idle(self, now: float) -> list[s.Signal]:
        """No frame may have come for a while: silence goes on without frames."""
        if self._last_at is None or not self.active:
            return []
        gap = now - self._last_at
        if gap < self._gap_is_silence_s():
            return []
        out = list(self._break_off())
        return [*out, self._silence(self.position + round(gap * RATE_IN))]

    def _voice(self, end: int) -> Iterator[s.Signal]:
        self._last_voiced = end
        if self._mode is _Mode.VOICE:
            self._voiced_s += self._hop / RATE_IN
            return
        if self._run_start is None:
            self._run_start, self._run_s = end - self._hop, 0.0
            yield s.Flicker(True)
        self._run_s += self._hop / RATE_IN
        if self._run_s >= self._start_s - 1e-9:
            if self._mode is _Mode.QUIET:
                self._voiced_s, self._peak = 0.0, 0.0
                self._peak = max((power for _, power in self._blocks), default=0.0)
            self._voiced_s += self._run_s
            start, self._run_start, self._mode = self._run_start, None, _Mode.VOICE
            yield s.VoiceStarted(max(0, start), self.position)

    def _no_voice(self, end: int) -> Iterator[s.Signal]:
        if self._run_start is not None:
            self._run_start = None
            yield s.Flicker(False)
        if self._mode is _Mode.VOICE:
            self._fall_silent()

    def _fall_silent(self) -> None:
        self._mode = _Mode.AFTER
        self._end = self._last_voiced
        # The detector holds on after the voice has ended; the level says when that was.
        for position, power in reversed(self._blocks):
            if position <= self._last_voiced and power >= self._peak * QUIET_RATIO:
                self._end = position
                break
        self._frozen = sum(size for position, size in self._gaps if position >= self._end)

    def _quiet_s(self) -> float:
        quiet = 0
        for _, power in reversed(self._blocks):
            if power >= self._peak * QUIET_RATIO:
                break
            quiet += 1
        return quiet * BLOCK / RATE_IN

    def _break_off(self) -> Iterator[s.Signal]:
        if self._run_start is not None:
            self._run_start = None
            yield s.Flicker(False)
        if self._mode is _Mode.VOICE:
            self._fall_silent()

    def _silence(self, until: int) -> s.Silence:
        return s.Silence(max(0, until - self._end - self._frozen) / RATE_IN, self._end, until)

    def _gap_is_silence_s(self) -> float:
        """How long nothing must have been received in a turn to be silence."""
        came = self._came_at
        stalled = came is not None and came <= self._sound_at + STALL_SLACK_S
        return self._set.stall_is_silence_s if stalled else self._set.gap_is_silence_s

    def _gap(self, frame: AudioIn) -> Iterator[s.Signal]:
        size = len(frame.pcm)
        self._frozen += size
        self._gaps.append((frame.position, size))
        self._missing = self._missing + size if frame.mark is Mark.MISSING else 0
        if self._missing < self._gap_is_silence_s() * RATE_IN or not (
            self.active or self._run_start is not None
        ):
            return
        was_voice = self._mode is _Mode.VOICE
        yield from self._break_off()
        if self.active:
            # All of the gap was silence, also what had been left out of the count.
            self._frozen = 0 if was_voice else max(0, self._frozen - self._missing)
            self._missing = 0
            yield self._silence(self.position)

    def _measure(self, frame: AudioIn) -> None:
        count = len(frame.pcm) // BLOCK
        blocks = frame.pcm[: count * BLOCK].astype(np.float32).reshape(count, BLOCK)
        powers = np.einsum("ij,ij->i", blocks, blocks).tolist()
        if powers:
            voice = self._mode is _Mode.VOICE
            self._around.note(sum(powers) / count / BLOCK, voice=voice)
        for index, power in enumerate(powers):
            self._blocks.append((frame.position + (index + 1) * BLOCK, power))
            if self._mode is _Mode.VOICE:
                self._peak = max(self._peak, power)
                self._power += power
                self._loud += 1

    def _level(self) -> float:
        return decibels(self._power / max(1, self._loud) / BLOCK)
