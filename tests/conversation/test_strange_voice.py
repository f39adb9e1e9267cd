"""A voice that is surely not the main speaker's gets no answer and stops nobody, unless it
insists."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.events import ConversationItemAdded
from visavis.conversation.machine import Machine
from visavis.conversation.state import State
from visavis.models.protocols import Embedding
from visavis.models.scripted import scripted_models
from visavis.seam import RATE_IN, Pcm

SETTINGS = ConversationSettings()
STRANGE, KNOWN = s.VoiceLikened(True), s.VoiceLikened(False)


def said(machine: Machine, likened: s.Signal | None) -> list[do.Action]:
    """A turn is spoken to its end, and its reply is ready at once."""
    out = machine.handle(s.VoiceStarted(0, 800))
    out += machine.handle(s.VoiceWent(1.5, 2 * RATE_IN, 0.0, -30.0, 40.0))
    if likened is not None:
        out += machine.handle(likened)
    out += machine.handle(s.Silence(0.1, 2 * RATE_IN, 2 * RATE_IN + 1600))
    *_, ask = (action for action in out if isinstance(action, do.Decode))
    out += machine.handle(s.Transcribed(ask.decode, "buy two", 0.05, eager=False))
    *_, reply = (action for action in out if isinstance(action, do.StartReply))
    out += machine.handle(s.ReplyReady(reply.reply))
    return out + machine.handle(s.Silence(1.0, 2 * RATE_IN, 3 * RATE_IN))


@pytest.mark.parametrize("likened", [None, KNOWN])
def test_who_is_not_surely_a_stranger_is_answered(likened: s.Signal | None) -> None:
    machine = Machine(SETTINGS, detector=False, voices=True)
    out = said(machine, likened)
    assert any(isinstance(action, do.Release) for action in out)
    assert do.LearnVoice(clear=True) in out


def test_a_stranger_is_not_answered() -> None:
    machine = Machine(SETTINGS, detector=False, voices=True)
    out = said(machine, STRANGE)
    assert do.DropUser("another's voice") in out
    assert not any(isinstance(action, do.Release | do.CommitUser) for action in out)
    assert machine.state is State.IDLE


@pytest.mark.parametrize(("likened", "stops"), [(STRANGE, False), (KNOWN, True)])
def test_a_stranger_does_not_stop_the_agent(likened: s.Signal, stops: bool) -> None:
    machine = Machine(SETTINGS, detector=False, voices=True)
    said(machine, KNOWN)
    assert machine.state is State.SPEAKING
    at = 10 * RATE_IN
    machine.handle(s.VoiceStarted(at, at + 800))
    machine.handle(likened)
    out = machine.handle(s.VoiceWent(0.6, at + RATE_IN, 0.0, -30.0, 40.0))
    assert any(isinstance(action, do.Stop) for action in out) is stops
    assert machine.ducked is False


def turns_of(world: World) -> list[str]:
    items = [e for e in world.events if isinstance(e, ConversationItemAdded)]
    return [item.text for item in items if item.role == "user"]


class ByLoudness:
    """Takes how loud somebody is for who it is."""

    async def embed(self, pcm: Pcm) -> Embedding | None:
        loud = float(np.abs(pcm.astype(np.float32)).max()) > 0.2 * 32768
        return np.array([1, 0] if loud else [0, 1], np.float32)


def test_who_is_handed_the_telephone_is_answered_at_the_second_turn() -> None:
    async def call() -> list[str]:
        models = scripted_models(["one", "two", "three", "four"])
        models.speaker = ByLoudness()
        settings = ConversationSettings(enrol_s=2.0, faint_db=0)
        says = [Say(1, 2.5), Say(10, 2.5, 0.12), Say(20, 2.5, 0.12), Say(30, 2.5, 0.12)]
        world = World(models, says, Agent(speaker="prefer"), settings)
        await world.run(38)
        return turns_of(world)

    assert len(run_virtual(call(), limit_s=60)) == 3


def test_anyone_is_answered_unless_the_agent_prefers() -> None:
    async def call() -> int:
        models = scripted_models(["one", "two", "three", "four"])
        models.speaker = ByLoudness()
        says = [Say(1, 2.5), Say(10, 2.5, 0.12)]
        world = World(models, says, Agent(), ConversationSettings(enrol_s=2.0, faint_db=0))
        await world.run(18)
        return len(turns_of(world))

    assert run_virtual(call(), limit_s=60) == 2
