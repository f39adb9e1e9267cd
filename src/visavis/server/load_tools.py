"""From files of Python to the tools of the agent."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from visavis.conversation.tools import FunctionTool, check_specs
from visavis.errors import SettingsError


def load_tools(files: Sequence[Path]) -> tuple[FunctionTool, ...]:
    """What these files mark with `@function_tool`, in their order. The files are run: they are
    the author's own. SettingsError if one cannot be run or marks nothing."""
    found: list[FunctionTool] = []
    for number, path in enumerate(files):
        tools = [each for each in _run(path, number) if isinstance(each, FunctionTool)]
        if not tools:
            raise SettingsError(
                f"agent.tools: {path} has no function marked with @function_tool "
                f"(from visavis.conversation import function_tool)."
            )
        found += tools
    check_specs(tuple(tool.spec for tool in found))
    return tuple(found)


def _run(path: Path, number: int) -> list[object]:
    if not path.is_file():
        raise SettingsError(f"agent.tools: there is no file {path}.")
    spec = importlib.util.spec_from_file_location(f"visavis_tools_{number}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"agent.tools: {path} is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SettingsError as error:
        raise SettingsError(f"agent.tools: {path}: {error}") from error
    except Exception as error:  # whatever the author's file does, it is told with its name
        why = f"{type(error).__name__}: {error}"
        raise SettingsError(f"agent.tools: {path} cannot be run ({why}).") from error
    return list(vars(module).values())
