"""Somebody who spoke up and was not understood is asked to say it again; a noise is not."""

from __future__ import annotations

import pytest

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.state import State
from visavis.seam import RATE_IN

SETTINGS = ConversationSettings()
OWN = -30.0


def person_known() -> Machine:
    machine = Machine(SETTINGS)
    machine.own_level = OWN
    return machine


def mumble(
    machine: Machine, *, text: str = "hm what", confidence: float = 0.1, voiced_s: float = 1.0,
    level: float = OWN, above: float = 20.0,
) -> list[do.Action]:  # fmt: skip
    """An utterance of a second and what is done until it is given up or answered."""
    actions = machine.handle(s.VoiceStarted(0, RATE_IN // 10))
    actions += machine.handle(s.VoiceWent(voiced_s, RATE_IN, 0.0, level, above))
    answered = 0
    for frame in range(1, 60):
        quiet = frame * 0.05
        now = RATE_IN + round(quiet * RATE_IN)
        actions += machine.handle(s.Silence(quiet, RATE_IN, now))
        asked = [a for a in actions if isinstance(a, do.Decode)]
        for ask in asked[answered:]:
            said = s.Transcribed(ask.decode, text, 0.05, eager=False, confidence=confidence)
            actions += machine.handle(said)
        answered = len(asked)
        if machine.utterance is None:
            return actions
    raise AssertionError(f"nothing became of it: {actions}")


def asks_again(actions: list[do.Action]) -> bool:
    return any(isinstance(action, do.StartAgain) for action in actions)


def test_the_person_is_asked_again_and_nothing_becomes_history() -> None:
    machine = person_known()
    actions = mumble(machine)
    assert asks_again(actions)
    assert machine.state is State.THINKING
    assert do.DropUser("not understood") in actions
    assert not any(isinstance(action, do.CommitUser) for action in actions)


@pytest.mark.parametrize(
    "what",
    [{"level": OWN - 15}, {"above": 4.0}, {"voiced_s": 0.2}, {"text": ""}],
    ids=["somebody farther off", "a crowd", "too short", "no words at all"],
)
def test_a_noise_is_passed_over_in_silence(what: dict[str, float]) -> None:
    machine = person_known()
    assert not asks_again(mumble(machine, **what))  # type: ignore[arg-type]
    assert machine.state is State.IDLE


def test_before_anybody_was_understood_nobody_is_asked() -> None:
    assert not asks_again(mumble(Machine(SETTINGS)))


def test_nobody_is_asked_for_ever() -> None:
    machine = person_known()
    for _ in range(2):
        actions = mumble(machine)
        assert asks_again(actions)
        again = next(a for a in actions if isinstance(a, do.StartAgain))
        machine.handle(s.ReplyReady(again.reply))
        machine.handle(s.ReplyPlayed(again.reply))
        assert machine.state is State.IDLE
    assert not asks_again(mumble(machine))
