"""The one exception tree. A message says what was wrong, where, and what would be right."""

from __future__ import annotations


class VisavisError(Exception):
    """Base of every error visavis raises on purpose.

    `code` is a short stable word for machines (it is what the wire protocol carries);
    the text is a sentence for people.
    """

    code: str = "internal_error"


class SettingsError(VisavisError):
    """A setting from file, environment or flag is wrong."""

    code = "invalid_settings"


class SignallingError(VisavisError):
    """An SDP offer or answer cannot be used."""

    code = "invalid_sdp"


class ProtocolError(VisavisError):
    """A message of the realtime protocol is malformed or unknown."""

    code = "invalid_request"


class BusyError(VisavisError):
    """The server has no capacity for one more call."""

    code = "busy"


class CallEnded(VisavisError):
    """The call is over; what was asked of it cannot be done any more."""

    code = "call_ended"


class ModelError(VisavisError):
    """A model failed, timed out or answered nonsense."""

    code = "model_error"


class RequestRefused(ModelError):
    """A model finds the request itself wrong (too long, malformed): nothing is broken, and the
    same request will fail again."""


class WeightsError(ModelError):
    """Weights are missing, broken or cannot be fetched."""

    code = "weights_unavailable"


class ToolError(VisavisError):
    """A tool was called wrongly, or its result cannot be used."""

    code = "tool_error"


class NativeMissingError(VisavisError):
    """The native module `visavis_line` is not installed, so WebRTC is not available."""

    code = "native_missing"


class AudioError(VisavisError):
    """A sound file cannot be read, or a sound device cannot be used."""

    code = "invalid_audio"


class CallFailed(VisavisError):
    """A call could not be set up or broke off before it was done."""

    code = "call_failed"


class RecordingError(VisavisError):
    """The file of a recorded call is damaged or of another version."""

    code = "invalid_recording"


class ScenarioError(VisavisError):
    """A network scenario is wrong, or its recording cannot be read."""

    code = "invalid_scenario"


class TraceError(VisavisError):
    """A recorded network trace cannot be read, or is not of the format it seems to be."""

    code = "invalid_trace"


class CheckError(VisavisError):
    """A check of an agent is wrongly described, or asks for what cannot be measured."""

    code = "invalid_check"
