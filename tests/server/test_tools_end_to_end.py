"""Functions of the server's author and of a stock openai client, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from tests.server.fakes import running, settings_for

from visavis.errors import SettingsError
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, ToolCall
from visavis.models.scripted import ScriptedLanguageModel, scripted_models
from visavis.server import create_app
from visavis.server.load_tools import load_tools

FILE = '''
from typing import Annotated

from visavis.conversation import function_tool


@function_tool
def add(a: Annotated[int, "The first number"], b: int) -> int:
    """Add two numbers."""
    return a + b
'''


class Caller(ScriptedLanguageModel):
    """Calls the first tool it is offered, then tells what it gave."""

    def __init__(self, arguments: str) -> None:
        super().__init__([""])
        self.arguments = arguments

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str | ToolCall, None]:  # type: ignore[override]
        if messages[-1].role == "tool":
            yield f"It is {messages[-1].content}."
        else:
            yield ToolCall("call_1", messages[0].tools[0].name, self.arguments)


def test_a_client_runs_its_function(tmp_path: Path) -> None:
    async def main() -> None:
        settings = settings_for(tmp_path)
        models = replace(scripted_models(["hello"]), llm=Caller('{"city": "Rome"}'))
        async with running(settings, create_app(settings, models)) as (url, _):
            client = AsyncOpenAI(api_key="none", base_url=f"{url}/v1")
            async with asyncio.timeout(20), client.realtime.connect(model="visavis") as wire:
                tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
                await wire.session.update(session={"type": "realtime", "tools": [tool]})  # type: ignore[list-item,typeddict-item]
                await wire.response.create()
                said = ""
                async for event in wire:
                    assert event.type != "error", event
                    if event.type == "response.function_call_arguments.done":
                        assert (event.name, event.arguments) == ("weather", '{"city": "Rome"}')
                        call_id = event.call_id
                    if event.type == "response.output_audio_transcript.delta":
                        said += event.delta
                    if event.type == "response.done" and said:
                        break
                    if event.type == "response.done":
                        assert [o.type for o in event.response.output or []] == ["function_call"]
                        await wire.conversation.item.create(
                            item={
                                "type": "function_call_output",
                                "call_id": call_id,
                                "output": "sunny",
                            }
                        )
                        await wire.response.create()
                assert said.strip() == "It is sunny."

    asyncio.run(main())


def test_the_settings_name_a_file_of_functions(tmp_path: Path) -> None:
    path = tmp_path / "tools.py"
    path.write_text(FILE)

    async def main() -> None:
        settings = settings_for(tmp_path, agent={"tools": str(path)})
        models = replace(scripted_models(["hello"]), llm=Caller('{"a": 2, "b": 3}'))
        async with running(settings, create_app(settings, models)) as (url, _):
            client = AsyncOpenAI(api_key="none", base_url=f"{url}/v1")
            async with asyncio.timeout(20), client.realtime.connect(model="visavis") as wire:
                await wire.response.create()
                async for event in wire:
                    assert event.type != "error", event
                    if event.type == "response.output_audio_transcript.done" and event.transcript:
                        assert event.transcript.strip() == "It is 5."
                        break

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no file"),
        ("x = 1", "no function marked with @function_tool"),
        ("import nowhere_at_all", "cannot be run .*nowhere_at_all"),
        (FILE.replace("b: int", "b"), "has no type"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "tools.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=says):
        load_tools([path])
