"""Whatever comes in whatever order, the machine keeps its promises."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import State

FRAME = 320
SETTINGS = ConversationSettings(
    speculate="partials",
    acknowledge_after_s=0.8,
    acknowledge_every_s=1.5,
    acknowledge_pause_s=0.1,
    acknowledge_margin_s=0.3,
)
TEXTS = ["", "yeah", "what is the", "what is the time", "What is the time?", "stop it now", "no"]


class Promises:
    """Watches the actions and holds the machine to them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.live: set[int] = set()
        self.released: set[int] = set()
        self.over: set[int] = set()
        self.texts: dict[int, str] = {}
        self.decodes: set[int] = set()
        self.utterance = False
        self.voice = False
        self.numbers: list[int] = []
        self.telling: dict[int, int] = {}
        """Results of tools that a reply's model has read."""
        self.told = 0
        self.silent: set[int] = set()
        self.filled = False
        self.aside = False
        """A filler or an acknowledgement may sound."""
        self.acknowledged = -1e9
        """Seconds into the call."""

    def send(self, signal: s.Signal) -> None:
        for action in self.machine.handle(signal):
            self.check(action)
        assert len(self.live) <= 1, "two replies at once"

    def check(self, action: do.Action) -> None:
        match action:
            case (
                do.StartReply()
                | do.StartAsked()
                | do.StartApology()
                | do.StartResults()
                | do.StartHold()
            ):
                if isinstance(action, do.StartResults):
                    assert self.machine.results > self.told, "told the same results twice"
                    self.telling[action.reply] = self.machine.results
                if isinstance(action, do.StartReply):
                    self.telling[action.reply] = self.machine.results
                if isinstance(action, do.StartResults | do.StartHold):
                    assert not self.voice and not self.utterance, "talked over the person"
                assert not self.numbers or action.reply > self.numbers[-1]
                self.numbers.append(action.reply)
                self.live.add(action.reply)
            case do.DropReply():
                assert action.reply in self.live - self.released, "dropped what was heard"
                self.live.discard(action.reply)
            case do.Release():
                assert action.reply in self.live, "released what is not prepared"
                assert action.reply not in self.released, "committed twice"
                assert not self.voice, "released while the person speaks"
                self.released.add(action.reply)
                if action.reply in self.silent:
                    self.live.discard(action.reply)
                self.told = max(self.told, self.telling.get(action.reply, 0))
            case do.Stop():
                assert action.reply in self.released & self.live, "stopped what does not sound"
                self.live.discard(action.reply)
            case do.Fill():
                assert not self.voice and self.utterance, "filled no silence"
                assert action.reply in self.live - self.released, "filled without a reply to come"
                assert not self.filled, "two fillers in a turn"
                self.filled = self.aside = True
            case do.Acknowledge():
                assert not self.voice and self.utterance, "acknowledged into the voice"
                assert not self.live & self.released, "acknowledged instead of speaking"
                now = self.machine.heard.position / 16000
                assert now - self.acknowledged >= SETTINGS.acknowledge_every_s
                assert self.machine.wait_s() > self.machine.heard.silence_s
                self.acknowledged, self.aside = now, True
            case do.Hush():
                self.aside = False
            case do.BeginUtterance():
                assert not self.utterance, "an utterance within an utterance"
                self.utterance, self.filled = True, False
            case do.CommitUser() | do.DropUser():
                assert self.utterance, "an utterance ended twice"
                self.utterance = False
            case do.Decode():
                self.decodes.add(action.decode)


class Anything(RuleBasedStateMachine):
    """Ears that make sense; models that answer late, never, twice, or about the past."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine(SETTINGS, fills=True, acknowledges=True)
        self.see = Promises(self.machine)
        self.position = 0
        self.end = 0
        self.mode = "quiet"
        self.voiced = 0.0
        self.request = 0

    @initialize(steps=st.integers(0, 3))
    def begin_somewhere(self, steps: int) -> None:
        """Chance alone rarely gets to where both speak."""
        if steps > 0:
            self.whole_turn()
        if steps > 1:
            self.voice_over_it()
        if steps > 2 and self.mode == "voice":
            self.silence(6)

    @rule()
    def voice_starts(self) -> None:
        if self.mode != "voice":
            self.position += 4 * FRAME
            if self.mode == "quiet":
                self.voiced = 0.0
            self.mode, self.see.voice = "voice", True
            self.see.send(s.Flicker(True))
            self.see.send(s.VoiceStarted(self.position - 3 * FRAME, self.position))

    @precondition(lambda self: self.mode == "voice")
    @rule(frames=st.integers(1, 60))
    def voice_goes_on(self, frames: int) -> None:
        for _ in range(frames):
            self.position += FRAME
            self.voiced += 0.02
            self.see.send(s.VoiceWent(self.voiced, self.position))

    @precondition(lambda self: self.mode != "quiet")
    @rule(frames=st.integers(1, 40))
    def silence(self, frames: int) -> None:
        if self.mode == "voice":
            self.mode, self.see.voice, self.end = "after", False, self.position
        for _ in range(frames):
            self.position += FRAME
            self.see.send(s.Silence((self.position - self.end) / 16000, self.end, self.position))
            if not self.see.utterance:
                self.mode = "quiet"
                return

    @rule(
        text=st.sampled_from(TEXTS), back=st.integers(0, 2), confidence=st.sampled_from([0.1, 0.9])
    )
    def transcript(self, text: str, back: int, confidence: float) -> None:
        if self.see.decodes:
            number = max(self.see.decodes) - back
            self.see.send(s.Transcribed(number, text, 0.02, True, confidence))
            self.settle()

    @rule()
    def no_transcript(self) -> None:
        if self.see.decodes:
            self.see.send(s.TranscribeFailed(max(self.see.decodes), "broken"))
            self.settle()

    @rule(score=st.none() | st.floats(0, 1), back=st.integers(0, 1))
    def score(self, score: float | None, back: int) -> None:
        self.see.send(s.TurnScored(self.machine.asked - back, score))
        self.settle()

    @rule(back=st.integers(0, 2), silent=st.booleans())
    def ready(self, back: int, silent: bool = False) -> None:
        if self.see.numbers:
            number = self.see.numbers[-1] - back
            if number in self.see.live - self.see.released and silent:
                self.see.silent.add(number)
            self.see.send(s.ReplyReady(number, number in self.see.silent))
            self.settle()

    @rule(back=st.integers(0, 2))
    def failed(self, back: int) -> None:
        if self.see.numbers:
            self.see.send(s.ReplyFailed(self.see.numbers[-1] - back, "broken"))
            self.settle()

    @rule()
    def whole_turn(self) -> None:
        """Straight to a reply that sounds."""
        if self.machine.state is State.IDLE:
            self.voice_starts()
            self.voice_goes_on(20)
            self.silence(6)
            self.transcript("what is the", 0, 0.9)
            self.ready(0)
            self.score(0.9, 0)
            self.silence(60)

    @rule()
    def voice_over_it(self) -> None:
        if self.machine.state is State.SPEAKING:
            self.voice_starts()
            self.voice_goes_on(10)

    @rule()
    def played(self) -> None:
        for number in self.see.released & self.see.live:
            self.see.live.discard(number)
            self.see.send(s.ReplyPlayed(number))
            self.settle()

    @rule()
    def flicker(self) -> None:
        if self.mode != "voice":
            self.see.send(s.Flicker(True))
            self.see.send(s.Flicker(False))
            self.settle()

    @rule(seconds=st.floats(0, 3))
    def round_trip(self, seconds: float) -> None:
        self.see.send(s.RoundTrip(seconds))

    @rule()
    def tools_are_done(self) -> None:
        self.see.send(s.ToolsDone())

    @rule()
    def tools_are_slow(self) -> None:
        self.see.send(s.ToolsSlow())

    @rule()
    def ask(self) -> None:
        self.request += 1
        self.see.send(s.Asked(self.request))

    @rule()
    def interrupt(self) -> None:
        self.see.send(s.Interrupt())
        assert not self.see.live & self.see.released
        assert not self.see.aside, "sounds on after it was told to be silent"
        self.settle()

    def settle(self) -> None:
        if self.mode == "after" and not self.see.utterance:
            self.mode = "quiet"

    def teardown(self) -> None:
        """From anywhere, with models that answer, it comes to rest."""
        if self.mode == "voice":
            self.voice_goes_on(1)
            self.silence(1)
        for _ in range(20):
            if self.mode == "after":
                self.silence(100)
            self.transcript("what is the time", 0, 0.9)
            self.score(0.9, 0)
            self.ready(0)
            self.played()
        assert self.machine.state is State.IDLE, self.machine.state
        assert self.machine.told == self.machine.results, "results nobody was told of"
        self.see.send(s.Ended())
        assert self.machine.state is State.CLOSED
        assert not self.see.live
        assert not self.see.aside


Anything.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
test_anything = Anything.TestCase


@given(st.lists(st.sampled_from(["wait", "score", "decode", "ready"]), min_size=4, max_size=20))
def test_a_turn_ends_in_a_reply_in_whatever_order_the_models_answer(order: list[str]) -> None:
    machine = Machine(ConversationSettings())
    done: list[do.Action] = []
    done += machine.handle(s.VoiceStarted(0, 1280))
    done += machine.handle(s.VoiceWent(1.0, 16000))
    silence = 0.0
    for what in [*order, *(["wait", "score", "decode", "ready"] * 8)]:
        match what:
            case "wait":
                silence += 0.2
                done += machine.handle(s.Silence(silence, 16000, 16000 + round(silence * 16000)))
            case "score":
                done += machine.handle(s.TurnScored(machine.asked, 0.9))
            case "decode":
                for ask in [a for a in done if isinstance(a, do.Decode)][-1:]:
                    done += machine.handle(s.Transcribed(ask.decode, "hi there", 0.1, False))
            case "ready":
                for start in [a for a in done if isinstance(a, do.StartReply)][-1:]:
                    done += machine.handle(s.ReplyReady(start.reply))
    assert sum(isinstance(a, do.StartReply) for a in done) == 1, "one text, one reply"
    assert [a.text for a in done if isinstance(a, do.CommitUser)] == ["hi there"]
    assert sum(isinstance(a, do.Release) for a in done) == 1
