"""Libraries that only mining needs; who only serves does not install them."""

from __future__ import annotations

import importlib
from typing import Any

from visavis.errors import SettingsError


def needs(module: str) -> Any:
    """The module. SettingsError names the extra to install if it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(
            f"Mining needs {module.partition('.')[0]}, which is not installed: "
            'pip install "visavis[netlab]".'
        ) from error
