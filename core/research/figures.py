"""Numbers as they are said: how much, and of what. Pure.

`1,234.5` is 1234.5 in English, `1.234,5` is the same in German, `1.2 million` is 1,200,000; what a
lone separator means is left open, and both readings count. A unit is known by its names in the
languages that the studio speaks; what has no known unit has none.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

import msgspec

_DATE = re.compile(r"(?<!\d)(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?!\d)")
_NUMBER = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[.,\u00a0\u202f' ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
)
_FORMULA = re.compile(r"[A-Za-z\u0370-\u03ff]")  # the 2 of CO2; not that of 第2, 5月2日
_GAP = r"[\s\u00a0\u202f-]*"
_SCALES: dict[int, str] = {
    1_000: r"thousand|tausend|mil(?!\s+mil)|тыс\w*\.?|千(?![米克瓦])",
    1_000_000: r"millions?|mill?ion[a-zé]{0,3}|mill(?:ón|ones)|milh(?:ão|ões)|miljoen(?:en)?"
    r"|mio\.?|mln\.?|mn|млн\.?|миллион\w*|мільйон\w*|百[万萬]",
    1_000_000_000: r"billions?|bn|milliarden?|milliards?|miliard[io]|miljard(?:en)?|bilh(?:ão|ões)"
    r"|mil\s+(?:millones|milhões)|mrd\.?|mld\.?|млрд\.?|миллиард\w*|мільярд\w*|十[亿億]",
    1_000_000_000_000: r"trillions?|billionen|bill(?:ón|ones)|biljoen|trilh(?:ão|ões)|трлн\.?"
    r"|триллион\w*|трильйон\w*|万亿|兆(?=円)|조(?=\s?[\d원달])",
    10_000: "[万萬만]",
    100_000: r"lakhs?|लाख",
    10_000_000: r"crores?|करोड़",
    100_000_000: "[亿億억]",
}
_FACTORS = tuple(_SCALES)
_UNITS = {
    "%": r"%|％|percent|per cent|prozent|pour cent|por ciento",
    "pp": r"percentage points?|prozentpunkten?|个百分点",
    "km": r"km|kilomet(?:re|er|ro)s?n?|kilomètres?|公里|千米",
    "m": r"m|met(?:re|er|ro)s?n?|mètres?|米",
    "cm": r"cm|centimet(?:re|er)s?|zentimetern?|厘米",
    "mm": r"mm|millimet(?:re|er)s?n?|毫米",
    "ft": r"ft|feet|foot|fuß|英尺",
    "mi": r"mi|miles?|meilen?|英里",
    "kg": r"kg|kilogram(?:me|m)?s?|公斤|千克",
    "g": r"g|gram(?:me|m)?s?|克",
    "t": r"t|tonnen?|tonnes|tons?|吨",
    "s": r"sec|seconds?|sekunden?|秒",
    "min": r"min|minuten?|minutes|分钟",
    "h": r"h|hours?|stunden?|小时",
    "d": r"days?|tagen?|tag|天",
    "wk": r"weeks?|wochen?|周",
    "mo": r"months?|monaten?|monat|个月",
    "y": r"years?|jahren?|jahr",
    "°C": r"°\s?c|degrees? celsius|grad celsius|摄氏度",
    "°F": r"°\s?f|degrees? fahrenheit|grad fahrenheit|华氏度",
    "USD": r"usd|dollars?|美元",
    "EUR": r"€|eur|euros?|欧元",
    "GBP": r"£|gbp|英镑",
    "kW": r"kw|kilowatts?|千瓦",
    "MW": r"mw|megawatts?|兆瓦",
    "GW": r"gw|gigawatts?",
    "MB": r"mb|megabytes?",
    "GB": r"gb|gigabytes?",
    "TB": r"tb|terabytes?",
}
_NAMES = tuple(_UNITS)
_BEFORE = (("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("%", "百分之"))
_RANGE = re.compile(r"\s*(?:-|–|—|,|to|and|or|bis|und|oder|et|ou|y|至|到|和)\s*", re.IGNORECASE)
_SPELT = {
    word: Decimal(value)
    for value, words in {
        2: "two zwei deux dos",
        3: "three drei trois tres",
        4: "four vier quatre cuatro",
        5: "five fünf cinq cinco",
        6: "six sechs seis",
        7: "seven sieben sept siete",
        8: "eight acht huit ocho",
        9: "nine neun neuf nueve",
        10: "ten zehn dix diez",
        11: "eleven elf onze",
        12: "twelve zwölf douze doce",
        20: "twenty zwanzig vingt veinte",
        100: "hundred hundert cent cien",
    }.items()
    for word in words.split()
}
_MONTHS = {
    word: Decimal(at)
    for at, words in enumerate(
        (
            "january januar janvier enero",
            "february februar février febrero",
            "march märz mars marzo",
            "april avril abril",
            "may mai mayo",
            "june juni juin junio",
            "july juli juillet julio",
            "august août agosto",
            "september septembre septiembre",
            "october oktober octobre octubre",
            "november novembre noviembre",
            "december dezember décembre diciembre",
        ),
        1,
    )
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d_]+")
_HAN_DIGITS = {one: at for at, one in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_HAN = re.compile(f"[{''.join((*_HAN_DIGITS, *_HAN_SCALES))}]{{1,20}}")


def _one_of(told: dict[str, str] | dict[int, str], end: str) -> re.Pattern[str]:
    parts = "|".join(f"(?P<n{at}>{words})" for at, words in enumerate(told.values()))
    return re.compile(f"{_GAP}(?:{parts}){end}", re.IGNORECASE)


_SCALE = _one_of(_SCALES, "(?![a-zäöüß])")
_UNIT = _one_of(_UNITS, "(?![a-zäöüß²³])")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number in a text: what it may be, of what (empty: nobody said), and its next word."""

    values: frozenset[Decimal]
    unit: str = ""
    of: str = ""
    scale: int = 1  # what its word made of it: 1,000,000 of a million


def figures_in(text: str) -> tuple[Figure, ...]:
    """Those written in digits, in their order."""
    text = _DATE.sub(r"\1 \3 \4", text)
    told: list[Figure] = []
    begins = len(text)
    for one in reversed(list(_NUMBER.finditer(text))):
        if len(one[0]) == 1 and one.start() and _FORMULA.match(text, one.start() - 1):
            continue
        figure, end = _read(text, one)
        if told and _goes_on(figure, told[-1], text[end - 1 : begins]):
            figure = _sum(figure, told.pop())
        elif told and _RANGE.fullmatch(text, end, begins):
            figure = _alike(figure, told[-1])
        told.append(figure)
        begins = one.start()
    return tuple(reversed(told))


def _goes_on(first: Figure, second: Figure, between: str) -> bool:
    """1亿2000万, 3万5000: one number in two pieces. `between`: from the last sign of the first."""
    return (
        first.scale > second.scale
        and not first.unit
        and not between[0].isascii()
        and (between[1:] == "" or (between[1:] == " " and second.scale > 1))
        and max(second.values) < first.scale
    )


def _sum(first: Figure, second: Figure) -> Figure:
    values = frozenset(one + other for one in first.values for other in second.values)
    return msgspec.structs.replace(second, values=values, scale=first.scale)


def _alike(first: Figure, second: Figure) -> Figure:
    """12 to 15 metres, 1.2 to 3 million: what is said once is meant of both."""
    values = first.values
    if first.scale == 1 != second.scale:
        values = values | {value * second.scale for value in values}
    return msgspec.structs.replace(first, values=values, unit=first.unit or second.unit)


def spelt_in(text: str) -> tuple[Figure, ...]:
    """Those written as words: `three peaks`, 三座, 五百万."""
    words = [one.casefold() for one in _WORD.findall(text)]
    han = (Figure(values=frozenset({_read_han(one)})) for one in _HAN.findall(text))
    return *han, *(
        Figure(values=frozenset({_SPELT[word]}), of=words[at + 1] if at + 1 < len(words) else "")
        for at, word in enumerate(words)
        if word in _SPELT
    )


def _read_han(literal: str) -> Decimal:
    """五百万 is 5,000,000, 二〇一九 is 2019."""
    if not any(one in _HAN_SCALES for one in literal):
        return Decimal("".join(str(_HAN_DIGITS[one]) for one in literal))
    whole = part = digit = 0
    for one in literal:
        factor = _HAN_SCALES.get(one)
        if factor is None:
            digit = _HAN_DIGITS[one]
        elif factor < 10_000:
            part, digit = part + (digit or 1) * factor, 0
        elif part + digit:
            whole, part, digit = whole + (part + digit) * factor, 0, 0
        else:
            whole *= factor  # 万亿
    return Decimal(whole + part + digit)


def months_in(text: str) -> frozenset[Decimal]:
    """The months that it names, as numbers; English and German write them with a capital."""
    words = (one for one in _WORD.findall(text) if one.casefold() in _MONTHS)
    return frozenset(
        _MONTHS[one.casefold()]
        for one in words
        if one[0].isupper() or one not in ("may", "march", "mars", "august")
    )


def _read(text: str, found: re.Match[str]) -> tuple[Figure, int]:
    values, end, factor = frozenset(_readings(found[0])), found.end(), 1
    if (scale := _SCALE.match(text, end)) is not None:
        values, end = frozenset(_scaled(values, scale)), scale.end()
        factor = _FACTORS[_which(scale)]
    before = text[: found.start()].rstrip()
    unit = next((unit for unit, sign in _BEFORE if before.endswith(sign)), "")
    if (named := _UNIT.match(text, end)) is not None:
        unit, end = unit or _NAMES[_which(named)], named.end()
    following = _WORD.match(text, end + (text[end : end + 1].isspace()))
    of = following[0].casefold() if following else ""
    return Figure(values=values, unit=unit, of=of, scale=factor), end


def _scaled(values: frozenset[Decimal], scale: re.Match[str]) -> Iterator[Decimal]:
    factor = _FACTORS[_which(scale)]
    for value in values:
        yield value * factor
        if scale[0].strip() == "Billion":  # a thousand times more in German
            yield value * factor * 1_000


def _which(found: re.Match[str]) -> int:
    return next(int(name[1:]) for name, said in found.groupdict().items() if said is not None)


def _readings(literal: str) -> Iterator[Decimal]:
    """1,234 may be 1234 and 1.234; 1,234.5 and 0.125 are only one thing."""
    digits = "".join(
        str(unicodedata.digit(one)) if one.isdigit() else one
        for one in literal
        if one not in "\u00a0\u202f' "
    )
    signs = [one for one in digits if one in ".,"]
    if not signs:
        yield Decimal(digits)
        return
    whole, _, part = digits.rpartition(signs[-1])
    bare = whole.replace(".", "").replace(",", "")
    if len(signs) == 1 or signs[-1] != signs[0]:
        yield Decimal(f"{bare}.{part}")
    if len(set(signs)) == 1 and len(part) == 3 and not whole.startswith("0"):
        yield Decimal(f"{bare}{part}")
