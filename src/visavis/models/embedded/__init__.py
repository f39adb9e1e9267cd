"""Models that run on this machine's CPU with no network.

Speech: `speech.load_speech_models` opens voice activity, recogniser, end of turn and voice
from the weights that `visavis models pull speech` fetched.
"""
