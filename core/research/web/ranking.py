"""Which texts answer a query best: BM25 over words, and over pairs of letters where no spaces are.

Kept as counts: the texts themselves may be large, and are read again for a passage to show.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

_K = 1.2  # how soon a word that stands there once more counts no more
_B = 0.75  # how much a long text is held back
_TITLE = 3  # a word of the title counts as often

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A text as ranking sees it."""

    counts: dict[str, int]
    length: int


def terms_in(text: str) -> list[str]:
    """Its words in lower case; Chinese and Japanese as pairs of neighbours."""
    return [term for word in _WORD.findall(text.casefold()) for term in _split(word)]


def terms_of(title: str, text: str) -> Terms:
    """Counted."""
    counts = Counter(terms_in(text))
    for term in terms_in(title):
        counts[term] += _TITLE
    return Terms(counts=dict(counts), length=sum(counts.values()))


def ranked(query: str, texts: Mapping[str, Terms], most: int) -> list[str]:
    """The keys of the best texts, best first; those with none of the words are not among them."""
    wanted = set(terms_in(query))
    average = sum(one.length for one in texts.values()) / len(texts) if texts else 1.0
    weights = {term: _weight(term, texts.values()) for term in wanted}
    scores = {key: _score(one, weights, average) for key, one in texts.items()}
    best = sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))
    return best[:most]


def passage(query: str, text: str, most: int = 300) -> str:
    """The paragraph that has most of the query's words, cut around the first of them."""
    wanted = set(terms_in(query))
    parts = [part for part in re.split(r"\n\s*\n|\n(?=#)", text) if part.strip()] or [""]
    best = max(parts, key=lambda part: len(wanted & set(terms_in(part))))
    line = " ".join(best.split())
    if len(line) <= most:
        return line
    places = [at for term in wanted if (at := line.casefold().find(term)) >= 0]
    start = max(0, min(min(places, default=0) - most // 4, len(line) - most))
    end = start + most
    return ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) else "")


def _split(word: str) -> list[str]:
    if word.isascii():
        return [word]
    return [term for part in _UNSPACED.findall(word) for term in _pairs(part)]


def _pairs(part: str) -> list[str]:
    if not "\u3040" <= part[0] <= "\uffff" or len(part) == 1 or "\uac00" <= part[0] <= "\ud7ff":
        return [part]
    return [part[at : at + 2] for at in range(len(part) - 1)]


def _weight(term: str, texts: Iterable[Terms]) -> float:
    """Rare words say more."""
    all_texts = list(texts)
    having = sum(1 for one in all_texts if term in one.counts)
    return math.log(1 + (len(all_texts) - having + 0.5) / (having + 0.5))


def _score(one: Terms, weights: Mapping[str, float], average: float) -> float:
    norm = _K * (1 - _B + _B * one.length / average)
    return sum(
        weight * count * (_K + 1) / (count + norm)
        for term, weight in weights.items()
        if (count := one.counts.get(term, 0))
    )
