"""Are figures heard as they were meant? Written sentences, read out by the embedded voice in the
pieces a call would have, and written down again by the embedded recogniser.

Both texts are put into words the same way, so "$3.50" and "three dollars and fifty cents" are the
same. What counts is the word error rate, and the sentences heard exactly.
"""

from __future__ import annotations

import asyncio

import jiwer
import numpy as np
import soxr

from harness import arguments, finish, table
from visavis.conversation.words import normalize
from visavis.models.embedded.hibari_voice import HibariVoice
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, InlineWorker
from visavis.seam import RATE_IN, RATE_OUT, Pcm
from visavis.speaking import ClauseSplitter, Reader

SENTENCES = """
The ticket costs $3.50 and the tour costs $20.
Our office opens at 9:30 and closes at 5 pm.
The next bus leaves at 10:05 from gate 12.
She was born on March 3, 1998.
The meeting is on 2026-07-14 at noon.
It is 25°C in the shade today.
He ran 10 km in 52 minutes.
The box weighs 3.5 kg.
Unemployment rose by 4.2% last year.
About 1,200 people came to the concert.
Please call me at 555-1234.
Dr. Smith lives on Baker St. near the park.
Add 1/2 cup of sugar and 2 eggs.
The 21st century began in 2001.
The train runs 24/7 all year.
We are open Mon.–Fri. only.
World War II ended in 1945.
King Henry VIII had six wives.
The file is 16 MB long.
He drove at 65 mph on the highway.
Take 1-2 pills every 8 hours.
Bring fruit, e.g. apples or pears.
The museum was built in the 1920s.
They won the game 3-2.
The population is 7.5 million.
The recipe needs 250 ml of milk.
2 + 2 = 4, as everybody knows.
Room 305 is on the 3rd floor.
My flight lands at 11:45 p.m. on Friday.
Mr. Brown paid $1,250 for it.
Your order has 7 items and costs €15.
The wall is 6 ft tall and 12 ft long.
""".strip().splitlines()


def words(text: str) -> str:
    splitter, reader = ClauseSplitter(30), Reader()
    pieces = splitter.feed(text) + splitter.close()
    return normalize(" ".join(reader.read(piece).text for piece in pieces)).replace("-", " ")


def main() -> None:
    options = arguments(__doc__).parse_args()
    sentences = SENTENCES[:8] if options.quick else SENTENCES
    voice, ear = HibariVoice(), Moonshine.load(WeightsStore(), InlineWorker())

    def spoken(text: str) -> Pcm:
        splitter, reader = ClauseSplitter(4), Reader()
        said = (reader.read(piece).text for piece in splitter.feed(text) + splitter.close())
        sound = np.concatenate([voice.speak(Cancel(), piece).pcm for piece in said if piece])
        return soxr.resample(sound, RATE_OUT, RATE_IN).astype(np.int16)

    async def heard(pcm: Pcm) -> str:
        stream = ear.stream(language="en")
        stream.push(np.pad(pcm, (1600, 3200)))
        return (await stream.decode(final=True)).text

    rows = []
    for text in sentences:
        got = asyncio.run(heard(spoken(text)))
        rows.append({"written": text, "heard": got, "exact": words(got) == words(text)})
    wer = jiwer.wer([words(text) for text in sentences], [words(str(r["heard"])) for r in rows])
    figures = {"n": len(rows), "wer": round(wer, 4), "exact": sum(bool(r["exact"]) for r in rows)}
    finish(options, "speaking", table(rows), figures)


if __name__ == "__main__":
    main()
