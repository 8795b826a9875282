"""Whether a passage can bear a sentence, as far as that can be computed. Pure.

No model is needed for the plain cases, and none may overrule them. A sentence is not supported
where

1. no passage of it has a number that it says, or has it of something else (metres, feet)
2. it puts words in quotation marks that no passage has
3. a passage says it nearly word for word, and denies it, or the other way round
4. it calls somebody by a name that neither its passages nor their pages have
5. it shares nothing with its passages

Between two languages only numbers are compared; the rest is for who can read both.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from core.research.denying import is_turned_around, sentences_in
from core.research.figures import Figure, figures_in, months_in, spelt_in
from core.research.naming import MARKED, unknown_names
from core.research.passages import stem_of, words_of
from core.research.quotes import stands_in
from core.research.tongues import SMALL_WORDS, differ, tongue_of

LEAST_SHARED = 0.2  # of a sentence's words that mean something
_SMALL = 3  # letters: shorter words mean little by themselves
_COUNTING = re.compile(r"\b[2-5] (?:sources|pages)\b")  # what the sentence itself lists
_QUOTED = re.compile(r"[“„«「『\"]([^“”„«»「」『』\"]{8,})[”“»」』\"]")
_YEARS = range(1_000, 2_101)


def may_bear(sentence: str, passages: Sequence[str], *, about: str = "", asked: str = "") -> bool:
    """Whether these passages may say what the sentence says.

    `about`: the titles of their pages. `asked`: the question; a name out of it counts where the
    passages call nobody else by name.
    """
    told = "\n".join(passages)
    if not passages or not has_its_numbers(_COUNTING.sub("", sentence), told):  # 1
        return False
    if differ(sentence, told):
        return True
    return (
        _has_its_quotes(sentence, passages)  # 2
        and not is_turned_around(sentence, passages)  # 3
        and _has_its_names(sentence, passages, about, asked)  # 4
        and _shares(sentence, f"{told} {about}")  # 5
    )


def bears_itself(sentence: str, passages: Sequence[str]) -> bool:
    """Whether it is so plainly one of their sentences that nobody has to be asked."""
    wanted = _folded(sentence)
    return any(wanted == _folded(one) for each in passages for one in sentences_in(each))


def concerns(line: str, asked: Sequence[str]) -> bool:
    """Whether it has a word that means something in common with what was asked."""
    wanted = {word for one in asked for word in _meaning(one)}
    return bool(wanted & _meaning(line))


# ---- 1 ------------------------------------------------------------------------------------------


def has_its_numbers(sentence: str, told: str) -> bool:
    """Whether a text has all the numbers that a sentence says, and of the same things."""
    months = months_in(told)
    known = (*figures_in(told), *spelt_in(told))
    values = {value for one in known for value in one.values}
    return (
        all(_has(one, known) or one.values & months for one in figures_in(sentence))
        and not any(_is_another(_counted(one), known) for one in spelt_in(sentence))
        and (not months or months_in(sentence) <= months | values)
    )


def _has(figure: Figure, known: Sequence[Figure]) -> bool:
    same = [one for one in known if one.values & figure.values]
    if not figure.unit or any(one.unit == figure.unit for one in same):
        return bool(same)
    bare = [one for one in same if not one.unit]
    others = any(one.unit == figure.unit for one in known)
    return bool(bare) and not (others and any(_is_year(value) for value in figure.values))


def _is_another(figure: Figure, known: Sequence[Figure]) -> bool:
    """Three peaks, where the passages know of five and of three nothing."""
    if any(one.values & figure.values for one in known):
        return False
    return any(_counted(one).of == figure.of != "" for one in known)


def _counted(figure: Figure) -> Figure:
    return Figure(values=figure.values, unit=figure.unit, of=stem_of(figure.of))


def _is_year(value: Decimal) -> bool:
    return value == value.to_integral_value() and int(value) in _YEARS


# ---- 2, 4, 5 ------------------------------------------------------------------------------------


def _has_its_quotes(sentence: str, passages: Sequence[str]) -> bool:
    quoted = [one for one in _QUOTED.findall(sentence) if len(words_of(one)) >= _SMALL]
    return all(
        any(stands_in(one.rstrip(".,;:!? "), each) for each in passages)
        for one in quoted
        if not differ(one, " ".join(passages))
    )


def _has_its_names(sentence: str, passages: Sequence[str], about: str, asked: str) -> bool:
    told = " ".join(passages)
    if not {tongue_of(sentence), tongue_of(told)} <= MARKED:
        return True
    strange = unknown_names(sentence, (told, about))
    if not strange:
        return True
    others = unknown_names(told, (sentence, about))
    return not others and not unknown_names(" ".join(["it", *strange]), (asked,))


def _shares(sentence: str, told: str) -> bool:
    wanted = {one for one in words_of(sentence) if len(one) >= _SMALL or not one.isascii()}
    return not wanted or len(wanted & set(words_of(told))) / len(wanted) >= LEAST_SHARED


def _meaning(text: str) -> set[str]:
    return {stem_of(one) for one in words_of(text) if len(one) >= 2 and one not in SMALL_WORDS}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!?。！？ ")
