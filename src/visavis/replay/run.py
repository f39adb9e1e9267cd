"""Running a recorded call again: the same upward events at the same times, on a virtual loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from visavis.clock import run_virtual
from visavis.conversation import Agent, Session
from visavis.errors import RecordingError
from visavis.models.protocols import ModelSet, Voice
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.realtime import RealtimeBridge, SessionView
from visavis.replay.file import Recording
from visavis.replay.outcome import Outcome, outcome
from visavis.replay.port import ReplayPort, playing_delay
from visavis.seam import Closed, Played, Text, UpEvent
from visavis.server.call import Call
from visavis.server.metrics import Metrics
from visavis.server.scribe import Scribe

MakeModels = Callable[[], ModelSet]
_AFTER_S = 1.0
"""Virtual seconds that a call without a recorded end gets to settle."""


def replay(recording: Recording, make_models: MakeModels) -> Outcome:
    """Run the call again and return what it came to. `make_models` is called inside the virtual
    loop; models that work inline take no virtual time. RecordingError for an empty recording."""
    if not recording.events:
        raise RecordingError("the recording holds no events: there is nothing to run again")
    return run_virtual(_run(recording, make_models), start=recording.started)


async def _run(recording: Recording, make_models: MakeModels) -> Outcome:
    loop = asyncio.get_running_loop()
    models = make_models()
    port = ReplayPort(recording.call_id, playing_delay(recording))
    call = _join(recording, models, port)
    port.attach(call)
    task = asyncio.create_task(call.run())
    try:
        for event in recording.events:
            if not _simulated(event):
                await asyncio.sleep(max(0.0, event.at - loop.time()))
                call.on_event(event)
        if not isinstance(recording.events[-1], Closed):
            await asyncio.sleep(_AFTER_S)
            call.on_event(Closed("local", loop.time()))
        await task
    finally:
        await models.aclose()
    return outcome(port.commands, recording.started)


def _join(recording: Recording, models: ModelSet, port: ReplayPort) -> Call:
    """The same inside that a server gives a call."""
    about = recording.about
    agent = Agent(
        instructions=str(about.get("instructions", "")),
        greeting=str(about.get("greeting") or ""),
        voice=Voice(name=str(about.get("voice", "default"))),
    )
    session = Session(agent, models, port, call_id=port.call_id)
    view = SessionView(
        id=port.call_id,
        model=models.llm.name,
        instructions=agent.instructions,
        voice=agent.voice.name,
    )
    bridge = RealtimeBridge(
        session, lambda event: port.send(json.dumps(event)), view=view, heard=lambda rtp: None
    )
    call = Call(port, "webrtc")
    call.join(session, bridge, Scribe(port.call_id, None, Metrics()))
    return call


def _simulated(event: UpEvent) -> bool:
    """What the replay's own line tells instead."""
    if isinstance(event, Played):
        return True
    return isinstance(event, Text) and '"visavis.playback"' in event.data


def scripted_from(recording: Recording) -> ModelSet:
    """Models that understand and say what was understood and said in the recorded run."""
    known = outcome(recording.commands, recording.started)
    heard = [line.text for line in known.lines if line.role == "user" and line.text]
    said = [line.text for line in known.lines if line.role == "assistant" and line.text]
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText(heard),
        turn=FixedTurnDetector(),
        llm=ScriptedLanguageModel(said or ["."]),
        tts=ToneTextToSpeech(),
    )
