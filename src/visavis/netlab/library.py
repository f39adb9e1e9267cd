"""The scenarios that come with visavis, and those of a user's own."""

from __future__ import annotations

from pathlib import Path

from visavis.errors import ScenarioError
from visavis.netlab.scenario import Scenario, load_scenario

PATTERNS = Path(__file__).parent / "patterns"


def names() -> list[str]:
    """Of the scenarios that come with visavis."""
    return sorted(path.stem for path in PATTERNS.glob("*.toml"))


def path_of(name_or_file: str) -> Path:
    """The file of a scenario that comes with visavis, or a file of one's own. ScenarioError if
    there is none."""
    if name_or_file in names():
        return PATTERNS / f"{name_or_file}.toml"
    path = Path(name_or_file)
    if path.suffix == ".toml" or path.is_file():
        return path
    raise ScenarioError(
        f"there is no scenario {name_or_file!r}; name a TOML file or one of {', '.join(names())}"
    )


def find(name_or_file: str) -> tuple[Scenario, Path]:
    """A scenario and the folder its recordings lie in. ScenarioError."""
    path = path_of(name_or_file)
    return load_scenario(path), path.parent
