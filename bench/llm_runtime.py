"""How soon is a reply there? A few new tokens on a warm prefix, then two words.

    python bench/llm_runtime.py MODEL.gguf [--threads 2] [--library xllamacpp|llama_cpp]

GOMP_SPINCOUNT and OMP_WAIT_POLICY may be set in the environment. Figures of different runs
compare only at the same load average, which is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

from visavis.models.embedded import llama_library
from visavis.models.embedded.llama_engine import LlamaEngine
from visavis.models.embedded.llama_prompt import conversation_tokens
from visavis.models.protocols import ChatMessage
from visavis.models.workers import Cancel

HISTORY = [
    ChatMessage("system", "You are Mia, a friendly voice on a live call. Reply in one sentence."),
    ChatMessage("user", "Hi there"),
    ChatMessage("assistant", "Hello! How can I help you today?"),
]
SENTENCE = (
    "tell me when the shop on the corner will open again because I would really like to buy "
    "some bread there today please"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--library", choices=("xllamacpp", "llama_cpp"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    chosen = parser.parse_args()
    engine = LlamaEngine(
        llama_library.load(chosen.library),
        chosen.model,
        context=2048,
        slots=1,
        threads=chosen.threads,
        progress=lambda fraction: None,
    )
    rows = []
    for words in (1, 6, 12, 20):
        runs = [measure(engine, words) for _ in range(1 if chosen.quick else chosen.repeat)]
        middle = [round(statistics.median(column), 1) for column in zip(*runs, strict=True)]
        keys = ("tail_tokens", "prompt_ms", "two_words_ms", "generate_per_s")
        rows.append(dict(zip(keys, middle, strict=True)))
        if not chosen.json:
            print(rows[-1])
    figures = {
        "bench": "llm_runtime",
        "n": len(rows),
        "machine": f"{platform.machine()} {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "model": chosen.model.name,
        "threads": chosen.threads,
        "spin": os.environ.get("GOMP_SPINCOUNT"),
        "rows": rows,
    }
    print(json.dumps(figures))


def measure(engine: LlamaEngine, words: int) -> tuple[float, float, float, float]:
    """(tokens of the tail, ms to evaluate them, ms to two words, generated tokens a second)."""
    slot = engine.slots[0]

    def evaluate(tokens: list[int]) -> None:
        while engine.evaluate(Cancel(), slot, tokens):
            pass

    def prompt(text: str, *, finished: bool) -> list[int]:
        messages = [*HISTORY, ChatMessage("user", text)]
        return conversation_tokens(messages, engine.tokenize, room=1024, finished=finished)

    evaluate(prompt("", finished=False))
    tokens = prompt(" ".join(SENTENCE.split()[:words]), finished=True)
    before, start = engine.evaluated, time.perf_counter()
    evaluate(tokens)
    known = time.perf_counter()
    tail, text, two_words, made = engine.evaluated - before, b"", 0.0, 0
    for made in range(1, 9):
        token = engine.pick(first=made == 1, sampling=None)
        text += engine.piece(token)
        # A third word shows that the second is complete.
        if not two_words and (len(text.split()) >= 3 or engine.is_end(token)):
            two_words = time.perf_counter()
        tokens.append(token)
        evaluate(tokens)
    end = time.perf_counter()
    return tail, 1e3 * (known - start), 1e3 * ((two_words or end) - start), made / (end - known)


if __name__ == "__main__":
    main()
