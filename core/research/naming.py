"""Names in a sentence, where a language marks them by a capital letter. Pure.

Not in German, which writes every noun so, nor in scripts without capitals: there a model has to be
asked. The first word of a sentence has its capital anyway and says nothing.
"""

import re
import unicodedata
from collections.abc import Iterable

from core.research.passages import words_of

MARKED = frozenset({"en", "fr", "es", "it", "pt", "nl", ""})  # tongues
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_BEGINS = re.compile(r"(?:^|[.!?:;…]|[\"“„«(\[])\s*$")
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "i january february march april may june july august september october november december "
        "monday tuesday wednesday thursday friday saturday sunday mr mrs ms dr prof sir saint st "
        "english german french spanish italian chinese internet web earth sun moon god bc ad ce",
    )
)
_SAME = 4  # letters at least, of America and American
_ENDINGS = frozenset({"n", "an", "ian", "ish", "ese", "ic", "er", "i"})
_HEADLINE = 0.6  # of its longer words with capitals: there capitals mean nothing


def names_in(sentence: str) -> list[str]:
    """What it calls by name, in its order."""
    words = list(_WORD.finditer(sentence))
    longer = [one[0] for one in words if len(one[0]) > 3]
    if len(longer) > 3 and sum(one[0].isupper() for one in longer) / len(longer) > _HEADLINE:
        return []
    told = []
    for one in words:
        word = re.sub(r"['’]s?$", "", one[0])
        capital = word[0].isupper()
        begins = _BEGINS.search(sentence[: one.start()]) is not None
        named = (capital and not begins) or word.isupper()
        if named and len(word) > 1 and word.casefold() not in _NO_NAMES:
            told.append(word)
    return told


def unknown_names(sentence: str, known: Iterable[str]) -> list[str]:
    """Those of its names that none of these texts has, nor a part of them."""
    texts = [unicodedata.normalize("NFKC", one) for one in known]
    words = {one for text in texts for one in words_of(text)}
    initials = " ".join("".join(one[0] for one in _capitals(text)) for text in texts)
    return [one for one in names_in(sentence) if not _is_known(one, words, initials)]


def _is_known(name: str, words: set[str], initials: str) -> bool:
    if name.isupper() and name in initials:  # UN for United Nations
        return True
    return all(part in words or any(_alike(part, one) for one in words) for part in words_of(name))


def _alike(name: str, word: str) -> bool:
    short, long = sorted((name, word), key=len)
    return len(short) >= _SAME and long.startswith(short) and long[len(short) :] in _ENDINGS


def _capitals(text: str) -> list[str]:
    return [one for one in _WORD.findall(text) if one[0].isupper()]
