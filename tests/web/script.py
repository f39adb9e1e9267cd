"""Events of a plausible talk, for tests and screenshots."""

from __future__ import annotations

import time
from typing import Any

from tests.web.mock_server import Event, MockServer

QUESTIONS = [
    "Hi there, what can you tell me about the weather on Mars?",
    "And how long would it take us to get there?",
    "Wait, what about the way back?",
]
ANSWERS = [
    "Cold and dusty. A summer afternoon at the equator can reach twenty degrees, but the night "
    "that follows falls to minus seventy.",
    "About seven months with the rockets we have today, if you leave when the planets stand well. "
    "Such a window opens every twenty-six months.",
    "You would wait there for more than a year until the planets line up again, so pack a book.",
]


def state(user: str, agent: str) -> Event:
    return {"type": "visavis.state", "user": user, "agent": agent}


def hears(number: int) -> Event:
    return {"type": "input_audio_buffer.speech_started", "item_id": f"u{number}"}


def partial(number: int, text: str) -> Event:
    return {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": f"u{number}",
        "delta": text.rsplit(" ", 1)[-1],
        "visavis_text": text,
    }


def final(number: int, text: str) -> Event:
    return {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": f"u{number}",
        "transcript": text,
    }


def created(number: int) -> Event:
    return {"type": "response.created", "response": {"id": f"r{number}"}}


def says(number: int, delta: str) -> Event:
    return {
        "type": "response.output_audio_transcript.delta",
        "response_id": f"r{number}",
        "item_id": f"a{number}",
        "delta": delta,
    }


def done(number: int, status: str = "completed", transcript: str | None = None) -> Event:
    content = [] if transcript is None else [{"type": "output_audio", "transcript": transcript}]
    output = [{"id": f"a{number}", "content": content}]
    return {
        "type": "response.done",
        "response": {"id": f"r{number}", "status": status, "output": output},
    }


def buffer(number: int, what: str) -> Event:
    return {"type": f"output_audio_buffer.{what}", "response_id": f"r{number}"}


def ledger(number: int, first_played: float = 412.0, **more: Any) -> Event:
    wait = first_played - 90
    stages = {
        "silence_seen": 64.0,
        "transcript": 0.34 * wait,
        "llm_start": 0.35 * wait,
        "llm_first_token": 0.52 * wait,
        "first_clause": 0.7 * wait,
        "tts_first_audio": 0.93 * wait,
        "released": wait,
        "first_sent": wait + 12,
        "first_played": first_played,
    }
    fields = {
        "turn": number,
        "user_item": f"u{number}",
        "response_id": f"r{number}",
        "speech_ms": 1840.0,
        "speech_end_ms": 5020.0,
        "stages": {name: round(ms, 1) for name, ms in stages.items()},
        "speculations": 2,
        "dropped": 1,
        "tokens_dropped": 7,
        "interrupted": False,
        "played_exact": True,
    }
    return {"type": "visavis.ledger", "ledger": {**fields, **more}}


def link(rtt_ms: float = 24.0, lost: int = 0) -> Event:
    return {
        "type": "visavis.link",
        "rtt_ms": rtt_ms,
        "jitter_ms": 3.1,
        "received": 50 - lost,
        "lost": lost,
        "recovered": lost,
        "concealed": 0,
        "loss_down": 0.0,
        "bitrate_up": 46_000.0,
        "bitrate_down": 48_000.0,
        "buffer_ms": 40.0,
    }


def ask(server: MockServer, number: int, pause: float = 0.0) -> None:
    """The person's question, in partial words and then whole."""
    words = QUESTIONS[(number - 1) % 3].split()
    server.send(state("speaking", "listening"), hears(number))
    for count in range(2, len(words) + 1, 2):
        server.send(partial(number, " ".join(words[:count]).lower()))
        time.sleep(pause / 4)
    server.send(state("listening", "thinking"), final(number, " ".join(words)))


def answer(server: MockServer, number: int, seconds: float = 2.0) -> None:
    """The agent's answer; it goes on playing at the page for `seconds`."""
    text = ANSWERS[(number - 1) % 3]
    server.send(created(number), buffer(number, "started"), state("listening", "speaking"))
    server.say(f"r{number}", f"a{number}", seconds)
    for word in text.split(" "):
        server.send(says(number, f"{word} "))
    server.send(ledger(number, 340.0 + 53 * (number * number % 7)), link())


def turn(server: MockServer, number: int, pause: float = 0.0) -> None:
    """One whole turn."""
    ask(server, number, pause)
    time.sleep(pause)
    answer(server, number)
    time.sleep(pause * 5)
    server.send(done(number), buffer(number, "stopped"), state("listening", "listening"))
