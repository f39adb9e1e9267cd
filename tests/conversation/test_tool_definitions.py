"""A function becomes a tool by its types; wrong arguments and wrong functions are told in words."""

from __future__ import annotations

import threading
from typing import Annotated, Any, Literal

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from visavis.conversation import Agent, function_tool
from visavis.conversation.tools import MAX_TOOLS, check_specs
from visavis.errors import SettingsError, ToolError
from visavis.models.protocols import ToolSpec


class Place(BaseModel):
    city: str
    country: str = "France"


@function_tool
async def get_weather(
    where: Annotated[Place, "What place"], unit: Literal["c", "f"] = "c", days: int = 1
) -> dict[str, Any]:
    """The weather somewhere."""
    return {"where": where, "unit": unit, "days": days}


def run(arguments: str) -> str:
    return anyio.run(get_weather.run, arguments)


def test_types_become_a_schema() -> None:
    assert (get_weather.spec.name, get_weather.spec.description) == (
        "get_weather",
        "The weather somewhere.",
    )
    schema = get_weather.spec.parameters
    assert schema["required"] == ["where"]
    assert schema["properties"]["unit"]["enum"] == ["c", "f"]
    assert schema["properties"]["days"] == {"type": "integer", "default": 1}
    assert "title" not in str(schema)


def test_arguments_are_checked_and_made_objects() -> None:
    result = run('{"where": {"city": "Lyon"}, "days": "3"}')
    assert result == '{"where": {"city": "Lyon", "country": "France"}, "unit": "c", "days": 3}'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("{}", "where is wrong: Field required"),
        ('{"where": {"city": 3}}', "where.city is wrong"),
        ('{"where": {"city": "a"}, "unit": "k"}', "unit is wrong: Input should be 'c' or 'f'"),
        ('{"where": {"city": "a"}, "more": 1}', "more is wrong: Extra"),
        ("[]", "arguments is wrong"),
        ("{", "Invalid JSON"),
        ('"' + "x" * 9000 + '"', "longer than 8192"),
    ],
)
def test_wrong_arguments(arguments: str, says: str) -> None:
    with pytest.raises(ToolError, match=says):
        run(arguments)


@given(st.text(max_size=200))
def test_whatever_a_model_writes_is_a_result_or_an_error(arguments: str) -> None:
    with pytest.raises(ToolError):
        run(arguments)


def test_a_plain_function_runs_beside_the_loop() -> None:
    @function_tool(name="where-am-i", description="Which thread", timeout_s=2.0)
    def thread() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert anyio.run(thread.run, "") == "false"
    assert (thread.spec.name, thread.timeout_s) == ("where-am-i", 2.0)


class NoJson:
    pass


def untyped(a):  # type: ignore[no-untyped-def]
    ...


def many(*a: int) -> None: ...


def odd(a: NoJson) -> None: ...


@pytest.mark.parametrize(
    ("function", "says"), [(untyped, "has no type"), (many, "named"), (odd, "JSON cannot carry")]
)
def test_functions_that_cannot_be_called(function: Any, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        function_tool(function)


def test_sets_of_tools_that_cannot_be() -> None:
    def specs(*names: str, text: str = "") -> tuple[ToolSpec, ...]:
        return tuple(ToolSpec(name, text, {}) for name in names)

    for wrong, says in (
        (specs("a b"), "the tool name 'a b' is wrong"),
        (specs("a", "a"), "two tools called 'a'"),
        (specs(*(f"t{n}" for n in range(MAX_TOOLS + 1))), "too many"),
        (specs("a", text="x" * 20_000), "at most 16384"),
    ):
        with pytest.raises(SettingsError, match=says):
            check_specs(wrong)
    assert Agent(tools=(get_weather,)).tools
