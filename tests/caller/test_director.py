"""When the next utterance is due, in simulated time."""

from dataclasses import dataclass, field

import numpy as np

from visavis.audio import Region
from visavis.caller.director import Director, Situation, Step
from visavis.caller.script import AfterReply, AtTime, DuringReply, Utterance, When


def script(*whens: When) -> list[Utterance]:
    pcm = np.zeros(16000, np.int16)
    return [Utterance(str(n), pcm, Region(0, 16000), when) for n, when in enumerate(whens)]


@dataclass
class Agent:
    """Answers each utterance of one second after `delay` with `length` seconds of sound."""

    delay: float = 0.5
    length: float = 2.0
    answers: bool = True
    stops: bool = True
    spoke: list[float] = field(default_factory=list)
    replies: list[list[float]] = field(default_factory=list)

    def situation(self, now: float) -> Situation:
        for start, end in ((at, at + self.length) for at in self.pending()):
            self.replies.append([start, end])
        speaking = bool(self.spoke) and now < self.spoke[-1] + 1
        if self.stops and speaking:
            for reply in self.replies:
                if reply[0] < self.spoke[-1] < reply[1]:
                    reply[1] = self.spoke[-1] + 0.3
        begun = [reply for reply in self.replies if reply[0] <= now]
        return Situation(
            now=now,
            speaking=speaking,
            agent_sound_start=begun[-1][0] if begun else None,
            agent_sound_end=min(now, begun[-1][1]) if begun else None,
            open_responses=sum(reply[1] > now for reply in begun),
            responses_created=len(begun),
            responses_done=sum(reply[1] <= now for reply in begun),
        )

    def pending(self) -> list[float]:
        wanted = [at + 1 + self.delay for at in self.spoke] if self.answers else []
        return wanted[len(self.replies) :]


def run(director: Director, agent: Agent, limit: float = 200.0) -> float:
    """Hold a call; returns when it was hung up."""
    now = 0.0
    while now < limit:
        step = director.step(agent.situation(now))
        if step is Step.SPEAK:
            agent.spoke.append(now)
        if step is Step.HANG_UP:
            return now
        now = round(now + 0.02, 6)
    raise AssertionError(f"no end; spoke at {agent.spoke}")


def test_each_turn_waits_for_the_reply_before() -> None:
    agent = Agent()
    end = run(Director(script(AfterReply(1.0), AfterReply(0.6), AfterReply(0.0))), agent)
    first = 1.0
    second = first + 1 + 0.5 + 2 + 0.6
    third = second + 1 + 0.5 + 2 + 0.3
    assert np.allclose(agent.spoke, [first, second, third], atol=0.1)
    assert abs(end - (third + 1 + 0.5 + 2 + 0.3)) < 0.1


def test_an_interruption_comes_while_the_agent_speaks() -> None:
    agent = Agent(length=8)
    run(Director(script(AfterReply(0.5), DuringReply(1.5))), agent)
    assert abs(agent.spoke[1] - (0.5 + 1 + 0.5 + 1.5)) < 0.1


def test_a_reply_too_short_to_be_interrupted_does_not_hold_up_the_script() -> None:
    agent = Agent(length=0.8)
    run(Director(script(AfterReply(0.5), DuringReply(1.5))), agent)
    assert abs(agent.spoke[1] - (0.5 + 1 + 0.5 + 0.8 + 0.5)) < 0.1


def test_an_absolute_time_is_kept() -> None:
    agent = Agent()
    run(Director(script(AtTime(3.0), AtTime(3.5))), agent)
    assert np.allclose(agent.spoke, [3.0, 3.5], atol=0.03)


def test_a_silent_agent_is_given_up() -> None:
    agent = Agent(answers=False)
    director = Director(script(AfterReply(0.5), AfterReply(0.5)), timeout_s=5)
    end = run(director, agent)
    assert director.unanswered == [0, 1]
    assert abs(end - (0.5 + 1 + 5 + 1 + 5)) < 0.2


def test_a_false_alarm_lets_the_reply_end() -> None:
    agent = Agent(length=6, stops=False)
    director = Director(script(AfterReply(0.5), DuringReply(1.0)))
    original = agent.pending
    agent.pending = lambda: original()[:1] if len(agent.replies) < 1 else []  # type: ignore[method-assign]
    end = run(director, agent)
    assert abs(end - (0.5 + 1 + 0.5 + 6 + 2)) < 0.2
    assert director.unanswered == []
