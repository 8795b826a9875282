"""Whether a sentence says that something is so, or that it is not. Pure.

A denial may stand in another part of a sentence than what is asked about (`the bridge, which was
not paid for, opened in 1931`): only the parts that share words with it count.
"""

import re
from collections.abc import Callable, Sequence

from core.research.passages import words_of
from core.research.tongues import SMALL_WORDS, tongue_of

_NOT = re.compile(
    r"\b(?:not|no(?!\.?\s*\d)|never|none|nobody|nothing|neither|without|cannot|\w+n['’]t|false"
    r"|falsely|untrue|a lie|lies that|myth|hoax|rumou?rs?|unfounded|contrary to|incorrect"
    r"|wrong|wrongly|den(?:y|ies|ied|ying)|refut\w+|disprov\w+"
    r"|debunk\w*|fail(?:s|ed)? to|hardly|impossible|lacks?|lacked"
    r"|nicht|kein\w*|nie|niemals|niemand|nichts|weder|ohne"
    r"|falsch\w*|unwahr\w*|mythos|irrtum|gerüchte?|eine lüge"
    r"|bestreitet|bestritt\w*|widerleg\w*|unmöglich|kaum"
    r"|pas|jamais|aucune?|sans|faux|fausse|não|nunca|jamás|ningun\w*|falso|falsa)\b"
    r"|[不没沒未无無非否莫]|谣言",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"\bnot (?:only|just|least)\b|\bno (?:doubt|later than|less than|fewer than|more than)\b"
    r"|\bnicht (?:nur|zuletzt)\b|\bnicht ohne\b|\bpas seulement\b"
    r"|不过|不仅|不但|不管|不论|不断|不少|不同|不久|不止|不超过|不到|不足|不[低高]于|不锈|不丹|不列颠"
    r"|无论|无线|无[人机锡限数]|非常|除非|[南北东西中亚]非|非洲|非裔|非物质|莫[斯扎奈桑]|[是能可]否"
    r"|未来|没错|[淹沉出埋]没|没收",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_CLAUSES = re.compile(
    r"\s*[,;:()–—，；：、（）]\s*(?!\d)|\b(?:but|aber|sondern|mais|pero)\b|但", re.IGNORECASE
)
_IN_THE = re.compile(r"\bno\b", re.IGNORECASE)
LEAST = 0.6  # of a statement's words: below this a sentence is about something else
FEW = 3  # words of a part that says something by itself


def denies(text: str) -> bool:
    """Whether it says that something is not so."""
    return _NOT.search(_NO_DENIAL.sub(" ", text)) is not None


def sentences_in(text: str) -> list[str]:
    """A text in its sentences."""
    return [one.strip() for one in _SENTENCES.split(text) if one and one.strip()]


def is_turned_around(sentence: str, passages: Sequence[str]) -> bool:
    """Whether the passages say this nearly word for word, and say that it is not so, or is."""
    if tongue_of(" ".join((sentence, *passages))) == "pt":  # where `no` is `in the`
        sentence, passages = _IN_THE.sub("", sentence), [_IN_THE.sub("", one) for one in passages]
    told = [one for passage in passages for one in sentences_in(passage)]
    parts = _parts_of(sentence)
    return any(_is_turned_around(one, told) for one in parts)


def _is_turned_around(part: str, told: Sequence[str]) -> bool:
    wanted = _content(part)
    wish = denies(part)
    same = other = 0.0
    for one in told:
        shared = len(wanted & _content(one)) / len(wanted)
        if denies_about(one, wanted) == wish:
            same = max(same, shared)
        else:
            other = max(other, shared)
    return other >= LEAST and same < other


def denies_about(sentence: str, wanted: set[str]) -> bool:
    """Whether it denies in those of its parts that share words with these."""
    parts = [one for one in _CLAUSES.split(sentence) if one and one.strip()]
    return any(denies(one) for one in parts if wanted & _content(one) or not _content(one))


def _parts_of(sentence: str) -> list[str]:
    parts = [one for one in _CLAUSES.split(sentence) if one and len(_content(one)) >= FEW]
    return parts or ([sentence] if _content(sentence) else [])


def _content(text: str) -> set[str]:
    """The words that say what it is about."""
    told: Callable[[str], str] = lambda one: _NOT.sub(" ", one)  # noqa: E731
    words = {one for one in words_of(told(text)) if len(one) >= FEW or not one.isascii()}
    return (words - SMALL_WORDS) | {one for one in words_of(text) if one.isdigit()}
