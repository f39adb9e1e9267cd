"""What a model must do, whoever makes it: the embedded ones and the remote ones alike.

All methods run on the event loop's thread and must not block it: CPU-bound work happens in
`models.workers`. Every `await` and every iterator can be cancelled and then stops working
within 50 ms. Failures are `ModelError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from visavis.seam import Pcm

if TYPE_CHECKING:
    from visavis.models.repertoire import Repertoire


@dataclass(slots=True, frozen=True)
class Word:
    text: str
    confidence: float = 1.0


@dataclass(slots=True, frozen=True)
class Transcript:
    text: str
    words: tuple[Word, ...] = ()
    language: str = "en"
    final: bool = False


class VoiceActivityStream(Protocol):
    frame_s: float
    """Seconds one probability stands for."""

    def push(self, pcm: Pcm) -> list[float]:
        """Feed 16 kHz samples of any length; returns the probabilities of the frames that
        became complete, oldest first. Cheap enough for the loop's thread (well under 1 ms)."""

    def reset(self) -> None: ...


class VoiceActivity(Protocol):
    def stream(self) -> VoiceActivityStream: ...


@runtime_checkable
class NativeVoice(Protocol):
    """A detector that the native line can run itself, for all calls at once."""

    def weights(self) -> bytes:
        """Its numbers, as `LineCalls.listen` takes them."""


class SpeechStream(Protocol):
    """The recogniser's view of one utterance."""

    def push(self, pcm: Pcm) -> None:
        """Append 16 kHz samples."""

    async def decode(self, *, final: bool = False) -> Transcript:
        """Transcribe everything pushed so far. A newer call makes an older one, still
        waiting or running, raise `asyncio.CancelledError`-free stale result: it returns the
        previous transcript. `final` may use a slower, better model."""

    def reset(self) -> None:
        """Forget the utterance; the next push starts a new one."""

    async def aclose(self) -> None: ...


class SpeechToText(Protocol):
    name: str
    partials: bool
    """False if decoding is so slow or dear that only finals should be asked for."""

    def stream(self, *, language: str | None = None) -> SpeechStream: ...


class TurnDetector(Protocol):
    async def score(self, pcm: Pcm) -> float:
        """Probability that the speaker of these (up to 8 s, ending now) 16 kHz samples has
        finished the turn."""


Embedding = NDArray[np.float32]
"""A direction, of length 1; alike for what is alike."""


class SpeakerModel(Protocol):
    async def embed(self, pcm: Pcm) -> Embedding | None:
        """How the voice in these 16 kHz samples, most of them speech, sounds; None if there is too
        little of it. Two embeddings of one person have a cosine near 1."""


Role = Literal["system", "user", "assistant", "tool"]


@dataclass(slots=True, frozen=True)
class ToolSpec:
    """A function that a language model may call."""

    name: str
    """Letters, digits, `_` and `-`; at most 64."""
    description: str
    parameters: dict[str, Any]
    """JSON schema of an object."""


@dataclass(slots=True, frozen=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: not checked."""


@dataclass(slots=True, frozen=True)
class SentenceEnd:
    """What a language model expects after the last message's words, its punctuation left out."""

    probability: float
    """That a sentence ends there."""


Token: TypeAlias = str | ToolCall | SentenceEnd

RUNNING = "(still at work; the result will follow)"
"""What stands for the result of a tool that is still at work."""


@dataclass(slots=True, frozen=True)
class ChatMessage:
    role: Role
    content: str
    tools: tuple[ToolSpec, ...] = ()
    """In the system's message: what may be called from here on."""
    tool_calls: tuple[ToolCall, ...] = ()
    """In the assistant's: what it called after these words."""
    tool_call_id: str = ""
    """In a tool's: whose result this is."""


@dataclass(slots=True, frozen=True)
class GenerateOptions:
    max_tokens: int = 200
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    sentence_end: bool = False
    """Say first, if the model can tell, whether the last message ends a sentence."""
    extra: dict[str, Any] = field(default_factory=dict)


DEFAULT_OPTIONS = GenerateOptions()


class LanguageModel(Protocol):
    name: str

    def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncIterator[Token]:
        """Stream the reply as pieces of text, and whole calls of the tools that the messages
        offer; a `SentenceEnd` before them if `options` ask for it and the model can tell. An
        empty piece is a sign of life. Closing the iterator cancels the work."""

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        """Warm the cache with this beginning of a conversation, the last message being
        possibly unfinished. Best effort; a no-op for remote models. Cancellable."""


@dataclass(slots=True, frozen=True)
class Speech:
    """A piece of synthesised speech."""

    pcm: Pcm
    """int16 at 24 kHz, silence trimmed at both ends to what sounds natural."""
    words: tuple[tuple[str, int], ...] = ()
    """(word, index of the sample where it ends), for cutting history at what was heard."""


@dataclass(slots=True, frozen=True)
class Voice:
    """How to speak. A voice does what it can of it."""

    name: str = "default"
    speed: float = 1.0
    """Factor, 0.5 to 2."""
    pitch: float = 0.0
    """Semitones above the voice's own, -12 to 12."""
    pitch_range: float = 1.0
    """Factor of how far the melody goes up and down, 0 (a monotone) to 3."""
    loudness: float = 0.0
    """Decibels above the voice's own, -20 to 12."""
    warmth: float = 0.0
    """0 to 1: less of the high, a little breath."""


DEFAULT_VOICE = Voice()


class TextToSpeech(Protocol):
    name: str

    def synthesize(self, text: str, voice: Voice = DEFAULT_VOICE) -> AsyncIterator[Speech]:
        """Stream the speech of one clause or sentence. Closing the iterator cancels."""


@dataclass(slots=True)
class ModelSet:
    """The models one server shares among its calls."""

    vad: VoiceActivity
    stt: SpeechToText
    turn: TurnDetector | None
    llm: LanguageModel
    tts: TextToSpeech
    speaker: SpeakerModel | None = None
    """Only where somebody asks whose voice it is."""
    _voice: Repertoire | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def voice(self) -> Repertoire:
        """`tts` with a memory, which all calls share."""
        from visavis.models.repertoire import Repertoire  # it speaks this module's language

        if self._voice is None or self._voice.tts is not self.tts:
            self._voice = Repertoire(self.tts)
        return self._voice

    async def aclose(self) -> None:
        """Close every model that has an `aclose`."""
        for model in (self.vad, self.stt, self.turn, self.llm, self.tts, self.speaker):
            close = getattr(model, "aclose", None)
            if close is not None:
                await close()
