"""What figures and signs are called in names, numbers of things and short forms in English."""

from __future__ import annotations

import re
import unicodedata

from visavis.speaking.english_numbers import block, cardinal, digits, number, ordinal, roman, year
from visavis.speaking.english_words import SHORT, SIGNS

Match = re.Match[str]


def telephone(m: Match) -> str | None:
    found = m[0]
    count = sum(letter.isdigit() for letter in found)
    if not 7 <= count <= 15:
        return None
    groups = re.findall(r"\d+", found)
    said = ", ".join(
        "eight hundred" if group == "800" and len(groups) > 2 else digits(group, "oh")
        for group in groups
    )
    return f"plus {said}" if found[0] == "+" else said


def numbered(m: Match) -> str:
    """The number after "room", "flight", "call" and the like."""
    word, figures = m[1], m[2]
    if re.fullmatch(r"(?i)call|dial|code|pin|passcode|password|zip|extension|ext\.?|id|reference"
                    r"|account|confirmation|tracking|order", word.split()[0]):  # fmt: skip
        said = digits(figures, "oh") if len(figures) > 1 else digits(figures)
    else:
        said = block(figures)
    return f"{SHORT.get(word, word)} {said}"


def house_number(m: Match) -> str:
    return f"{block(m[1])} {m[2].upper()}".rstrip() if m[2] else block(m[1])


def letters_and_digits(m: Match) -> str:
    """Names with figures in them: B12, GPT-4, H2O, 3D, COVID-19."""
    out: list[str] = []
    parts = re.findall(r"[^\W\d_]+|\d+(?:\.\d+)?", m[0])
    short = len(m[0]) <= 8
    for part in parts:
        if part[0].isdigit():
            out.append(number(part) if short and len(part) < 4 else _code(part))
        elif len(part) <= 4 and part.isupper() and not re.search(r"[AEIOUY].", part[1:]):
            out.append(" ".join(part))
        else:
            out.append(part)
    return " ".join(out)


def _code(part: str) -> str:
    if "." in part:
        return number(part)
    return year(int(part)) if len(part) == 4 and part[0] in "12" else digits(part)


def version(m: Match) -> str:
    parts = m[2].split(".")
    if len(parts) == 4 and not m[1]:
        return " dot ".join(digits(part) for part in parts)
    said = " point ".join(number(part) for part in parts)
    return f"version {said}" if m[1] else said


def roman_named(m: Match) -> str | None:
    value = roman(m[2])
    return None if value is None else f"{m[1]} {cardinal(value)}"


def roman_king(m: Match) -> str | None:
    value = roman(m[2])
    return None if value is None else f"{m[1]} the {ordinal(value)}"


def roman_alone(m: Match) -> str | None:
    value = roman(m[0])
    return None if value is None else cardinal(value)


def saint_or_street(m: Match) -> str | None:
    """ "St." and "Dr." are titles before a name, unless a name stands before them."""
    named = re.search(r"(?:\b[A-Z][\w'’]+)\s\Z", m.string[: m.start()])
    title = bool(m[2]) and not named
    if not title and not named and m.string[: m.start()].strip():
        title = m[1] == "Dr"
    if not title and not m[0].endswith(".") and not named:
        return None
    return {"St": ("Street", "Saint"), "Dr": ("Drive", "Doctor")}[m[1]][title]


def short_form(m: Match) -> str:
    return SHORT[m[0]]


def sign(m: Match) -> str:
    closes = m.string[m.end() : m.end() + 1] in tuple(".,;:!?)")
    return f" {SIGNS[m[0].strip()]}{'' if closes else ' '}"


def leftover(m: Match) -> str:
    value = unicodedata.numeric(m[0], None)
    if value is None or value != int(value):
        return " "
    return f" {cardinal(int(value))} " if value >= 0 else " "
