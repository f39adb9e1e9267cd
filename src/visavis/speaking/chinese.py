"""How Mandarin is read out: each rule a pattern of writing and what people say for it."""

# ruff: noqa: E501 - a rule is read best on one line

from __future__ import annotations

import re
import unicodedata

from visavis.speaking import addresses
from visavis.speaking.chinese_numbers import cardinal, counted, digits, number
from visavis.speaking.rewrite import Rule, any_of, rule

Match = re.Match[str]

NUM = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_BEFORE = r"(?<![\d.,A-Za-z])"
_AFTER = r"(?![\d.,]*\d)"
_NEGATIVE = r"(?:(?<![\dA-Za-z)])[-−])?"
_TO = r"\s?[-–—~～至到]\s?"
MONEY = {
    "¥": "元", "￥": "元", "CN¥": "元", "RMB": "元", "CNY": "元", "$": "美元", "US$": "美元",
    "USD": "美元", "€": "欧元", "EUR": "欧元", "£": "英镑", "GBP": "英镑", "HK$": "港元",
    "JPY": "日元", "₩": "韩元", "NT$": "新台币",
}  # fmt: skip
UNITS = {
    "km": "公里", "m": "米", "cm": "厘米", "mm": "毫米", "kg": "公斤", "g": "克", "mg": "毫克",
    "t": "吨", "L": "升", "l": "升", "ml": "毫升", "mL": "毫升", "km/h": "公里每小时",
    "m/s": "米每秒", "km²": "平方公里", "m²": "平方米", "㎡": "平方米", "m³": "立方米",
    "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "℉": "华氏度", "°": "度", "kWh": "千瓦时",
    "kW": "千瓦", "W": "瓦", "V": "伏", "Hz": "赫兹", "kHz": "千赫兹", "MHz": "兆赫",
    "GHz": "吉赫", "KB": "K B", "MB": "兆", "GB": "G", "TB": "T", "Mbps": "兆每秒", "ms": "毫秒",
    "s": "秒", "min": "分钟", "h": "小时", "dB": "分贝", "kcal": "千卡", "mmHg": "毫米汞柱",
}  # fmt: skip
PER = {
    "月": "每月", "年": "每年", "天": "每天", "日": "每日", "小时": "每小时", "人": "每人",
    "kg": "每公斤", "公斤": "每公斤", "斤": "每斤", "晚": "每晚", "次": "每次", "个": "每个",
    "分钟": "每分钟", "秒": "每秒",
}  # fmt: skip
_MEASURES = (
    "个|只|本|次|天|小时|分钟|秒钟|年(?!级|代)|块|位|人|张|条|件|家|种|台|辆|岁|周|点|遍|杯|瓶|碗|双|套|间|座|把|支|枝|颗|粒"
    "|片|首|句|段|部|架|艘|匹|头|棵|朵|斤|公斤|公里|米|千米|厘米|克|升|毫升|吨|元|美元|欧元|英镑|倍|名|项|步|场|顿|趟|层"
    "|万|亿|千|百万|千万|度|成|股|节|篇|幅|扇|盏|箱|袋|包|盒|份|对|门|口|户"
)
_SIGNS = {
    "+": "加", "=": "等于", "×": "乘以", "÷": "除以", "≈": "约等于", "≠": "不等于", "≤": "小于等于",
    "≥": "大于等于", "<": "小于", ">": "大于", "±": "正负", "&": "和", "@": "艾特", "→": "到",
    "->": "到", "%": "百分号", "‰": "千分号", "°": "度", "¥": "元", "￥": "元", "$": "美元",
    "€": "欧元", "£": "英镑", "√": "根号", "§": "第",
}  # fmt: skip
_NET = {".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "+": "加", ":": "冒号", "@": "艾特"}


def _signed(text: str) -> str:
    return f"负{number(text[1:])}" if text[0] in "-−" else number(text)


def _date(year: str | None, month: str, day: str) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return (f"{digits(year)}年" if year else "") + f"{cardinal(int(month))}月{cardinal(int(day))}日"


def _clock(hour: str, minute: str, second: str | None = None) -> str | None:
    if int(hour) > 24 or int(minute) > 59 or (second and int(second) > 59):
        return None
    words = f"{counted(str(int(hour)))}点"
    if second and int(second):
        return f"{words}{_two(minute)}分{_two(second)}秒"
    if int(minute) == 0:
        return words
    return words + ("半" if int(minute) == 30 else f"{_two(minute)}分")


def _two(text: str) -> str:
    return f"零{number(text[1])}" if len(text) == 2 and text[0] == "0" and text != "00" else (
        cardinal(int(text)))  # fmt: skip


def _time_range(m: Match) -> str | None:
    first, second = _clock(m[1], m[2]), _clock(m[3], m[4])
    return f"{first}到{second}" if first and second else None


def _money(m: Match) -> str:
    amount, unit = m["n"].replace(",", ""), MONEY[m["sign"]]
    per = f"{PER[m['per']]}" if m["per"] else ""
    whole, _, rest = amount.partition(".")
    if m["scale"]:
        return f"{per}{number(amount)}{m['scale']}{unit}"
    if unit == "元" and len(rest) in (1, 2) and int(rest):
        tens, ones = rest[0], rest[1:]
        words = f"{counted(whole)}元" if int(whole or 0) else ""
        words += f"{number(tens)}角" if tens != "0" else ("零" if words else "")
        return per + words + (f"{number(ones)}分" if ones not in ("", "0") else "")
    return f"{per}{counted(whole if rest and not int(rest) else amount)}{unit}"


def _percent(m: Match) -> str:
    name = "百" if m["u"] in "%％" else "千"
    text = m["n"]
    words = f"{'负' if text[0] in '-−' else ''}{name}分之{number(text.lstrip('-−'))}"
    return words + (f"到{name}分之{number(m['n2'])}" if m["n2"] else "")


def _unit(m: Match) -> str:
    text, unit = m["n"], UNITS[m["u"]]
    if m["n2"]:
        return f"{number(text)}到{number(m['n2'])}{unit}"
    if text[0] in "-−":
        return ("零下" if unit.endswith("度") else "负") + number(text[1:]) + unit
    return f"{counted(text)}{unit}"


def _phone(m: Match) -> str | None:
    count = sum(letter.isdigit() for letter in m[0])
    if not 7 <= count <= 15:
        return None
    groups = re.findall(r"\d+", m[0])
    if len(groups) == 1 and count == 11:
        groups = [groups[0][:3], groups[0][3:7], groups[0][7:]]
    said = " ".join(digits(group, "幺") for group in groups)
    return f"加{said}" if m[0][0] == "+" else said


def _fraction(m: Match) -> str | None:
    above, below = int(m[2]), int(m[3])
    if not 1 < below <= 1000 or (above >= below and not m[1]):
        return None
    said = f"{cardinal(below)}分之{cardinal(above)}"
    return f"{number(m[1])}又{said}" if m[1] else said


def _vulgar(m: Match) -> str | None:
    parts = unicodedata.normalize("NFKC", m[2]).split("⁄")
    if len(parts) != 2 or not parts[1]:
        return None
    said = f"{cardinal(int(parts[1]))}分之{cardinal(int(parts[0]))}"
    return f"{number(m[1])}又{said}" if m[1] else said


def _plain(m: Match) -> str:
    text = m["n"]
    bare = text.lstrip("-−")
    if bare.isdigit() and len(bare) >= 7 and not bare.endswith("000"):
        return ("负" if bare != text else "") + digits(bare)
    return _signed(text)


def _name(m: Match) -> str:
    parts = re.findall(r"[A-Za-z]+|\d+(?:\.\d+)?", m[0])
    return " ".join(part if part.isalpha() else
                    (number(part) if len(part) < 3 or "." in part else digits(part))
                    for part in parts)  # fmt: skip


def _left(m: Match) -> str | None:
    # Written Chinese numbers are numeric too, and stay.
    value = unicodedata.numeric(m[0], None)
    if value is None or unicodedata.category(m[0])[0] == "L":
        return None
    return cardinal(int(value)) if value >= 0 and value == int(value) else " "


_PER = rf"(?:\s?/\s?(?P<per>{any_of(PER)}))?"
_SCALE = r"(?:\s?(?P<scale>千万|百万|万亿|千|万|亿))?"

RULES: tuple[Rule, ...] = (
    (addresses.MAIL, lambda m: addresses.spelled(m[0], digits, _NET)),
    (addresses.LINK, lambda m: addresses.link(m, digits, _NET)),
    (addresses.FILE, lambda m: addresses.spelled(m[0], digits, _NET)),
    # Telephone numbers.
    rule(r"(?<![\d.A-Za-z-])(?:\+\d{1,3}[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
          r"|(?<![\d.A-Za-z-])(?:0\d{2,3}[- ]\d{7,8}|[48]00[- ]\d{3,4}[- ]\d{3,4})(?!\d)"
          r"|(?<![\d.A-Za-z-])\+\d{1,3}[- ]?\d{1,4}(?:[- ]\d{2,4}){1,4}(?!\d)", _phone),
    rule(r"(拨打|拨|打|致电|热线|电话是?|报警)(\s?)(1\d{2}|\d{5})(?!\d)", lambda m: m[1] + digits(m[3], "幺")),
    # Dates and times.
    rule(rf"{_BEFORE}(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?![\d-])", lambda m: _date(m[1], m[2], m[3])),
    rule(rf"{_BEFORE}(\d0)(?=\s?年代)", lambda m: cardinal(int(m[1]))),
    rule(rf"{_BEFORE}(\d{{4}}){_TO}(\d{{4}})\s?年", lambda m: f"{digits(m[1])}到{digits(m[2])}年"),
    rule(rf"{_BEFORE}(\d{{2}}|\d{{4}})(?=\s?年(?!前|后|内|来|间|了|以))", lambda m: digits(m[1])),
    rule(rf"{_BEFORE}(\d{{2}})(?=\s?后(?!\w))", lambda m: digits(m[1])),
    rule(rf"{_BEFORE}(\d{{1,2}}){_TO}(\d{{1,2}})\s?(月|日|号)", lambda m: f"{cardinal(int(m[1]))}到{cardinal(int(m[2]))}{m[3]}"),
    rule(rf"{_BEFORE}(\d{{1,2}})(?=\s?(?:月|日|号|楼|年级|班))", lambda m: cardinal(int(m[1]))),
    rule(r"(?<![\d:.])(\d{1,2})[:：](\d{2})\s?[-–—~～至到]\s?(\d{1,2})[:：](\d{2})(?![\d:])", _time_range),
    rule(r"(?<![\d:.])(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?![\d:])", lambda m: _clock(m[1], m[2], m[3])),
    rule(r"(?<![\d:.])(\d+)[:：](\d+)(?![\d:])", lambda m: f"{number(m[1])}比{number(m[2])}"),
    # Money and measures.
    rule(rf"(?P<sign>{any_of(MONEY)})\s?(?P<n>{NUM}){_SCALE}{_PER}", _money),
    rule(rf"{_BEFORE}(?P<n>{NUM}){_SCALE}\s?(?P<sign>{any_of(MONEY)})(?![A-Za-z]){_PER}", _money),
    rule(rf"(?P<n>{_NEGATIVE}{_BEFORE}{NUM})(?:\s?[%％]?{_TO}(?P<n2>{NUM}))?\s?(?P<u>[%％‰])", _percent),
    rule(rf"(?P<n>{_NEGATIVE}{_BEFORE}{NUM})(?:{_TO}(?P<n2>{NUM}))?\s?(?P<u>{any_of(UNITS)})(?![A-Za-z²³/])", _unit),
    # Numbers of things.
    rule(r"第\s?(\d{1,9})", lambda m: f"第{cardinal(int(m[1]))}"),
    rule(rf"{_BEFORE}(\d{{3,4}})(?=\s?(?:室|房|号房|号楼|路|国道|航班|次列车))", lambda m: digits(m[1], "幺")),
    rule(r"(密码|验证码|房间|航班|编号|尾号|邮编|学号|单号)(是|为|：|:)?\s?(\d{2,12})(?![\d.])", lambda m: f"{m[1]}{m[2] or ''}{digits(m[3])}"),
    rule(r"(?<![\d.])(?:(\d+)\s)?(\d{1,3})[/⁄](\d{1,4})(?![\d/])", _fraction),
    rule(r"(?:(\d+)\s?)?([¼½¾⅐-⅞])", _vulgar),
    rule(r"[vV]?(?<![\d.])(\d+(?:\.\d+){2,4})(?!\d)", lambda m: "点".join(digits(p) for p in m[1].split("."))),
    rule(rf"{_BEFORE}({NUM}){_TO}({NUM})(?=\s?(?:{_MEASURES}))", lambda m: f"{counted(m[1])}到{counted(m[2])}"),
    rule(r"(?<=\d)\s?[-−]\s?(?=\d+(?:\.\d+)?\s?=)", lambda m: "减"),
    rule(rf"{_BEFORE}({NUM})\s?[-–—~～]\s?({NUM}){_AFTER}(?!-)", lambda m: f"{number(m[1])}到{number(m[2])}"),
    rule(rf"{_BEFORE}({NUM})(?=\s?(?:{_MEASURES}))", lambda m: counted(m[1])),
    # Sums.
    rule(r"(?<=\d)\s?[-−]\s?(?=\d)", lambda m: "减"),
    rule(r"(?<=\d)\s?[*xX]\s?(?=\d)", lambda m: "乘以"),
    rule(r"(?<=\d)\s?/\s?(?=\d)", lambda m: "除以"),
    rule(r"\^2(?!\d)|²", lambda m: "的平方"),
    rule(r"\^3(?!\d)|³", lambda m: "的立方"),
    rule(r"[~～](?=\d)", lambda m: "大约"),
    # Names with figures, then plain numbers.
    rule(r"(?<![A-Za-z\d])[A-Za-z]+-?\d+(?:\.\d+)?[A-Za-z\d]*|(?<![A-Za-z\d.])\d+[A-Za-z]+[A-Za-z\d]*", _name),
    rule(rf"(?P<n>{_NEGATIVE}(?<![\d.]){NUM})", _plain),
    # Signs.
    rule(r"C\+\+", lambda m: "C 加加"),
    rule(rf"\s?(?:{any_of(_SIGNS)})\s?", lambda m: _SIGNS[m[0].strip()]),
    rule(r"\s?(?:-{2,}|–|—+)\s?", lambda m: "，"),
    rule(r"[#^_*|\\{}\[\]~™®©•]", lambda m: " "),
    rule(r"[^\W_a-zA-Z]", _left),
)  # fmt: skip
"""All rules of Mandarin."""
