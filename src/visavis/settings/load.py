"""Gathering settings from flags, environment and file, and saying what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource

from visavis.errors import SettingsError
from visavis.seam import SendPlan
from visavis.settings.plan import LineSettings, PlanSettings
from visavis.settings.sections import Settings
from visavis.toml_file import read_toml

PREFIX = "VISAVIS_"
SECTION_MARK = "__"
DEFAULT_FILE = Path("visavis.toml")


def load_settings(
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from flags (`overrides`, nested like the file), environment and file.

    `config` must exist if given; without it `./visavis.toml` is read if it is there.
    Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    sources = [
        ("a flag", dict(overrides or {})),
        ("the environment", _from_environment(environ)),
        ("the environment", _from_openai_environment(environ)),
        _from_file(config),
    ]
    merged: dict[str, Any] = {}
    for _, values in reversed(sources):
        _merge(merged, values)
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise SettingsError(_explain(error, sources)) from None


def plan_from_flag(text: str) -> SendPlan:
    """The plan of a flag such as `--plan red=1,2,dred=200`. Raises SettingsError."""
    values = {"plan": text}
    try:
        return LineSettings.model_validate(values).plan.for_call()
    except ValidationError as error:
        raise SettingsError(_explain(error, [("a flag", values)])) from None


def plan_from_event(event: Mapping[str, Any]) -> SendPlan:
    """The plan of a server's event `visavis.plan`. Raises SettingsError if it is no plan, has an
    unknown field or a figure out of its range; what is not told is as by default."""
    fields = event.get("plan")
    if not isinstance(fields, dict):
        raise SettingsError("visavis.plan: the field plan should be an object.")
    try:
        return PlanSettings.model_validate(fields).for_call()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(["plan", *(str(step)[:80] for step in first["loc"])])
        raise SettingsError(
            f"visavis.plan: the field {place} is wrong: {first['msg'][:200]}."
        ) from None


def _from_file(config: Path | None) -> tuple[str, dict[str, Any]]:
    path = config or DEFAULT_FILE
    if config is None and not path.is_file():
        return str(path), {}
    advice = "Name an existing TOML file with --config."
    return str(path), read_toml(path, SettingsError, if_unreadable=advice)


class _Environment(EnvSettingsSource):
    """pydantic-settings' reading of the environment, over a mapping that is given."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in environ.items()}
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._given


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    for name in environ:
        section, mark, _ = name.removeprefix(PREFIX).partition(SECTION_MARK)
        if name.startswith(PREFIX) and mark and section.lower() not in Settings.model_fields:
            known = ", ".join(f"{PREFIX}{s.upper()}{SECTION_MARK}…" for s in Settings.model_fields)
            raise SettingsError(
                f"the environment sets {name}, but there is no section {section.lower()!r}. "
                f"Sections are {known}."
            )
    return dict(_Environment(environ)())


def _from_openai_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}
    found = {key: environ[name] for key, name in names.items() if environ.get(name)}
    return {"models": {"openai": found}} if found else {}


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        known = into.get(key)
        if isinstance(value, Mapping) and isinstance(known, dict):
            _merge(known, value)
        elif isinstance(value, Mapping):
            into[key] = {}
            _merge(into[key], value)
        else:
            into[key] = value


def _explain(error: ValidationError, sources: list[tuple[str, dict[str, Any]]]) -> str:
    """One sentence for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    # Below a field that is a union, pydantic appends the names of its branches.
    path: list[str] = []
    value: Any = None
    source = "the defaults"
    for key in first["loc"]:
        found = next((s for s, v in sources if _has(v, [*path, str(key)])), None)
        if found is None and path:
            break
        path.append(str(key))
        source = found or source
        value = next((_at(v, path) for s, v in sources if _has(v, path)), None)
    name = ".".join(path) or "settings"
    if first["type"] == "extra_forbidden":
        return f"the setting {name} (from {source}) is not known. {_known_names(path[:-1])}"
    plain = isinstance(value, str | int | float) and not _secret(path)
    shown = f" is {value!r}, which" if plain else ""
    what = first["msg"].removeprefix("Value error, ")
    alternatives = error.errors(include_url=False)
    if len(alternatives) > 1 and all(e["loc"][: len(path)] == tuple(path) for e in alternatives):
        what = " or: ".join(e["msg"].removeprefix("Value error, ") for e in alternatives)
    return f"the setting {name} (from {source}){shown} is wrong: {what[:1].lower()}{what[1:]}."


def _has(values: Mapping[str, Any], path: list[str]) -> bool:
    return _at(values, path) is not _NOWHERE


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(values, Mapping) and key in values:
            values = values[key]
        else:
            return _NOWHERE
    return values


_NOWHERE = object()


def _secret(path: list[str]) -> bool:
    return bool(path) and path[-1] in {"api_key", "credential"}


def _known_names(path: list[str]) -> str:
    model: type[BaseModel] = Settings
    for key in path:
        inner = model.model_fields[key].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ""
        model = inner
    where = f"In {'.'.join(path)} there are" if path else "Sections are"
    return f"{where}: {', '.join(model.model_fields)}."
