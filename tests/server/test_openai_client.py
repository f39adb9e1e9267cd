"""The stock openai client, told another base URL, holds a typed and a spoken turn."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
from openai import AsyncOpenAI
from tests.server.fakes import running, settings_for

from visavis.models.scripted import scripted_models
from visavis.server import create_app


def utterance(seconds: float = 1.2) -> bytes:
    """A voiced second for the scripted models' energy detector, and the silence after it."""
    t = np.arange(int(seconds * 24_000)) / 24_000
    voice = (9000 * np.sin(2 * np.pi * 180 * t)).astype("<i2")
    return bytes(4800) + voice.tobytes() + bytes(2 * 24_000)


def test_a_typed_and_a_spoken_turn(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path)
        models = scripted_models(["What time is it?"], ["Good morning to you.", "It is noon now."])
        async with running(settings, create_app(settings, models)) as (url, _):
            client = AsyncOpenAI(api_key="none", base_url=f"{url}/v1")
            async with asyncio.timeout(20), client.realtime.connect(model="visavis") as wire:
                await wire.session.update(session={"type": "realtime", "instructions": "Be brief."})
                content = [{"type": "input_text", "text": "Good morning."}]
                item = {"type": "message", "role": "user", "content": content}
                await wire.conversation.item.create(item=item)  # type: ignore[arg-type]
                await wire.response.create()
                said, sound = "", b""
                async for event in wire:
                    assert event.type != "error", event
                    if event.type == "session.updated":
                        assert event.session.type == "realtime"
                        assert event.session.instructions == "Be brief."
                    if event.type == "response.output_audio_transcript.delta":
                        said += event.delta
                    if event.type == "response.output_audio.delta":
                        sound += b64decode(event.delta)
                    if event.type == "response.done":
                        assert event.response.status == "completed"
                        break
                assert said.strip() == "Good morning to you."
                assert len(sound) > 24_000

                speech = utterance()
                for at in range(0, len(speech), 4800):
                    piece = b64encode(speech[at : at + 4800]).decode()
                    await wire.input_audio_buffer.append(audio=piece)
                heard, answer, kinds = "", "", []
                async for event in wire:
                    assert event.type != "error", event
                    kinds.append(event.type)
                    if event.type == "conversation.item.input_audio_transcription.completed":
                        heard = event.transcript
                    if event.type == "response.output_audio_transcript.done":
                        answer = event.transcript
                    if event.type == "response.done":
                        break
                assert heard == "What time is it?"
                assert answer == "It is noon now."
                assert kinds.index("input_audio_buffer.speech_started") < kinds.index(
                    "input_audio_buffer.speech_stopped"
                )
            await client.close()

    asyncio.run(run())
