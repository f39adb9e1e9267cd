"""CICV5G (Zhang et al., doi 10.5281/zenodo.17475688): messages echoed over 5G from a moving car.

One row a message: when it was published, when its echo came, and the time between. A message that
never came back leaves no row, so loss is not observable: a hole in the rows may be a pause of the
publisher as well.
"""

from __future__ import annotations

from visavis.netlab.mine.readers.text import decoded, first_lines, numbers, table
from visavis.netlab.mine.session import DelayKind, Observable, Session, session

NAME = "cicv5g"


def sniff(head: bytes) -> bool:
    return next(first_lines(head, 1), "").startswith("pub_ms,sub_ms,delay_ms")


def read(data: bytes, name: str) -> list[Session]:
    """One session. TraceError."""
    columns = table(decoded(data, name), name, ("pub_ms", "delay_ms"))
    sent = numbers(columns["pub_ms"], name, "pub_ms")
    delay = numbers(columns["delay_ms"], name, "delay_ms")
    return [
        session(
            name,
            NAME,
            sent / 1e3,
            observable=[Observable.DELAY],
            delay_kind=DelayKind.ROUND_TRIP,
            delay_s=delay / 1e3,
        )
    ]
