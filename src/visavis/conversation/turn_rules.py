"""What to do on a signal while nobody has the floor or the person has it, up to the reply, and at
the call's end. Each rule returns the state that follows."""

from __future__ import annotations

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.aside_rules import acknowledge_if_natural, fill_if_late
from visavis.conversation.floor import Floor
from visavis.conversation.state import State
from visavis.conversation.words import normalize
from visavis.seam import RATE_IN

# ---- nobody has the floor


def hear(m: Floor, e: s.VoiceStarted) -> State:
    m.begin(e.start, e.position)
    return State.LISTENING


def ask_now(m: Floor, e: s.Asked) -> State:
    m.queue(e.request)
    return m.rest()


def ask_later(m: Floor, e: s.Asked) -> State:
    m.queue(e.request)
    return m.state


def forget(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    return m.state


# ---- the person speaks


def follow(m: Floor, e: s.VoiceWent) -> State:
    heard, set_ = m.heard, m.settings
    heard.voice(e)
    if e.position - heard.start > set_.max_turn_s * RATE_IN:
        m.emit(do.EndSpeech(e.position))
        m.drop()
        m.commit()
        m.begin(e.position, e.position)
    elif e.position - heard.segment > set_.max_segment_s * RATE_IN:
        m.cut_segment(heard.covers if heard.covers > heard.segment else e.position)
    elif e.quiet_s >= set_.dip_s:
        m.decode_the_dip()
    else:
        m.decode_if_due()
    return State.LISTENING


def perhaps_pause(m: Floor, e: s.Silence) -> State:
    m.heard.quiet(e)
    return m.pause() if e.silence_s >= m.settings.pause_s else State.LISTENING


def note(m: Floor, e: s.Transcribed) -> State:
    m.take(e)
    return m.state


def no_partial(m: Floor, e: s.TranscribeFailed) -> State:
    if e.decode == m.decoding:
        m.decoding = 0
    return m.state


def held_ready(m: Floor, e: s.ReplyReady) -> State:
    if m.reply is not None and m.reply.number == e.reply:
        m.reply.ready, m.reply.silent = True, e.silent
        m.reply.sentence_end = e.sentence_end
    return m.state


def held_failed(m: Floor, e: s.ReplyFailed) -> State:
    """A speculation broke; tell only if the turn ends with these words."""
    if m.reply is not None and m.reply.number == e.reply:
        m.heard.failed, m.heard.failure = m.reply.text, e.message
        m.drop()
    return m.state


def drop_held(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    m.drop()
    return m.state


# ---- perhaps the turn is over


def go_on(m: Floor, e: s.VoiceStarted) -> State:
    m.resume(e)
    return State.LISTENING


def wait(m: Floor, e: s.Silence) -> State:
    heard, set_ = m.heard, m.settings
    m.heard.quiet(e)
    if (
        e.silence_s >= set_.verify_s
        and (m.reply is not None and m.reply.ready)  # else it would only be ready later
        and not heard.verified
        and heard.fresh
        and not m.decoding
        and heard.took_s <= set_.verify_below_s
    ):
        heard.verified = True
        m.decode(final=True)
    after = m.release_if_over()
    if after is State.PAUSED:
        acknowledge_if_natural(m)
    return after


def settle(m: Floor, e: s.Flicker) -> State:
    return m.release_if_over()


def understand(m: Floor, e: s.Transcribed) -> State:
    if m.take(e):
        # Words from before the very end are most often all of them.
        m.answer()
        m.decode_the_end()
    return m.release_if_over()


def not_understood(m: Floor, e: s.TranscribeFailed) -> State:
    heard = m.heard
    if e.decode != m.decoding:
        return m.state
    m.decoding = 0
    heard.stt_failures += 1
    again = heard.stt_failures < 2 and heard.silence_s < m.settings.decode_again_s
    if heard.fresh or again:
        m.decode_the_end()
        return m.release_if_over()
    m.emit(do.Report("model_error", e.message))
    m.forget_utterance("failed")
    m.drop()
    return m.apologize()


def weigh_score(m: Floor, e: s.TurnScored) -> State:
    if e.ask == m.asked:
        m.heard.score = e.score
    return m.release_if_over()


def prepared(m: Floor, e: s.ReplyReady) -> State:
    held_ready(m, e)
    return m.release_if_over()


def not_prepared(m: Floor, e: s.ReplyFailed) -> State:
    held_failed(m, e)
    return m.release_if_over()


def give_up_turn(m: Floor, e: s.Interrupt) -> State:
    m.forget_requests()
    m.hush()
    m.drop()
    if m.utterance is not None:
        m.emit(do.EndSpeech(m.utterance.end))
        m.commit()
    return m.rest()


# ---- the reply is awaited


def speak_first(m: Floor, e: s.VoiceStarted) -> State:
    """No word of the reply was heard yet, so the person has the floor."""
    m.hush()
    if m.utterance is not None:
        m.resume(e)
    else:
        m.drop()
        m.begin(e.start, e.position)
    return State.LISTENING


def settle_reply(m: Floor, e: s.Flicker) -> State:
    return _play_if_ready(m)


def keep_quiet(m: Floor, e: s.Silence) -> State:
    if m.utterance is None:
        return _play_if_ready(m)
    m.heard.quiet(e)
    after = _play_if_ready(m)
    if after is State.THINKING:
        fill_if_late(m)
    return after


def correct(m: Floor, e: s.Transcribed) -> State:
    """A late transcript: the reply must be to these words."""
    known = None if m.utterance is None else (m.utterance.words, m.utterance.confidence)
    if known is None or not m.take(e):
        return State.THINKING
    if not normalize(m.heard.text):
        m.heard.words, m.heard.confidence = known  # words do not vanish by listening to silence
    m.answer()
    return State.THINKING if m.reply is not None else m.fail(m.heard.failure)


def play(m: Floor, e: s.ReplyReady) -> State:
    held_ready(m, e)
    return _play_if_ready(m)


def apologize(m: Floor, e: s.ReplyFailed) -> State:
    if m.reply is None or m.reply.number != e.reply:
        return m.state
    return m.fail(e.message)


def _play_if_ready(m: Floor) -> State:
    if m.flicker or m.reply is None or not m.reply.ready:
        return State.THINKING
    if m.utterance is not None and m.utterance.silence_s < m.wait_s():
        return State.THINKING  # its model has doubts that the others had not
    return m.release()


# ---- the end


def end(m: Floor, e: s.Ended) -> State:
    m.forget_requests()
    m.hush()
    m.drop()
    if m.utterance is not None:
        m.commit()
    return State.CLOSED
