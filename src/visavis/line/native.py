"""Where the native module is looked for, so that everything else runs without it."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from visavis.errors import NativeMissingError


def _find() -> tuple[ModuleType | None, str]:
    try:
        return importlib.import_module("visavis_line"), ""
    except ImportError as missing:
        return None, str(missing)


_module, _why = _find()


class _NeverRaised(Exception):
    """Stands for `LineError` where the module is missing."""


LineError: type[Exception] = getattr(_module, "LineError", _NeverRaised)
"""What the native module raises; args = (code, message)."""


def native_available() -> bool:
    """True if `visavis_line` is installed: WebRTC calls are possible."""
    return _module is not None


def load_native() -> Any:
    """The module `visavis_line`. NativeMissingError if it is not installed."""
    if _module is None:
        raise NativeMissingError(
            f"WebRTC needs the native module visavis-line, which cannot be imported ({_why}). "
            f"Install it with `pip install visavis-line` (or run `make setup` in a checkout); "
            f"until then calls go over WebSocket."
        )
    return _module
