"""Who the person talks with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from visavis.conversation.tools import FunctionTool
from visavis.models.protocols import Voice
from visavis.speaking import Style
from visavis.speaking.style import INSTRUCTIONS as STYLE_INSTRUCTIONS

DEFAULT_INSTRUCTIONS = (
    "You are Mia, a friendly voice assistant on a live call. Reply in one or two short spoken "
    "sentences. Be warm and direct. Never use lists, headings, emoji or code. "
    "If something is unclear, ask one short question back."
)


LANGUAGE_INSTRUCTIONS = "Always reply in the language that the person has spoken last."


@dataclass(slots=True, frozen=True)
class Agent:
    """What makes one agent different from another. Stateless: one serves many sessions."""

    instructions: str = DEFAULT_INSTRUCTIONS
    """The system prompt."""
    greeting: str = ""
    """Said as soon as the call is connected; nothing if empty."""
    apology: str = "Sorry, something went wrong on my side. Could you say that again?"
    """Said when a model failed."""
    holding: dict[str, str] = field(
        default_factory=lambda: {
            "en": "One moment, I am looking that up.",
            "zh": "请稍等，我查一下。",
        }
    )
    """Said while a tool takes its time, by language; nothing if empty."""
    not_caught: dict[str, str] = field(
        default_factory=lambda: {
            "en": "Sorry, I did not catch that.",
            "zh": "抱歉，我没听清。",
        }
    )
    """Said to a person who spoke up and could not be understood, by language."""
    fillers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Said, by language, when a reply keeps the person waiting ("Hm.", "Let me see."); none unless
    given. The same is never said twice in a row."""
    acknowledgements: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Said softly, by language, into the pauses of a long turn ("Mm-hm.", "I see."); as above."""
    tools: tuple[FunctionTool, ...] = ()
    """What it may do besides speaking."""
    voice: Voice = field(default_factory=Voice)
    language: str | None = "en"
    """What the recogniser expects; None lets it find out."""
    manner: Literal["even", "expressive"] = "even"
    """Whether the language model is told of the marks of style, and the voice follows them. Even,
    marks are ignored. The instruction costs the model some hundred tokens of prompt."""

    feelings: Literal["ignore", "watch", "tell"] = "watch"
    """What becomes of how the person sounds: nothing, events, or events and a note to the language
    model before the person's words."""

    speaker: Literal["anyone", "prefer"] = "anyone"
    """Who is listened to: anyone, or, once it is known, the voice of the person who spoke first:
    others neither stop the agent nor get an answer. Needs a speaker model."""

    @property
    def expressive(self) -> bool:
        return self.manner == "expressive"

    @property
    def prompt(self) -> str:
        """All of the system prompt."""
        parts = [self.instructions]
        if self.language is None:
            parts.append(LANGUAGE_INSTRUCTIONS)
        if self.expressive:
            parts.append(STYLE_INSTRUCTIONS)
        return "\n".join(parts)

    @property
    def asides(self) -> tuple[str, ...]:
        """What it may say without having the turn."""
        phrases = (*self.fillers.values(), *self.acknowledgements.values())
        return tuple(dict.fromkeys(text for texts in phrases for text in texts if text))

    @property
    def last_resorts(self) -> tuple[str, ...]:
        """What it may have to say when its voice has failed."""
        texts = (self.apology, *self.holding.values(), *self.not_caught.values())
        return tuple(dict.fromkeys(filter(None, texts)))

    def language_of(self, said: str) -> str:
        """The language of a person who spoke like this."""
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in said)
        return "zh" if chinese else (self.language or "en")

    def in_language(self, words: dict[str, str], said: str) -> str:
        """Of these words by language, those for a person who spoke like this; those of another
        language if there are none."""
        return words.get(self.language_of(said)) or next(iter(words.values()), "")

    def changed(self, instructions: str | None, voice: str | None) -> Agent:
        """The same with another prompt and with the voice of that name; None leaves as it is."""
        return replace(
            self,
            instructions=self.instructions if instructions is None else instructions,
            voice=self.voice if voice is None else replace(self.voice, name=voice),
        )


def styled(voice: Voice, style: Style) -> Voice:
    """The agent's voice as it says something in this style, within what voices allow."""
    return replace(
        voice,
        speed=min(2.0, max(0.5, voice.speed * style.rate)),
        pitch=min(12.0, max(-12.0, voice.pitch + style.pitch)),
        pitch_range=min(3.0, max(0.0, voice.pitch_range * style.pitch_range)),
        loudness=min(12.0, max(-20.0, voice.loudness + style.loudness)),
        warmth=min(1.0, max(0.0, voice.warmth + style.warmth)),
    )
