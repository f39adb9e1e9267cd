"""Sound: files, resampling, levels, echo.

Enters and leaves: PCM, int16, mono unless said otherwise.
"""

from visavis.audio.level import Region, dbfs, frame_levels, peak_dbfs, voiced_region, voiced_regions
from visavis.audio.resample import StreamResampler, resample
from visavis.audio.wav import Stereo, decode_wav, read_audio, write_mono, write_stereo

__all__ = [
    "Region",
    "Stereo",
    "StreamResampler",
    "dbfs",
    "decode_wav",
    "frame_levels",
    "peak_dbfs",
    "read_audio",
    "resample",
    "voiced_region",
    "voiced_regions",
    "write_mono",
    "write_stereo",
]
