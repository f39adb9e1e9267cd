"""LiveKit Agents with visavis' models: one `AgentSession`, raw sound in and out, no room.

`how["ears"]`: `segmented` (a recogniser that cannot stream, which they wrap in their
`StreamAdapter`: decode once voice activity has stopped) or `streaming` (interim, preflight and
final transcripts). `how["turn"]`: `detector` (their default, the bundled turn-detector-v1-mini;
the larger one runs only in their cloud) or `vad`. `how["delay"]` is their minimum endpointing
delay; without it their defaults hold throughout, with it replies and their speech are also made
ahead (`preemptive_tts`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, llm, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.voice import io

from peers.ears import Ears, Heard
from peers.playout import Playout
from peers.session import INSTRUCTIONS, OPTIONS
from visavis.models.protocols import ChatMessage, LanguageModel, ModelSet, TextToSpeech
from visavis.seam import RATE_IN, RATE_OUT, Pcm

FIRST_PAUSE_S = 0.06
"""The streaming recogniser gives a preflight transcript after so much silence."""
FINAL_S = 0.25
"""… and the final one, at the latest; also their voice detector's default `min_silence_duration`,
the least that the turn detector works with."""


class SegmentedEars(stt.STT[str]):
    def __init__(self, models: ModelSet) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._stt = models.stt

    async def _recognize_impl(self, buffer: utils.AudioBuffer, **_: Any) -> stt.SpeechEvent:
        stream = self._stt.stream(language="en")
        stream.push(np.frombuffer(rtc.combine_audio_frames(buffer).data, np.int16))
        text = (await stream.decode(final=True)).text
        await stream.aclose()
        return _event(stt.SpeechEventType.FINAL_TRANSCRIPT, text)


class StreamingEars(stt.STT[str]):
    def __init__(self, models: ModelSet, final_s: float) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False
            )
        )
        self._models = models
        self._final_s = final_s

    async def _recognize_impl(self, buffer: utils.AudioBuffer, **_: Any) -> stt.SpeechEvent:
        raise NotImplementedError("it streams")

    def stream(
        self,
        *,
        language: Any = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return EarsStream(self, self._models, self._final_s, conn_options)


class EarsStream(stt.RecognizeStream):
    def __init__(
        self, ears: StreamingEars, models: ModelSet, final_s: float, options: APIConnectOptions
    ) -> None:
        super().__init__(stt=ears, conn_options=options, sample_rate=RATE_IN)
        self._ears = Ears(
            models.vad.stream(),
            models.stt.stream(language="en"),
            self._tell,
            pause_s=FIRST_PAUSE_S,
            end_s=final_s,
        )

    async def _run(self) -> None:
        try:
            async for frame in self._input_ch:
                if isinstance(frame, rtc.AudioFrame):
                    self._ears.push(np.frombuffer(frame.data, np.int16))
        finally:
            await self._ears.aclose()

    def _tell(self, heard: Heard) -> None:
        kinds = stt.SpeechEventType
        kind = {
            "start": kinds.START_OF_SPEECH,
            "words": kinds.INTERIM_TRANSCRIPT,
            "pause": kinds.PREFLIGHT_TRANSCRIPT,
            "end": kinds.FINAL_TRANSCRIPT,
        }.get(heard.kind)
        if kind is None or (kind is not kinds.START_OF_SPEECH and not heard.text):
            return
        self._event_ch.send_nowait(_event(kind, heard.text))
        if heard.kind == "end":
            self._event_ch.send_nowait(stt.SpeechEvent(kinds.END_OF_SPEECH))


def _event(kind: stt.SpeechEventType, text: str) -> stt.SpeechEvent:
    said = [stt.SpeechData("en", text, confidence=1.0)] if text else []
    return stt.SpeechEvent(kind, alternatives=said)


class Mind(llm.LLM[str]):
    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.visavis = model

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return MindStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class MindStream(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, Mind)
        said = [
            ChatMessage(message.role, message.text_content or "")  # type: ignore[arg-type]
            for message in self._chat_ctx.messages()
        ]
        pieces = self._llm.visavis.generate(said, OPTIONS)
        try:
            async for piece in pieces:
                delta = llm.ChoiceDelta(role="assistant", content=str(piece))
                self._event_ch.send_nowait(llm.ChatChunk(id="reply", delta=delta))
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]


class Mouth(tts.TTS[str]):
    def __init__(self, model: TextToSpeech) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=RATE_OUT,
            num_channels=1,
        )
        self.visavis = model

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return MouthStream(tts=self, input_text=text, conn_options=conn_options)


class MouthStream(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        assert isinstance(self._tts, Mouth)
        output_emitter.initialize(
            request_id="speech",
            sample_rate=RATE_OUT,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=20,
        )
        async for speech in self._tts.visavis.synthesize(self.input_text):
            output_emitter.push(speech.pcm.tobytes())
        output_emitter.flush()


class Microphone(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="bench")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    def push(self, pcm: Pcm) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm.tobytes(), RATE_IN, 1, len(pcm)))

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class Loudspeaker(io.AudioOutput):
    """As their console's: a segment ends when it has been played, or was cleared."""

    def __init__(self, playout: Playout) -> None:
        super().__init__(
            label="bench",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=RATE_OUT,
        )
        self._playout = playout
        self._pushed = 0
        self._cleared = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        self._pausing: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._ending is not None and not self._ending.done():
            await self._ending
        if not self._pushed:
            self._playout.mark()
            self._cleared.clear()
            self.on_playback_started(created_at=time.time())
        self._pushed += frame.samples_per_channel
        await self._playout.push(np.frombuffer(frame.data, np.int16))

    def flush(self) -> None:
        super().flush()
        if self._pushed:
            self._ending = asyncio.create_task(self._ended())

    def clear_buffer(self) -> None:
        self._playout.clear()
        self._cleared.set()

    def pause(self) -> None:
        self._pausing = asyncio.create_task(self._playout.pause(True))

    def resume(self) -> None:
        self._pausing = asyncio.create_task(self._playout.pause(False))

    async def _ended(self) -> None:
        waits = [
            asyncio.create_task(self._playout.until(0)),
            asyncio.create_task(self._cleared.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await self._playout.pause(False)
        self._pushed = 0
        self.on_playback_finished(
            playback_position=self._playout.played / RATE_OUT, interrupted=self._cleared.is_set()
        )


def session_for(models: ModelSet, how: dict[str, Any]) -> AgentSession[Any]:
    """Their session, set as `how` says."""
    mind, mouth = Mind(models.llm), Mouth(models.tts)
    if "delay" not in how:
        return AgentSession(stt=SegmentedEars(models), llm=mind, tts=mouth)
    delay = float(how["delay"])
    turns: dict[str, Any] = {
        "endpointing": {"min_delay": delay},
        "preemptive_generation": {"preemptive_tts": True, "max_retries": 10},
    }
    silence = FINAL_S
    if how["turn"] == "vad":
        turns["turn_detection"] = "vad"
        silence = min(FINAL_S, max(0.1, delay))
    return AgentSession(
        stt=StreamingEars(models, silence),
        vad=inference.VAD(model="silero", min_silence_duration=silence),
        llm=mind,
        tts=mouth,
        turn_handling=turns,  # type: ignore[arg-type]
        aec_warmup_duration=None,  # there is no echo
    )


class LiveKitSession:
    """One call (`serve.Session`)."""

    def __init__(self, models: ModelSet, how: dict[str, Any], send: Callable[[Pcm], None]) -> None:
        self._playout = Playout(send)
        self._microphone = Microphone()
        self._session = session_for(models, how)
        self._session.input.audio = self._microphone
        self._session.output.audio = Loudspeaker(self._playout)
        self._playing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self._playing = asyncio.create_task(self._playout.run())
        await self._session.start(Agent(instructions=INSTRUCTIONS))

    async def hear(self, pcm: Pcm) -> None:
        self._microphone.push(pcm)

    async def stop(self) -> None:
        # Not awaited: it is done once the context is updated, and sound comes meanwhile.
        self._session.interrupt(force=True)

    async def aclose(self) -> None:
        await self._session.aclose()
        if self._playing is not None:
            self._playing.cancel()
