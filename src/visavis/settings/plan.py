"""The send plan as a person writes it: a table of the settings file, or one line of text."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from visavis.seam import DEFAULT_PLAN, SendPlan
from visavis.settings.section import Section

MAX_COPIES = 4
Distance = Annotated[int, Field(ge=1, le=17)]

SHORT = {"ahead": "ahead_ms", "dred": "dred_ms", "frame": "frame_ms", "loss": "expected_loss",
         "repair": "repair_every", "window": "repair_window"}  # fmt: skip
"""Names that a line of text may use instead."""


class PlanSettings(Section):
    """How speech is sent; see `visavis.seam.SendPlan`."""

    bitrate: int = Field(default=DEFAULT_PLAN.bitrate, ge=6_000, le=128_000)
    complexity: int = Field(default=DEFAULT_PLAN.complexity, ge=0, le=10)
    fec: bool = DEFAULT_PLAN.fec
    expected_loss: float = Field(default=DEFAULT_PLAN.expected_loss, ge=0, le=1)
    dred_ms: int = Field(default=DEFAULT_PLAN.dred_ms, ge=0, le=1040)
    red: tuple[Distance, ...] = DEFAULT_PLAN.red
    """Also written as "1,2"; "none" for no copies."""
    frame_ms: int = DEFAULT_PLAN.frame_ms
    dtx: bool = DEFAULT_PLAN.dtx
    repair_every: int = Field(default=DEFAULT_PLAN.repair_every, ge=0, le=16)
    repair_window: int = Field(default=DEFAULT_PLAN.repair_window, ge=1, le=32)

    ahead_ms: int = Field(default=DEFAULT_PLAN.ahead_ms, ge=0, le=2000)
    pace: float = Field(default=DEFAULT_PLAN.pace, ge=0, le=8)

    @field_validator("red", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        if isinstance(value, str):
            return () if value.strip() in ("", "none") else tuple(value.split(","))
        return value

    @field_validator("red")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) > MAX_COPIES or list(value) != sorted(set(value)):
            raise ValueError(f"at most {MAX_COPIES} distances in packets, ascending, are expected")
        return value

    @field_validator("frame_ms")
    @classmethod
    def _packets(cls, value: int) -> int:
        if value not in (20, 40, 60):
            raise ValueError("expected 20, 40 or 60")
        return value

    @model_validator(mode="after")
    def _every_packet_is_covered(self) -> Self:
        if self.repair_window < self.repair_every:
            raise ValueError(
                f"repair_window is {self.repair_window}; at least repair_every "
                f"({self.repair_every}) is expected, so that every packet is covered"
            )
        return self

    def for_call(self) -> SendPlan:
        return SendPlan(**self.model_dump())


def parse_plan(text: str) -> dict[str, Any]:
    """`red=1,2,dred=200,fec=no` as the values of `PlanSettings`. ValueError with a sentence for
    what cannot be read."""
    values: dict[str, str] = {}
    last = ""
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = SHORT.get(name, name)
        if not equals and last == "red":
            values["red"] += f",{part}"
            continue
        if not equals or not value:
            raise ValueError(f"{part.strip()!r} is not of the form name=value")
        if name not in PlanSettings.model_fields:
            known = ", ".join(PlanSettings.model_fields)
            raise ValueError(f"{name!r} is not known; there are {known}")
        if name in values:
            raise ValueError(f"{name} is given twice")
        values[name] = value
        last = name
    return values


class LineSettings(Section):
    """How media is carried."""

    adapt: bool = True
    """Change how speech is sent as the network changes. A `plan` that is written stands."""
    plan: PlanSettings = Field(default_factory=PlanSettings)
    """How our speech is sent to clients; also written as "red=1,2,dred=200"."""

    @field_validator("plan", mode="before")
    @classmethod
    def _one_line(cls, value: object) -> object:
        return parse_plan(value) if isinstance(value, str) else value

    @property
    def plan_is_written(self) -> bool:
        """Whether somebody chose the plan, so that it stands."""
        return "plan" in self.model_fields_set
