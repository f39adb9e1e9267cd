"""Every time and threshold of a conversation, named and checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from visavis.errors import SettingsError

Speculate = Literal["auto", "silence", "partials"]


@dataclass(slots=True, frozen=True)
class ConversationSettings:
    """Times are seconds, probabilities 0…1. SettingsError if a value makes no sense."""

    # Voice activity
    voice_threshold: float = 0.5
    """A frame at least this probable is voice."""
    voice_hold_threshold: float = 0.35
    """Voice goes on while frames are at least this probable."""
    interrupt_threshold: float = 0.6
    """The first threshold while the agent is audible: its echo is a weak voice."""
    start_s: float = 0.064
    """Voice must last so long to count as speech."""
    gap_is_silence_s: float = 0.3
    """Nothing received for so long is silence (muted); shorter gaps stop the clocks."""
    stall_is_silence_s: float = 1.0
    """The same in a turn, while nothing at all comes from the far end: that is the network's
    silence, not the person's, and who cannot be heard cannot hear an answer either."""
    preroll_s: float = 0.3
    """Audio before the first voiced sample that the recogniser gets too."""

    # While the person speaks
    partial_s: float = 0.4
    """Recognise again after so much new audio."""
    eager_partial_s: float = 0.2
    """The same while speculating on partials."""
    partial_waits_s: float = 0.1
    """So much longer while a reply to the last partial is being made: on few cores they would
    only slow each other."""
    dip_s: float = 0.03
    """A voice that has been quiet for so long may have ended: recognise at once."""
    await_decode_s: float = 0.06
    """When the person falls silent, words that will have come by then are awaited."""
    speculate: Speculate = "auto"
    """When to begin a reply: at the first silence, on every changed partial, or by what the
    measured model speed allows."""
    eager_below_s: float = 1.2
    """`auto` speculates on partials while a reply's first audio takes less than this."""
    max_speculations: int = 40
    """Replies begun on partials in one turn; from then on only in its silences."""
    segment_s: float = 30.0
    """After a pause, speech longer than this is recognised afresh."""
    max_segment_s: float = 60.0
    """Longest piece given to the recogniser."""
    max_turn_s: float = 120.0
    """Longest turn; what was said until then is kept and a new turn begins."""

    # The end of a turn: silence from the last voiced sample
    pause_s: float = 0.05
    """Prepare a reply."""
    verify_s: float = 0.15
    """Recognise once more, if that is quick."""
    verify_below_s: float = 0.06
    """What quick means."""
    sure_score: float = 0.88
    unsure_score: float = 0.5
    """Probabilities that the turn is over, by the turn detector and the words, for a speaker not
    yet known."""
    sure_s: float = 0.25
    """Release the reply if it is over with at least `sure_score`."""
    unsure_s: float = 0.6
    """… if the turn detector has not answered."""
    very_unsure_s: float = 2.2
    """… with `unsure_score` or less; in between, the surer, the sooner."""
    undetected_s: float = 0.3
    """… if there is no turn detector."""
    collision_weight: float = 0.25
    """By how much it is worse to collide with a person who goes on than to cut in: the longer the
    round trip, the longer the wait (`distance`). 0: the network is not regarded."""

    min_confidence: float = 0.3
    """Words recognised with less confidence on average are taken for noise."""
    masked_confidence: float = 0.7
    """The same for a voice no louder than what is around it: a crowd, a television."""
    masked_db: float = 6.0
    clear_db: float = 11.0
    """So far above its surroundings a voice is masked at most, or clear; in between, the clearer,
    the less confidence is asked for."""

    # Whose voice it is, where the agent prefers the main speaker's (`Agent.speaker`)
    enrol_s: float = 4.0
    """Clear speech from which the main speaker is known."""
    look_s: float = 1.0
    """Look whose voice it is after so much more of it."""
    stranger_voice: float = 0.2
    """Cosine below which a voice is surely not the main speaker's."""
    same_voice: float = 0.4
    """… from which it is one that was heard before."""

    # Interruption
    interrupt_start_s: float = 0.048
    """Voice over the agent must last so long to duck it; ducking costs little if it was none."""
    duck_gain: float = 0.03
    """Level of the agent while the person's voice is weighed (-30 dB)."""
    stop_s: float = 0.5
    """So much voice over the agent stops it."""
    interrupt_confidence: float = 0.5
    """Words over the agent recognised with less confidence on average do not stop it; voice that
    lasts does."""
    word_s: float = 0.45
    """One word alone stops it after so much voice, unless it is "stop" or the like."""
    faint_db: float = 7.0
    """Voice so much softer than the person's own does not stop the agent; 0: any voice may."""
    backchannel_stop_s: float = 1.0
    """The same if only acknowledgements were recognised."""
    overlap_decode_s: float = 0.2
    """Recognise an interruption after so much voice."""
    resume_s: float = 0.2
    """Back to full level after so much silence."""
    weigh_s: float = 2.0
    """Longest wait for the words of an interruption that ended."""
    heard_wait_s: float = 0.3
    """Longest wait for the report of what was heard of a stopped reply."""

    # The reply
    first_words: int = 2
    """Words of the first piece spoken, unless punctuation comes earlier."""
    max_reply_tokens: int = 200
    temperature: float = 0.0
    hold_clauses: int = 1
    """Pieces prepared of a reply that is not released."""
    ahead_s: float = 8.0
    """Speech prepared ahead of what is being played."""
    context_tokens: int = 1500
    """History given to the language model, about."""
    max_queued_requests: int = 8
    """`say` and `generate_reply` waiting for their turn."""
    model_timeout_s: float = 8.0
    """A model that gives nothing for so long has failed."""
    decode_again_s: float = 1.0
    """A recogniser that failed is asked again within so much silence; later the person has waited
    long enough and is told."""
    score_timeout_s: float = 1.0

    # Sounds that are no reply
    filler_after_s: float = 0.6
    """A reply that is not ready so long after the turn was over is preceded by a filler, if the
    agent has any."""
    acknowledge_after_s: float = 6.0
    """A turn with so much speech may be acknowledged softly, if the agent has words for it."""
    acknowledge_every_s: float = 8.0
    """Least time between two acknowledgements."""
    acknowledge_pause_s: float = 0.25
    """… after so much silence."""
    acknowledge_margin_s: float = 1.0
    """… and so long before the turn could be over."""
    acknowledge_softer_db: float = 6.0

    # Tools
    tool_slow_s: float = 2.5
    """A tool that takes longer is announced."""
    tool_timeout_s: float = 20.0
    """Longest wait for a tool's result, unless the tool says otherwise."""
    max_tools_running: int = 8
    max_tool_rounds: int = 4
    """How often in one turn the model may call tools and call again after their results."""
    max_tool_output: int = 2000
    """Characters of a result that the model reads."""

    away_s: float = 30.0
    """A person silent for so long is away."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value: Any = getattr(self, field.name)
            if field.name == "speculate":
                if value not in ("auto", "silence", "partials"):
                    raise SettingsError(
                        f"conversation.speculate is {value!r}; "
                        "it must be 'auto', 'silence' or 'partials'."
                    )
            elif not isinstance(value, int | float) or isinstance(value, bool) or value != value:
                raise SettingsError(f"conversation.{field.name} is {value!r}; it must be a number.")
            elif value < 0 or value > 1e6:
                raise SettingsError(
                    f"conversation.{field.name} is {value}; it must lie between 0 and 1000000."
                )
        for name in _PROBABILITIES:
            if getattr(self, name) > 1:
                raise SettingsError(
                    f"conversation.{name} is {getattr(self, name)}; it must lie between 0 and 1."
                )
        for low, high in _ORDERED:
            if getattr(self, low) > getattr(self, high):
                raise SettingsError(
                    f"conversation.{low} ({getattr(self, low)}) must not be more than "
                    f"conversation.{high} ({getattr(self, high)})."
                )
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise SettingsError(f"conversation.{name} must be more than 0.")


_PROBABILITIES = (
    "voice_threshold",
    "voice_hold_threshold",
    "interrupt_threshold",
    "sure_score",
    "unsure_score",
    "duck_gain",
    "min_confidence",
    "masked_confidence",
    "interrupt_confidence",
    "stranger_voice",
    "same_voice",
)
_ORDERED = (
    ("voice_hold_threshold", "voice_threshold"),
    ("gap_is_silence_s", "stall_is_silence_s"),
    ("pause_s", "sure_s"),
    ("pause_s", "undetected_s"),
    ("sure_s", "unsure_s"),
    ("unsure_s", "very_unsure_s"),
    ("unsure_score", "sure_score"),
    ("min_confidence", "masked_confidence"),
    ("masked_db", "clear_db"),
    ("stranger_voice", "same_voice"),
    ("stop_s", "backchannel_stop_s"),
    ("segment_s", "max_segment_s"),
    ("max_segment_s", "max_turn_s"),
)
_POSITIVE = (
    "max_speculations",
    "look_s",
    "first_words",
    "max_reply_tokens",
    "hold_clauses",
    "model_timeout_s",
    "score_timeout_s",
    "tool_slow_s",
    "tool_timeout_s",
    "max_tools_running",
    "max_tool_rounds",
    "max_tool_output",
    "partial_s",
    "eager_partial_s",
    "max_queued_requests",
    "context_tokens",
)
