"""Distributions a scenario draws dwell times, lengths, heights and rates from."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

MAX_VALUE = 1e10
"""Of anything drawn, in its own unit; the fastest link and the longest day lie below."""
MAX_POINTS = 1000

Value = Annotated[float, Field(ge=0, le=MAX_VALUE, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=MAX_VALUE, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Part(BaseModel):
    """What every part of a scenario is: checked, closed to unknown names, unchangeable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _keep_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A tag is no default to be left out: it says what the rest is.
        kind = getattr(self, "kind", None)
        return {**({} if kind is None else {"kind": kind}), **handler(self)}


class Fixed(Part):
    kind: Literal["fixed"] = "fixed"
    value: Value


class Uniform(Part):
    kind: Literal["uniform"] = "uniform"
    low: Value
    high: Value

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} and high {self.high:g}; high must not be less")
        return self


class _Tailed(Part):
    max: Positive | None = None
    """Larger values are cut to this."""


class Exponential(_Tailed):
    kind: Literal["exponential"] = "exponential"
    mean: Positive


class LogNormal(_Tailed):
    """exp(N(ln median, sigma²))."""

    kind: Literal["lognormal"] = "lognormal"
    median: Positive
    sigma: Annotated[float, Field(ge=0, le=10)]
    """Standard deviation of the natural logarithm."""


class Pareto(_Tailed):
    """P(X > x) = (minimum / x)^alpha; the smaller alpha, the heavier the tail."""

    kind: Literal["pareto"] = "pareto"
    minimum: Positive
    alpha: Annotated[float, Field(gt=0, le=100)]


class Quantiles(Part):
    """As measured: straight lines through points (probability, value)."""

    kind: Literal["quantiles"] = "quantiles"
    points: Annotated[list[tuple[Probability, Value]], Field(min_length=2, max_length=MAX_POINTS)]
    """From probability 0 to probability 1; neither column ever falls."""

    @model_validator(mode="after")
    def _rising(self) -> Quantiles:
        if self.points[0][0] != 0 or self.points[-1][0] != 1:
            raise ValueError("the first point must be at probability 0 and the last at 1")
        for (p, v), (q, w) in pairwise(self.points):
            if q <= p or w < v:
                raise ValueError(f"after ({p:g}, {v:g}) comes ({q:g}, {w:g}); both must rise")
        return self


def _number_is_fixed(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"kind": "fixed", "value": value} if number else value


Distribution: TypeAlias = Annotated[
    Annotated[
        Fixed | Uniform | Exponential | LogNormal | Pareto | Quantiles,
        Field(discriminator="kind"),
    ],
    BeforeValidator(
        _number_is_fixed,
        json_schema_input_type=float
        | Fixed
        | Uniform
        | Exponential
        | LogNormal
        | Pareto
        | Quantiles,
    ),
]
"""In a file a plain number stands for a fixed value."""
