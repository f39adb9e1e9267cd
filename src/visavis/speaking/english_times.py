"""Dates and times of day in English."""

from __future__ import annotations

import re

from visavis.speaking.english_numbers import cardinal, ordinal, year
from visavis.speaking.english_words import MONTH_OF, MONTHS

Match = re.Match[str]


def clock(hour: str, minute: str, half: str | None) -> str | None:
    if int(hour) > 24 or int(minute) > 59:
        return None
    if int(minute) == 0:
        words = cardinal(int(hour)) + ("" if half else " o'clock" if int(hour) < 13 else " hundred")
    else:
        low = cardinal(int(minute))
        words = f"{cardinal(int(hour))} " + (f"oh {low}" if int(minute) < 10 else low)
    return words + _half(half)


def _half(text: str | None) -> str:
    if not text:
        return ""
    full_stop = "." if text.endswith(".") and "." not in text[:-1] else ""
    return f" {text.strip()[0].upper()}M{full_stop}"


def time_of_day(m: Match) -> str | None:
    if m["s"] and not m["half"]:
        if int(m["m"]) > 59 or int(m["s"]) > 59:
            return None
        words = zip((m["h"], m["m"], m["s"]), ("hour", "minute", "second"), strict=True)
        return " ".join(_count(int(text), what) for text, what in words if int(text))
    return clock(m["h"], m["m"], m["half"])


def time_range(m: Match) -> str | None:
    first = clock(m["h"], m["m"] or "00", m["half"] or m["half2"])
    second = clock(m["h2"], m["m2"] or "00", m["half2"])
    if first is None or second is None:
        return None
    if not m["half"] and m["half2"]:
        first = first.rsplit(" ", 1)[0]
    return f"{first} to {second}"


def _count(value: int, what: str) -> str:
    return f"{cardinal(value)} {what}{'' if value == 1 else 's'}"


def _date(year_: str | None, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}" + (f", {_year(year_)}" if year_ else "")


def _year(text: str) -> str:
    if len(text) == 2:
        text = ("19" if int(text) > 40 else "20") + text
    return year(int(text))


def iso_date(m: Match) -> str | None:
    said = _date(m[1], int(m[2]), int(m[3]))
    if said is None or not m[4]:
        return said
    at = clock(m[4], m[5], None)
    return None if at is None else f"{said} at {at}"


def slashed_date(m: Match) -> str | None:
    first, second = int(m[1]), int(m[3])
    if m[2] == ".":
        return _date(m[4], second, first)
    return _date(m[4], first, second) or _date(m[4], second, first)


def month_day(m: Match) -> str | None:
    if not 1 <= int(m["d"]) <= 31 or (m["d2"] and not 1 <= int(m["d2"]) <= 31):
        return None
    words = f"{MONTH_OF[m['mon'].rstrip('.').lower()]} {ordinal(int(m['d']))}"
    if m["d2"]:
        words += f" to {ordinal(int(m['d2']))}"
    return words + (f", {_year(m['y'])}" if m["y"] else "")


def day_month(m: Match) -> str | None:
    if not 1 <= int(m["d"]) <= 31:
        return None
    words = (
        f"{m['the'] or 'the'} {ordinal(int(m['d']))} of {MONTH_OF[m['mon'].rstrip('.').lower()]}"
    )
    return words + (f", {_year(m['y'])}" if m["y"] else "")


def decade(m: Match) -> str:
    tens = {"2": "twenties", "3": "thirties", "4": "forties", "5": "fifties", "6": "sixties",
            "7": "seventies", "8": "eighties", "9": "nineties"}.get(m[2][-2])  # fmt: skip
    if m[1]:
        return f"{cardinal(int(m[1]))} {tens or 'hundreds'}" if m[2] != "00" or m[1] != "20" else (
            "two thousands")  # fmt: skip
    return tens or "hundreds"
