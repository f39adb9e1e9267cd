"""Keyword arguments of the native module: unknown, missing and impossible ones are named."""

from collections.abc import Iterator
from dataclasses import asdict
from types import ModuleType
from typing import Any

import pytest

from visavis.seam import SendPlan


@pytest.fixture(params=["engine", "stepped"])
def line(request: pytest.FixtureRequest, native: ModuleType) -> Iterator[Any]:
    if request.param == "stepped":
        yield native.Stepped(seed=1)
    else:
        engine = native.Engine()
        yield engine
        engine.shutdown()


def test_the_figures_of_a_plan_are_the_fields_of_the_seam(line: Any) -> None:
    line.set_plan(1, **asdict(SendPlan()))


def test_a_missing_figure_is_named(line: Any) -> None:
    plan = asdict(SendPlan())
    del plan["red"]
    with pytest.raises(TypeError, match=r"set_plan\(\) missing .* 'red'"):
        line.set_plan(1, **plan)


def test_an_unknown_figure_is_named(line: Any) -> None:
    with pytest.raises(TypeError, match=r"set_plan\(\) got an unexpected .* 'bitrates'"):
        line.set_plan(1, **asdict(SendPlan()), bitrates=1)


def test_a_figure_of_another_type_is_named(line: Any) -> None:
    with pytest.raises(TypeError, match="argument 'bitrate'"):
        line.set_plan(1, **{**asdict(SendPlan()), "bitrate": "much"})


def test_a_figure_out_of_range_is_named(native: ModuleType, line: Any) -> None:
    for name, value in [("bitrate", 2**40), ("dred_ms", -1), ("red", (-1,)), ("frame_ms", 30)]:
        with pytest.raises(native.LineError) as caught:
            line.set_plan(1, **{**asdict(SendPlan()), name: value})
        code, message = caught.value.args
        assert code == "invalid_plan"
        assert message.startswith(name)


def test_an_unknown_argument_of_a_constructor_is_named(native: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"Stepped\(\) got an unexpected .* 'receive_rates'"):
        native.Stepped(seed=1, receive_rates=1)
    with pytest.raises(TypeError, match=r"Engine\(\) got an unexpected .* 'seed'"):
        native.Engine(seed=1)
    with pytest.raises(ValueError, match="play_rate is 1"):
        native.Engine(play_rate=1)
