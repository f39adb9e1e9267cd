"""Where an agent's messages say what it understood. Pure.

Agents that speak the OpenAI Realtime protocol (visavis does) need no word about it. For others
a rule such as `type=user-transcription data.final=true data.text` names the place: conditions on
the message, and at last the way to the text. Names are joined by dots, places in lists are numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visavis.caller.notes import Notes
from visavis.errors import CheckError

MAX_RULE = 500
"""Characters."""
_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_HELLO = "visavis.hello"


@dataclass(slots=True, frozen=True)
class HeardFrom:
    """One rule: all conditions hold, and the text is at `text`."""

    conditions: tuple[tuple[str, str], ...]
    text: str

    def find(self, message: dict[str, Any]) -> str | None:
        """The text a message holds; None if it is another kind of message."""
        for path, wanted in self.conditions:
            value = _at(message, path)
            if value is _NOTHING or wanted not in (value, json.dumps(value)):
                return None
        found = _at(message, self.text)
        return found if isinstance(found, str) else None


def parse_heard_from(rule: str) -> HeardFrom:
    """CheckError if the rule says no place."""
    *tests, text = rule.split() if 0 < len(rule.strip()) <= MAX_RULE else [""]
    conditions = [(path, wanted) for path, _, wanted in (test.partition("=") for test in tests)]
    if not text or "=" in text or not all(path and wanted for path, wanted in conditions):
        raise CheckError(
            f"heard_from is {rule[:80]!r}; it must be conditions and then the place of the text, "
            "such as 'type=user-transcription data.final=true data.text'"
        )
    return HeardFrom(tuple(conditions), text)


def understood(messages: Sequence[dict[str, Any]], rule: str | None) -> str | None:
    """All that an agent says it understood in a call, from its messages; None if it does not
    tell. CheckError for a wrong rule."""
    if rule is not None:
        place = parse_heard_from(rule)
        return " ".join(text for text in map(place.find, messages) if text is not None)
    kinds = {str(message.get("type")) for message in messages}
    if _HELLO not in kinds and not any(kind.startswith(_TRANSCRIPTION) for kind in kinds):
        return None
    notes = Notes()
    for message in messages:
        notes.take(message, 0.0)
    return " ".join(line.text for line in notes.lines if line.role == "user")


class _Nothing:
    pass


_NOTHING = _Nothing()


def _at(message: Any, path: str) -> Any:
    value = message
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _NOTHING
    return value
