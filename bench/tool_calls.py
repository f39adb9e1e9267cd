"""Does the embedded language model call the right tool, and say what the tool gave?

Three tools are offered. A case is right if the tool it needs (or none) was called, once, with the
argument expected; an answer is right if the words spoken hold what the tool gave, and no JSON.
The tool's failure is a case too: the answer must not hold an invented result.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Annotated, Any

from harness import arguments, config_hash, finish, percentile, table
from visavis.conversation import DEFAULT_INSTRUCTIONS, FunctionTool, function_tool
from visavis.errors import ToolError
from visavis.models.embedded.llama import LlamaModel
from visavis.models.protocols import ChatMessage, GenerateOptions, ToolCall
from visavis.models.text_tools import TextTools
from visavis.models.weights import WeightsStore

FAILED = '{"error": "the service gave no answer within 20 s"}'


@function_tool
async def get_weather(city: Annotated[str, "Name of the city"]) -> dict[str, Any]:
    """The weather now in a city."""
    return {"sky": "hail", "temperature_c": 17}


@function_tool
async def order_status(number: Annotated[int, "The order's number"]) -> dict[str, Any]:
    """Where an order is."""
    return {"status": "shipped", "arrives": "Thursday"}


@function_tool
async def set_timer(minutes: int) -> str:
    """Set a timer that rings after so many minutes."""
    return f"timer set for {minutes} minutes"


TOOLS: dict[str, FunctionTool] = {t.spec.name: t for t in (get_weather, order_status, set_timer)}
CASES: Sequence[tuple[str, str, object, str]] = (
    ("What is the weather in Paris?", "get_weather", "paris", "hail"),
    ("Can you tell me the weather in New York today?", "get_weather", "new york", "17"),
    ("Is it raining in London?", "get_weather", "london", "hail"),
    ("how warm is it in Tokyo right now", "get_weather", "tokyo", "17"),
    ("Where is my order 1234?", "order_status", 1234, "thursday"),
    ("I ordered something, the number is 881. When does it come?", "order_status", 881, "thursday"),
    ("status of order 42 please", "order_status", 42, "shipped"),
    ("Has order number 7000 been sent?", "order_status", 7000, "shipped"),
    ("Set a timer for ten minutes.", "set_timer", 10, "10"),
    ("Please remind me in 25 minutes.", "set_timer", 25, "25"),
    ("timer, five minutes", "set_timer", 5, "5"),
    ("Wake me up in half an hour.", "set_timer", 30, "30"),
    ("What is the capital of France?", "", None, ""),
    ("Hello, how are you?", "", None, ""),
    ("Tell me a short joke.", "", None, ""),
    ("Thank you, that was all.", "", None, ""),
    ("Who wrote Hamlet?", "", None, ""),
    ("What can you do for me?", "", None, ""),
)


async def ask(model: TextTools, messages: list[ChatMessage]) -> tuple[str, list[ToolCall], float]:
    """The words, the calls, and the seconds to the first call or word."""
    text, calls, first, start = "", [], 0.0, time.perf_counter()
    async for piece in model.generate(messages, GenerateOptions(max_tokens=80)):
        if piece:
            first = first or time.perf_counter() - start
        if isinstance(piece, ToolCall):
            calls.append(piece)
        else:
            text += piece
    return text.strip(), calls, first


async def case(model: TextTools, wanted: tuple[str, str, object, str]) -> dict[str, Any]:
    question, name, argument, told = wanted
    system = ChatMessage(
        "system", DEFAULT_INSTRUCTIONS, tools=tuple(tool.spec for tool in TOOLS.values())
    )
    messages = [system, ChatMessage("user", question)]
    text, calls, first = await ask(model, messages)
    row: dict[str, Any] = {"question": question, "called": [call.name for call in calls]}
    row["right"] = row["called"] == ([name] if name else [])
    row["first_ms"] = round(1e3 * first)
    row["answer"], row["told"], row["honest"] = text, None, None
    if not name or not row["right"]:
        return row
    (call,) = calls
    try:
        result = await TOOLS[name].run(call.arguments)
        row["right"] = str(argument) in call.arguments.lower()
    except ToolError as wrong:
        result, row["right"] = json.dumps({"error": str(wrong)}), False
    called = [ChatMessage("assistant", "", tool_calls=(call,))]
    good = ChatMessage("tool", result, tool_call_id=call.id)
    bad = ChatMessage("tool", FAILED, tool_call_id=call.id)
    row["answer"], _, _ = await ask(model, [*messages, *called, good])
    row["told"] = told in row["answer"].lower() and "{" not in row["answer"]
    failed, _, _ = await ask(model, [*messages, *called, bad])
    row["honest"] = told not in failed.lower() and "{" not in failed and bool(failed)
    row["after failure"] = failed
    return row


async def run(size: str, quick: bool) -> list[dict[str, Any]]:
    model = TextTools(await LlamaModel.load(WeightsStore().path(f"llm-{size}")))
    rows = [await case(model, wanted) for wanted in (CASES[::3] if quick else CASES)]
    await model.aclose()
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--llm", choices=("0.5b", "1.5b"), default="0.5b")
    options = parser.parse_args()
    rows = asyncio.run(run(options.llm, options.quick))
    told = [row for row in rows if row["told"] is not None]
    figures = {
        "llm": options.llm,
        "n": len(rows),
        "right": sum(row["right"] for row in rows),
        "told": sum(row["told"] for row in told),
        "honest": sum(row["honest"] for row in told),
        "of": len(told),
        "first_p50_ms": percentile([row["first_ms"] for row in rows], 50),
        "config_hash": config_hash({"llm": options.llm, "cases": CASES}),
    }
    finish(options, f"tool_calls-{options.llm}", table(rows), figures)


if __name__ == "__main__":
    main()
