"""Who the person talks with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from visavis.models.protocols import Voice

DEFAULT_INSTRUCTIONS = (
    "You are Mia, a friendly voice assistant on a live call. Reply in one or two short spoken "
    "sentences. Be warm and direct. Never use lists, headings, emoji or code. "
    "If something is unclear, ask one short question back."
)


@dataclass(slots=True, frozen=True)
class Agent:
    """What makes one agent different from another. Stateless: one serves many sessions."""

    instructions: str = DEFAULT_INSTRUCTIONS
    """The system prompt."""
    greeting: str = ""
    """Said as soon as the call is connected; nothing if empty."""
    apology: str = "Sorry, something went wrong on my side. Could you say that again?"
    """Said when a model failed."""
    voice: Voice = field(default_factory=Voice)
    language: str | None = "en"
    """What the recogniser expects; None lets it find out."""

    def changed(self, instructions: str | None, voice: str | None) -> Agent:
        """The same with another prompt and with the voice of that name; None leaves as it is."""
        return replace(
            self,
            instructions=self.instructions if instructions is None else instructions,
            voice=self.voice if voice is None else replace(self.voice, name=voice),
        )
