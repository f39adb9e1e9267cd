"""How something is said, and the marks by which a language model asks for it.

A mark is a word in square brackets before what it changes, as in "[warm] I am glad you called." It
holds until the next mark. Marks are never read aloud, unknown ones neither, and history does not
keep them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Style:
    """Relative to how the agent speaks otherwise."""

    rate: float = 1.0
    """Factor of the speed."""
    pitch: float = 0.0
    """Semitones."""
    pitch_range: float = 1.0
    """Factor of how far the melody goes up and down; 0 is a monotone."""
    loudness: float = 0.0
    """Decibels."""
    warmth: float = 0.0
    """0 to 1: less of the high, a little breath."""


PLAIN = Style()
STYLES = {
    "plain": PLAIN,
    "warm": Style(rate=0.95, pitch=-0.5, pitch_range=1.1, loudness=-1.0, warmth=1.0),
    "soft": Style(rate=0.95, pitch_range=0.85, loudness=-6.0, warmth=0.7),
    "calm": Style(rate=0.9, pitch=-0.5, pitch_range=0.75, loudness=-2.0, warmth=0.5),
    "sad": Style(rate=0.85, pitch=-1.5, pitch_range=0.65, loudness=-4.0, warmth=0.6),
    "serious": Style(rate=0.95, pitch=-1.5, pitch_range=0.85),
    "happy": Style(rate=1.05, pitch=1.5, pitch_range=1.35, loudness=1.5, warmth=0.2),
    "excited": Style(rate=1.12, pitch=2.5, pitch_range=1.5, loudness=3.0),
    "slow": Style(rate=0.8),
    "fast": Style(rate=1.25),
    "loud": Style(loudness=4.0),
}
"""What the marks mean, by name."""

INSTRUCTIONS = (
    "Begin every reply with the mark that says how it is spoken, one of "
    f"{' '.join(f'[{name}]' for name in STYLES)}. Examples: [excited] That is great news! "
    "[sad] I am so sorry to hear that. [plain] It is three o'clock. "
    "A mark may also stand before a later sentence. Use no other marks."
)
"""For the language model of an agent that is to be expressive."""


def style_of(mark: str) -> Style | None:
    """What a mark asks for, without its brackets; None if it is none of ours. `/warm` ends
    `warm`."""
    name = mark.strip().lower()
    return PLAIN if name.startswith("/") else STYLES.get(name)
