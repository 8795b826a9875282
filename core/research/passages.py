"""What of a page is shown to a model: the parts that speak of what is asked. Pure.

A model with a small context can not be given a whole page, and need not: paragraphs are weighed
by the words that they share with the question, rare ones more, and told in the page's own order.
"""

import math
import re
from collections import Counter

WORD = re.compile(r"[^\W_]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST = 1_500  # characters of one piece
LEFT_OUT = "\n[…]\n"


def words_of(text: str) -> list[str]:
    """Its words as they are compared; of scripts without spaces, pairs of characters."""
    told = []
    for word in WORD.findall(text.casefold()):
        if _WIDE.search(word):
            told += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            told.append(stem_of(word))
    return told


def stem_of(word: str) -> str:
    """A word without its most common endings, so that `moons` meets `moon`."""
    for ending in ("ings", "ing", "ies", "es", "ed", "en", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def excerpt(text: str, asked: str, most: int) -> str:
    """At most about `most` characters of the text, those that have to do with what is asked."""
    if len(text) <= most:
        return text
    pieces = _pieces(text)
    held = [Counter(words_of(piece)) for piece in pieces]
    rare = Counter(word for one in held for word in one)
    wanted = set(words_of(asked))

    def weight(at: int) -> float:
        met = wanted & held[at].keys()
        told = sum(math.log(1 + len(pieces) / rare[word]) for word in met)
        return told + (0.5 if at == 0 else 0)  # a page says first what it is about

    taken: set[int] = set()
    size = 0
    for at in sorted(range(len(pieces)), key=lambda at: (-weight(at), at)):
        if size + len(pieces[at]) <= most or not taken:
            taken.add(at)
            size += len(pieces[at])
    return _joined(pieces, taken)


def _joined(pieces: list[str], taken: set[int]) -> str:
    told: list[str] = []
    for at in sorted(taken):
        if told:
            told.append("\n\n" if at - 1 in taken else LEFT_OUT)
        told.append(pieces[at])
    return "".join(told)


def _pieces(text: str) -> list[str]:
    pieces = []
    for paragraph in re.split(r"\n\s*\n", text):
        while len(paragraph) > _LONGEST:
            cut = paragraph.rfind(" ", _LONGEST // 2, _LONGEST) + 1 or _LONGEST
            pieces.append(paragraph[:cut])
            paragraph = paragraph[cut:]
        if paragraph.strip():
            pieces.append(paragraph)
    return pieces
