"""Named ways to send: fixed plans, and controllers that change the plan in mid-call.

Those that come with visavis are in `SHIPPED`; a user's own are tables of a TOML file:

    [deep]
    what = "a second of deep redundancy upwards"
    up = "dred=1000,fec=no"            # as `visavis call --plan`, beginning from the product's plan
    down = { red = [1], fec = true }   # or as a table

    [careful]
    kind = "adaptive"                  # fixed (as without), adaptive, ana
    up = "bitrate=24000"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from visavis.errors import SettingsError
from visavis.netlab.ends import Steered
from visavis.network import Adaptive, Strategy
from visavis.network.baselines import PLAIN, AnaLike, Fixed, fec_only, red_1
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN, SendPlan
from visavis.settings import PlanSettings
from visavis.settings.plan import parse_plan
from visavis.toml_file import read_toml

Kind = Literal["fixed", "adaptive", "ana"]
MAX_STRATEGIES = 200
_MAKE: Final[dict[Kind, Callable[[SendPlan], Strategy]]] = {
    "fixed": Fixed,
    "adaptive": Adaptive,
    "ana": AnaLike,
}


@dataclass(slots=True, frozen=True)
class SendStrategy:
    """A controller by its kind, and the plan each direction begins with (and keeps, if fixed)."""

    name: str
    what: str
    kind: Kind
    up: SendPlan
    down: SendPlan

    def controllers(self) -> Steered:
        """Fresh ones, for one call."""
        make = _MAKE[self.kind]
        return Steered(make(self.up), make(self.down))

    def told(self) -> dict[str, Any]:
        """All that results depend on, for a digest."""
        return asdict(self)


_HEAVY = replace(UPLINK_PLAN, red=(2,), expected_loss=0.3)
_HEAVY_DOWN = replace(DEFAULT_PLAN, dred_ms=500, expected_loss=0.3)
_SHIPPED = (
    SendStrategy("plain", "Opus with nothing against losses", "fixed", PLAIN, PLAIN),
    SendStrategy(
        "fec", "in-band FEC, as browsers send", "fixed", fec_only().plan, fec_only().plan
    ),
    SendStrategy("red1", "in-band FEC and one RED copy", "fixed", red_1().plan, red_1().plan),
    SendStrategy(
        "fixed", "the product without adaptation", "fixed",
        UPLINK_PLAN, DEFAULT_PLAN,
    ),
    SendStrategy(
        "heavy", "DRED and RED both ways, whatever the network", "fixed", _HEAVY, _HEAVY_DOWN
    ),
    SendStrategy("ana", "after libwebrtc's audio network adaptor", "ana", PLAIN, PLAIN),
    SendStrategy(
        "adaptive", "the product: feels the network and plans by it", "adaptive",
        UPLINK_PLAN, DEFAULT_PLAN,
    ),
)  # fmt: skip
SHIPPED: Final = {strategy.name: strategy for strategy in _SHIPPED}


def _from_text(value: Any) -> Any:
    return parse_plan(value) if isinstance(value, str) else value


Overrides = Annotated[dict[str, Any], BeforeValidator(_from_text)]
"""What differs from the plan it begins from."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class _Told(BaseModel):
    """One table of a strategy file."""

    model_config = ConfigDict(extra="forbid")

    what: Annotated[str, Field(max_length=200)] = ""
    kind: Kind = "fixed"
    up: Overrides = Field(default_factory=dict)
    down: Overrides = Field(default_factory=dict)

    def strategy(self, name: str) -> SendStrategy:
        plain = self.kind == "ana"
        return SendStrategy(
            name,
            self.what,
            self.kind,
            _over(PLAIN if plain else UPLINK_PLAN, self.up),
            _over(PLAIN if plain else DEFAULT_PLAN, self.down),
        )


_FILE = TypeAdapter(Annotated[dict[Name, _Told], Field(max_length=MAX_STRATEGIES)])


def _over(plan: SendPlan, overrides: dict[str, Any]) -> SendPlan:
    return PlanSettings.model_validate({**asdict(plan), **overrides}).for_call()


def load_strategies(path: Path) -> list[SendStrategy]:
    """All of a file. SettingsError says what is wrong and where."""
    tables = read_toml(path, SettingsError)
    place = ""
    try:
        strategies = []
        for place, told in _FILE.validate_python(tables).items():
            strategies.append(told.strategy(place))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in (place, *first["loc"]) if step != "")
        what = first["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f"{path}: {where}: {what[:1].lower()}{what[1:]}. A strategy is a table with what, "
            f"kind ({', '.join(_MAKE)}), up and down."
        ) from None
    return strategies


def find_strategies(names: Iterable[str]) -> list[SendStrategy]:
    """By names of `SHIPPED` and TOML files, in that order. SettingsError if one is not there or
    comes twice."""
    found: dict[str, SendStrategy] = {}
    for name in names:
        if name in SHIPPED:
            more = [SHIPPED[name]]
        elif name.endswith(".toml"):
            more = load_strategies(Path(name))
        else:
            raise SettingsError(
                f"there is no strategy {name!r}; name a TOML file or some of {', '.join(SHIPPED)}."
            )
        for each in more:
            if each.name in found:
                raise SettingsError(f"the strategy {each.name!r} is named twice.")
            found[each.name] = each
    if not found:
        raise SettingsError(f"no strategy is named; there are {', '.join(SHIPPED)}.")
    return list(found.values())
