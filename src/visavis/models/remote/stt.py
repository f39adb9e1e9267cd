"""Recognition behind `POST /audio/transcriptions`: whole utterances, no partial words."""

from __future__ import annotations

import asyncio
import io
import json
import wave

from visavis.models.protocols import Transcript, Word
from visavis.models.remote.http import Endpoint, RemoteClient
from visavis.seam import RATE_IN, Pcm

_LONGEST_S = 60
_LONGEST_ANSWER = 256 * 1024


class RemoteSpeechToText:
    """`SpeechToText` over HTTP. An utterance longer than 60 s keeps its last 60 s."""

    partials = False

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self.client = RemoteClient(endpoint, "speech recogniser")

    def stream(self, *, language: str | None = None) -> RemoteSpeechStream:
        return RemoteSpeechStream(self, language)

    async def transcribe(self, audio: bytes, language: str | None) -> str:
        """The text of 16 kHz int16 mono samples."""
        data = {"model": self.name, "response_format": "json"}
        if language:
            data["language"] = language
        files = {"file": ("speech.wav", _wav(audio), "audio/wav")}
        body = b""
        path = "/audio/transcriptions"
        async with self.client.post(path, data=data, files=files) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    raise self.client.error("answered more than a transcript can be.")
        try:
            text = json.loads(body)["text"]
        except (ValueError, TypeError, KeyError) as failure:
            raise self.client.error("answered without a transcript.") from failure
        if not isinstance(text, str):
            raise self.client.error("answered a transcript that is not text.")
        return text.strip()

    async def aclose(self) -> None:
        await self.client.aclose()


class RemoteSpeechStream:
    """One call's utterances."""

    def __init__(self, model: RemoteSpeechToText, language: str | None) -> None:
        self._model = model
        self._language = language
        self._audio = bytearray()
        self._decoded = 0
        self._pushed = 0
        self._task: asyncio.Task[str] | None = None
        self._last = self._transcript("", final=False)

    def push(self, pcm: Pcm) -> None:
        self._audio += pcm.tobytes()
        self._pushed += len(pcm)
        del self._audio[: max(0, len(self._audio) - 2 * RATE_IN * _LONGEST_S)]

    async def decode(self, *, final: bool = False) -> Transcript:
        """Transcribe the utterance; with nothing new since, the same again. A newer call
        breaks off an older one, which then returns what was known before."""
        if self._pushed == self._decoded or not self._audio:
            return self._transcript(self._last.text, final=final)
        self._break_off()
        pushed = self._pushed
        task = self._task = asyncio.create_task(
            self._model.transcribe(bytes(self._audio), self._language)
        )
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        if task.cancelled():
            return self._last
        text = task.result()
        if self._task is task:
            self._decoded, self._task = pushed, None
            self._last = self._transcript(text, final=final)
        return self._last

    def reset(self) -> None:
        self._break_off()
        self._audio.clear()
        self._pushed = self._decoded = 0
        self._last = self._transcript("", final=False)

    async def aclose(self) -> None:
        self._break_off()

    def _break_off(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _transcript(self, text: str, *, final: bool) -> Transcript:
        words = tuple(Word(word) for word in text.split())
        return Transcript(text, words, self._language or "en", final)


def _wav(audio: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_IN)
        out.writeframes(audio)
    return file.getvalue()
