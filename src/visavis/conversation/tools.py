"""Functions that an agent may call: what the model is told of them, and how a call is checked.

    @function_tool
    async def get_weather(city: Annotated[str, "Name of the city"]) -> dict[str, object]:
        "The weather now in a city."

A tool made of a Python function runs here; a `ClientTool` is run by the client, which is told of
the call and sends the result back.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from visavis.errors import SettingsError, ToolError
from visavis.models.protocols import ToolSpec
from visavis.models.workers import Cancel, Worker

MAX_TOOLS = 32
MAX_SPECS = 16 * 1024
"""Characters of all descriptions and schemas together."""
MAX_ARGUMENTS = 8 * 1024
"""Characters of a call's arguments."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_worker: Worker | None = None


@dataclass(slots=True, frozen=True, eq=False)
class FunctionTool:
    """A Python function as a tool; made by `function_tool`."""

    spec: ToolSpec
    timeout_s: float | None
    """Seconds that a call may take; None: as the conversation's settings say."""
    function: Callable[..., Any]
    _arguments: type[BaseModel]

    async def run(self, arguments: str) -> str:
        """Call it with these JSON arguments; its result as text. Plain functions run on a
        thread. ToolError says what is wrong with the arguments; whatever the function raises
        is raised."""
        values = self._check(arguments)
        if inspect.iscoroutinefunction(self.function):
            result = await self.function(**values)
        else:
            # A thread that hangs is left behind: it is a daemon, and few may wait.
            result = await _threads().run(_call, self.function, values)
        if isinstance(result, str):
            return result
        try:
            return json.dumps(result, ensure_ascii=False, default=_plain)
        except (TypeError, ValueError, RecursionError) as error:
            raise ToolError(f"{self.spec.name} gave a result that is no JSON: {error}") from error

    def _check(self, arguments: str) -> dict[str, Any]:
        name = self.spec.name
        if len(arguments) > MAX_ARGUMENTS:
            raise ToolError(f"{name}: its arguments are longer than {MAX_ARGUMENTS} characters.")
        try:
            found = self._arguments.model_validate_json(arguments.strip() or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"])) or "arguments"
            raise ToolError(f"{name}: {place} is wrong: {first['msg'][:200]}.") from None
        return {field: getattr(found, field) for field in found.model_fields_set}


@dataclass(slots=True, frozen=True)
class ClientTool:
    """A tool that the client runs."""

    spec: ToolSpec
    timeout_s: float | None = None


Tool: TypeAlias = FunctionTool | ClientTool


@overload
def function_tool(function: Callable[..., Any], /) -> FunctionTool: ...
@overload
def function_tool(
    *, name: str | None = None, description: str | None = None, timeout_s: float | None = None
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """A function as a tool: its name, its docstring, and its parameters' types as JSON schema
    (`Annotated[str, "what it is"]` describes one). SettingsError if a parameter has no type, or
    one that has no schema."""

    def make(function: Callable[..., Any]) -> FunctionTool:
        called = name or str(getattr(function, "__name__", ""))
        arguments = _model(called, function)
        spec = ToolSpec(
            called,
            description or inspect.getdoc(function) or "",
            _schema(called, arguments),
        )
        check_specs((spec,))
        return FunctionTool(spec, timeout_s, function, arguments)

    return make if function is None else make(function)


def check_specs(specs: tuple[ToolSpec, ...]) -> None:
    """SettingsError if an agent cannot have these tools."""
    if len(specs) > MAX_TOOLS:
        raise SettingsError(f"{len(specs)} tools are too many; {MAX_TOOLS} is the most.")
    names = set()
    for spec in specs:
        if not _NAME.fullmatch(spec.name):
            raise SettingsError(
                f"the tool name {spec.name[:80]!r} is wrong; 1 to 64 letters, digits, _ and - are "
                f"expected."
            )
        if spec.name in names:
            raise SettingsError(f"there are two tools called {spec.name!r}.")
        names.add(spec.name)
    size = sum(len(spec.description) + len(json.dumps(spec.parameters)) for spec in specs)
    if size > MAX_SPECS:
        raise SettingsError(
            f"the tools' descriptions and schemas have {size} characters; at most {MAX_SPECS} are "
            f"taken, for the model reads them in every turn."
        )


def _model(name: str, function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SettingsError(
                f"the tool {name!r} takes {parameter}; only named parameters can be called."
            )
        if parameter.name not in hints:
            raise SettingsError(
                f"the parameter {parameter.name!r} of the tool {name!r} has no type; write one, "
                f"such as {parameter.name}: str."
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (_described(hints[parameter.name]), default)
    try:
        return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        raise _no_schema(name, error) from None


def _described(hint: Any) -> Any:
    """A bare text in `Annotated` is a description."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *notes = get_args(hint)
    return Annotated[(kind, *(Field(description=n) if isinstance(n, str) else n for n in notes))]


def _schema(name: str, arguments: type[BaseModel]) -> dict[str, Any]:
    try:
        schema = arguments.model_json_schema()
    except PydanticUserError as error:
        raise _no_schema(name, error) from None
    return {key: _untitled(value) for key, value in schema.items() if key != "title"}


def _untitled(value: Any) -> Any:
    """Without pydantic's titles, which repeat the names: the model reads every word."""
    if not isinstance(value, dict):
        return value
    kept = {k: v for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return {key: _untitled(inner) for key, inner in kept.items()}


def _no_schema(name: str, error: Exception) -> SettingsError:
    why = str(error).splitlines()[0][:200]
    return SettingsError(
        f"a parameter of the tool {name!r} has a type that JSON cannot carry ({why}); use str, "
        f"int, float, bool, list, dict, Literal or a pydantic model."
    )


def _call(cancel: Cancel, function: Callable[..., Any], values: dict[str, Any]) -> Any:
    return function(**values)


def _threads() -> Worker:
    """Threads for plain functions, shared by all conversations of the process."""
    global _worker
    if _worker is None:
        _worker = Worker("tools", threads=4, queue=16)
    return _worker


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not serializable")
