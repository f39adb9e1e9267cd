"""What the machine learns of a person: how they pause, how loud they are, when it was too hasty."""

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import State

SECOND = 16_000
FRAME = 320


class Person:
    """Drives a machine through time; models answer at once."""

    def __init__(self, text: str, score: float) -> None:
        self.machine = Machine(ConversationSettings())
        self.text, self.score = text, score
        self.position = 0
        self.actions: list[do.Action] = []

    def send(self, signal: s.Signal) -> None:
        for action in self.machine.handle(signal):
            self.actions.append(action)
            match action:
                case do.Decode():
                    self.send(s.Transcribed(action.decode, self.text, 0.02, False, 0.9))
                case do.AskScore():
                    self.send(s.TurnScored(action.ask, self.score))
                case do.StartReply():
                    self.send(s.ReplyReady(action.reply))

    def speak(self, seconds: float, level: float = -26.0) -> None:
        self.position += 4 * FRAME
        self.send(s.VoiceStarted(self.position - 4 * FRAME, self.position))
        for number in range(round(seconds * SECOND / FRAME)):
            self.position += FRAME
            self.send(s.VoiceWent(number * 0.02, self.position, level=level))

    def pause(self, seconds: float) -> None:
        end = self.position
        for _ in range(round(seconds * SECOND / FRAME)):
            self.position += FRAME
            self.send(s.Silence((self.position - end) / SECOND, end, self.position))


def test_pauses_within_a_turn_teach_patience() -> None:
    person = Person("and then I", 0.1)
    for _ in range(6):
        person.speak(1.0)
        person.pause(1.5)
    assert person.machine.state is State.PAUSED, "still waiting"
    assert person.machine.pace.patience > 1.2


def test_who_goes_on_right_after_a_turn_was_cut_in_on() -> None:
    person = Person("What is the time?", 0.99)
    person.speak(1.0)
    person.pause(0.3)
    assert person.machine.state is State.SPEAKING
    person.speak(1.5)
    person.pause(0.4)
    assert person.machine.pace.hurry > 1


def test_how_loud_the_person_is_comes_from_their_turns() -> None:
    person = Person("What is the time?", 0.99)
    person.speak(1.0, level=-30.0)
    person.pause(0.5)
    assert person.machine.own_level == -30.0


def test_what_is_less_clear_than_their_usual_ends_is_more_likely_a_pause() -> None:
    person = Person("What is the time?", 0.97)
    for _ in range(4):
        person.speak(1.0)
        person.pause(0.3)
        person.send(s.ReplyPlayed(person.machine.reply.number))
        person.position += 2 * SECOND
    assert person.machine.pace.clarity > 0.2
    person.score = 0.82
    person.speak(1.0)
    person.pause(0.3)
    assert person.machine.state is State.PAUSED
