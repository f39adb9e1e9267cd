"""How commands fail: one sentence on stderr and exit code 2, a traceback only on request."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from visavis.errors import VisavisError

EXIT_ERROR = 2


class ErrorsAsSentences(TyperGroup):
    """A group whose commands may raise `VisavisError`."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VisavisError as error:
            if ctx.params.get("debug"):
                raise
            say_error(str(error))
            raise typer.Exit(EXIT_ERROR) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(130) from error


def say_error(sentence: str) -> None:
    """The sentence on stderr, red where a terminal shows colours."""
    typer.secho(f"visavis: {sentence}", fg=typer.colors.RED, err=True, color=_colour())


def _colour() -> bool | None:
    """None lets click find out; it strips colours where stderr is no terminal."""
    return None if sys.stderr.isatty() else False
