"""Where the page's files are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

import visavis


def web_folder() -> Path | None:
    """The folder with index.html, or None if this installation has no page."""
    package = Path(visavis.__file__).parent
    for folder in (package / "web", package.parent.parent / "web"):
        if (folder / "index.html").is_file():
            return folder
    return None
