"""`visavis version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version

import typer

import visavis


def show_version() -> None:
    """visavis, its native module, Python."""
    try:
        native = package_version("visavis-line")
    except PackageNotFoundError:
        native = "not installed"
    typer.echo(
        f"visavis {visavis.__version__} (visavis-line {native}, {platform.python_version()})"
    )
