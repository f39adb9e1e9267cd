"""visavis: real-time conversation between a person and an AI, by voice and by camera."""

__version__ = "0.1.0"
