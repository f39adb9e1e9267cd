"""One conversation: the async shell around the state machine.

Everything it knows of the world comes through `CallSink.on_event`, the models and
`loop.time()`; everything it does goes through the `CallPort`. So a recording of the port's two
sides replays it. Signals are handled at once, in order, on the loop's thread; whatever takes
time runs in tasks that the session owns.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import structlog

from visavis.conversation import signals as s
from visavis.conversation.agent import Agent
from visavis.conversation.ears import Ears
from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    ConversationItemAdded,
    ReplyDone,
    SessionError,
    SessionEvent,
    SpeechStarted,
    SpeechStopped,
    UserInputTranscribed,
    UserState,
    UserStateChanged,
)
from visavis.conversation.floor import State
from visavis.conversation.history import History, Item
from visavis.conversation.ledger import Ledger, Stage
from visavis.conversation.listener import Listener
from visavis.conversation.machine import Machine
from visavis.conversation.mouth import Mouth
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.errors import CallEnded
from visavis.models.protocols import ChatMessage, GenerateOptions, ModelSet
from visavis.seam import RATE_IN, RATE_OUT, AudioIn, CallPort, Closed, Connected, Played, UpEvent

TICK_S = 0.1
"""How often silence is looked for when no frames come."""

log = structlog.get_logger(__name__)

_AGENT = {
    State.THINKING: AgentState.THINKING,
    State.SPEAKING: AgentState.SPEAKING,
    State.OVERLAP: AgentState.SPEAKING,
    State.WEIGHING: AgentState.SPEAKING,
}
_AUDIBLE = (State.SPEAKING, State.OVERLAP, State.WEIGHING)


@dataclass(slots=True)
class _Request:
    done: asyncio.Future[ReplyDone | None]
    say: str | None = None
    instructions: str | None = None


@dataclass(slots=True)
class _Turn:
    """What is known of the utterance going on."""

    item_id: str
    start: int
    started: float
    end: int = 0
    stopped: bool = False
    """Watchers were told that the speech ended."""
    silence_seen: float | None = None
    transcript: float = 0.0
    speculations: int = 0
    dropped: int = 0
    tokens_dropped: int = 0


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
        self._agent = agent
        self._models = models
        self._port = port
        self._set = settings or ConversationSettings()
        self.call_id = call_id or port.call_id
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._ids = 0
        self._history = History()
        self._tasks = TaskOwner(self._crashed)
        self._machine = Machine(
            self._set, detector=models.turn is not None, partials=models.stt.partials
        )
        self._ears = Ears(models.vad.stream(), self._set)
        self._listener = Listener(
            models.stt,
            models.turn,
            self._set,
            self._tasks,
            language=agent.language,
            signal=self._handle,
            eager=self._eager,
        )
        self._mouth = Mouth(
            port,
            models.tts,
            self._set,
            self._tasks,
            self._history,
            emit=self._emit,
            signal=self._handle,
            new_id=self._new_id,
        )
        self._queue: deque[s.Signal] = deque()
        self._handling = False
        self._requests: dict[int, _Request] = {}
        self._asked = 0
        self._turn: _Turn | None = None
        self._turns = 0
        self._committed: Ledger | None = None
        """The turn that waits for its reply's release."""
        self._prefilling: asyncio.Task[None] | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._agent_state = AgentState.INITIALIZING
        self._user_state = UserState.LISTENING
        self._active_at = self._loop.time()
        self._vad_broken = False
        self._greeted = False
        self._closed = False

    # ---- what others use

    @property
    def history(self) -> tuple[Item, ...]:
        """What was said and heard so far, oldest first."""
        return self._history.items

    @property
    def agent_state(self) -> AgentState:
        return self._agent_state

    @property
    def user_state(self) -> UserState:
        return self._user_state

    @property
    def closed(self) -> bool:
        return self._closed

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """`listener` gets every event from now on, on the loop's thread, and must not block.
        Returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def start(self) -> None:
        """Begin to listen. The greeting comes with `Connected`."""
        self._show_agent(AgentState.LISTENING)
        self._prefill("")

    async def aclose(self) -> None:
        """End the conversation; waits until every task has ended. Idempotent."""
        self._end()
        await self._tasks.aclose()
        await self._listener.aclose()

    def say(self, text: str) -> asyncio.Future[ReplyDone | None]:
        """Speak this text as soon as nobody else speaks. The future gives how it ended, None if
        it never began. CallEnded if the call is over."""
        return self._request(_Request(self._loop.create_future(), say=text))

    def generate_reply(
        self, *, instructions: str | None = None, user_input: str | None = None
    ) -> asyncio.Future[ReplyDone | None]:
        """Let the model speak as soon as nobody else does: to what was said last, or to
        `user_input`, which is added to history. `instructions` hold for this reply, besides the
        agent's. As for `say`."""
        self._check_open()
        if user_input is not None:
            self.add_user_text(user_input)
        return self._request(_Request(self._loop.create_future(), instructions=instructions))

    def interrupt(self) -> None:
        """Stop the agent and forget what it was going to say."""
        self._handle(s.Interrupt())

    def add_user_text(self, text: str) -> str:
        """Add a typed message of the person to history, without a reply. Returns its item id.
        CallEnded if the call is over."""
        self._check_open()
        item_id = self._new_id("item")
        self._history.add(Item(item_id, "user", text))
        self._emit(ConversationItemAdded(item_id, "user", text, False, self._loop.time()))
        return item_id

    def truncate(self, item_id: str, audio_end_ms: int) -> None:
        """The client heard only so much of this item: keep only that. Stops it if it is still
        being played."""
        if self._mouth.truncate(item_id, max(0, audio_end_ms) * RATE_OUT // 1000) is not None:
            self._handle(s.Interrupt())

    def update(self, *, instructions: str | None = None, voice: str | None = None) -> None:
        """Change the agent for the replies to come."""
        if instructions is not None:
            self._agent = replace(self._agent, instructions=instructions)
        if voice is not None:
            self._agent = replace(self._agent, voice=replace(self._agent.voice, name=voice))
        if instructions is not None and self._machine.state is State.IDLE:
            self._prefill("")

    def on_event(self, event: UpEvent) -> None:
        """Take one upward event of the call (`CallSink`)."""
        if self._closed:
            return
        match event:
            case AudioIn():
                self._audio(event)
            case Played():
                self._mouth.on_played(event)
            case Connected():
                if self._agent.greeting and not self._greeted:
                    self._greeted = True
                    self.say(self._agent.greeting)
            case Closed():
                self._end()
            case _:
                pass  # text and link reports are for the protocol, not for the conversation

    # ---- sound in

    def _audio(self, frame: AudioIn) -> None:
        self._listener.push(frame)
        try:
            signals = self._ears.push(frame, agent_audible=self._machine.state in _AUDIBLE)
        except Exception as error:  # a broken detector makes us deaf, not dead
            if not self._vad_broken:
                self._vad_broken = True
                self._report("model_error", f"voice activity: {type(error).__name__}: {error}")
            return
        for signal in signals:
            self._handle(signal)
        now = self._loop.time()
        if self._machine.state is not State.IDLE:
            self._active_at = now
        elif now - self._active_at > self._set.away_s:
            self._show_user(UserState.AWAY)
        if self._ears.active and self._tick is None:
            self._tick = self._loop.call_later(TICK_S, self._look)

    def _look(self) -> None:
        self._tick = None
        for signal in self._ears.idle(self._loop.time()):
            self._handle(signal)
        if self._ears.active and not self._closed:
            self._tick = self._loop.call_later(TICK_S, self._look)

    # ---- signals and actions

    def _handle(self, signal: s.Signal) -> None:
        """Run a signal through the machine and do what it asks. Signals that come out of that
        wait until it is done."""
        self._queue.append(signal)
        if self._handling:
            return
        self._handling = True
        try:
            while self._queue:
                before = self._machine.state
                actions = self._machine.handle(self._queue.popleft())
                self._follow(before)
                for action in actions:
                    self._do(action)
                self._show_agent(_AGENT.get(self._machine.state, AgentState.LISTENING))
        finally:
            self._handling = False

    def _follow(self, before: State) -> None:
        after, turn = self._machine.state, self._turn
        if turn is None or after is before:
            return
        if after in (State.PAUSED, State.WEIGHING) and before in (State.LISTENING, State.OVERLAP):
            turn.silence_seen = self._loop.time()
        if after in (State.LISTENING, State.OVERLAP) and turn.stopped:
            # The turn seemed over, but before anything was heard the person went on.
            turn.stopped = False
            self._tell_speech_started(turn)

    def _do(self, action: s.Action) -> None:
        match action:
            case s.BeginUtterance():
                self._begin(action.start)
            case s.NewSegment():
                self._listener.cut(action.position)
            case s.Decode():
                self._listener.decode(action)
            case s.AskScore():
                self._listener.score(action)
            case s.Caption():
                self._transcribed(action.text, action.confidence, final=False)
            case s.Prefill():
                self._prefill(action.text)
            case s.StartReply():
                self._start_reply(action)
            case s.StartAsked():
                self._start_asked(action)
            case s.StartApology():
                self._committed = None
                self._mouth.prepare(
                    action.reply, _literal(self._agent.apology), self._agent.voice, announce=True
                )
            case s.DropReply():
                tokens = self._mouth.drop(action.reply)
                if self._turn is not None:
                    self._turn.dropped += 1
                    self._turn.tokens_dropped += tokens
            case s.EndSpeech():
                self._end_speech(action.end)
            case s.CommitUser():
                self._commit(action)
            case s.DropUser():
                self._end_speech(self._ears.position)
                self._over()
            case s.Release():
                self._mouth.release(action.reply, self._committed)
                self._committed = None
            case s.Duck():
                self._mouth.duck(self._set.duck_gain)
            case s.Unduck():
                self._mouth.duck(1.0)
            case s.Stop():
                self._mouth.stop(action.reply)
            case s.ForgetRequest():
                request = self._requests.pop(action.request)
                if not request.done.done():
                    request.done.set_result(None)
            case s.Report():
                self._report(action.code, action.message)

    def _begin(self, start: int) -> None:
        self._ears.restart(start)
        self._listener.begin(start)
        self._turn = _Turn(self._new_id("item"), start, self._ears.clock.at(start))
        self._tell_speech_started(self._turn)

    def _tell_speech_started(self, turn: _Turn) -> None:
        self._show_user(UserState.SPEAKING)
        self._emit(SpeechStarted(turn.item_id, round(turn.start * 1000 / RATE_IN), self._now))

    def _end_speech(self, end: int) -> None:
        turn = self._turn
        if turn is None or turn.stopped:
            return
        turn.stopped, turn.end = True, end
        self._show_user(UserState.LISTENING)
        self._emit(SpeechStopped(turn.item_id, round(end * 1000 / RATE_IN), self._now))

    def _commit(self, action: s.CommitUser) -> None:
        turn = self._turn
        if turn is None:
            return
        self._end_speech(self._ears.position)
        self._transcribed(action.text, action.confidence, final=True)
        self._history.add(Item(turn.item_id, "user", action.text))
        self._emit(ConversationItemAdded(turn.item_id, "user", action.text, False, self._now))
        self._turns += 1
        ledger = Ledger(
            self._turns,
            turn.item_id,
            None,
            speech_start=turn.started,
            speech_end=self._ears.clock.at(turn.end),
            speech_end_position=turn.end,
            speculations=turn.speculations,
            dropped=turn.dropped,
            tokens_dropped=turn.tokens_dropped,
        )
        if turn.silence_seen is not None:
            ledger.stamp(Stage.SILENCE_SEEN, turn.silence_seen)
        ledger.stamp(Stage.TRANSCRIPT, turn.transcript)
        self._committed = ledger
        self._over()

    def _over(self) -> None:
        self._turn = None
        self._ears.rest()
        self._listener.end()

    def _transcribed(self, text: str, confidence: float, *, final: bool) -> None:
        if self._turn is not None:
            self._emit(UserInputTranscribed(self._turn.item_id, text, final, confidence, self._now))

    # ---- replies

    def _start_reply(self, action: s.StartReply) -> None:
        if self._turn is not None:
            self._turn.speculations += 1
            self._turn.transcript = self._now
        # The full stop that recognisers set and take back would cost the cache its tail.
        messages = self._messages(ChatMessage("user", action.text.rstrip(" .")))
        self._mouth.prepare(action.reply, self._generate(messages), self._agent.voice)

    def _start_asked(self, action: s.StartAsked) -> None:
        request = self._requests.pop(action.request)
        if request.say is not None:
            texts = _literal(request.say)
        else:
            texts = self._generate(self._messages(instructions=request.instructions))
        self._mouth.prepare(
            action.reply, texts, self._agent.voice, announce=True, done=request.done
        )

    def _generate(self, messages: list[ChatMessage]) -> AsyncIterator[str]:
        if self._prefilling is not None:
            self._prefilling.cancel()
        options = GenerateOptions(
            max_tokens=self._set.max_reply_tokens, temperature=self._set.temperature
        )
        return self._models.llm.generate(messages, options)

    def _messages(self, *extra: ChatMessage, instructions: str | None = None) -> list[ChatMessage]:
        system = "\n".join(filter(None, (self._agent.instructions, instructions)))
        return self._history.messages(system, extra=extra, budget_tokens=self._set.context_tokens)

    def _prefill(self, text: str) -> None:
        if self._prefilling is not None:
            self._prefilling.cancel()
        extra = [ChatMessage("user", text)] if text else []
        self._prefilling = self._tasks.start(self._warm(self._messages(*extra)), "prefill")

    async def _warm(self, messages: list[ChatMessage]) -> None:
        try:
            async with asyncio.timeout(self._set.model_timeout_s):
                await self._models.llm.prefill(messages)
        except Exception as error:  # only warmth is lost; a broken model shows when it must answer
            log.info("prefill_failed", call=self.call_id, error=type(error).__name__)

    def _eager(self) -> bool:
        known = self._mouth.first_audio_s
        return known is not None and known < self._set.eager_below_s

    def _request(self, request: _Request) -> asyncio.Future[ReplyDone | None]:
        self._check_open()
        self._asked += 1
        self._requests[self._asked] = request
        self._handle(s.Asked(self._asked))
        return request.done

    # ---- what watchers see

    @property
    def _now(self) -> float:
        return self._loop.time()

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self.call_id}_{self._ids}"

    def _emit(self, event: SessionEvent) -> None:
        if isinstance(event, ReplyDone) and not self._closed:
            # The model reads what was really heard and said before the next words come.
            self._prefill("")
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # a watcher's fault must not end what it watches
                self._log("listener_failed", type(event).__name__, error)

    def _report(self, code: str, message: str) -> None:
        self._emit(SessionError(code, message, fatal=False, at=self._now))

    def _crashed(self, name: str, error: BaseException) -> None:
        self._log("task_failed", name, error)
        self._report("internal_error", f"{name}: {type(error).__name__}")

    def _log(self, what: str, where: str, error: BaseException) -> None:
        # Where it broke, without the values there: they may be somebody's words.
        stack = "".join(traceback.format_tb(error.__traceback__))
        log.error(what, call=self.call_id, where=where, error=type(error).__name__, stack=stack)

    def _show_agent(self, state: AgentState) -> None:
        if state is not self._agent_state:
            old, self._agent_state = self._agent_state, state
            self._emit(AgentStateChanged(old, state, self._now))

    def _show_user(self, state: UserState) -> None:
        if state is not self._user_state:
            old, self._user_state = self._user_state, state
            self._emit(UserStateChanged(old, state, self._now))

    def _check_open(self) -> None:
        if self._closed:
            raise CallEnded(f"call {self.call_id} is over; nothing more can be said in it")

    def _end(self) -> None:
        if self._closed:
            return
        self._handle(s.Ended())
        self._closed = True
        self._mouth.close()
        if self._tick is not None:
            self._tick.cancel()
        for request in self._requests.values():
            if not request.done.done():
                request.done.set_result(None)
        self._requests.clear()


async def _literal(text: str) -> AsyncIterator[str]:
    yield text
