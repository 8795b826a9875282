"""Whether a passage can bear a sentence, as far as that can be computed. Pure.

No model is needed for the plain cases, and none may overrule them: a number in a sentence that no
passage of it holds is not supported, and neither is a sentence that shares nothing with them.
"""

import re
from collections.abc import Sequence

from core.research.passages import words_of
from core.research.words import language_of

LEAST_SHARED = 0.2  # of a sentence's words that mean something
_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f' ]\d{3})*(?:[.,]\d+)?")
_SMALL = 3  # letters: shorter words mean little by themselves


def numbers_of(text: str) -> frozenset[str]:
    """The numbers in a text, however they are spelt: 1,234.5 and 1234.5 and 1 234,5."""
    return frozenset(_plain(one) for one in _NUMBER.findall(text))


def may_bear(sentence: str, passages: Sequence[str]) -> bool:
    """Whether these passages may say what the sentence says."""
    told = " ".join(passages)
    if not passages or numbers_of(sentence) - numbers_of(told) - _counting(sentence):
        return False
    if language_of(sentence) != language_of(told):
        return True  # words say nothing here; who can read both has to be asked
    wanted = {one for one in words_of(sentence) if len(one) >= _SMALL or not one.isascii()}
    if not wanted:
        return True
    return len(wanted & set(words_of(told))) / len(wanted) >= LEAST_SHARED


def bears_itself(sentence: str, passages: Sequence[str]) -> bool:
    """Whether it is so plainly in the passages that nobody has to be asked."""
    folded = " ".join(sentence.casefold().split()).rstrip(".!?")
    return any(folded in " ".join(one.casefold().split()) for one in passages)


def _plain(number: str) -> str:
    whole = re.sub(r"[\u00a0\u202f' ]", "", number)
    whole = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", whole)
    return whole.replace(",", ".").lstrip("0") or "0"


def _counting(sentence: str) -> frozenset[str]:
    """Numbers that only count what the sentence itself lists: `both`, `2 sources`."""
    return frozenset(_plain(one) for one in re.findall(r"\b([2-5]) (?:sources|pages)\b", sentence))
