"""The agent's sound: replies, asides, and what is spoken beforehand, over one port."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from visavis.conversation import signals as s
from visavis.conversation.asides import Asides
from visavis.conversation.events import SessionEvent
from visavis.conversation.history import History
from visavis.conversation.mouth import Mouth
from visavis.conversation.rehearsal import Rehearsal
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.models.protocols import ToolCall
from visavis.models.repertoire import Repertoire
from visavis.seam import CallPort, Played


class Speech:
    """Of one session. Everything that is played gets the port's next number."""

    def __init__(
        self,
        port: CallPort,
        voice: Repertoire,
        settings: ConversationSettings,
        tasks: TaskOwner,
        history: History,
        *,
        call_id: str,
        emit: Callable[[SessionEvent], None],
        signal: Callable[[s.Signal], None],
        new_id: Callable[[str], str],
        call: Callable[[int, str, ToolCall], None],
    ) -> None:
        """`call(reply, response_id, call)` runs a tool."""
        self._set = settings
        runs = count(1)

        def next_run() -> int:
            return next(runs)

        self.rehearsal = Rehearsal(voice, settings, tasks, call_id=call_id)
        self.asides = Asides(port, voice, settings, emit=emit, new_id=new_id, next_run=next_run)
        self.mouth = Mouth(
            port,
            voice,
            settings,
            tasks,
            history,
            emit=emit,
            signal=signal,
            new_id=new_id,
            next_run=next_run,
            call=call,
        )

    @property
    def is_quick(self) -> bool:
        """Replies are made so quickly that every partial is worth one."""
        known = self.mouth.first_audio_s
        return known is not None and known < self._set.eager_below_s

    def on_played(self, event: Played) -> None:
        self.mouth.on_played(event)
        self.asides.on_played(event)

    def close(self) -> None:
        """End whatever is being played."""
        self.mouth.close()
        self.asides.close()
