"""The command line.

Enters: arguments. Leaves: exit codes and text.
"""


def main() -> None:
    """The entry point `visavis`."""
    from visavis.cli.app import app

    app()


__all__ = ["main"]
