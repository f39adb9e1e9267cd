"""One reply in the making: text, pieces to speak, speech, and what of it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from visavis.conversation import signals as s
from visavis.conversation.agent import styled
from visavis.conversation.heard import HeardMap
from visavis.conversation.ledger import Stage
from visavis.conversation.settings import ConversationSettings
from visavis.errors import ModelError
from visavis.models.protocols import SentenceEnd, TextToSpeech, Token, ToolCall, Voice
from visavis.models.streams import each_within
from visavis.seam import RATE_OUT, CallPort, Pcm
from visavis.speaking import ClauseSplitter, Piece, Reader

PLAYED_GRACE_S = 3.0
"""After this the last sample is taken to be played though no report came."""


class ReplyJob:
    """Makes a reply, holds its sound back until `release`, then plays it at its pace.

    `texts` is what the language model gives, or the literal text. `signal` tells the machine;
    `on_text(job, delta)` is called for every piece of a released reply before its sound, and
    `on_call(job, call)` for every tool it calls: nothing is done before the person's turn is over.
    """

    def __init__(
        self,
        number: int,
        item_id: str,
        response_id: str,
        texts: AsyncIterator[Token],
        *,
        tts: TextToSpeech,
        voice: Voice,
        expressive: bool,
        settings: ConversationSettings,
        port: CallPort,
        signal: Callable[[s.Signal], None],
        on_text: Callable[[ReplyJob, str], None],
        on_call: Callable[[ReplyJob, ToolCall], None],
    ) -> None:
        self.number = number
        self.run: int | None = None
        """Its number on the port, once watchers know of it."""
        self.item_id = item_id
        self.response_id = response_id
        self.task: asyncio.Task[None] | None = None
        self.map = HeardMap()
        self.stages: dict[Stage, float] = {}
        self.tokens = 0
        self.released = False
        self.stopped = False
        self.failed = False
        self.silent = False
        """It calls tools and says nothing."""
        self.played = 0
        """Samples heard so far."""
        self.exact = False
        self.began = 0.0
        self._texts = texts
        self._tts = tts
        self._voice = voice
        self._expressive = expressive
        self._set = settings
        self._port = port
        self._signal = signal
        self._on_text = on_text
        self._on_call = on_call
        self._loop = asyncio.get_running_loop()
        self._go = asyncio.Event()
        self._held: list[str | Pcm | ToolCall] = []
        """Pieces of text and speech, and calls, in order, waiting for the release."""
        self._called = False
        self._sentence_end: float | None = None
        self._reader = Reader()
        self._clauses = 0
        self._ready = False
        self._ends_at = 0.0

    @property
    def text(self) -> str:
        """What was generated, as far as it was cut for the voice."""
        return self.map.text.strip()

    @property
    def on_port(self) -> int:
        """`run` of a reply that was announced."""
        if self.run is None:
            raise AssertionError(f"reply {self.number} is played before it was announced")
        return self.run

    @property
    def heard(self) -> str:
        """The beginning of it that was heard."""
        return self.map.heard(self.played).strip()

    async def make(self) -> None:
        self.began = self._loop.time()
        self.stages[Stage.LLM_START] = self.began
        try:
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    await self._speak(piece)
            if not self._ready:
                if not self._called:
                    raise ModelError("the language model gave no words to say")
                self.silent = True
                self._signal(
                    s.ReplyReady(self.number, silent=True, sentence_end=self._sentence_end)
                )
        except Exception as error:  # whatever a model raises: it ends this reply, not the call
            self.failed = True
            self._signal(s.ReplyFailed(self.number, f"{type(error).__name__}: {error}"))
            if not self.released:
                return
        await self._go.wait()
        if self.silent:
            self._signal(s.ReplyPlayed(self.number))
            return
        self._port.finish(self.on_port)
        await asyncio.sleep(max(0.0, self._ends_at - self._loop.time()) + PLAYED_GRACE_S)
        self._signal(s.ReplyPlayed(self.number))

    def release(self) -> None:
        """Play what is ready, and from now on what comes."""
        self.released = True
        self._go.set()
        for held in self._held:
            self._put(held)
        self._held.clear()

    def cancel(self) -> None:
        self.stopped = True
        if self.task is not None:
            self.task.cancel()

    async def _pieces(self) -> AsyncGenerator[Piece, None]:
        splitter = ClauseSplitter(self._set.first_words, expressive=self._expressive)
        tokens = each_within(self._texts, self._set.model_timeout_s, "language model")
        async with aclosing(tokens):
            async for token in tokens:
                if isinstance(token, SentenceEnd):
                    self._sentence_end = token.probability
                    continue
                self.tokens += 1
                self._stamp(Stage.LLM_FIRST_TOKEN)
                if isinstance(token, ToolCall):
                    self._called = True
                    self._put_or_hold(token)
                    continue
                for piece in splitter.feed(token):
                    yield piece
        for piece in splitter.close():
            yield piece

    async def _speak(self, piece: Piece) -> None:
        await self._pace()
        self._stamp(Stage.FIRST_CLAUSE)
        spoken = self._reader.read(piece)
        self.map.clause(piece.text, spoken)
        self._put_or_hold(piece.text)
        if not spoken.text:
            return
        self._clauses += 1
        voice = styled(self._voice, piece.style)
        speeches = each_within(
            self._tts.synthesize(spoken.text, voice), self._set.model_timeout_s, "voice"
        )
        async with aclosing(speeches):
            async for speech in speeches:
                if not len(speech.pcm):
                    continue
                self.map.speech(speech)
                self._put_or_hold(speech.pcm)
                self._stamp(Stage.TTS_FIRST_AUDIO)
                if not self._ready:
                    self._ready = True
                    self._signal(s.ReplyReady(self.number, sentence_end=self._sentence_end))

    async def _pace(self) -> None:
        """Do not work far ahead of what is heard: an interruption would waste it."""
        if not self.released and self._clauses >= self._set.hold_clauses:
            await self._go.wait()
        ahead = self._ends_at - self._loop.time() - self._set.ahead_s
        if ahead > 0:
            await asyncio.sleep(ahead)

    def _put_or_hold(self, what: str | Pcm | ToolCall) -> None:
        if self.released:
            self._put(what)
        else:
            self._held.append(what)

    def _put(self, what: str | Pcm | ToolCall) -> None:
        if isinstance(what, ToolCall):
            self._on_call(self, what)
            return
        if isinstance(what, str):
            self._on_text(self, what)
            return
        self._ends_at = max(self._ends_at, self._loop.time()) + len(what) / RATE_OUT
        self._port.play(self.on_port, what)

    def _stamp(self, stage: Stage) -> None:
        self.stages.setdefault(stage, self._loop.time())
