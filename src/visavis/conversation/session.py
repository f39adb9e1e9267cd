"""One conversation: the async shell around the state machine.

Everything it knows of the world comes through `CallSink.on_event`, the models and
`loop.time()`; everything it does goes through the `CallPort`. So a recording of the port's two
sides replays it. Signals are handled at once, in order, on the loop's thread; whatever takes
time runs in tasks that the session owns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from visavis.conversation import signals as s
from visavis.conversation.actions import Actions
from visavis.conversation.agent import Agent
from visavis.conversation.events import (
    AgentState,
    ReplyDone,
    SessionEvent,
    UserState,
)
from visavis.conversation.hearing import Hearing
from visavis.conversation.history import History, Item
from visavis.conversation.machine import Machine
from visavis.conversation.prompts import Prompts
from visavis.conversation.requests import Request, Requests
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.speech import Speech
from visavis.conversation.state import State
from visavis.conversation.tasks import TaskOwner
from visavis.conversation.tool_runner import ToolRunner
from visavis.conversation.tools import ClientTool
from visavis.conversation.turns import Turns
from visavis.conversation.watchers import Watchers
from visavis.errors import CallEnded
from visavis.models.protocols import ModelSet
from visavis.seam import RATE_OUT, AudioIn, CallPort, Closed, Connected, LinkReport, Played, UpEvent

_AUDIBLE = (State.SPEAKING, State.OVERLAP, State.WEIGHING)


class Session:
    """A person talks with an agent over one call. Make and use it on the event loop's thread.

    It is the call's `CallSink`. `start()` before the first event; `await aclose()` at the end.
    """

    def __init__(
        self,
        agent: Agent,
        models: ModelSet,
        port: CallPort,
        *,
        settings: ConversationSettings | None = None,
        call_id: str | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._set = settings or ConversationSettings()
        self.call_id = call_id or port.call_id
        self._ids = 0
        self._history = History()
        self._watchers = Watchers(self.call_id)
        self._tasks = TaskOwner(self._watchers.crashed)
        self._machine = Machine(
            self._set,
            detector=models.turn is not None,
            partials=models.stt.partials,
            fills=any(agent.fillers.values()),
            acknowledges=any(agent.acknowledgements.values()),
            voices=agent.speaker == "prefer" and models.speaker is not None,
        )
        self._tools = ToolRunner(
            self._history,
            self._set,
            self._tasks,
            signal=self._handle,
            emit=self._tool_news,
            new_id=self._new_id,
            is_idle=lambda: self._machine.state is State.IDLE,
        )
        self._tools.use(agent.tools)
        self._hearing = Hearing(
            agent,
            models,
            self._set,
            self._tasks,
            self._history,
            self._watchers,
            new_id=self._new_id,
            signal=self._handle,
            eager=lambda: self._speech.is_quick,
        )
        empathy = self._hearing.empathy
        self._speech = Speech(
            port,
            models.voice,
            self._set,
            self._tasks,
            self._history,
            call_id=self.call_id,
            emit=self._emit,
            signal=self._handle,
            new_id=self._new_id,
            call=self._tools.call,
        )
        self._prompts = Prompts(
            models.llm,
            self._history,
            self._set,
            self._tasks,
            instructions=agent.prompt,
            call_id=self.call_id,
            note=empathy.note if empathy and agent.feelings == "tell" else None,
            tools=self._tools,
        )
        self._requests = Requests()
        self._actions = Actions(
            agent,
            self._set,
            hearing=self._hearing,
            prompts=self._prompts,
            requests=self._requests,
            speech=self._speech,
            watchers=self._watchers,
            tools=self._tools,
        )
        self._turns = Turns(
            self._machine,
            carry_out=self._actions.carry_out,
            went=self._went,
            stepped=self._show_agent,
        )
        self._greeted = False
        self._closed = False

    # ---- what others use

    @property
    def history(self) -> tuple[Item, ...]:
        """What was said and heard so far, oldest first."""
        return self._history.items

    @property
    def agent_state(self) -> AgentState:
        return self._watchers.agent_state

    @property
    def user_state(self) -> UserState:
        return self._watchers.user_state

    @property
    def closed(self) -> bool:
        return self._closed

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """`listener` gets every event from now on, on the loop's thread, and must not block.
        Returns what ends that."""
        return self._watchers.subscribe(listener)

    def start(self) -> None:
        """Begin to listen. The greeting comes with `Connected`."""
        self._watchers.show_agent(self._machine.state)
        self._prompts.prefill()
        self._speech.rehearsal.begin(self._actions.agent)

    async def aclose(self) -> None:
        """End the conversation; waits until every task has ended. Idempotent."""
        self._end()
        await self._tasks.aclose()
        await self._hearing.aclose()

    def say(self, text: str) -> asyncio.Future[ReplyDone | None]:
        """Speak this text as soon as nobody else speaks. The future gives how it ended, None if
        it never began. CallEnded if the call is over."""
        return self._request(Request(self._loop.create_future(), say=text))

    def generate_reply(
        self, *, instructions: str | None = None, user_input: str | None = None
    ) -> asyncio.Future[ReplyDone | None]:
        """Let the model speak as soon as nobody else does: to what was said last, or to
        `user_input`, which is added to history. `instructions` hold for this reply, besides the
        agent's. As for `say`."""
        self._check_open()
        if user_input is not None:
            self.add_user_text(user_input)
        return self._request(Request(self._loop.create_future(), instructions=instructions))

    def interrupt(self) -> None:
        """Stop the agent and forget what it was going to say."""
        self._handle(s.Interrupt())

    def add_user_text(self, text: str) -> str:
        """Add a typed message of the person to history, without a reply. Returns its item id.
        CallEnded if the call is over."""
        self._check_open()
        return self._hearing.person.typed(text)

    def truncate(self, item_id: str, audio_end_ms: int) -> None:
        """The client heard only so much of this item: keep only that. Stops it if it is still
        being played."""
        samples = max(0, audio_end_ms) * RATE_OUT // 1000
        if self._speech.mouth.truncate(item_id, samples) is not None:
            self._handle(s.Interrupt())

    def tool_result(self, call_id: str, output: str) -> None:
        """The client's result of a call (`ToolCalled.by_client`). No reply follows of itself;
        ask for one. ProtocolError if nobody waits for it, CallEnded if the call is over."""
        self._check_open()
        self._tools.result(call_id, output)

    def update(
        self,
        *,
        instructions: str | None = None,
        voice: str | None = None,
        tools: Sequence[ClientTool] | None = None,
    ) -> None:
        """Change the agent for the replies to come. `tools` are the client's, beside the agent's
        own. SettingsError if they cannot be used."""
        if tools is not None:
            self._tools.use((*self._actions.agent.tools, *tools))
        self._actions.agent = self._actions.agent.changed(instructions, voice)
        if voice is not None:
            self._speech.rehearsal.begin(self._actions.agent)
        if instructions is not None:
            self._prompts.instructions = self._actions.agent.prompt
            if self._machine.state is State.IDLE:
                self._prompts.prefill()

    def on_event(self, event: UpEvent) -> None:
        """Take one upward event of the call (`CallSink`). Text is for the protocol, not for the
        conversation."""
        if self._closed:
            return
        match event:
            case AudioIn():
                self._audio(event)
            case Played():
                self._speech.on_played(event)
            case Connected():
                greeting = self._actions.agent.greeting
                if greeting and not self._greeted:
                    self._greeted = True
                    self.say(greeting)
            case LinkReport():
                self._hearing.on_report(event)
            case Closed():
                self._end()

    def _audio(self, frame: AudioIn) -> None:
        audible = self._machine.state in _AUDIBLE or self._speech.asides.audible
        self._hearing.push(frame, agent_audible=audible)
        self._hearing.mind_absence(idle=self._machine.state is State.IDLE)

    # ---- signals and actions

    def _handle(self, signal: s.Signal) -> None:
        self._turns.handle(signal)

    def _went(self, before: State, after: State) -> None:
        self._hearing.person.follow(before, after)
        self._speech.rehearsal.follow(after)

    def _request(self, request: Request) -> asyncio.Future[ReplyDone | None]:
        self._check_open()
        self._handle(s.Asked(self._requests.add(request)))
        return request.done

    def _emit(self, event: SessionEvent) -> None:
        """What the agent's speech has to tell."""
        if isinstance(event, ReplyDone) and not self._closed:
            # The model reads what was really heard and said before the next words come.
            self._prompts.prefill()
        self._watchers.emit(event)

    def _tool_news(self, event: SessionEvent) -> None:
        self._watchers.emit(event)
        self._show_agent()

    def _show_agent(self) -> None:
        self._watchers.show_agent(self._machine.state, at_work=self._tools.running > 0)

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self.call_id}_{self._ids}"

    def _check_open(self) -> None:
        if self._closed:
            raise CallEnded(f"call {self.call_id} is over; nothing more can be said in it")

    def _end(self) -> None:
        if self._closed:
            return
        self._handle(s.Ended())
        self._closed = True
        self._tools.close()
        self._speech.close()
        self._hearing.close()
        self._requests.forget_all()
