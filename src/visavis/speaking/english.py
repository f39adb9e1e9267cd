"""How English is read out: each rule a pattern of writing and what people say for it.

Rules are tried in this order, on what no rule before took: addresses, telephone numbers, dates,
times, money, measures, scores and ranges, fractions, names with figures, plain numbers, short
forms, signs. What is left of digits is said one by one, so that none reaches the voice.
"""

# ruff: noqa: E501 - a rule is read best on one line

from __future__ import annotations

import re

from visavis.speaking import addresses
from visavis.speaking.english_amounts import (
    feet,
    fraction_of,
    measure,
    money_after,
    money_before,
    percent,
    plain_number,
    span,
    vulgar_fraction,
)
from visavis.speaking.english_names import (
    house_number,
    leftover,
    letters_and_digits,
    numbered,
    roman_alone,
    roman_king,
    roman_named,
    saint_or_street,
    short_form,
    sign,
    telephone,
    version,
)
from visavis.speaking.english_numbers import digits, number, ordinal, year
from visavis.speaking.english_times import (
    clock,
    day_month,
    decade,
    iso_date,
    month_day,
    slashed_date,
    time_of_day,
    time_range,
)
from visavis.speaking.english_words import (
    DROPPED,
    MONEY,
    MONTH_OF,
    MONTHS,
    PER,
    SCALES,
    SHORT,
    SIGNS,
    STATES,
    UNITS,
    WORDS_TOO,
)
from visavis.speaking.rewrite import Rule, any_of, rule

NUM = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_BEFORE = r"(?<![\w.,])"
_NEGATIVE = r"(?:(?<![\w)])[-−])?"
_DASH = r"\s?[-–—]\s?"
_MONTH = rf"(?:{any_of([*MONTHS, *(name[:3] for name in MONTHS), 'Sept'])})\b\.?"
_SCALE = rf"(?:\s?(?:{any_of(s for s in SCALES if len(s) > 2)})\b|(?:{any_of(s for s in SCALES if len(s) < 3)})\b)"
_HALF = r"(?:\s?[AaPp]\.?[Mm]\b\.?)"


_PER = rf"(?:\s?/\s?(?P<per>{any_of(PER)})\b)?"
_SIGN_BEFORE = any_of(s for s in MONEY if not s.isalpha())
_SIGN_AFTER = any_of([s for s in MONEY if s.isalpha()] + ["€", "£", "$", "¥", "₹", "₩"])
_T = r"(?P<h>\d{1,2})(?::(?P<m>\d{2}))?"
_SUFFIX = r"(?:St|Ave|Rd|Blvd|Ln|Dr|Ct|Pl|Sq|Hwy|Street|Avenue|Road|Boulevard|Lane|Drive|Court|Place|Square|Way)\b"

RULES: tuple[Rule, ...] = (
    (addresses.MAIL, lambda m: addresses.spelled(m[0], digits)),
    (addresses.LINK, lambda m: addresses.link(m, digits)),
    (addresses.FILE, lambda m: addresses.spelled(m[0], digits)),
    (addresses.HANDLE, lambda m: "at "),
    rule(r"[:;]-?[)(DPp](?!\w)|<3(?!\d)", lambda m: " "),
    # Telephone numbers.
    rule(r"(?<![\w.,+])\+\d{1,3}[-. ]?(?:\(\d{1,4}\)[-. ]?)?\d{1,4}(?:[-. ]\d{2,8}){1,4}(?![\w-])"
          r"|(?<![\w.,-])(?:\d[-. ])?\(\d{3}\)[-. ]?\d{3}[-. ]\d{4}(?![\w-])"
          r"|(?<![\w.,-])(?:\d[-.])?\d{3}([-. ])\d{3}\1\d{4}(?![\w-])"
          r"|(?<![\w.,-])\d{3}-\d{4}(?![\w-])"
          r"|(?<![\w.,-])0\d{2,4}(?:[ -]\d{3,6}){1,3}(?![\w-])"
          r"|(?<![\w.,+])\+\d{7,15}(?!\w)", telephone),
    # Dates.
    rule(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?Z?)?(?![\w-])", iso_date),
    rule(r"(?<![\w/.])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})(?![\w/]|\.\d)", slashed_date),
    rule(rf"\b(?P<mon>{_MONTH})\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:{_DASH}(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)?"
          r"(?![\w:%]|[.,]\d)(?:,?\s(?P<y>\d{4})(?!\w))?", month_day),
    rule(rf"(?<![\w.,])(?:(?P<the>[Tt]he)\s)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\sof)?\s(?P<mon>{_MONTH})(?:,?\s(?P<y>\d{{4}})(?!\w))?", day_month),
    rule(r"(?<!\w)['’]?(\d{2})?(\d0)s\b", decade),
    rule(r"(?<!\w)['’](\d{2})(?!\w)", lambda m: year(int(m[1])) if int(m[1]) > 9 else f"oh {digits(m[1][1])}"),
    # Times.
    rule(rf"(?<![\w.,:/]){_T}(?P<half>{_HALF})?{_DASH}(?P<h2>\d{{1,2}})(?::(?P<m2>\d{{2}}))?(?P<half2>{_HALF})(?!\w)", time_range),
    rule(rf"(?<![\w.,:/])(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?P<half>){_DASH}(?P<h2>\d{{1,2}}):(?P<m2>\d{{2}})(?P<half2>)(?![\w:])", time_range),
    rule(rf"(?<![\w.,:/])(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?(?P<half>{_HALF})?(?![\w:])", time_of_day),
    rule(rf"(?<![\w.,:/])(\d{{1,2}})({_HALF})(?!\w)", lambda m: clock(m[1], "00", m[2])),
    # Money.
    rule(rf"(?P<neg>(?<![\w)])[-−])?(?<!\w)(?P<sign>{_SIGN_BEFORE})\s?(?P<n>{NUM})(?P<scale>{_SCALE})?"
          rf"(?:{_DASH}(?:{_SIGN_BEFORE})?(?P<n2>{NUM})(?P<scale2>{_SCALE})?)?{_PER}", money_before),
    rule(rf"(?P<neg>(?<![\w)])[-−])?\b(?P<sign>USD|EUR|GBP|JPY|CNY|RMB|CHF|CAD|AUD|INR)\s(?P<n>{NUM})(?P<scale>{_SCALE})?(?P<n2>)(?P<scale2>){_PER}", money_before),
    rule(rf"{_BEFORE}(?P<n>{NUM})(?P<scale>{_SCALE})?\s?(?P<sign>{_SIGN_AFTER})(?!\w){_PER}", money_after),
    rule(rf"{_BEFORE}({NUM})\s?¢", lambda m: f"{number(m[1])} {'cent' if m[1] == '1' else 'cents'}"),
    # Measures.
    rule(r"(?<![\w.,])(\d{1,2})\s?ft\.?\s(\d{1,2})\s?in\b", feet),
    rule(rf"{_BEFORE}(\d{{1,5}})([A-Za-z]?)(?=\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'’]*\s){{1,3}}{_SUFFIX})", house_number),
    rule(rf"(?P<n>{_NEGATIVE}{_BEFORE}{NUM})(?:\s?%?{_DASH}(?P<n2>{NUM}))?\s?(?P<u>[%‰])", percent),
    rule(rf"{_BEFORE}(\d{{1,2}})\s?['′’](?:\s?(\d{{1,2}})\s?[\"″”])?(?!\w)", feet),
    rule(rf"(?P<n>{_NEGATIVE}{_BEFORE}{NUM})(?:{_DASH}(?P<n2>{NUM}))?[\s-]?(?P<u>{any_of(UNITS)})(?![\w'’/²³])", measure),
    rule(rf"{_BEFORE}({NUM})\s?[x×](?=\s+[a-z]|[.,;!?)]|\s*\Z)", lambda m: f"{number(m[1])} times"),
    rule(rf"{_BEFORE}({NUM})\s?x\s?({NUM})(?!\w)", lambda m: f"{number(m[1])} by {number(m[2])}"),
    rule(rf"{_BEFORE}({NUM})[kK](?=\s[a-z])(?!(?<=\b\dK))", lambda m: f"{number(m[1])} thousand"),
    rule(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,4}(?![\w.])", lambda m: number(m[0].replace(".", ""))),
    # Versions, house numbers, rooms, postal codes.
    rule(r"(?<![\w.])([vV](?:ersion\s)?\s?)?(\d+(?:\.\d+){2,4})(?![\w])", version),
    rule(r"(?<![\w.])([vV])(\d+(?:\.\d+)?)(?![\w])", version),
    rule(rf"\b({any_of(STATES)})\s(\d{{5}})(?:-(\d{{4}}))?(?!\w)",
          lambda m: f"{STATES[m[1]]} {digits(m[2], 'oh')}" + (f", {digits(m[3], 'oh')}" if m[3] else "")),
    rule(rf"(?:(?<=[a-z],\s)|(?<=\A\s))({any_of(set(STATES) - WORDS_TOO)})(?=[.,;!?]|\s?\Z)", lambda m: STATES[m[1]]),
    rule(r"\b((?:[Rr]oom|[Ff]light(?:\s[A-Z]{2})?|[Aa]pt\.?|[Aa]partment|[Ss]uite|[Hh]ighway|[Rr]oute|[Gg]ate|[Bb]us|Boeing|Airbus"
          r"|[Cc]all|[Dd]ial|[Cc]ode|PIN|[Pp]in|[Pp]asscode|[Pp]assword|[Zz][Ii][Pp]|[Ee]xtension|[Ee]xt\.|ID"
          r"|[Rr]eference|[Aa]ccount|[Cc]onfirmation|[Tt]racking|[Oo]rder)(?:\s(?:code|number))?(?:\sis)?)\s#?"
          r"(\d{2,8})(?![\w.,:/%-]*\d)(?!\w)", numbered),
    rule(r"\b([Nn]o\.|[Nn]r\.)\s?(?=\d)", lambda m: "number "),
    rule(r"\b[Nn]os\.\s?(?=\d)", lambda m: "numbers "),
    rule(r"#(?=\d)", lambda m: "number "),
    rule(r"\bpp\.\s?(?=\d)", lambda m: "pages "),
    rule(r"\bp\.\s?(?=\d)", lambda m: "page "),
    rule(r"\b([Ff]ig|[Vv]ol|[Cc]h|[Ss]ec)\.\s?(?=\d)", lambda m: {"fig": "figure ", "vol": "volume ", "ch": "chapter ", "sec": "section "}[m[1].lower()]),
    # Fractions, ranges, scores.
    rule(r"(?<=\d)\s?[-−]\s?(?=\d+(?:\.\d+)?\s?=)", lambda m: " minus "),
    rule(rf"{_BEFORE}(?:(?P<w>\d+)[\s-])?(?P<a>\d{{1,2}})\s?[/⁄]\s?(?P<b>\d{{1,4}})(?:rds?|ths?)?(?![\w/⁄]|\.\d)", fraction_of),
    rule(r"(?:(?<![\w.,])(?P<w>\d+)\s?)?(?P<v>[¼½¾⅐-⅞↉])", vulgar_fraction),
    rule(rf"{_BEFORE}(\d{{1,3}}(?:,\d{{3}})+|\d+)(st|nd|rd|th)\b", lambda m: ordinal(int(m[1].replace(",", "")[:15])), re.IGNORECASE),
    rule(rf"{_BEFORE}(?<![-–])(?P<a>{NUM})\s?[–—]\s?(?P<b>{NUM})(?![\w–-])", span),
    rule(rf"{_BEFORE}(?<![-–])(?P<a>{NUM})-(?P<b>{NUM})(?![\w-])", span),
    rule(rf"{_BEFORE}({NUM})\s?:\s?({NUM})(?![\w:])", lambda m: f"{number(m[1])} to {number(m[2])}"),
    # Sums.
    rule(r"(?<=[\d)\w])\s[-−]\s(?=\d|[a-z]\s?=)", lambda m: " minus "),
    rule(r"(?<=\d)\s?\*\s?(?=\d)", lambda m: " times "),
    rule(r"(?<=\d)\s?/\s?(?=\d)", lambda m: " over "),
    rule(r"\^2(?!\d)|²", lambda m: " squared"),
    rule(r"\^3(?!\d)|³", lambda m: " cubed"),
    rule(r"\^(\d+)", lambda m: f" to the power of {number(m[1])}"),
    rule(r"~(?=\d)", lambda m: "about "),
    rule(r"\b([Yy]ear|[Ii]n|[Ss]ince|[Uu]ntil|[Cc]irca|AD|[Bb]efore|[Aa]fter|[Bb]y|and)\s(1[0-8]\d\d)(?!\w|[.,%]\d|\s[a-z]{3,}s\b)", lambda m: f"{m[1]} {year(int(m[2]))}"),
    rule(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.?\s?[-–—]\s?(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:\.|\b)", lambda m: f"{SHORT[m[1] + '.']} to {SHORT[m[2] + '.']}"),
    # Names with figures, then plain numbers.
    rule(r"(?<![\w.])(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[A-Za-z]+-?\d+(?:\.\d+)?(?:-?[A-Za-z]+\d*)*(?![\w])"
          r"|(?<![\w.])\d+[A-Za-z]+\w*(?!\w)", letters_and_digits),
    rule(rf"(?P<n>{_NEGATIVE}(?<![\w.]){NUM})", plain_number),
    # Short forms.
    rule(r"\b(Chapter|Part|Act|War|Type|Phase|Level|Volume|Section|Book|Title|Article|Class|Stage|Rocky|Bowl)\s([IVX]+)\b", roman_named),
    rule(r"\b(Henry|Louis|Elizabeth|George|Charles|Edward|Richard|James|William|Mary|Philip|Napoleon"
          r"|Benedict|Francis|Pius|Leo|Catherine|Alexander|John Paul|Ivan)\s([IVX]+)\b", roman_king),
    rule(r"\b(?:II|III|IV|VI|VII|VIII|IX|XI|XII|XIII|XIV|XV|XVI|XVII|XVIII|XIX|XX)\b(?!['’])", roman_alone),
    rule(r"\b(St|Dr)\b\.?(?=(\s[A-Z])?)", saint_or_street),
    rule(rf"\b({any_of(n[:3] for n in MONTHS if n != 'May')}|Sept)\.(?=\s)", lambda m: MONTH_OF[m[1].lower()]),
    rule(rf"(?<![\w.])(?:{any_of(SHORT)})(?![\w+#])", short_form),
    # Signs.
    rule(r"(?<![\w])[$£€](?=\s|\Z)", lambda m: " "),
    rule(rf"\s?(?:{any_of(SIGNS)})\s?", sign),
    rule(r"\s?(?:-{2,}|–|—)\s?", lambda m: ", "),
    rule(r"(?<=\w)/(?=\w)", lambda m: " "),
    rule(r"\b[a-z]{2,}(?:[A-Z][a-z]+)+\b", lambda m: re.sub(r"(?=[A-Z])", " ", m[0])),
    rule(r"(?:(?<=[a-z]\s)|(?<=\A\s))x(?=\s\d)", lambda m: "by"),
    rule(r"(?<=[a-z])\.(?=\d)", lambda m: " point "),
    rule(r"(?<=\d),(?=\d)", lambda m: ", "),
    rule(rf"[{re.escape(DROPPED)}]", lambda m: " "),
    rule(r"[^\W_a-zA-Z]", lambda m: leftover(m) if m[0].isnumeric() and not m[0].isalpha() else None),
)  # fmt: skip
"""All rules of English."""
