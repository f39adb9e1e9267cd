"""Money, measures, fractions and plain numbers in English."""

from __future__ import annotations

import re
import unicodedata

from visavis.speaking.english_numbers import cardinal, digits, fraction, number, year
from visavis.speaking.english_words import MONEY, PER, SCALES, UNITS

Match = re.Match[str]


def signed(text: str) -> str:
    return f"minus {number(text[1:])}" if text[0] in "-−" else number(text)


def _money(sign: str, amount: str, scale: str | None) -> str:
    one, many, cent, cents = MONEY[sign]
    amount = amount.replace(",", "")
    if scale:
        return f"{number(amount)} {SCALES[scale.strip()]} {many}"
    whole, _, rest = amount.partition(".")
    if len(rest) != 2 or cent == "sen":
        return f"{number(amount)} {one if amount == '1' else many}"
    small = f"{cardinal(int(rest))} {cent if int(rest) == 1 else cents}"
    if int(whole or 0) == 0 and int(rest):
        return small
    large = f"{number(whole or '0')} {one if whole == '1' else many}"
    return f"{large} and {small}" if int(rest) else large


def money_before(m: Match) -> str:
    words = _money(m["sign"], m["n"], m["scale"])
    if m["n2"]:
        low = number(m["n"])
        if m["scale"]:
            low += f" {SCALES[m['scale'].strip()]}"
        words = f"{low} to {_money(m['sign'], m['n2'], m['scale2'])}"
    if m["neg"]:
        words = f"minus {words}"
    return words + (f" per {PER[m['per']]}" if m["per"] else "")


def money_after(m: Match) -> str:
    return _money(m["sign"], m["n"], m["scale"]) + (f" per {PER[m['per']]}" if m["per"] else "")


def measure(m: Match) -> str:
    one, many = UNITS[m["u"]]
    words = signed(m["n"])
    if m["n2"]:
        words += f" to {number(m['n2'])}"
    singular = m["n"].lstrip("-−") == "1" or _is_adjective(m)
    return f"{words} {one if singular else many}"


def _is_adjective(m: Match) -> bool:
    """As in "a 16 GB stick"."""
    article = re.search(r"\b(?:an?|the|this|my|your)\s\Z", m.string[: m.start()], re.IGNORECASE)
    return article is not None and re.match(r"\s[a-z]", m.string[m.end() :]) is not None


def percent(m: Match) -> str:
    words = signed(m["n"]) + (f" to {number(m['n2'])}" if m["n2"] else "")
    return f"{words} {'percent' if m['u'] == '%' else 'per mille'}"


def _mixed(m: Match) -> str | None:
    if int(m["b"]) == 0:
        return None
    part = fraction(int(m["a"]), int(m["b"]))
    if not m["w"]:
        return part
    if part.startswith("one "):
        part = f"{'an' if part[4] in 'aeiou' else 'a'} {part[4:]}"
    return f"{number(m['w'])} and {part}"


def fraction_of(m: Match) -> str | None:
    above, below = int(m["a"]), int(m["b"])
    if below in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 32, 64, 100, 1000) and (
        above < below or m["w"]
    ):
        return _mixed(m)
    return (
        f"{cardinal(above)} {cardinal(below)}"
        if (above, below) in ((24, 7), (9, 11), (50, 50))
        else None
    )


def vulgar_fraction(m: Match) -> str | None:
    parts = unicodedata.normalize("NFKC", m["v"]).split("⁄")
    if len(parts) != 2 or not parts[1]:
        return None
    part = fraction(int(parts[0]), int(parts[1]))
    if not m["w"]:
        return part
    return f"{number(m['w'])} and {part.replace('one ', 'a ', 1)}"


def feet(m: Match) -> str:
    feet, inches = number(m[1]), m[2]
    if inches is None:
        return f"{feet} {'foot' if m[1] == '1' or _is_adjective(m) else 'feet'}"
    return f"{feet} foot {number(inches)}"


def plain_number(m: Match) -> str:
    text = m["n"]
    words = signed(text)
    bare = text.lstrip("-−")
    if bare.isdigit():
        if len(bare) == 4 and 1900 <= int(bare) < 2100:
            words = words.replace(number(bare), year(int(bare)))
        elif len(bare) >= 7 and not bare.endswith("000"):
            words = digits(bare)
    return words


def span(m: Match) -> str:
    """From one number to another; of years, also "2019-20"."""
    if m["a"] == m["b"] == "50":
        return "fifty fifty"
    first, second = (
        m[which].isdigit() and len(m[which]) == 4 and 1000 <= int(m[which]) < 2100
        for which in ("a", "b")
    )
    if first and second:
        return f"{year(int(m['a']))} to {year(int(m['b']))}"
    if first and len(m["b"]) == 2:
        return f"{year(int(m['a']))} to {number(m['b'])}"
    return f"{number(m['a'])} to {number(m['b'])}"
