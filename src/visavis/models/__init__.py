"""Models: speech to text, language, text to speech, voice activity, end of turn.

Enters: PCM and text. Leaves: words, scores, text and PCM, streamed and cancellable.
"""
