"""What the language model expects after the words decides how long the agent waits."""

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import State
from visavis.conversation.turn_end import finished

FRAME, SECOND = 320, 16_000


class Talk:
    """A person who says one thing and falls silent; the reply is ready when the test says."""

    def __init__(self, text: str, *, score: float | None = 0.95) -> None:
        self.machine = Machine(ConversationSettings(), detector=score is not None)
        self.text, self.score = text, score
        self.position = 0
        self.replies: list[int] = []
        self.send(s.VoiceStarted(0, FRAME))
        for number in range(50):
            self.position += FRAME
            self.send(s.VoiceWent(number * 0.02, self.position))
        self.end = self.position

    def send(self, signal: s.Signal) -> None:
        for action in self.machine.handle(signal):
            match action:
                case do.Decode():
                    self.send(s.Transcribed(action.decode, self.text, 0.02, False, 0.9))
                case do.AskScore():
                    self.send(s.TurnScored(action.ask, self.score))
                case do.StartReply():
                    self.replies.append(action.reply)

    def quiet_until(self, seconds: float) -> State:
        while self.position - self.end < seconds * SECOND:
            self.position += FRAME
            silence = (self.position - self.end) / SECOND
            self.send(s.Silence(silence, self.end, self.position))
        return self.machine.state

    def ready(self, sentence_end: float | None) -> State:
        self.send(s.ReplyReady(self.replies[-1], sentence_end=sentence_end))
        return self.machine.state


def test_a_whole_sentence_is_answered_at_once() -> None:
    talk = Talk("What is the capital of France?")
    talk.quiet_until(0.1)
    talk.ready(0.9)
    assert talk.quiet_until(0.3) is State.SPEAKING


def test_one_that_wants_a_word_is_waited_for() -> None:
    talk = Talk("What is the capital of Fran.")
    talk.quiet_until(0.1)
    talk.ready(0.001)
    assert talk.quiet_until(1.5) is State.PAUSED
    assert talk.quiet_until(2.3) is State.SPEAKING


def test_a_doubt_that_comes_late_still_holds_the_reply_back() -> None:
    talk = Talk("What is the capital of Fran.", score=0.93)
    assert talk.quiet_until(0.6) is State.THINKING, "every other cue says that it was all"
    assert talk.ready(0.001) is State.THINKING
    talk.send(s.VoiceStarted(talk.position, talk.position + FRAME))
    assert talk.machine.state is State.LISTENING


def test_a_doubt_about_other_words_does_not() -> None:
    talk = Talk("What is the capital of")
    talk.quiet_until(0.1)
    talk.ready(0.001)
    talk.text = "What is the capital of France?"
    talk.machine.decode(final=True)
    [ask] = [action for action in talk.machine.out if isinstance(action, do.Decode)]
    talk.machine.out.clear()
    talk.send(s.Transcribed(ask.decode, talk.text, 0.02, False, 0.9))
    talk.ready(0.9)
    assert talk.quiet_until(0.4) is State.SPEAKING


def test_it_counts_without_a_detector_too() -> None:
    talk = Talk("What is the capital of Fran.", score=None)
    talk.quiet_until(0.1)
    talk.ready(0.001)
    assert talk.quiet_until(0.6) is State.PAUSED


def test_the_surer_the_model_the_likelier_the_end() -> None:
    odds = [finished(0.8, "Tell me a joke", p) for p in (0.0, 0.01, 0.1, 0.5, 0.9, 1.0)]
    assert odds == sorted(odds) and odds[0] < odds[-1] - 4
    assert finished(None, "Tell me a joke", 0.9) > finished(None, "Tell me a joke", 0.1)
