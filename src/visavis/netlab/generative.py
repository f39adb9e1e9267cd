"""One direction as a model: what the network does in each of its states.

All delays add up: base, queueing (autocorrelated), spikes, shifts, and the wait in the queue that
the call's own packets fill. Everything but that queue and each packet's own luck is a function of
the seed and the time alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from visavis.netlab.distribution import Distribution, Part, Positive, Probability

Milliseconds = Annotated[float, Field(ge=0, le=60_000, allow_inf_nan=False)]
StateName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
MAX_STATES = 32


class Memory(Part):
    """A part of the variance and how long it lasts: autocorrelation exp(-lag / time_s)."""

    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    time_s: Annotated[float, Field(ge=0, le=3600)]
    """0: fresh in every millisecond."""


def _one_time(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return [{"time_s": value}] if number else value


def _whole(parts: list[Memory]) -> list[Memory]:
    total = sum(part.share for part in parts)
    if abs(total - 1) > 1e-6:
        raise ValueError(f"the shares of memory add up to {total:g}; they must add up to 1")
    return parts


Memories = Annotated[
    list[Memory],
    Field(min_length=1, max_length=4),
    BeforeValidator(_one_time, json_schema_input_type=float | list[Memory]),
    AfterValidator(_whole),
]
"""Shares of a Gaussian's variance. In a file a plain number stands for one time."""


class Process(Part):
    """A quantity that wanders: a Gaussian process in time, mapped onto a marginal (a copula).

    Over a change of state the Gaussian goes on; only the mapping changes.
    """

    marginal: Distribution
    memory: Memories


class Loss(Part):
    """Gilbert-Elliott: two states, each with a loss probability, and loss that rises with delay.

    The chain steps in time, so that it is the same however many packets are sent; each packet's
    luck is its own. `p_enter = 0` leaves independent loss of `loss_good`.
    """

    p_enter: Probability = 0.0
    """From good to bad, a step."""
    p_leave: Annotated[float, Field(gt=0, le=1)] = 1.0
    """From bad to good, a step: bad lasts step_ms / p_leave on average."""
    loss_good: Probability = 0.0
    loss_bad: Probability = 1.0
    step_ms: Annotated[float, Field(ge=1, le=10_000)] = 20.0
    by_delay: Annotated[tuple[tuple[Milliseconds, Probability], ...], Field(max_length=100)] = ()
    """Further, independent loss at a delay beyond the base: points (ms, probability), straight
    lines between them, level beyond the last."""

    @model_validator(mode="after")
    def _rising(self) -> Loss:
        for (at, _), (then, _) in pairwise(self.by_delay):
            if then <= at:
                raise ValueError(f"by_delay goes from {at:g} to {then:g} ms; delays must rise")
        return self


class Spikes(Part):
    """Delay that jumps or climbs and then decays."""

    every_s: Distribution
    """From the top of one to the beginning of the next."""
    height_ms: Distribution
    rise_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    """How long it climbs, evenly."""
    decay_s: Annotated[float, Field(gt=0, le=600)]
    """Time constant of the exponential fall."""
    shared: bool = False
    """Both directions draw the same ones, where their figures are the same."""


class Outages(Part):
    """Nothing gets through for a while."""

    every_s: Distribution
    """From the end of one to the beginning of the next, within one stay in the state."""
    length_ms: Distribution
    mode: Literal["drop", "hold"] = "drop"
    """drop: what is sent in it is lost. hold: it waits and comes at the end, as cellular links
    and Wi-Fi do; the queue's limit, if there is one, holds."""
    shared: bool = True
    """Both directions draw the same ones, where their figures are the same."""


class Capacity(Part):
    """A link of so many bits a second, IP and UDP headers included, and a queue before it."""

    bps: Distribution
    memory: Memories | None = None
    """How it wanders over time, as in `Process`. None: drawn anew on each entry to the state."""


class Queue(Part):
    """What waits for capacity. Drop-tail: a packet that does not fit is lost."""

    limit_bytes: Annotated[int, Field(ge=1500, le=1_000_000_000)] | None = None
    limit_ms: Annotated[float, Field(gt=0, le=60_000)] | None = None
    """Of waiting at the capacity of the moment."""


class State(Part):
    """What one direction does while the chain is in this state."""

    delay_ms: Milliseconds = 20.0
    """Base one-way delay."""
    queueing_ms: Process | None = None
    """Other people's traffic: delay that comes on top and wanders."""
    loss: Loss = Loss()
    spikes: Spikes | None = None
    outages: Outages | None = None
    capacity: Capacity | None = None
    """None: no limit."""


class Handovers(Part):
    """A gap on a grid of time (Starlink: every 15 s), and another delay after it."""

    every_s: Annotated[float, Field(ge=0.1, le=86_400)]
    offset_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Of the grid; None: anywhere, by the seed."""
    jitter_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Each comes up to so much after its place on the grid, uniform; less than every_s."""
    gap_ms: Distribution
    mode: Literal["drop", "hold"] = "drop"
    shift_ms: Distribution | None = None
    """Delay added from this handover to the next."""
    shared: bool = True

    @model_validator(mode="after")
    def _in_turn(self) -> Handovers:
        if self.jitter_s >= self.every_s:
            raise ValueError(f"jitter_s is {self.jitter_s:g}; it must be less than every_s")
        return self


class Stay(Part):
    """A state of the chain: how long it lasts and what follows (semi-Markov)."""

    name: StateName
    dwell_s: Distribution
    next: dict[StateName, Positive] = Field(default_factory=dict)
    """Weights of the states that may follow; empty: all others alike."""


Chain = Annotated[list[Stay], Field(min_length=1, max_length=MAX_STATES)]


class Generative(Part):
    """A direction drawn from a model."""

    kind: Literal["generative"] = "generative"
    ordered: bool = True
    """Packets never overtake each other: a late one holds up those behind it."""
    chain: Chain | None = None
    """A chain of this direction's own; without it the scenario's."""
    states: Annotated[dict[StateName, State], Field(min_length=1, max_length=MAX_STATES)]
    """By name, one for each state of the chain. A single one needs no chain."""
    handovers: Handovers | None = None
    queue: Queue = Queue(limit_ms=300.0)
    """Matters where a state has a capacity or an outage holds packets."""


def check_chain(chain: list[Stay], where: str) -> None:
    """ValueError if names are double or lead nowhere, or no time can pass."""
    names = [stay.name for stay in chain]
    if len(set(names)) < len(names):
        raise ValueError(f"{where} names a state twice: {', '.join(names)}")
    for stay in chain:
        unknown = set(stay.next) - set(names)
        if unknown:
            raise ValueError(
                f"{where}: after {stay.name} comes {', '.join(sorted(unknown))}, which is not in "
                f"the chain; it has {', '.join(names)}"
            )
        if stay.next and set(stay.next) == {stay.name} and len(names) > 1:
            raise ValueError(f"{where}: nothing follows {stay.name} but itself")


def check_states(direction: Generative, chain: list[Stay] | None, where: str) -> None:
    """ValueError unless `states` are exactly those of the chain that rules the direction."""
    have = set(direction.states)
    if chain is None:
        if len(have) > 1:
            raise ValueError(
                f"{where} has the states {', '.join(direction.states)} but no chain says how they "
                f"follow; add a [[chain]] with dwell_s for each"
            )
        return
    want = {stay.name for stay in chain}
    if have != want:
        raise ValueError(
            f"{where}.states are {', '.join(sorted(have))}; its chain has "
            f"{', '.join(sorted(want))}; both must be the same"
        )
