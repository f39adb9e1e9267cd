"""What every peer is asked for, and how `serve` uses it."""

from __future__ import annotations

from typing import Any, Protocol

from visavis.conversation.agent import DEFAULT_INSTRUCTIONS
from visavis.conversation.settings import ConversationSettings
from visavis.models.protocols import GenerateOptions
from visavis.seam import Pcm

INSTRUCTIONS = DEFAULT_INSTRUCTIONS
_ASKED = ConversationSettings()
OPTIONS = GenerateOptions(max_tokens=_ASKED.max_reply_tokens, temperature=_ASKED.temperature)
"""As visavis itself asks its language model."""


class Session(Protocol):
    """One call to one peer."""

    async def begin(self) -> None: ...

    async def hear(self, pcm: Pcm) -> None:
        """The person's next 20 ms, 16 kHz."""

    async def stop(self) -> None:
        """End the reply that is being spoken, if any."""

    async def aclose(self) -> None: ...


def text_of(content: Any) -> str:
    """Words of a message in the OpenAI form."""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or [] if isinstance(part, dict))
