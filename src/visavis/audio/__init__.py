"""Sound: resampling, levels, voice segments, echo, WAV files.

Enters and leaves: PCM.
"""
