"""What to do on a signal while the agent speaks, alone or with the person. Each rule returns the
state that follows."""

from __future__ import annotations

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.floor import Floor
from visavis.conversation.state import State
from visavis.conversation.words import is_backchannel, normalize

# ---- the agent speaks


def overlap(m: Floor, e: s.VoiceStarted) -> State:
    m.begin(e.start, e.position)
    m.duck(True)
    return State.OVERLAP


def finished(m: Floor, e: s.ReplyPlayed) -> State:
    if not _is_current(m, e):
        return m.state
    m.reply = None
    return m.rest()


def broke_off(m: Floor, e: s.ReplyFailed) -> State:
    """What was made before the failure is still played; then the agent apologises."""
    if m.reply is not None and m.reply.number == e.reply:
        m.emit(do.Report("model_error", e.message))
        m.owes_apology = m.reply.kind != "apology"
    return m.state


def hush(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    return m.rest()


# ---- both speak


def weigh_voice(m: Floor, e: s.VoiceWent) -> State:
    heard, set_ = m.heard, m.settings
    heard.voice(e)
    if m.aside:
        # Somebody else in the room, or a word aside: the agent speaks on, and listens.
        m.duck(False)
        return State.OVERLAP
    m.duck(True)
    if e.voiced_s >= (set_.backchannel_stop_s if heard.acknowledges else set_.stop_s):
        m.stop()
        return State.LISTENING
    if heard.covers >= 0:
        # The first syllable of a sentence may sound like "right": more of it decides.
        m.decode_if_due(urgent=True)
    elif m.partials and e.voiced_s >= set_.overlap_decode_s and not m.decoding:
        m.decode(final=False)
    return State.OVERLAP


def weigh_words(m: Floor, e: s.Transcribed) -> State:
    if m.take(e):
        m.heard.acknowledges = is_backchannel(m.heard.text or m.heard.doubted)
        # Whose voice it is takes a moment longer to tell than what it says.
        early = m.voices and m.heard.voiced_s < m.settings.stop_s
        if m.convinced and not m.aside and not early:
            m.stop()
            return State.LISTENING
    return State.OVERLAP


def perhaps_over(m: Floor, e: s.Silence) -> State:
    m.heard.quiet(e)
    if e.silence_s < m.settings.pause_s:
        return State.OVERLAP
    m.decode_the_end()
    return _judge(m)


def outlasted(m: Floor, e: s.ReplyPlayed) -> State:
    if not _is_current(m, e):
        return m.state
    m.reply = None
    m.duck(False)
    return State.LISTENING


def hush_overlap(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    return State.LISTENING


# ---- was it an interruption?


def overlap_again(m: Floor, e: s.VoiceStarted) -> State:
    m.resume(e)
    m.duck(True)
    return State.OVERLAP


def wait_for_words(m: Floor, e: s.Silence) -> State:
    m.heard.quiet(e)
    if e.silence_s >= m.settings.resume_s:
        m.duck(False)
    if e.silence_s >= m.settings.weigh_s:
        return _speak_on(m, "failed")
    return _judge(m)


def judge(m: Floor, e: s.Transcribed) -> State:
    m.take(e)
    return _judge(m)


def unknown_words(m: Floor, e: s.TranscribeFailed) -> State:
    return _speak_on(m, "failed") if e.decode == m.decoding else m.state


def now_a_turn(m: Floor, e: s.ReplyPlayed) -> State:
    """The agent had finished anyway: what was said is an answer, however short."""
    if not _is_current(m, e):
        return m.state
    m.reply = None
    m.duck(False)
    return m.pause()


def hush_weighing(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    return m.pause()


def _judge(m: Floor) -> State:
    if not m.heard.fresh:
        return State.WEIGHING
    if m.convinced and not m.aside:
        m.stop()
        return m.pause()
    if m.heard.silence_s < m.settings.resume_s:
        return State.WEIGHING  # perhaps only the gap before a plosive: the voice counts on
    if not normalize(m.heard.text):
        return _speak_on(m, "no words")
    return _speak_on(m, "another's voice" if m.heard.strange else "backchannel")


def _speak_on(m: Floor, why: do.DropReason) -> State:
    m.duck(False)
    m.forget_utterance(why)
    return State.SPEAKING


def _is_current(m: Floor, e: s.ReplyPlayed) -> bool:
    return m.reply is not None and m.reply.number == e.reply and m.reply.released
