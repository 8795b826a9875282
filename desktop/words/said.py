"""Says what the server says in English in another language, by its own templates. Pure.

The same rules as in the window (`webui/src/lib/i18n/phrases.ts` explains them), over the same
templates: both are held to `webui/src/lib/i18n/said.samples.json`. What no template fits stays.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

_DEPTH = 4
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_FORM = re.compile(r"\{(\w+)(?::(\w+)|\|([^|{}]*)\|([^|{}]*))?\}")
_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\]")
_LONGEST = 200


class Tongue(msgspec.Struct, frozen=True, kw_only=True):
    """How a language writes what is no word."""

    thousands: str
    decimal: str
    between: str  # two sentences that stand in a row
    stop: str
    has_one: bool  # it has a form for one


TONGUES = {
    "de": Tongue(thousands=".", decimal=",", between=", ", stop=".", has_one=True),
    "zh": Tongue(thousands=",", decimal=".", between="，", stop="。", has_one=False),
}


class _Phrase:
    """An English template and what it is called."""

    def __init__(self, english: str, text: str) -> None:
        self.english = english
        self.text = _bare(text).removesuffix("。")
        whole = _bare(english.strip())
        self.places = _PLACE.findall(whole)
        self.worded = not whole.startswith("{")
        self.said = {name for name, kind in self.places if kind in ("said", "term")}
        self.own = {name for name, kind in self.places if kind == "own"}
        self.own_end = whole.endswith(":own}")  # their full stop is theirs
        literals = _PLACE.sub("\0", whole).split("\0")
        self.source = "".join(_pieces(literals, self.places))
        self._weightiest = max(literals, key=len)[1:]  # the first letter may have either case

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Made when it is needed: most templates never are."""
        return re.compile(self.source, re.DOTALL)

    def match(self, text: str) -> re.Match[str] | None:
        """The text's values in the template's places."""
        return self.pattern.fullmatch(text) if self._weightiest in text else None


class Speaker:
    """The templates of one language."""

    def __init__(self, pairs: Mapping[str, str], tongue: Tongue) -> None:
        self._tongue = tongue
        phrases = [_Phrase(english, text) for english, text in pairs.items()]
        self._plain = {core(p.english): p for p in phrases if not p.places}
        # The one that says more of it itself is the one that is meant. A slash counts twice, as
        # it does in the window, where an expression's source escapes it.
        self._patterned = sorted(
            (p for p in phrases if p.places),
            key=lambda p: -(len(p.source) + p.source.count("/")),
        )

    def told(self, text: str) -> str:
        """The sentence in this language, as it was where nothing fits."""
        return self._say(text, 0)

    def _say(self, text: str, depth: int) -> str:
        trimmed = text.strip()
        if not trimmed or depth > _DEPTH:
            return text
        said = self._say_trimmed(trimmed, depth)
        if said == trimmed:
            return text
        before = text[: len(text) - len(text.lstrip())]
        return re.sub(r"^ ([，（一-鿿])", r"\1", before + said)

    def _say_trimmed(self, trimmed: str, depth: int) -> str:
        if phrase := self._plain.get(core(trimmed)):
            return self._finished(phrase, phrase.text, trimmed)
        for phrase in self._patterned:
            if match := phrase.match(trimmed if phrase.own_end else _bare(trimmed)):
                places = zip(phrase.places, match.groups(), strict=True)
                values = {name: self._held(phrase, name, held, depth) for (name, _), held in places}
                return self._finished(phrase, self._filled(phrase.text, values), trimmed)
        return self._one_by_one(trimmed, depth) or trimmed

    def _held(self, phrase: _Phrase, name: str, held: str, depth: int) -> str:
        """A name, or a sentence of its own, which keeps its stop where others follow."""
        if name in phrase.own:
            return held
        may_be_said = name in phrase.said or re.search(r"\s", held)
        told = self._say(held, depth + 1) if may_be_said else held
        return re.sub(r"[.。]$", "", told) if _bare(held) == held else told

    def _one_by_one(self, text: str, depth: int) -> str | None:
        """ "lower this, set that": what stands in a row, when every piece of it can be said."""
        pieces = text.split(", ")
        said = [self._say(piece, depth + 1) for piece in pieces]
        if len(pieces) == 1 or any(a == b for a, b in zip(pieces, said, strict=True)):
            return None
        return self._tongue.between.join(said)

    def _finished(self, phrase: _Phrase, text: str, english: str) -> str:
        """With the capital and the full stop that the English one had."""
        capital = phrase.worded and english[0].isascii() and english[0].isupper()
        if capital and not phrase.text.startswith("{"):
            text = text[:1].upper() + text[1:]
        if phrase.own_end:
            return text
        whole = re.sub(r"[.。]$", "", text)
        return whole + self._tongue.stop if re.search(r"[^.]\.$", english) else whole

    def _filled(self, template: str, values: Mapping[str, str]) -> str:
        def fill(found: re.Match[str]) -> str:
            name, kind, one, other = found.groups()
            if name not in values:
                return "–"
            if one is not None:
                single = self._tongue.has_one and values[name].replace(",", "") == "1"
                return str(one if single else other)
            held = values[name]
            if kind == "own":
                return held
            return self._figures(held) if kind == "n" else _cut(held)

        def keep(found: re.Match[str]) -> str:
            names = [name for name, *_ in _FORM.findall(found[1])]
            return "" if any(not values.get(name) for name in names) else found[1]

        return _FORM.sub(fill, _OPTIONAL.sub(keep, template))

    def _figures(self, text: str) -> str:
        """A number with the figures that it came with: "1,234.50" is 1.234,50."""
        plain = text.replace(",", "")
        if not _NUMBER.fullmatch(plain):
            return text
        whole, point, tenths = plain.partition(".")
        grouped = f"{int(whole):,}".replace(",", self._tongue.thousands)
        sign = "-" if plain.startswith("-") and not grouped.startswith("-") else ""
        return sign + grouped + (self._tongue.decimal + tenths if point else "")


def core(text: str) -> str:
    """As sentences are compared: without a full stop, whichever case the first letter has."""
    plain = _bare(text.strip())
    return plain[:1].lower() + plain[1:]


def _bare(text: str) -> str:
    return text[:-1] if re.search(r"[^.]\.$", text) else text


def _pieces(literals: list[str], places: list[tuple[str, str]]) -> Iterator[str]:
    for index, literal in enumerate(literals):
        escaped = _SPECIAL.sub(r"\\\g<0>", literal)
        if index == 0 and escaped[:1].isascii() and escaped[:1].isalpha():
            escaped = f"[{escaped[0].lower()}{escaped[0].upper()}]{escaped[1:]}"
        yield escaped
        if index < len(places):
            yield r"([^\s,]+)" if places[index][1] in ("word", "term") else "(.*?)"


def _cut(text: str) -> str:
    line = re.sub(r"\s+", " ", text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
