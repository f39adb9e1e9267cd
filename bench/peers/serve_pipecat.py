"""Pipecat with visavis' models: raw sound in and out of one pipeline, no network.

`how["ears"]`: `segmented` (their base class for local recognisers: decode once voice activity has
stopped) or `streaming` (partials, one decode at the first pause). `how["turn"]`: `smart` (their
default, Smart Turn v3 after 0.2 s), `silence` (their speech timeout) or `eager` (the recogniser
tells a probable end, the reply is made and held, and a silence of `delay` s releases it).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    InterruptionWorkerFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.eager_end_of_turn_mixin import EagerEndOfTurnSTTServiceMixin
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import EagerUserTurnStrategies, UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from peers.ears import Ears, Heard
from peers.playout import Playout
from peers.session import INSTRUCTIONS, OPTIONS, text_of
from visavis.models.protocols import ChatMessage, ModelSet, SpeechToText
from visavis.seam import RATE_IN, RATE_OUT, Pcm

FIRST_PAUSE_S = 0.06
"""The eager recogniser tells a probable end after so much silence, about as soon as visavis."""
STOP_S = 0.2
"""Their default `stop_secs`."""
TTFS_S = 0.35
"""When a final transcript has come, at the latest nearly always; every one says it is final, so
nothing waits for this."""


class SegmentedEars(SegmentedSTTService):
    def __init__(self, stt: SpeechToText) -> None:
        super().__init__(sample_rate=RATE_IN, ttfs_p99_latency=TTFS_S)
        self._stt = stt

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        stream = self._stt.stream(language="en")
        stream.push(np.frombuffer(audio, np.int16))
        text = (await stream.decode(final=True)).text
        await stream.aclose()
        if text:
            yield TranscriptionFrame(text, "person", time_now_iso8601())


class EagerEars(EagerEndOfTurnSTTServiceMixin, STTService):
    """A recogniser that finds turns itself, in the manner of those that predict their end."""

    def __init__(self, models: ModelSet, delay_s: float) -> None:
        super().__init__(sample_rate=RATE_IN, enable_eager_end_of_turn=True)
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._ears = Ears(
            models.vad.stream(),
            models.stt.stream(language="en"),
            self._heard.put_nowait,
            pause_s=FIRST_PAUSE_S,
            end_s=delay_s,
        )
        self._telling: asyncio.Task[None] | None = None

    @property
    def supports_ttfs(self) -> bool:
        return False

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        self._telling = self.create_task(self._tell())

    async def cleanup(self) -> None:
        if self._telling is not None:
            await self.cancel_task(self._telling)
            self._telling = None
        await self._ears.aclose()
        await super().cleanup()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self._ears.push(np.frombuffer(audio, np.int16))
        yield None

    async def _tell(self) -> None:
        while True:
            heard = await self._heard.get()
            now = time_now_iso8601()
            match heard.kind:
                case "start":
                    await self.broadcast_frame(ProposedUserStartedSpeakingFrame)
                case "words":
                    await self.push_frame(InterimTranscriptionFrame(heard.text, "person", now))
                case "pause":
                    if heard.text:
                        await self._push_eager_end_of_turn(heard.text, user_id="person")
                case "resume":
                    await self._cancel_eager_end_of_turn()
                case "end":
                    self._clear_eager_end_of_turn()
                    if heard.text:
                        await self.push_frame(
                            TranscriptionFrame(heard.text, "person", now, finalized=True)
                        )
                    await self.broadcast_frame(ProposedUserStoppedSpeakingFrame)


class Mind(LLMService[Any]):
    def __init__(self, models: ModelSet) -> None:
        super().__init__()
        self._llm = models.llm

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        said = [
            ChatMessage(message["role"], text_of(message["content"]))
            for message in frame.context.get_messages()
        ]
        await self.push_frame(LLMFullResponseStartFrame())
        pieces = self._llm.generate(said, OPTIONS)
        try:
            async for piece in pieces:
                await self._push_llm_text(str(piece))
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]
            await self.push_frame(LLMFullResponseEndFrame())


class Mouth(TTSService):
    def __init__(self, models: ModelSet) -> None:
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=RATE_OUT)
        self._tts = models.tts

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        async for speech in self._tts.synthesize(text):
            if len(speech.pcm):
                yield TTSAudioRawFrame(speech.pcm.tobytes(), RATE_OUT, 1, context_id=context_id)


class Microphone(BaseInputTransport):
    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


class Loudspeaker(BaseOutputTransport):
    def __init__(self, params: TransportParams, playout: Playout) -> None:
        super().__init__(params)
        self._playout = playout

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            self._playout.clear()
        await super().process_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        pcm = np.frombuffer(frame.audio, np.int16)
        await self._playout.push(pcm)
        # As a sound card does, it takes the next chunk when this one begins to play out.
        await self._playout.until(len(pcm))
        return True


def strategies(how: dict[str, Any]) -> tuple[UserTurnStrategies | None, SileroVADAnalyzer | None]:
    """Who ends turns, and their voice detector if that is not the recogniser."""
    delay = float(how.get("delay", 0.0))
    if how["turn"] == "eager":
        return EagerUserTurnStrategies(), None
    if how["turn"] == "smart":
        return None, SileroVADAnalyzer()
    stop = min(STOP_S, delay)
    silence = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=delay - stop)
    return UserTurnStrategies(stop=[silence]), SileroVADAnalyzer(params=VADParams(stop_secs=stop))


class PipecatSession:
    """One call (`serve.Session`)."""

    def __init__(self, models: ModelSet, how: dict[str, Any], send: Callable[[Pcm], None]) -> None:
        logger.remove()
        self._playout = Playout(send)
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=RATE_IN,
            audio_out_enabled=True,
            audio_out_sample_rate=RATE_OUT,
        )
        self._microphone = Microphone(params)
        user_turns, vad = strategies(how)
        context = LLMContext([{"role": "system", "content": INSTRUCTIONS}])
        user, assistant = LLMContextAggregatorPair(
            context,
            user_params=LLMUserAggregatorParams(user_turn_strategies=user_turns, vad_analyzer=vad),
        )
        streaming = how["ears"] == "streaming"
        ears = EagerEars(models, how["delay"]) if streaming else SegmentedEars(models.stt)
        pipeline = Pipeline(
            [self._microphone, ears, user, Mind(models), Mouth(models),
             Loudspeaker(params, self._playout), assistant]
        )  # fmt: skip
        self._worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_in_sample_rate=RATE_IN, audio_out_sample_rate=RATE_OUT),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
        )
        self._runner = WorkerRunner(handle_sigint=False)
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        started = asyncio.Event()

        @self._worker.event_handler("on_pipeline_started")
        async def _(*_: object) -> None:
            started.set()

        await self._runner.add_workers(self._worker)
        self._tasks = [
            asyncio.create_task(self._runner.run()),
            asyncio.create_task(self._playout.run()),
        ]
        await started.wait()

    async def hear(self, pcm: Pcm) -> None:
        await self._microphone.push_audio_frame(InputAudioRawFrame(pcm.tobytes(), RATE_IN, 1))

    async def stop(self) -> None:
        await self._worker.queue_frame(InterruptionWorkerFrame())

    async def aclose(self) -> None:
        await self._worker.cancel()
        await self._tasks[0]
        self._tasks[1].cancel()
