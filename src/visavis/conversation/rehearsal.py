"""What an agent may have to say at once, or when its voice has failed, is spoken beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog

from visavis.conversation.agent import Agent, styled
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import State
from visavis.conversation.tasks import TaskOwner
from visavis.models.protocols import Voice
from visavis.models.repertoire import Repertoire
from visavis.speaking import ClauseSplitter, Reader

WHOLE = 1000
"""So many words no phrase has: it is said in one breath."""

log = structlog.get_logger(__name__)


def lines(text: str, agent: Agent, first_words: int = WHOLE) -> Iterator[tuple[str, Voice]]:
    """What the voice is asked for if the agent says this, by pieces. In a reply the first piece
    is cut short after `first_words`, to begin sooner."""
    splitter, reader = ClauseSplitter(first_words, expressive=agent.expressive), Reader()
    for piece in (*splitter.feed(text), *splitter.close()):
        if spoken := reader.read(piece).text:
            yield spoken, styled(agent.voice, piece.style)


class Rehearsal:
    """Of one session, while nobody speaks. What other calls have learnt costs nothing."""

    def __init__(
        self,
        voice: Repertoire,
        settings: ConversationSettings,
        tasks: TaskOwner,
        *,
        call_id: str,
    ) -> None:
        self._voice = voice
        self._set = settings
        self._tasks = tasks
        self._call_id = call_id
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._task: asyncio.Task[None] | None = None

    def begin(self, agent: Agent) -> None:
        """With this agent's words and voice, instead of those before."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._tasks.start(self._run(agent), "rehearsal")

    def follow(self, state: State) -> None:
        """Whether somebody speaks, or a reply is made, now."""
        if state is State.IDLE:
            self._quiet.set()
        else:
            self._quiet.clear()

    async def _run(self, agent: Agent) -> None:
        asked = [lines(text, agent) for text in agent.asides]
        asked += [lines(text, agent, self._set.first_words) for text in agent.last_resorts]
        for pieces in asked:
            try:
                for line, voice in pieces:
                    await self._learn(line, voice)
            except Exception as error:  # a voice that fails now may do when it is needed
                log.info("not_rehearsed", call=self._call_id, error=type(error).__name__)

    async def _learn(self, line: str, voice: Voice) -> None:
        if self._voice.recall(line, voice) is None:
            await self._quiet.wait()
        await self._voice.learn(line, voice, within_s=self._set.model_timeout_s)
