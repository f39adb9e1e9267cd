"""English and Chinese with the embedded models: what is recognised, spoken, and how soon?

No human Mandarin comes with any package, so the Chinese speech is the Chinese voice's own, in four
voices: the figures say that the chain holds together, not how it does on people. The English speech
is human (the telephone prompts that Debian packages).

`cer`: of characters, punctuation left out. `language_s`: speech after which a call's first Chinese
turn was known for Chinese. `wer_english`: the same prompts through Moonshine alone and through both
recognisers. `reply_cer`: the answer's sound, recognised again by Whisper, against its text.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import soxr
import structlog

from harness import arguments, config_hash, finish, percentile, table
from rig import server
from visavis.caller import AfterReply, CallOptions, CallResult, call, utterance
from visavis.conversation.words import normalize
from visavis.models.embedded.bilingual import Bilingual, BilingualStream
from visavis.models.embedded.kokoro import VOICES, KokoroSpeech
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.embedded.two_voices import has_chinese
from visavis.models.protocols import SpeechStream, Transcript, Voice
from visavis.models.weights import WeightsStore
from visavis.seam import RATE_IN, RATE_OUT, Pcm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

SENTENCES = Path(__file__).with_suffix(".txt").read_text("utf-8").split()
STEP_S = 0.4
"""Partials as often as the conversation asks for them."""
TURNS_A_CALL = 5
MIXED = 18
"""Turns in each language of the call that changes it."""


@dataclass(frozen=True)
class Said:
    voice: str
    text: str
    pcm: Pcm
    """16 kHz, with silence around it."""


def characters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def cer(pairs: Sequence[tuple[str, str]]) -> float:
    """Of (said, heard), in percent."""
    said, heard = zip(*((characters(a), characters(b)) for a, b in pairs), strict=True)
    return round(100 * float(jiwer.cer(list(said), list(heard))), 1)


async def speak(tts: KokoroSpeech, text: str, voice: str) -> Said:
    pieces = [speech.pcm async for speech in tts.synthesize(text, Voice(voice))]
    low = soxr.resample(np.concatenate(pieces), RATE_OUT, RATE_IN).astype(np.int16)
    return Said(voice, text, np.pad(low, (RATE_IN // 10, RATE_IN // 5)))


async def hear(stream: SpeechStream, pcm: Pcm) -> tuple[Transcript, float | None]:
    """The final transcript, and after how much speech a partial was Chinese."""
    known = None
    step = round(STEP_S * RATE_IN)
    for start in range(0, len(pcm), step):
        stream.push(pcm[start : start + step])
        partial = await stream.decode()
        if known is None and partial.language == "zh":
            known = min(len(pcm), start + step) / RATE_IN
    final = await stream.decode(final=True)
    stream.reset()
    return final, known


async def recognition(stt: Bilingual, said: Sequence[Said]) -> tuple[list[dict[str, Any]], float]:
    """A row a voice, every sentence the first of a call; and the median of `language_s`."""
    rows, known = [], []
    for voice in VOICES:
        pairs, right, took = [], 0, []
        for one in (one for one in said if one.voice == voice):
            stream = stt.stream()
            began = time.process_time()
            final, after = await hear(stream, one.pcm)
            took.append((time.process_time() - began) / (len(one.pcm) / RATE_IN))
            pairs.append((one.text, final.text))
            right += final.language == "zh"
            known += [after] if after is not None else []
            await stream.aclose()
        rows.append({"voice": voice, "n": len(pairs), "cer": cer(pairs), "as_chinese": right,
                     "cpu_core": round(percentile(took, 50), 2)})  # fmt: skip
    return rows, percentile(known or [float("nan")], 50)


async def english(
    stt: Bilingual, moonshine: Moonshine, prompts: Sequence[recordings.Prompt]
) -> list[dict[str, Any]]:
    """Calls of five prompts, by one recogniser and by both."""
    rows = []
    for name, model in (("Moonshine alone", moonshine), ("both", stt)):
        said, heard, foreign, began = [], [], 0, time.process_time()
        stream: SpeechStream = model.stream()
        for index, prompt in enumerate(prompts):
            if index % TURNS_A_CALL == 0:
                await stream.aclose()
                stream = model.stream()
            final, _ = await hear(stream, prompt.pcm)
            said.append(normalize(prompt.text))
            heard.append(normalize(final.text))
            foreign += final.language != "en"
        seconds = sum(prompt.seconds for prompt in prompts)
        rows.append({"recogniser": name, "n": len(prompts),
                     "wer": round(100 * float(jiwer.wer(said, heard)), 1), "as_chinese": foreign,
                     "cpu_core": round((time.process_time() - began) / seconds, 3)})  # fmt: skip
    return rows


async def mixed(
    stt: Bilingual, said: Sequence[Said], prompts: Sequence[recordings.Prompt]
) -> tuple[int, int]:
    """One call that changes its language at every third turn: turns taken for the right one."""
    stream: BilingualStream = stt.stream()
    right = total = 0
    for start in range(0, min(len(said), len(prompts), MIXED) - 2, 3):
        for one in said[start : start + 3]:
            right += (await hear(stream, one.pcm))[0].language == "zh"
        for prompt in prompts[start : start + 3]:
            right += (await hear(stream, prompt.pcm))[0].language == "en"
        total += 6
    await stream.aclose()
    return right, total


async def voice_to_voice(url: str, said: Sequence[Said]) -> list[CallResult]:
    results = []
    for start in range(0, len(said), TURNS_A_CALL):
        script = [
            utterance(one.voice, one.pcm, AfterReply(0.6 if i else 1.0), one.text)
            for i, one in enumerate(said[start : start + TURNS_A_CALL])
        ]
        results.append(await call(script, CallOptions(url)))
    return results


async def replies(stt: Bilingual, results: Sequence[CallResult]) -> list[tuple[str, str]]:
    """Each answer as it is written, and as Whisper understands its sound."""
    pairs = []
    for result in results:
        assert result.tracks is not None
        starts = [turn.end for turn in result.turns] + [result.duration_s]
        for turn, start, end in zip(result.turns, starts, starts[1:], strict=False):
            if not turn.reply:
                continue
            until = next((t.start for t in result.turns if t.start > start), end)
            start += (turn.voice_to_voice_ms or 0.0) / 1e3
            sound = result.tracks.right[round(start * RATE_OUT) : round(until * RATE_OUT)]
            stream = stt.stream(language="zh")
            stream.push(soxr.resample(sound, RATE_OUT, RATE_IN).astype(np.int16))
            pairs.append((turn.reply, (await stream.decode(final=True)).text))
            await stream.aclose()
    return pairs


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds of a process so far, and megabytes of its memory."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return ticks, resident * os.sysconf("SC_PAGE_SIZE") / 1e6


def served(llm: str, said: Sequence[Said]) -> tuple[list[CallResult], dict[str, float]]:
    """Calls in Chinese to a server of its own, and what it took."""
    with server("--llm", llm, environment={"VISAVIS_MODELS__LANGUAGES": "en,zh"}) as running:
        before, began = usage(running.pid)[0], time.monotonic()
        results = asyncio.run(voice_to_voice(running.url, said))
        cpu, memory = usage(running.pid)
        share = (cpu - before) / (time.monotonic() - began)
    return results, {"server_mb": round(memory), "server_cores": round(share, 2)}


async def heard(options: argparse.Namespace, said: list[Said]) -> tuple[str, dict[str, Any]]:
    """The recogniser's part of the tables and figures."""
    store = WeightsStore()
    stt, moonshine = Bilingual.load(store), Moonshine.load(store)
    prompts = recordings.sentences(8 if options.quick else 81)
    rows, language_s = await recognition(stt, said)
    plain = await english(stt, moonshine, prompts)
    right, total = await mixed(stt, said, prompts)
    await stt.aclose()
    await moonshine.aclose()
    text = (
        f"Recognised, every sentence the first of a call ({STEP_S:g} s between partials):\n\n"
        f"{table(rows)}\n\nHuman English, calls of {TURNS_A_CALL} prompts:\n\n{table(plain)}\n\n"
        f"A call that changes its language at every third turn: {right} of {total} turns taken "
        f"for the right one."
    )
    count = sum(row["n"] for row in rows)
    figures = {
        "n": count,
        "cer": round(sum(row["cer"] * row["n"] for row in rows) / count, 1),
        "as_chinese": sum(row["as_chinese"] for row in rows),
        "language_s": round(language_s, 2),
        "wer_english": {row["recogniser"]: row["wer"] for row in plain},
        "mixed_right": round(right / max(1, total), 3),
    }
    return text, figures


def answered(results: Sequence[CallResult], cost: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """The calls' part of the tables and figures."""
    turns = [turn for result in results for turn in result.turns]
    delays = [t.voice_to_voice_ms for t in turns if t.voice_to_voice_ms is not None]

    async def again() -> list[tuple[str, str]]:
        stt = Bilingual.load(WeightsStore())
        try:
            return await replies(stt, results)
        finally:
            await stt.aclose()

    pairs = asyncio.run(again())
    rows = [
        {"said": t.reference, "heard": t.heard_as, "reply": t.reply.replace("\n", " "),
         "ms": t.voice_to_voice_ms and round(t.voice_to_voice_ms)}
        for t in turns
    ]  # fmt: skip
    figures = {
        "turns": len(turns),
        "p50_ms": round(percentile(delays, 50)),
        "p90_ms": round(percentile(delays, 90)),
        "min_ms": round(min(delays)),
        "unanswered": sum(t.voice_to_voice_ms is None for t in turns),
        "cut_offs": sum(t.cut_off for t in turns),
        "replies_in_chinese": sum(has_chinese(t.reply) for t in turns),
        "reply_cer": cer(pairs),
        **cost,
    }
    return f"Calls in Chinese, voice to voice:\n\n{table(rows)}\n\n{table([figures])}", figures


async def synthesise(count: int) -> list[Said]:
    tts = KokoroSpeech.load(WeightsStore())
    said = [
        await speak(tts, text, VOICES[index % len(VOICES)])
        for index, text in enumerate(SENTENCES[:count])
    ]
    await tts.aclose()
    return said


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--llm", default="auto", help="as `visavis serve --llm`")
    parser.add_argument("--turns", type=int, default=10, help="of the calls")
    options = parser.parse_args()
    # Logs must not follow the JSON line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    said = asyncio.run(synthesise(4 if options.quick else len(SENTENCES)))
    first, figures = asyncio.run(heard(options, said))
    results, cost = served(options.llm, said[: 2 if options.quick else options.turns])
    second, more = answered(results, cost)
    figures |= more
    figures["config_hash"] = config_hash({"sentences": SENTENCES, "llm": options.llm})
    finish(options, "chinese", f"{first}\n\n{second}", figures)


if __name__ == "__main__":
    main()
