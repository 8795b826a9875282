"""Which language a text is in, as far as comparing texts and naming a language need it. Pure.

By its script, and in Latin letters by its small words. Where nothing tells, nothing is said: such a
text is in no other language than its neighbour.
"""

import re
from typing import Final

NAMES: Final[dict[str, str]] = {
    "en": "English",
    "de": "German",
    "zh": "Chinese",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "uk": "Ukrainian",
    "el": "Greek",
    "he": "Hebrew",
    "ar": "Arabic",
    "hi": "Hindi",
    "th": "Thai",
}
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]{2,}")),  # a single letter is a formula's
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_SMALL_WORDS = {
    "en": "the and is are was were of for with that this it its has have had be been by from at "
    "which who what how when where why not or an as to does do did",
    "de": "der die das und ist sind war wurde wurden ein eine einen einem einer wie wann wer wo "
    "warum welche welcher welches für von mit den dem des gibt nicht auf im zum zur wird werden "
    "hat haben über sich auch es",
    "fr": "le la les des est sont une du et qui que dans pour avec sur par pas aux cette ce quel "
    "quelle comment où il elle été",
    "es": "el la los las del es son una y que en por con para no su se fue cuál cómo qué quién "
    "dónde al más",
    "it": "il lo gli della del è sono una e che di per con non si dei delle qual come chi dove nel "
    "alla più",
    "pt": "o os as do da dos das é são uma e que em por com para não se foi qual como quem onde ao "
    "mais",
    "nl": "de het een en is zijn van voor met dat niet op te wordt werd hoe wie waar wat welke aan "
    "er ook",
}
_WORDS = {name: frozenset(said.split()) for name, said in _SMALL_WORDS.items()}
_SMALL_PAIRS = (
    "什么 多少 怎么 如何 为什 哪里 哪个 谁是 是什 么是 的是 是否 可以 以及 这个 那个 第一 一个"
)
SMALL_WORDS: Final = frozenset().union(*_WORDS.values(), _SMALL_PAIRS.split())
_LETTERS = (("de", "äöüß"), ("es", "ñ¿¡"), ("pt", "ãõ"), ("fr", "œ"))
_WORD = re.compile(r"[^\W\d_]+")
_FEW = 0.15  # of a text's letters: less of a script is a name in it


def tongue_of(text: str) -> str:
    """Its language, by its code; empty where nothing tells, or it may be one of several."""
    told = _tongues_of(text)
    return next(iter(told)) if len(told) == 1 else ""


def named(text: str) -> str:
    """Its language by its English name, for whoever is to answer in it."""
    return NAMES.get(tongue_of(text), "the language of the question")


def differ(first: str, second: str) -> bool:
    """Whether these are certainly in two languages."""
    one, other = _tongues_of(first), _tongues_of(second)
    if one and other:
        return not one & other
    return bool(one or other) and _is_latin(first) != _is_latin(second)


def _tongues_of(text: str) -> frozenset[str]:
    """Those that it may be in; none where nothing tells."""
    letters = sum(one.isalpha() for one in text)
    for name, script in _SCRIPTS:
        found = sum(len(one) for one in script.findall(text))
        if letters and found / letters >= _FEW:
            return frozenset({name})
    return _by_words(text.casefold())


def _is_latin(text: str) -> bool:
    told = [one for one in text if one.isalpha()]
    return not told or sum(one < "\u0250" for one in told) * 2 >= len(told)


def _by_words(text: str) -> frozenset[str]:
    words = _WORD.findall(text)
    counts = {name: sum(one in known for one in words) for name, known in _WORDS.items()}
    for name, letters in _LETTERS:
        counts[name] += sum(one in letters for one in text)
    most = max(counts.values())
    return frozenset(name for name, count in counts.items() if most and count == most)
