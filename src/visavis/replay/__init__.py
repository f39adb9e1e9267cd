"""Recorded calls: everything that crossed the seam in a call, kept in a file and run again.

Enters: upward events and downward commands of a live call. Leaves: a file, and from a file
the same call once more in virtual time, with what came out differently.
"""

from visavis.replay.file import Command, Recording, load_recording
from visavis.replay.recorder import CallRecorder, Recorder, RecordingPort, RecordingSink

__all__ = [
    "CallRecorder",
    "Command",
    "Recorder",
    "Recording",
    "RecordingPort",
    "RecordingSink",
    "load_recording",
]
