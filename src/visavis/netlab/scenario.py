"""A scenario: one network as data, in a file that people can read, edit and comment (TOML)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import Field, ValidationError, model_validator

from visavis.errors import ScenarioError
from visavis.netlab.distribution import Part, Probability
from visavis.netlab.generative import Chain, Generative, check_chain, check_states
from visavis.netlab.rows import Replay
from visavis.toml_file import parse_toml, read_toml

FORMAT: Literal["visavis-scenario/1"] = "visavis-scenario/1"
MAX_FILE_BYTES = 16_000_000
_FLAT_ARRAY = re.compile(
    r'\[\n\s+((?:[-+0-9.e]+|"[a-z]+")(?:,\n\s+(?:[-+0-9.e]+|"[a-z]+"))*),\n\s*\]'
)

Direction = Annotated[Generative | Replay, Field(discriminator="kind")]
Observable = Literal["loss", "delay", "rtt", "order", "capacity", "outages"]


class Origin(Part):
    """Where the figures come from, and how much of them anybody saw."""

    kind: Literal["mined", "literature", "synthetic"]
    source: Annotated[str, Field(min_length=1, max_length=2000)]
    """Files, papers or reasons."""
    observable: tuple[Observable, ...] = ()
    """What of this network was visible in the source."""
    assumed: Annotated[str, Field(max_length=2000)] = ""
    """What was not, and what was put in its place."""
    licence: Annotated[str, Field(max_length=200)] = ""


class Scenario(Part):
    """One network between a client and a server. `up` is client to server."""

    format: Literal["visavis-scenario/1"] = FORMAT
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    what: Annotated[str, Field(min_length=1, max_length=500)]
    origin: Origin
    share: Probability | None = None
    """Of the time people spend on networks like this one, in the source."""
    figures: dict[Annotated[str, Field(max_length=60)], float] = Field(default_factory=dict)
    """What was measured in the source, by name (`loss`, `delay_p50_ms`, ...): for people and
    for validation; nothing is drawn from it."""
    chain: Chain | None = None
    """States that both directions are in at the same time, unless a direction has its own."""
    up: Direction
    down: Direction | None = None
    """None: as up, with draws of its own."""

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if self.chain is not None:
            check_chain(self.chain, "chain")
        for where, direction in (("up", self.up), ("down", self.down)):
            if isinstance(direction, Generative):
                if direction.chain is not None:
                    check_chain(direction.chain, f"{where}.chain")
                check_states(direction, direction.chain or self.chain, where)
        return self

    def for_range(self, folder: Path) -> str:
        """As JSON for the native range: recordings in, `down` resolved. ScenarioError if a
        recording cannot be read from `folder`."""
        ways = {}
        for name, direction in (("up", self.up), ("down", self.down or self.up)):
            way = direction.model_dump(mode="json")
            if isinstance(direction, Generative):
                stays = direction.chain or self.chain
                way["chain"] = None if stays is None else [s.model_dump(mode="json") for s in stays]
                way["own_chain"] = direction.chain is not None
            else:
                way["rows"] = direction.recorded(folder)
                del way["file"]
            ways[name] = way
        return json.dumps(ways)


def parse_scenario(text: str, where: str = "the scenario") -> Scenario:
    """From the text of a TOML file. ScenarioError says what is wrong and where."""
    return _checked(parse_toml(text, where, ScenarioError), where)


def load_scenario(path: Path) -> Scenario:
    """ScenarioError if the file cannot be read or is wrong; the recordings it names are read only
    when it is run."""
    tables = read_toml(
        path,
        ScenarioError,
        most=MAX_FILE_BYTES,
        if_larger="Put long recordings into a CSV file beside the scenario.",
    )
    return _checked(tables, str(path))


def _checked(tables: dict[str, Any], where: str) -> Scenario:
    try:
        return Scenario.model_validate(tables)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {_explain(error)}") from None


def dump_scenario(scenario: Scenario, comment: str = "") -> str:
    """The text of a file that `parse_scenario` reads back to the same; `comment` stands first."""
    data = _plain(scenario.model_dump(mode="json", exclude_defaults=True, exclude_none=True))
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    text = tomli_w.dumps({"format": FORMAT, **data})
    # tomli-w gives every number a line; a row of numbers reads better on one.
    return head + _FLAT_ARRAY.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def save_scenario(scenario: Scenario, path: Path, comment: str = "") -> None:
    """Write `dump_scenario`'s text."""
    path.write_text(dump_scenario(scenario, comment), encoding="utf-8")


def json_schema() -> dict[str, Any]:
    """JSON Schema of the file, for editors and other programs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(mode="validation"),
        "title": "visavis scenario, version 1",
    }


def _plain(value: Any) -> Any:
    """As people write it: a fixed value is a number, and what is not there is left out."""
    if isinstance(value, dict):
        if value.get("kind") == "fixed":
            return value["value"]
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value if inner is not None]
    return value


def _explain(error: ValidationError) -> str:
    """One sentence for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    # pydantic names the branch of a union where its discriminator was.
    branches = {"generative", "replay", "fixed", "uniform", "exponential", "lognormal", "pareto",
                "quantiles"}  # fmt: skip
    place = ".".join(str(key) for key in first["loc"] if key not in branches)
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"{place} is not known; docs/netlab.md lists what a scenario may hold"
    if first["type"] == "union_tag_not_found":
        return f"{place}.kind is missing; it says what {place} is"
    if first["type"] == "missing":
        return f"{place} is missing"
    value = first["input"]
    shown = f" is {value!r}:" if isinstance(value, str | int | float) else ":"
    return f"{place}{shown} {what[:1].lower()}{what[1:]}" if place else what
