"""Models behind an OpenAI-compatible HTTP interface: chat, transcription, speech."""

from visavis.models.remote.http import Endpoint
from visavis.models.remote.llm import RemoteLanguageModel
from visavis.models.remote.stt import RemoteSpeechToText
from visavis.models.remote.tts import RemoteTextToSpeech

__all__ = ["Endpoint", "RemoteLanguageModel", "RemoteSpeechToText", "RemoteTextToSpeech"]
