"""What a check is: which agent, on which networks, and what is asked of it. A TOML file or options,
checked by one schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from visavis.errors import CheckError
from visavis.netlab.check.heard_from import parse_heard_from
from visavis.netlab.check.verdict import Limits
from visavis.netlab.library import names
from visavis.toml_file import read_toml

FORMAT: Literal["visavis-check/1"] = "visavis-check/1"

VOICE12 = (
    "wifi-good",
    "wifi-busy",
    "wifi-lossy",
    "lte-driving",
    "5g-driving-stalls",
    "5g-handover",
    "starlink",
    "bufferbloat-uplink",
    "crowded-venue",
    "long-haul",
    "3g-edge",
    "gilbert20",
)
"""The networks people talk from. `tunnel` is not among them: through an outage of half a minute
nobody answers in time."""
SETS: dict[str, tuple[str, ...]] = {"voice12": VOICE12}

Signalling = Literal["realtime", "sdp", "json"]
AnswerWithin = Annotated[float, Field(gt=0, le=60)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Say(_Part):
    """What the person says: a recording and its words."""

    wav: Path
    text: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """None: as in the file of the same name with the ending .txt, if there is one."""


class Asked(_Part):
    """Other limits for one network."""

    answer_within_s: AnswerWithin | None = None
    hear: Share | None = None


class Check(_Part):
    """One check. Times in seconds."""

    format: Literal["visavis-check/1"] = FORMAT
    agent: Annotated[str, Field(max_length=2000)] | None = None
    """Where an offer is posted to; without a path, a visavis server. None: visavis itself, in
    virtual time."""
    signalling: Signalling | None = None
    """`realtime`: as visavis and OpenAI do it; `sdp`: POST of application/sdp as WHIP does
    (RFC 9725); `json`: POST of {"sdp", "type"}. None: `sdp` if `agent` has a path."""
    api_key: Annotated[str, Field(max_length=2000)] | None = Field(default=None, repr=False)
    verify_tls: bool = True
    networks: Annotated[tuple[str, ...], Field(min_length=1, max_length=200)] = ("voice12",)
    """Of `visavis netlab list`, TOML files, or `voice12`."""
    answer_within_s: AnswerWithin = 1.5
    """At p95."""
    hear: Share = 0.95
    """Of the words said. Written down, it must be measured; else only if it can be."""
    limits: dict[str, Asked] = Field(default_factory=dict)
    """By network, where it is asked something else."""
    calls: Annotated[int, Field(ge=1, le=1000)] = 3
    """On each network; the n-th meets the network of the seed + n."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    say: Annotated[tuple[Say, ...], Field(max_length=100)] = ()
    """None: three questions that come with visavis."""
    heard_from: Annotated[str, Field(max_length=500)] | None = None
    """Where messages of the agent say what it understood, see `heard_from`."""
    wait_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Before the first question; as long as the agent greets."""
    connect_s: Annotated[float, Field(ge=1, le=120)] = 10.0
    """The longest a call may take to come up."""
    at_once: Annotated[int, Field(ge=1, le=64)] | None = None
    """Calls at a time. None: one on real sockets, one a core in virtual time."""

    @field_validator("heard_from")
    @classmethod
    def _a_rule(cls, rule: str | None) -> str | None:
        if rule is not None:
            try:
                parse_heard_from(rule)
            except CheckError as error:
                raise ValueError(str(error)) from None
        return rule

    def all_networks(self) -> list[str]:
        """With sets unfolded, each once."""
        unfolded = [name for given in self.networks for name in SETS.get(given, (given,))]
        return list(dict.fromkeys(unfolded))

    def limits_on(self, network: str) -> Limits:
        own = self.limits.get(network, Asked())
        return Limits(
            own.answer_within_s or self.answer_within_s,
            self.hear if own.hear is None else own.hear,
            must_measure_words="hear" in self.model_fields_set or own.hear is not None,
        )


def make_check(**options: Any) -> Check:
    """From options; what is None counts as not given. CheckError."""
    return _validate({k: v for k, v in options.items() if v is not None}, "the check")


def load_check(path: Path, **options: Any) -> Check:
    """From a TOML file, options on top; what is None counts as not given. Files are looked for
    beside the check. CheckError says what is wrong and where."""
    data = read_toml(path, CheckError)
    given = {k: v for k, v in options.items() if v is not None}
    return _validate({**_beside(path.parent, data), **given}, str(path))


def _validate(data: Mapping[str, Any], where: str) -> Check:
    try:
        check = Check.model_validate(data)
    except ValidationError as error:
        raise CheckError(f"{where}: {_explain(error)}") from None
    unknown = set(check.limits) - set(check.all_networks())
    if unknown:
        raise CheckError(
            f"{where}: limits.{min(unknown)} is for a network that is not checked; checked are "
            f"{', '.join(check.all_networks())}"
        )
    return check


def _beside(folder: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """Relative files as the folder has them; what is no text is left for the schema."""
    out = dict(data)

    def place(name: Any) -> Any:
        if not isinstance(name, str) or name in SETS or name in names():
            return name
        return str(folder / name) if name.endswith(".toml") else name

    if isinstance(data.get("networks"), list):
        out["networks"] = [place(name) for name in data["networks"]]
    if isinstance(data.get("limits"), dict):
        out["limits"] = {place(name): asked for name, asked in data["limits"].items()}
    if isinstance(data.get("say"), list):
        out["say"] = [
            {**each, "wav": str(folder / each["wav"])}
            if isinstance(each, dict) and isinstance(each.get("wav"), str)
            else each
            for each in data["say"]
        ]
    return out


def _explain(error: ValidationError) -> str:
    """One sentence for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(key) for key in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"{place} is not known; docs/check.md lists what a check may hold"
    if first["type"] == "missing":
        return f"{place} is missing"
    value = first["input"]
    shown = f" is {value!r}:" if isinstance(value, str | int | float) else ":"
    return f"{place}{shown} {what[:1].lower()}{what[1:]}"
