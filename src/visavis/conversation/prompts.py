"""What the language model reads: instructions, history and the newest words, and all of it as early
as possible, so that its cache is warm when it must answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import structlog

from visavis.conversation.history import History
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.conversation.tool_runner import ToolRunner
from visavis.models.protocols import (
    ChatMessage,
    GenerateOptions,
    LanguageModel,
    Token,
    ToolSpec,
)
from visavis.models.streams import closing
from visavis.speaking.reader import language_of

log = structlog.get_logger(__name__)

_ANSWER_IN = {"en": "(Answer in English.)", "zh": "（请用中文回答。）"}
"""Said to the model beside the first words in another language."""


class Prompts:
    """One session's requests to its language model. `instructions` may be changed at any time."""

    def __init__(
        self,
        llm: LanguageModel,
        history: History,
        settings: ConversationSettings,
        tasks: TaskOwner,
        *,
        instructions: str,
        call_id: str,
        tools: ToolRunner,
        note: Callable[[str], str] | None = None,
    ) -> None:
        """`note` gives what the model is told beside the person's words, before them."""
        self.instructions = instructions
        self._tools = tools
        self._llm = llm
        self._history = history
        self._set = settings
        self._tasks = tasks
        self._call_id = call_id
        self._note = note
        self._prefilling: asyncio.Task[None] | None = None

    def answer(self, text: str) -> AsyncIterator[Token]:
        """The model's reply to the person's words."""
        # The full stop that recognisers set and take back would cost the cache its tail.
        return self._generate(self._messages(self._said(text.rstrip(" ."))), sentence_end=True)

    def speak(self, instructions: str | None = None) -> AsyncIterator[Token]:
        """The model's next words. `instructions` hold for these, besides the session's."""
        tools = self._tools.offered
        said = self._generate(self._messages(instructions=instructions, tools=tools))
        return said if tools else _words_only(said)

    def prefill(self, text: str = "") -> None:
        """Let the model read the history, and this beginning of the person's turn."""
        self._stop_prefilling()
        extra = [self._said(text)] if text else []
        self._prefilling = self._tasks.start(self._warm(self._messages(*extra)), "prefill")

    def _said(self, text: str) -> ChatMessage:
        note = self._note(text) if self._note is not None else ""
        return ChatMessage("user", " ".join(filter(None, (note, self._switch(text), text))))

    def _switch(self, text: str) -> str:
        """A small model goes on in the language it is in, whatever it is instructed to."""
        spoken = language_of(text)
        before = (language_of(item.text) for item in reversed(self._history.items))
        last = next(filter(None, before), None) or language_of(self.instructions)
        return _ANSWER_IN[spoken] if spoken and last and spoken != last else ""

    def _messages(
        self,
        *extra: ChatMessage,
        instructions: str | None = None,
        tools: tuple[ToolSpec, ...] | None = None,
    ) -> list[ChatMessage]:
        system = "\n".join(filter(None, (self.instructions, instructions)))
        return self._history.messages(
            system,
            extra=extra,
            budget_tokens=self._set.context_tokens,
            tools=self._tools.specs if tools is None else tools,
        )

    def _generate(
        self, messages: list[ChatMessage], *, sentence_end: bool = False
    ) -> AsyncIterator[Token]:
        self._stop_prefilling()
        options = GenerateOptions(
            max_tokens=self._set.max_reply_tokens,
            temperature=self._set.temperature,
            sentence_end=sentence_end,
        )
        return self._llm.generate(messages, options)

    def _stop_prefilling(self) -> None:
        if self._prefilling is not None:
            self._prefilling.cancel()

    async def _warm(self, messages: list[ChatMessage]) -> None:
        try:
            async with asyncio.timeout(self._set.model_timeout_s):
                await self._llm.prefill(messages)
        except Exception as error:  # only warmth is lost; a broken model shows when it must answer
            log.info("prefill_failed", call=self._call_id, error=type(error).__name__)


async def _words_only(pieces: AsyncIterator[Token]) -> AsyncGenerator[str, None]:
    """Without calls: tools were not offered, whatever the model believes."""
    async with closing(pieces):
        async for piece in pieces:
            if isinstance(piece, str):
                yield piece
